//! One stage of a run: a condition evaluated under a name, with progress told on the way.
//!
//! Not responsible for what is shown to the user (`cli`) nor for which stages there are (`run`, `curve`).

use super::accuracy::{Images, evaluate, evaluate_both};
use super::condition::{Condition, ScaleShift};
use super::error::SimError;
use super::outcomes::Outcomes;
use super::prepare::Prepared;
use std::sync::atomic::{AtomicU64, Ordering};

/// Called with the stage, images done in it and images in all.
pub type Progress<'a> = &'a (dyn Fn(&str, u64, u64) + Sync);

/// Evaluates one condition under a stage name.
///
/// # Errors
/// If the images do not fit the network.
pub fn stage(
    prepared: &Prepared,
    condition: &Condition,
    images: Images,
    name: &str,
    progress: Progress,
) -> Result<Outcomes, SimError> {
    told(images, name, progress, |told| {
        evaluate(prepared, condition, images, told)
    })
}

/// Evaluates one condition as it is and with other scales and shifts, under one stage name.
///
/// # Errors
/// As [`stage`].
pub fn stage_of_both(
    prepared: &Prepared,
    (condition, other): (&Condition, &[Option<ScaleShift>]),
    images: Images,
    name: &str,
    progress: Progress,
) -> Result<[Outcomes; 2], SimError> {
    told(images, name, progress, |told| {
        evaluate_both(prepared, condition, other, images, told)
    })
}

fn told<T>(
    images: Images,
    name: &str,
    progress: Progress,
    evaluate: impl FnOnce(&(dyn Fn(u64) + Sync)) -> T,
) -> T {
    let (done, total) = (AtomicU64::new(0), images.labels.len() as u64);
    evaluate(&|count| {
        let before = done.fetch_add(count, Ordering::Relaxed);
        progress(name, before + count, total);
    })
}
