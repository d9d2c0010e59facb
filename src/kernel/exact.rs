//! Plain integer convolution: the layer with ideal matrix-vector products, and the digital first and last layers.

use super::lanes::Lanes;
use super::reference;
use crate::net::network::Geometry;

/// `sums[output][y][x] = sum over rows of code * (input - zero)`, rows in the padding contribute nothing.
///
/// `zero` is the input code that stands for 0 (128 for image bytes, 0 for activations); `sums` is overwritten.
///
/// # Panics
/// If shapes disagree.
pub fn exact(
    input: &Lanes<u8>,
    geometry: &Geometry,
    codes: &[i8],
    zero: i32,
    sums: &mut Lanes<i32>,
) {
    assert_eq!(
        codes.len(),
        geometry.outputs * geometry.rows(),
        "one code per row and output"
    );
    reference::exact(input, geometry, codes, zero, sums);
}
