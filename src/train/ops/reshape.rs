//! Flattening a map to one pixel (channel-major, then y, then x), and back. Its derivative is the inverse reshaping.

use super::Batch;
use crate::kernel::float::Real;
use crate::kernel::lanes::Lanes;
use crate::net::network::Shape;
use rayon::prelude::*;

/// The same numbers in another shape, no border.
pub fn f<T: Real>(input: &[Lanes<T>], shape: Shape) -> Batch<T> {
    let reshaped = |block: &Lanes<T>| {
        let mut other = Lanes::unset(shape.channels, shape.height, shape.width, 0);
        if block.border == 0 {
            other.values.copy_from_slice(&block.values);
        } else {
            other.values.copy_from_slice(&block.with_border(0).values);
        }
        other
    };
    input.par_iter().map(reshaped).collect()
}
