//! The digital side between two macros on a whole block: decoded sums, activation codes, pooling.
//!
//! One source per step, compiled for the base instruction set, AVX2 and AVX-512; nothing here depends on the order of
//! operations, so all give the same bits. Not responsible for what the constants mean (`net::network`).

use super::lanes::{LANES, Lanes};
use super::vectorize::vectorized;
use crate::hw::readout::table::Decode;
use crate::net::network::activation_code;

vectorized! {
    /// `sums += factor * value of a sum of levels from `groups` conversions`.
    pub fn add_decoded / add_decoded_with[](sums: &mut [f32], levels: &[i32], decode: &Decode, groups: usize, factor: f32) {
        for (sum, &level) in sums.iter_mut().zip(levels) {
            *sum += factor * decode.sum_value(level, groups);
        }
    }
}

vectorized! {
    /// Integer sums as f32.
    pub fn to_float / to_float_with[](sums: &mut [f32], levels: &[i32]) {
        for (sum, &level) in sums.iter_mut().zip(levels) {
            *sum = level as f32;
        }
    }
}

vectorized! {
    /// Codes of one channel: `activation_code(sum * scale + shift)`.
    pub fn activate / activate_with[](codes: &mut [u8], sums: &[f32], scale: f32, shift: f32, top: u8) {
        for (codes, sums) in codes.chunks_exact_mut(LANES).zip(sums.chunks_exact(LANES)) {
            for (code, &sum) in codes.iter_mut().zip(sums) {
                *code = activation_code(sum * scale + shift, top);
            }
        }
    }
}

vectorized! {
    /// Largest code of every `edge` x `edge` window; `small` holds zeros and has the size of the result.
    pub fn max_pool / max_pool_with[](small: &mut Lanes<u8>, codes: &Lanes<u8>, edge: usize) {
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
}
