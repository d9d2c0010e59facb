//! Learning rate over the training: linear warm-up, then half a cosine to zero (Loshchilov and Hutter, 2017), constant, or steps.

/// Shape of the learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Half a cosine to zero.
    Cosine,
    /// No change after the warm-up.
    Constant,
    /// A tenth after half and after three quarters of the training.
    Steps,
}

/// Factor on the base rate at `step` of `total` steps, the first `warmup` of them rising.
pub fn factor(schedule: Schedule, step: usize, warmup: usize, total: usize) -> f64 {
    if step < warmup {
        return (step + 1) as f64 / warmup as f64;
    }
    let done = (step - warmup) as f64 / (total.saturating_sub(warmup)).max(1) as f64;
    match schedule {
        Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos()),
        Schedule::Constant => 1.0,
        Schedule::Steps if done < 0.5 => 1.0,
        Schedule::Steps if done < 0.75 => 0.1,
        Schedule::Steps => 0.01,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        assert_eq!(factor(Schedule::Cosine, 0, 4, 100), 0.25);
        assert_eq!(factor(Schedule::Cosine, 4, 4, 100), 1.0);
        assert!((factor(Schedule::Cosine, 52, 4, 100) - 0.5).abs() < 1e-12);
        assert!(factor(Schedule::Cosine, 99, 0, 100) < 1e-3);
        assert_eq!(factor(Schedule::Steps, 80, 0, 100), 0.01);
    }
}
