//! The learning curve of a training.

/// One epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpochResult {
    /// Number, from 1.
    pub epoch: usize,
    /// Learning rate at its end.
    pub rate: f64,
    /// Mean training loss.
    pub loss: f64,
    /// Share of training images classified correctly while training.
    pub train_accuracy: f64,
    /// Share of test images classified correctly after it.
    pub test_accuracy: f64,
    /// Median length of the gradients of its updates, before clipping.
    pub gradient_norm: Option<f64>,
    /// The longest of them.
    pub largest_gradient_norm: Option<f64>,
}

/// The epochs of one training of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedCurve {
    /// `float`, `qat` or the name of a row.
    pub training: String,
    /// Seed.
    pub seed: u64,
    /// In order.
    pub epochs: Vec<EpochResult>,
}

/// All epochs so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearningCurve {
    /// Network and method.
    pub title: String,
    /// On which images, how many.
    pub subtitle: String,
    /// In order.
    pub epochs: Vec<EpochResult>,
}
