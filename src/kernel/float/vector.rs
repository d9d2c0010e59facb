//! What the register tiles ask of a vector unit, the instruction sets that offer it, and the portable stand-in.
//!
//! The tiles are written once, generic over [`Vector`]; each instruction set adds a few one-line operations and an entry
//! point compiled for it. Not responsible for what is computed.

use super::contraction::{self, Contraction};
use super::correlation::{self, Correlation};
use crate::instructions::Instructions;

/// A register of `WIDTH` numbers.
pub trait Vector: Copy {
    /// Numbers per register; divides the 32 lanes.
    const WIDTH: usize;

    /// All zero.
    ///
    /// # Safety
    /// The machine has the instruction set; so for all methods.
    unsafe fn zero() -> Self;

    /// Reads `WIDTH` numbers.
    ///
    /// # Safety
    /// `from` points to `WIDTH` readable numbers.
    unsafe fn load(from: *const f32) -> Self;

    /// Writes `WIDTH` numbers.
    ///
    /// # Safety
    /// `to` points to `WIDTH` writable numbers.
    unsafe fn store(self, to: *mut f32);

    /// One number in all places.
    ///
    /// # Safety
    /// `from` points to a readable number.
    unsafe fn splat(from: *const f32) -> Self;

    /// `self + a b`, rounded once where the machine can.
    ///
    /// # Safety
    /// As for [`Vector::zero`].
    unsafe fn add_product(self, a: Self, b: Self) -> Self;

    /// Sum of all places, in a fixed order.
    ///
    /// # Safety
    /// As for [`Vector::zero`].
    unsafe fn sum(self) -> f32;
}

/// Eight plain numbers; the compiler maps them to whatever the target has.
#[derive(Clone, Copy)]
pub struct Plain([f32; 8]);

impl Vector for Plain {
    const WIDTH: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        Plain([0.0; 8])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises eight readable numbers.
        Plain(unsafe { from.cast::<[f32; 8]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises eight writable numbers.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        // SAFETY: the caller promises a readable number.
        Plain([unsafe { *from }; 8])
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        let mut sum = self.0;
        for (i, sum) in sum.iter_mut().enumerate() {
            *sum += a.0[i] * b.0[i];
        }
        Plain(sum)
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        self.0.iter().sum()
    }
}

/// Entry points of the instruction sets. `Plain` is whatever the build targets, and all there is on processors of other kinds.
impl Instructions {
    /// Outputs that one register tile of [`Contraction`] makes side by side, the group of [`contraction::Packed`].
    pub(in crate::kernel) fn tile_outputs(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => super::avx2::OUTPUTS,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => super::avx512::OUTPUTS,
            _ => 2,
        }
    }

    /// Runs a contraction.
    ///
    /// # Safety
    /// `self` is available, the weights are packed for it, and all addresses of the job are valid.
    pub(in crate::kernel) unsafe fn contract(self, job: &Contraction) {
        // SAFETY: handed on to the caller.
        unsafe {
            match self {
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx2 => super::avx2::contract(job),
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx512 => super::avx512::contract(job),
                _ => contraction::run::<Plain, 2, 1, 4>(job),
            }
        }
    }

    /// Runs a correlation.
    ///
    /// # Safety
    /// `self` is available and all addresses of the job are valid.
    pub(in crate::kernel) unsafe fn correlate(self, job: &mut Correlation) {
        // SAFETY: handed on to the caller.
        unsafe {
            match self {
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx2 => super::avx2::correlate(job),
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx512 => super::avx512::correlate(job),
                _ => correlation::run::<Plain, 2, 2>(job),
            }
        }
    }
}
