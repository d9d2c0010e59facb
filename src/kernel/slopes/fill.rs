//! Gradients of partial sums in plain Rust: sums of a strip by integer arithmetic, then their slopes, place by place.
//!
//! Serves every kind of slope on any machine. Not responsible for the AVX-512 form (`avx512`).

use super::group::Group;
use super::strip::Strip;
use super::table::Slopes;
use crate::kernel::lanes::LANES;
use crate::kernel::stream::NoiseStream;

/// `to[place] = dy[place] D(s[place])` of one output.
#[inline(always)]
pub fn fill(
    slopes: &Slopes,
    stream: &NoiseStream,
    (strip, group): (&Strip, &Group),
    output: usize,
    dy: &[f32],
    to: &mut [f32],
) {
    let quads = group.quads(output);
    let places = strip.places();
    for (p, pixel) in strip.pixels.clone().enumerate() {
        let mut sums = [0i32; LANES];
        for (quad, weights) in quads.iter().enumerate() {
            let at = (quad * places + p * LANES) * weights.len();
            let bytes = &strip.bytes[at..at + LANES * weights.len()];
            for (s, bytes) in sums.iter_mut().zip(bytes.chunks_exact(weights.len())) {
                for (&w, &a) in weights.iter().zip(bytes) {
                    *s += i32::from(w) * i32::from(a);
                }
            }
        }
        let place = (output as u32, pixel as u32, group.index as u32);
        let slopes = slopes.at(stream, place, &sums);
        let range = p * LANES..(p + 1) * LANES;
        let products = to[range.clone()].iter_mut().zip(&dy[range]);
        for ((to, &dy), slope) in products.zip(slopes) {
            *to = dy * slope;
        }
    }
}
