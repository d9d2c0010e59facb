//! Writes the tables and figures of an experiment into its folder, file by file, each whole or not at all.

use crate::durable;
use crate::report::experiment;
use crate::results::experiment::ExperimentResult;
use anyhow::Context;
use std::fs;
use std::path::Path;

/// Writes the tables, and the figures where they are wanted: drawing takes longer than a row may.
///
/// # Errors
/// If a figure cannot be drawn or the file system refuses.
pub fn write(result: &ExperimentResult, folder: &Path, figures: bool) -> anyhow::Result<()> {
    let mut files = experiment::tables(result)?;
    if figures {
        files.extend(experiment::figures(result)?);
    }
    for (name, content) in &files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        durable::replace(&path, content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
