//! From bytes to blocks for training: shifted crops and mirror images, keyed by (seed, epoch, image).
//!
//! A crop shifts by up to `reach` pixels on each axis, what comes in from outside is grey (0 after centring). Pixels become
//! `byte - 128`, times `scale`.

use crate::kernel::float::Real;
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::{PIXEL_ZERO, Shape};
use crate::rng::{Purpose, keyed};
use rand::RngExt;
use rayon::prelude::*;

/// What is done to a training image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Augment {
    /// Largest shift in pixels.
    pub reach: usize,
    /// Whether half of the images are mirrored left to right.
    pub flip: bool,
}

impl Augment {
    /// Nothing.
    pub const NONE: Augment = Augment {
        reach: 0,
        flip: false,
    };
}

/// Which images, and how they are keyed.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Bytes `[image][channel][y][x]`.
    pub pixels: &'a [u8],
    /// Size of one image.
    pub shape: Shape,
    /// Factor on `byte - 128`.
    pub scale: f64,
    /// Border of the blocks.
    pub border: usize,
}

/// Blocks of the images listed (a multiple of 32 for training; missing lanes stay 0).
pub fn blocks<T: Real>(
    source: &Source,
    images: &[usize],
    augment: Augment,
    key: (u64, u64),
) -> Vec<Lanes<T>> {
    let shape = source.shape;
    let block = |lanes: &[usize]| {
        let mut block = Lanes::<T>::zeros(shape.channels, shape.height, shape.width, source.border);
        for (lane, &image) in lanes.iter().enumerate() {
            place(source, image, augment, key, lane, &mut block);
        }
        block
    };
    images.par_chunks(LANES).map(block).collect()
}

fn place<T: Real>(
    source: &Source,
    image: usize,
    augment: Augment,
    (seed, epoch): (u64, u64),
    lane: usize,
    block: &mut Lanes<T>,
) {
    let shape = source.shape;
    let bytes = &source.pixels[image * shape.len()..(image + 1) * shape.len()];
    let mut rng = keyed(seed, Purpose::Augment, &[epoch, image as u64]);
    let reach = augment.reach as i32;
    let (dy, dx) = (
        rng.random_range(-reach..=reach),
        rng.random_range(-reach..=reach),
    );
    let mirrored = augment.flip && rng.random_bool(0.5);
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            let from_y = y as i32 + dy;
            if from_y < 0 || from_y >= shape.height as i32 {
                continue;
            }
            for x in 0..shape.width {
                let turned = if mirrored { shape.width - 1 - x } else { x };
                let from_x = turned as i32 + dx;
                if from_x >= 0 && from_x < shape.width as i32 {
                    let byte = bytes[(channel * shape.height + from_y as usize) * shape.width
                        + from_x as usize];
                    let at = block.at(channel, y, x) + lane;
                    block.values[at] =
                        T::from_f64(f64::from(i32::from(byte) - PIXEL_ZERO) * source.scale);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_augmented_images() {
        let shape = Shape {
            channels: 1,
            height: 4,
            width: 4,
        };
        let pixels: Vec<u8> = (0..32).map(|k| 128 + k).collect();
        let source = Source {
            pixels: &pixels,
            shape,
            scale: 1.0,
            border: 1,
        };
        let plain = blocks::<f64>(&source, &[1, 0], Augment::NONE, (1, 1));
        assert_eq!(plain[0].pixel(0, 2, 3)[..3], [27.0, 11.0, 0.0]);
        let moved = |epoch| {
            blocks::<f64>(
                &source,
                &[0; 32],
                Augment {
                    reach: 1,
                    flip: true,
                },
                (1, epoch),
            )[0]
            .values
            .to_vec()
        };
        assert_eq!(moved(1), moved(1));
        assert!(
            (2..8).any(|epoch| moved(epoch) != moved(1)),
            "epochs differ"
        );
    }
}
