//! AVX2 with fused multiply-add: 3 outputs by 4 vectors, the widest tile that sixteen registers hold.
//!
//! Not responsible for the loops: see [`super::contraction`] and [`super::correlation`].

use super::contraction::{self, Contraction};
use super::correlation::{self, Correlation};
use super::vector::Vector;
use std::arch::x86_64::*;

/// Outputs per register tile.
pub const OUTPUTS: usize = 3;

/// Eight numbers in a 256-bit register.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Ymm(__m256);

// SAFETY (all methods): the caller promises AVX2 and FMA, and valid addresses; loads and stores need no alignment.
impl Vector for Ymm {
    const WIDTH: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Ymm(unsafe { _mm256_setzero_ps() })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Ymm(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        Ymm(unsafe { _mm256_broadcast_ss(&*from) })
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        Ymm(unsafe { _mm256_fmadd_ps(a.0, b.0, self.0) })
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe {
            let halves = _mm_add_ps(
                _mm256_castps256_ps128(self.0),
                _mm256_extractf128_ps::<1>(self.0),
            );
            let pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
            _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)))
        }
    }
}

/// [`contraction::run`] in 256-bit vectors.
///
/// # Safety
/// As for `Instructions::contract`.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn contract(job: &Contraction) {
    // SAFETY: handed on to the caller.
    unsafe { contraction::run::<Ymm, OUTPUTS, 1, 4>(job) }
}

/// [`correlation::run`] in 256-bit vectors.
///
/// # Safety
/// As for `Instructions::correlate`.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn correlate(job: &mut Correlation) {
    // SAFETY: handed on to the caller.
    unsafe { correlation::run::<Ymm, 4, 3>(job) }
}
