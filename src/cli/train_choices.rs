//! Choices among names that options of `imcsim train` offer: step of the weights and its gradient, schedule, optimizer.
//!
//! Not responsible for what they mean (`train`).

use clap::ValueEnum;

/// `--weight-step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WeightStep {
    /// Trained (LSQ).
    Learned,
    /// 0.7 of the mean magnitude is the threshold (ternary weight networks).
    Threshold,
}

/// `--step-gradient`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StepGradientName {
    /// Of the codes, which are what a read-out sees.
    Codes,
    /// Of codes times the step (LSQ).
    Values,
}

/// `--schedule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScheduleName {
    /// Half a cosine to zero.
    Cosine,
    /// No change.
    Constant,
    /// A tenth after half and three quarters.
    Steps,
}

/// `--optimizer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OptimizerName {
    /// Momentum 0.9.
    Sgd,
    /// Adam.
    Adam,
}
