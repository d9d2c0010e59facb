//! What an epoch of a training leaves in its learning curve.
//!
//! Not responsible for running it (`trainer`) nor for drawing it (`report`).

/// One epoch of the learning curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// Number, from 1.
    pub epoch: usize,
    /// Learning rate at its end.
    pub rate: f64,
    /// Mean training loss.
    pub loss: f64,
    /// Share of training images classified correctly while training.
    pub train_accuracy: f64,
    /// Share of test images.
    pub test_accuracy: f64,
    /// Lengths of the gradients; `None` in an epoch of a program that did not look.
    pub gradient: Option<GradientNorms>,
}

/// Lengths of the gradients of an epoch's updates, before they are clipped.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GradientNorms {
    /// Half of them are shorter.
    pub median: f64,
    /// The longest.
    pub largest: f64,
}

impl GradientNorms {
    /// Of all updates of an epoch; `None` without one.
    pub fn new(mut norms: Vec<f64>) -> Option<Self> {
        norms.sort_by(f64::total_cmp);
        Some(GradientNorms {
            median: *norms.get(norms.len() / 2)?,
            largest: *norms.last()?,
        })
    }
}
