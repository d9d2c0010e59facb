//! A training that another experiment below the same folder of results has ended already: its files are taken, not its hours.
//!
//! Experiments are planned each for itself, and many share their pre-training and their baselines. Not responsible for whether two
//! trainings are the same (`folder`).

use super::commands::Training;
use super::folder::Folders;
use crate::cli::train::STATE;
use crate::durable;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

/// Takes the state of the same training, ended in a folder of the same seed of another experiment below `out`; returns it, or `None` if
/// there is none. The first by name is taken. Going on from that state leaves the network and the curve.
///
/// # Errors
/// If the state cannot be read or written.
pub fn take(training: &Training, out: &Path, folders: &Folders) -> anyhow::Result<Option<PathBuf>> {
    let Some(from) = folders.ended(training, states(training, out)) else {
        return Ok(None);
    };
    let to = training.state();
    let bytes = fs::read(&from).with_context(|| from.display().to_string())?;
    durable::replace(&to, &bytes).with_context(|| to.display().to_string())?;
    Ok(Some(from))
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
