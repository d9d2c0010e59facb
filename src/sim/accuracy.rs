//! Classifying images under a condition: blocks of 32 in parallel, the answer independent of the number of threads.
//!
//! Not responsible for what follows from the answers (`outcomes`, `paired`).

use super::condition::{Condition, ScaleShift};
use super::error::SimError;
use super::forward::{Seen, forward, forward_both};
use super::outcomes::Outcomes;
use super::prepare::Prepared;
use crate::convert::digital::{image_block, winner};
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::Shape;
use rayon::prelude::*;

/// Images to classify: bytes `[image][channel][y][x]` and labels.
#[derive(Clone, Copy)]
pub struct Images<'a> {
    /// Pixels.
    pub pixels: &'a [u8],
    /// Labels.
    pub labels: &'a [u8],
    /// Size of one image.
    pub shape: Shape,
}

impl<'a> Images<'a> {
    /// The first `count` images (all if there are fewer).
    pub fn first(self, count: usize) -> Self {
        let count = count.min(self.labels.len());
        Images {
            pixels: &self.pixels[..count * self.shape.len()],
            labels: &self.labels[..count],
            ..self
        }
    }

    /// Block `index` of 32 images; lanes beyond the last image are black.
    pub fn block(&self, index: usize) -> Lanes<u8> {
        image_block(self.pixels, self.shape, index)
    }

    /// Number of images in block `index`: 32 but in the last one.
    pub fn in_block(&self, index: usize) -> usize {
        LANES.min(self.labels.len() - index * LANES)
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.labels.len().div_ceil(LANES)
    }

    /// Checks that the images fit the network.
    ///
    /// # Errors
    /// If there are none or their size is another.
    pub fn check(&self, prepared: &Prepared) -> Result<(), SimError> {
        let (expected, found) = (prepared.network.network.input.len(), self.shape.len());
        if expected != found {
            return Err(SimError::ImageSize { expected, found });
        }
        if self.labels.is_empty() {
            Err(SimError::NoImages)
        } else {
            Ok(())
        }
    }
}

/// Classifies the images; `progress` is called with the number of images of each finished block.
///
/// # Errors
/// If the images do not fit the network.
pub fn evaluate(
    prepared: &Prepared,
    condition: &Condition,
    images: Images,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Outcomes, SimError> {
    let one = |index: usize| [classify_block(prepared, condition, images, index)];
    let [outcomes] = block_by_block(prepared, images, one, progress)?;
    Ok(outcomes)
}

/// [`evaluate`] as the network is and with the scales and shifts `other`; what both have in common is computed once.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_both(
    prepared: &Prepared,
    condition: &Condition,
    other: &[Option<ScaleShift>],
    images: Images,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<[Outcomes; 2], SimError> {
    let one = |index: usize| {
        let block = images.block(index);
        let both = forward_both(prepared, condition, other, block, index as u64);
        both.map(|logits| right(&logits, images, index))
    };
    block_by_block(prepared, images, one, progress)
}

fn block_by_block<const N: usize>(
    prepared: &Prepared,
    images: Images,
    one: impl Fn(usize) -> [Vec<bool>; N] + Sync,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<[Outcomes; N], SimError> {
    images.check(prepared)?;
    let told = |index: usize| {
        let right = one(index);
        progress(images.in_block(index) as u64);
        right
    };
    let blocks: Vec<_> = (0..images.blocks()).into_par_iter().map(told).collect();
    let outcomes = |at: usize| {
        let right = blocks.iter().flat_map(|block| block[at].iter().copied());
        Outcomes::new(right.collect())
    };
    Ok(std::array::from_fn(outcomes))
}

/// Which images of block `index` are classified correctly. The place of the block keys its noise: block by block, in any
/// order, is the same as [`evaluate`]. The images must fit the network ([`Images::check`]).
pub fn classify_block(
    prepared: &Prepared,
    condition: &Condition,
    images: Images,
    index: usize,
) -> Vec<bool> {
    let block = images.block(index);
    let logits = forward(prepared, condition, block, index as u64, &mut |_: Seen| ());
    right(&logits, images, index)
}

fn right(logits: &[[f32; LANES]], images: Images, index: usize) -> Vec<bool> {
    let labels = &images.labels[index * LANES..][..images.in_block(index)];
    let right = |(lane, &label): (usize, &u8)| winner(logits, lane) == usize::from(label);
    labels.iter().enumerate().map(right).collect()
}
