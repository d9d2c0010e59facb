//! Sum, sum of squares and count of a channel's sums, over images and pixels.
//!
//! Totals run in `f64` in the order of the pixels, so a caller that adds blocks in order does not depend on threads. Not responsible for
//! what is made of them: batch norm re-estimated (`sim`), or its statistics where a network has none (`train`).

use crate::kernel::lanes::Lanes;

/// Sum, sum of squares, count.
pub type Moments = (f64, f64, f64);

/// Of one channel over the first `used` images of a block.
pub fn of_channel(sums: &Lanes<f32>, channel: usize, used: usize) -> Moments {
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for y in 0..sums.height {
        for x in 0..sums.width {
            for &value in &sums.pixel(channel, y, x)[..used] {
                let value = f64::from(value);
                sum += value;
                squares += value * value;
                count += 1.0;
            }
        }
    }
    (sum, squares, count)
}
