//! Writes the tables and figures of an experiment into its folder, file by file, each whole or not at all.

use crate::durable;
use crate::report::experiment;
use crate::results::experiment::ExperimentResult;
use crate::results::training::NamedCurve;
use anyhow::Context;
use std::fs;
use std::path::Path;

/// Writes tables and figures; a figure that no group has any more is removed.
///
/// # Errors
/// If a figure cannot be drawn or the file system refuses.
pub fn write(
    result: &ExperimentResult,
    curves: &[NamedCurve],
    folder: &Path,
) -> anyhow::Result<()> {
    let mut files = experiment::tables(result, curves)?;
    files.extend(experiment::figures(result)?);
    for (name, content) in &files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        durable::replace(&path, content).with_context(|| path.display().to_string())?;
    }
    remove_stale(&files, folder)
}

/// Removes figures of groups that are no more: files with the names of this program's figures only.
fn remove_stale(files: &[experiment::File], folder: &Path) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(folder.join(experiment::FIGURES)) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let current = format!("{}/{name}", experiment::FIGURES);
        let ours = experiment::is_figure(&name);
        if ours && files.iter().all(|(written, _)| *written != current) {
            let path = entry.path();
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}
