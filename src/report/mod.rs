//! From plain results to tables, JSON, CSV, figures and one self-contained page. Reads [`crate::results`] only.
//!
//! [`write()`] leaves a folder with report.html, summary.json, tables/*.csv, figures/*.svg and *.png, and files.txt, which
//! lists them, whole or not at all; [`write_margin`] does the same for the macro alone; [`terminal`] is the same answer on one screen of text.

pub mod axis;
pub mod csv_tables;
mod curve_screen;
mod cycle_screen;
mod cycle_tables;
pub mod error;
pub mod experiment;
pub mod facts;
pub mod figures;
pub mod folder;
pub mod fonts;
pub mod frame;
pub mod html;
pub mod learning_curve;
pub mod legend;
mod lettering;
mod margin_tables;
pub mod number;
pub mod palette;
pub mod picture;
mod place;
pub mod render;
mod screen;

pub use cycle_screen::cycle_terminal;
pub use error::ReportError;
pub use screen::{margin_terminal, terminal};

use crate::results::margin::MarginReport;
use crate::results::run::{ArchSummary, RunResult};
use figures::Figure;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Writes the report of a run into the folder `out`, replacing an older report there; returns the files.
///
/// # Errors
/// If `out` holds something that no report wrote, the file system refuses, or a figure cannot be drawn. Nothing half
/// written is left, an older report stays.
pub fn write(result: &RunResult, out: &Path) -> Result<Vec<PathBuf>, ReportError> {
    write_with(result, &[], out)
}

/// Writes the report of a run of the chip with other files beside it (`imcsim trace`), names relative to the folder.
///
/// # Errors
/// As [`write()`].
pub fn write_with(
    result: &RunResult,
    beside: &[(String, Vec<u8>)],
    out: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let mut folder = folder::Folder::create(out)?;
    folder.write(place::MARKER, &json(result)?)?;
    for (name, content) in beside {
        folder.write(name, content)?;
    }
    let tables = csv_tables::of_run(result)?;
    finish(&mut folder, result, &figures::of_run(result), &tables)?;
    folder.publish()
}

/// Checks that a report can go to `out` before the long work starts.
///
/// # Errors
/// If `out` holds something that no report wrote, leads nowhere, has no name, or cannot be created.
pub fn check_place(out: &Path) -> Result<(), ReportError> {
    folder::check(out)
}

/// The text of summary.json.
///
/// # Errors
/// If a value has no JSON form (never for results of this program).
pub fn summary_json(result: &RunResult) -> Result<String, ReportError> {
    Ok(String::from_utf8_lossy(&json(result)?).into_owned())
}

/// What `summary.json` of a margin report holds.
#[derive(Serialize)]
struct MarginSummary<'a> {
    schema: u32,
    program: &'a str,
    command: &'a str,
    seed: u64,
    arch: &'a ArchSummary,
    margins: &'a [MarginReport],
}

impl<'a> MarginSummary<'a> {
    fn new(margins: &'a [MarginReport], about: &'a RunResult) -> Self {
        MarginSummary {
            schema: about.schema,
            program: &about.program,
            command: &about.command,
            seed: about.seed,
            arch: &about.arch,
            margins,
        }
    }
}

/// The text of summary.json of a macro alone.
///
/// # Errors
/// As [`summary_json`].
pub fn margin_json(margins: &[MarginReport], about: &RunResult) -> Result<String, ReportError> {
    let summary = json(&MarginSummary::new(margins, about))?;
    Ok(String::from_utf8_lossy(&summary).into_owned())
}

/// Writes the report of a macro alone (`imcsim margin`) into the folder `out`; `about` gives program, command, seed and
/// hardware, its other parts are not read.
///
/// # Errors
/// As [`write()`].
pub fn write_margin(
    margins: &[MarginReport],
    about: &RunResult,
    out: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let mut folder = folder::Folder::create(out)?;
    let summary = json(&MarginSummary::new(margins, about))?;
    folder.write(place::MARKER, &summary)?;
    let page = RunResult {
        schema: about.schema,
        program: about.program.clone(),
        command: about.command.clone(),
        seed: about.seed,
        arch: about.arch.clone(),
        margins: margins.to_vec(),
        warnings: about.warnings.clone(),
        ..RunResult::default()
    };
    let tables = margin_tables::of_macro(margins)?;
    finish(&mut folder, &page, &figures::of_margins(margins), &tables)?;
    folder.publish()
}

/// Pretty JSON with a newline at the end; a number that is not finite becomes `null`.
fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, ReportError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| ReportError::Format {
        format: "JSON",
        reason: error.to_string(),
    })?;
    text.push(b'\n');
    Ok(text)
}

fn finish(
    folder: &mut folder::Folder,
    result: &RunResult,
    figures: &[Figure],
    tables: &[csv_tables::Table],
) -> Result<(), ReportError> {
    for (name, content) in tables {
        folder.write(&format!("tables/{name}"), content)?;
    }
    for figure in figures {
        let svg = render::svg(&figure.picture)?;
        folder.write(&format!("figures/{}.svg", figure.name), svg.as_bytes())?;
        let png = render::png(&figure.picture)?;
        folder.write(&format!("figures/{}.png", figure.name), &png)?;
    }
    let page = html::page(result, figures)?;
    folder.write("report.html", page.as_bytes())
}
