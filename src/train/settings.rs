//! Settings of a training, and whether they can be trained with.
//!
//! Not responsible for those of the macro (`mvm::settings`).

use super::augment::Augment;
use super::error::TrainError;
use super::optimizer::Rule;
use super::quantizer::step_gradient::StepGradient;
use super::schedule::Schedule;
use crate::data::Dataset;
use crate::kernel::lanes::LANES;
use crate::net::network::Shape;

/// Settings of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Epochs in all.
    pub epochs: usize,
    /// Images per update, a multiple of 32.
    pub batch: usize,
    /// Base learning rate.
    pub rate: f64,
    /// Shape of the learning rate.
    pub schedule: Schedule,
    /// Epochs of warm-up.
    pub warmup: f64,
    /// Update.
    pub rule: Rule,
    /// Weight decay.
    pub weight_decay: f64,
    /// Longest gradient that is not shortened; `None`: any.
    pub clip_norm: Option<f64>,
    /// What the gradients in steps of weights and activations are taken of.
    pub step_gradient: StepGradient,
    /// What is done to training images.
    pub augment: Augment,
    /// Seed.
    pub seed: u64,
}

/// Largest learning rate and weight decay: a thousand times what any training here was done with.
const MOST_RATE: f64 = 1e3;
/// Most epochs.
const MOST_EPOCHS: usize = 1_000_000;

impl Settings {
    /// Checks every number, and the batch against the images.
    ///
    /// # Errors
    /// With the option and what to do.
    pub fn check(&self, data: &Dataset) -> Result<(), TrainError> {
        self.check_for(data.train.labels.len(), data.shape)
    }

    /// The same for a training on so many images of this size.
    ///
    /// # Errors
    /// With the option and what to do.
    pub fn check_for(&self, images: usize, shape: Shape) -> Result<(), TrainError> {
        let wrong = |what: String, advice: &str| {
            Err(TrainError::Setting {
                what,
                advice: advice.into(),
            })
        };
        if self.batch == 0 || !self.batch.is_multiple_of(LANES) {
            return wrong(
                format!("--batch {}", self.batch),
                "a batch is a multiple of 32 images",
            );
        }
        if self.batch > images {
            return wrong(
                format!("--batch {} with {images} training images", self.batch),
                "choose a smaller batch",
            );
        }
        if !(1..=MOST_EPOCHS).contains(&self.epochs) {
            return wrong(
                format!("--epochs {}", self.epochs),
                "train for at least one epoch, and at most a million",
            );
        }
        let edge = shape.height.max(shape.width);
        if self.augment.reach > edge {
            return wrong(
                format!("--shift {}", self.augment.reach),
                "an image is shifted by at most its own size",
            );
        }
        if let Some(longest) = self
            .clip_norm
            .filter(|norm| !(norm.is_finite() && *norm as f32 > 0.0))
        {
            return wrong(
                format!("--clip-norm {longest}"),
                "give a positive length, or leave it out to take gradients as they are",
            );
        }
        if !(self.rate > 0.0 && self.rate <= MOST_RATE) {
            return wrong(
                format!("--lr {}", self.rate),
                "a learning rate lies above 0 and is at most 1000",
            );
        }
        if !(0.0..=MOST_RATE).contains(&self.weight_decay) {
            return wrong(
                format!("--weight-decay {}", self.weight_decay),
                "it lies between 0 and 1000",
            );
        }
        if !(0.0..=self.epochs as f64).contains(&self.warmup) {
            return wrong(
                format!("--warmup {} with --epochs {}", self.warmup, self.epochs),
                "it takes at least 0 epochs and at most all of them",
            );
        }
        Ok(())
    }
}
