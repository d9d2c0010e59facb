//! A training that another experiment below the same folder of results has ended already: its files are taken, not its hours.
//!
//! Experiments are planned each for itself, and many share their pre-training and their baselines. Not responsible for whether two
//! trainings are the same (`folder`).

use super::commands::Training;
use super::folder::Folders;
use crate::cli::train::STATE;
use crate::durable;
use crate::train::state;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

/// Takes the state of the same training, ended in a folder of the same seed of another experiment below `out`; returns it, or `None` if
/// there is none. The first by name that is whole is taken. Going on from that state leaves the network and the curve.
///
/// # Errors
/// If the state cannot be read or written.
pub fn take(training: &Training, out: &Path, folders: &Folders) -> anyhow::Result<Option<PathBuf>> {
    for from in folders.ended(training, states(training, out)) {
        let bytes = state::bytes(&from)?;
        // Its header is that of the training, and still its numbers may be damaged: the next may not be.
        if state::check_numbers(&bytes, &from).is_err() {
            continue;
        }
        let to = training.state();
        durable::replace(&to, &bytes).with_context(|| to.display().to_string())?;
        return Ok(Some(from));
    }
    Ok(None)
}

/// Where states of the same seed may lie; there is none in the training's own folder.
fn states(training: &Training, out: &Path) -> Vec<PathBuf> {
    let Some(seed) = training.arguments.out.parent().and_then(Path::file_name) else {
        return Vec::new();
    };
    let places = below(out)
        .into_iter()
        .flat_map(|experiment| below(&experiment.join(seed)));
    places.map(|place| place.join(STATE)).collect()
}

/// What a folder holds, by name.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
