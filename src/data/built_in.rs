//! The built-in sets: which one a network's input asks for, drawn image by image from a seed.
//!
//! Not responsible for what is on an image (`digits`, `pictures`).

use super::error::DataError;
use super::{Parts, Split, digits, pictures, text};
use crate::net::network::Shape;
use rayon::prelude::*;

/// Training images.
const TRAIN: usize = 10_000;
/// Test images.
const TEST: usize = 2_000;

/// The set for inputs of this shape.
///
/// # Errors
/// If there is none.
pub fn load(shape: Shape) -> Result<Parts, DataError> {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_string()).collect();
    match (shape.channels, shape.height, shape.width) {
        (1, 28, 28) => Ok((
            "built-in digits".into(),
            owned(&digits::CLASSES),
            draw(TRAIN, |index| digits::draw(0, index)),
            draw(TEST, |index| digits::draw(1, index)),
        )),
        (3, 32, 32) => Ok((
            "built-in pictures".into(),
            owned(&pictures::CLASSES),
            draw(TRAIN, |index| pictures::draw(0, index)),
            draw(TEST, |index| pictures::draw(1, index)),
        )),
        _ => Err(DataError::Size {
            name: "the built-in sets".into(),
            found: "1x28x28 and 3x32x32".into(),
            expected: text(shape),
        }),
    }
}

fn draw(count: usize, one: impl Fn(u64) -> (Vec<u8>, u8) + Sync + Send) -> Split {
    let images: Vec<_> = (0..count as u64).into_par_iter().map(one).collect();
    let labels = images.iter().map(|image| image.1).collect();
    Split {
        pixels: images.into_iter().flat_map(|image| image.0).collect(),
        labels,
    }
}
