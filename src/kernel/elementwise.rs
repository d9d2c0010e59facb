//! The digital side between two macros on a whole block: decoded sums, activation codes, pooling.
//!
//! One source per step, compiled for the base instruction set, AVX2 and AVX-512; nothing here depends on the order of
//! operations, so all give the same bits. Not responsible for what the constants mean (`net::network`).

use super::groups::Backend;
use super::lanes::{LANES, Lanes};
use crate::hw::readout::table::Decode;
use crate::net::network::activation_code;

/// Defines a step that runs its body under the widest instruction set of the processor, and its form for a chosen one.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident, $with:ident, $body:ident, ($($argument:ident: $kind:ty),*)) => {
        $(#[$doc])*
        pub fn $name($($argument: $kind),*) {
            $with(Backend::detect(), $($argument),*);
        }

        #[doc = concat!("[`", stringify!($name), "`] on a chosen implementation; all give the same bits.")]
        ///
        /// # Panics
        /// If this processor cannot run it.
        pub fn $with(backend: Backend, $($argument: $kind),*) {
            assert!(backend.available(), "this processor runs {backend:?}");
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw")]
                fn on_avx512($($argument: $kind),*) {
                    $body($($argument),*)
                }
                #[target_feature(enable = "avx2")]
                fn on_avx2($($argument: $kind),*) {
                    $body($($argument),*)
                }
                match backend {
                    // SAFETY: the processor has what the backend needs, which includes these.
                    Backend::Avx512 => return unsafe { on_avx512($($argument),*) },
                    // SAFETY: as above.
                    Backend::Avx2 => return unsafe { on_avx2($($argument),*) },
                    Backend::Scalar | Backend::Portable => (),
                }
            }
            $body($($argument),*)
        }
    };
}

widest! {
    /// `sums += factor * value of a sum of levels from `groups` conversions`.
    add_decoded, add_decoded_with, add_decoded_body,
    (sums: &mut [f32], levels: &[i32], decode: &Decode, groups: usize, factor: f32)
}

#[inline(always)]
fn add_decoded_body(sums: &mut [f32], levels: &[i32], decode: &Decode, groups: usize, factor: f32) {
    for (sum, &level) in sums.iter_mut().zip(levels) {
        *sum += factor * decode.sum_value(level, groups);
    }
}

widest! {
    /// Integer sums as f32.
    to_float, to_float_with, to_float_body, (sums: &mut [f32], levels: &[i32])
}

#[inline(always)]
fn to_float_body(sums: &mut [f32], levels: &[i32]) {
    for (sum, &level) in sums.iter_mut().zip(levels) {
        *sum = level as f32;
    }
}

widest! {
    /// Codes of one channel: `activation_code(sum * scale + shift)`.
    activate, activate_with, activate_body, (codes: &mut [u8], sums: &[f32], scale: f32, shift: f32, top: u8)
}

#[inline(always)]
fn activate_body(codes: &mut [u8], sums: &[f32], scale: f32, shift: f32, top: u8) {
    for (codes, sums) in codes.chunks_exact_mut(LANES).zip(sums.chunks_exact(LANES)) {
        for (code, &sum) in codes.iter_mut().zip(sums) {
            *code = activation_code(sum * scale + shift, top);
        }
    }
}

widest! {
    /// Largest code of every `edge` x `edge` window; `small` holds zeros and has the size of the result.
    max_pool, max_pool_with, max_pool_body, (small: &mut Lanes<u8>, codes: &Lanes<u8>, edge: usize)
}

#[inline(always)]
fn max_pool_body(small: &mut Lanes<u8>, codes: &Lanes<u8>, edge: usize) {
    for channel in 0..small.channels {
        for y in 0..small.height {
            for x in 0..small.width {
                let to = small.at(channel, y, x);
                let to = &mut small.values[to..to + LANES];
                for (dy, dx) in (0..edge * edge).map(|tap| (tap / edge, tap % edge)) {
                    let from = codes.pixel(channel, y * edge + dy, x * edge + dx);
                    for (largest, &code) in to.iter_mut().zip(from) {
                        *largest = (*largest).max(code);
                    }
                }
            }
        }
    }
}
