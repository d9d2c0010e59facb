//! Fingerprints of files and training images, each taken once: states are large, and every row asks for them.
//!
//! Not responsible for what is compared with them (`folder`, `record`).

use crate::cli::train_arguments::TrainArguments;
use crate::cli::train_images::split;
use crate::data::Dataset;
use crate::fingerprint::fingerprint;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// When a file was written, and how long it is: the fingerprint is taken again where either is another.
type Stamp = (SystemTime, u64);

/// What is known so far.
#[derive(Default)]
pub struct Fingerprints {
    files: RefCell<HashMap<PathBuf, (Stamp, String)>>,
    splits: RefCell<HashMap<(Option<usize>, u64), String>>,
}

impl Fingerprints {
    /// Of the bytes of a file; `None` if there is none that can be read.
    pub fn file(&self, path: &Path) -> Option<String> {
        let about = fs::metadata(path).ok()?;
        let stamp = (about.modified().ok()?, about.len());
        let known = self.files.borrow().get(path).cloned();
        if let Some((_, found)) = known.filter(|(then, _)| *then == stamp) {
            return Some(found);
        }
        let found = fingerprint(&fs::read(path).ok()?);
        let entry = (stamp, found.clone());
        self.files.borrow_mut().insert(path.into(), entry);
        Some(found)
    }

    /// Of the images that a training sees.
    ///
    /// # Errors
    /// If there are not as many as it asks for.
    pub fn trained_on(&self, training: &TrainArguments, data: &Dataset) -> anyhow::Result<String> {
        let key = match training.train_images {
            None => return Ok(self.all(data)),
            Some(count) => (Some(count), training.seed),
        };
        let known = self.splits.borrow().get(&key).cloned();
        if let Some(found) = known {
            return Ok(found);
        }
        let found = split(training, data)?.fingerprint();
        self.splits.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// Of all training images.
    pub fn all(&self, data: &Dataset) -> String {
        let mut splits = self.splits.borrow_mut();
        let all = splits
            .entry((None, 0))
            .or_insert_with(|| data.train.fingerprint());
        all.clone()
    }
}
