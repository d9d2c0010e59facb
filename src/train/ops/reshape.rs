//! Flattening a map to one pixel (channel-major, then y, then x), and back. Its derivative is the inverse reshaping.

use super::Batch;
use crate::kernel::float::Real;
use crate::kernel::lanes::Lanes;
use crate::net::network::Shape;

/// The same numbers in another shape, no border.
pub fn f<T: Real>(input: &[Lanes<T>], shape: Shape) -> Batch<T> {
    let reshaped = |block: &Lanes<T>| {
        let mut other = Lanes::zeros(shape.channels, shape.height, shape.width, 0);
        if block.border == 0 {
            other.values.copy_from_slice(&block.values);
        } else {
            other.values.copy_from_slice(&block.with_border(0).values);
        }
        other
    };
    input.iter().map(reshaped).collect()
}
