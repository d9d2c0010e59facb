//! AVX-512: 4 outputs by 4 vectors (two pixels): enough independent chains to keep the multiply-adders busy.
//!
//! Not responsible for the loops: see [`super::contraction`] and [`super::correlation`].

use super::contraction::{self, Contraction};
use super::correlation::{self, Correlation};
use super::vector::Vector;
use std::arch::x86_64::*;

/// Outputs per register tile.
pub const OUTPUTS: usize = 4;

/// Sixteen numbers in a 512-bit register.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Zmm(__m512);

// SAFETY (all methods): the caller promises AVX-512F, and valid addresses; loads and stores need no alignment.
impl Vector for Zmm {
    const WIDTH: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Zmm(unsafe { _mm512_setzero_ps() })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Zmm(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        Zmm(unsafe { _mm512_set1_ps(*from) })
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        Zmm(unsafe { _mm512_fmadd_ps(a.0, b.0, self.0) })
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { _mm512_reduce_add_ps(self.0) }
    }
}

/// [`contraction::run`] in 512-bit vectors.
///
/// # Safety
/// As for `Instructions::contract`.
#[target_feature(enable = "avx512f")]
pub unsafe fn contract(job: &Contraction) {
    // SAFETY: handed on to the caller.
    unsafe { contraction::run::<Zmm, OUTPUTS, 2, 2>(job) }
}

/// [`correlation::run`] in 512-bit vectors.
///
/// # Safety
/// As for `Instructions::correlate`.
#[target_feature(enable = "avx512f")]
pub unsafe fn correlate(job: &mut Correlation) {
    // SAFETY: handed on to the caller.
    unsafe { correlation::run::<Zmm, 4, 4>(job) }
}
