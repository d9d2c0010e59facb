//! Fingerprints of files, of what is in them, and of training images, each taken once: states are large, and every row asks for
//! them.
//!
//! Not responsible for what is compared with them (`folder`, `record`).

use crate::cli::deployed::network_fingerprint;
use crate::cli::start::shipped;
use crate::cli::train_arguments::TrainArguments;
use crate::cli::train_images::split;
use crate::data::Dataset;
use crate::fingerprint::fingerprint;
use crate::gzip;
use crate::net::network::Network;
use crate::train::state;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// When a file was written, and how long it is: the fingerprint is taken again where either is another.
type Stamp = (SystemTime, u64);

/// What was found in the files of some paths.
type Known = RefCell<HashMap<PathBuf, (Stamp, String)>>;

/// What is known so far.
#[derive(Default)]
pub struct Fingerprints {
    files: Known,
    networks: Known,
    starts: Known,
    shipped: RefCell<Option<Option<String>>>,
    splits: RefCell<HashMap<(Option<usize>, u64), String>>,
}

impl Fingerprints {
    /// Of the bytes of a file; `None` if there is none that can be read.
    pub fn file(&self, path: &Path) -> Option<String> {
        once(&self.files, path, || {
            Some(fingerprint(&state::bytes(path).ok()?))
        })
    }

    /// Of a deployed network, whichever program trained it; `None` if there is none that can be read.
    pub fn network(&self, path: &Path) -> Option<String> {
        once(&self.networks, path, || {
            Some(network_fingerprint(&gzip::read(path).ok()?))
        })
    }

    /// Of the numbers of a state, whichever program trained it; `None` if there is none that can be read.
    pub fn start(&self, path: &Path) -> Option<String> {
        once(&self.starts, path, || state::tensors(path).ok()?)
    }

    /// Of the shipped network for these images; `None` if there is none.
    pub fn shipped(&self, network: &Network, data: &Dataset) -> Option<String> {
        let find = || Some(shipped(network, data).ok()?.fingerprint);
        self.shipped.borrow_mut().get_or_insert_with(find).clone()
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

/// What is found in a file, unless it is known of the file as it stands there.
fn once(known: &Known, path: &Path, find: impl FnOnce() -> Option<String>) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    let stamp = (about.modified().ok()?, about.len());
    let before = known.borrow().get(path).cloned();
    if let Some((_, found)) = before.filter(|(then, _)| *then == stamp) {
        return Some(found);
    }
    let found = find()?;
    known
        .borrow_mut()
        .insert(path.into(), (stamp, found.clone()));
    Some(found)
}
