//! Cross entropy of softmax probabilities, mean over images.
//!
//! `L = mean(log sum exp z - z_label)`, `dz = (softmax z - one_hot) / images`. Logits are `[class]` channels of one pixel.

use super::{Batch, images, like};
use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};

/// Loss, number of correct images, and gradient in the logits.
pub fn f_df<T: Real>(logits: &[Lanes<T>], labels: &[u8]) -> (f64, usize, Batch<T>) {
    let mut gradient = like(logits, 0);
    let (mut loss, mut correct) = (0.0, 0);
    let n = images(logits) as f64;
    for (b, (block, out)) in logits.iter().zip(&mut gradient).enumerate() {
        for lane in 0..LANES {
            let label = usize::from(labels[b * LANES + lane]);
            let z: Vec<f64> = (0..block.channels)
                .map(|class| block.pixel(class, 0, 0)[lane].to_f64())
                .collect();
            let most = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = z.iter().map(|z| (z - most).exp()).sum();
            loss += sum.ln() + most - z[label];
            let best = (1..z.len()).fold(0, |best, k| if z[k] > z[best] { k } else { best });
            correct += usize::from(best == label);
            for (class, z) in z.iter().enumerate() {
                let p = (z - most).exp() / sum;
                out.pixel_mut(class, 0, 0)[lane] =
                    T::from_f64((p - f64::from(u8::from(class == label))) / n);
            }
        }
    }
    (loss / n, correct, gradient)
}
