//! Which images a command looks at, as the simulator takes them.
//!
//! Not responsible for loading them (`data`).

use crate::data::{Dataset, Split};
use crate::rng::{Purpose, keyed};
use crate::sim::accuracy::Images;
use rand::seq::index::sample;

/// All images of a split.
pub(super) fn images<'a>(split: &'a Split, data: &Dataset) -> Images<'a> {
    Images {
        pixels: &split.pixels,
        labels: &split.labels,
        shape: data.shape,
    }
}

/// Calibration images: a keyed choice among the training images, all if there are fewer.
pub(super) fn chosen(data: &Dataset, seed: u64, count: usize) -> Split {
    let all = data.train.labels.len();
    let mut rng = keyed(seed, Purpose::Calibration, &[]);
    let indices = sample(&mut rng, all, count.min(all));
    data.train.chosen(indices.into_iter(), data.shape.len())
}
