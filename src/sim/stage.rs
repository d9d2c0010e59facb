//! One stage of a run: a condition evaluated under a name, with progress told on the way.
//!
//! Not responsible for what is shown to the user (`cli`) nor for which stages there are (`run`, `curve`).

use super::accuracy::{Images, evaluate};
use super::condition::Condition;
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
    let (done, total) = (AtomicU64::new(0), images.labels.len() as u64);
    evaluate(prepared, condition, images, &|count| {
        let before = done.fetch_add(count, Ordering::Relaxed);
        progress(name, before + count, total);
    })
}
