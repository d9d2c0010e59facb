//! What lies on the disk against what is asked for: is a result still that of this row, is a training that of this command?
//!
//! A training that differs is refused, because hours of work stand behind it and nothing here throws them away; an
//! evaluation that differs is done again.

use super::commands::Training;
use crate::durable;
use crate::results::answers::Answers;
use crate::results::experiment::RowResult;
use anyhow::{Context, bail};
use std::fs;
use std::path::Path;

/// File of a row's folder with its result.
pub const RESULT: &str = "result.json";
/// File beside it with the answers image by image.
const ANSWERS: &str = "answers.json";
/// File of a training folder with its commands.
const COMMANDS: &str = "commands.txt";

/// The recorded result, if it is that of this row; `None` if the row is to be evaluated.
///
/// # Errors
/// If the file is damaged, or stands for another training or other images.
pub fn result(
    path: &Path,
    expected: &RowResult,
    trained: bool,
) -> anyhow::Result<Option<RowResult>> {
    let Some(found) = read(path)? else {
        return Ok(None);
    };
    let folder = path.parent().unwrap_or(path).display();
    if found.data_fingerprint != expected.data_fingerprint {
        bail!(
            "{}: it was evaluated on other images ({}, now {}); give the same --data, or another --out",
            path.display(),
            found.data,
            expected.data
        );
    }
    if found.commands != expected.commands {
        if trained {
            let (there, now) = difference(&found.commands, &expected.commands);
            bail!(
                "{}: it was trained otherwise (`{there}` there, `{now}` now); remove {folder} to train anew, or take another row name or --out",
                path.display()
            );
        }
        return Ok(None);
    }
    if found.evaluation != expected.evaluation {
        return Ok(None);
    }
    let answers = answers(path, &found)?;
    Ok(Some(RowResult { answers, ..found }))
}

/// Answers beside a result; `None` where the program that evaluated it kept none.
fn answers(path: &Path, result: &RowResult) -> anyhow::Result<Option<Answers>> {
    let path = path.with_file_name(ANSWERS);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let found = serde_json::from_str(&text).ok();
    let found = found.filter(|answers: &Answers| answers.belong_to(&result.modes));
    let found = found.with_context(|| {
        format!(
            "{}: not the answers behind {RESULT} beside it; remove both files to evaluate the row again",
            path.display()
        )
    })?;
    Ok(Some(found))
}

/// Writes a result and its answers into the folder of its row.
///
/// # Errors
/// If the file system refuses.
pub fn write(folder: &Path, result: &RowResult) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let write = |name: &str, mut text: Vec<u8>| {
        let path = folder.join(name);
        text.push(b'\n');
        durable::replace(&path, &text).with_context(|| path.display().to_string())
    };
    // The result comes last and goes first: without it a row is evaluated, whatever else lies there.
    let path = folder.join(RESULT);
    if path.exists() {
        fs::remove_file(&path).with_context(|| path.display().to_string())?;
    }
    match &result.answers {
        Some(answers) => write(ANSWERS, serde_json::to_vec(answers)?)?,
        None => {
            let _ = fs::remove_file(folder.join(ANSWERS));
        }
    }
    write(RESULT, serde_json::to_vec_pretty(result)?)
}

/// A recorded result, whatever it says; `None` without one.
///
/// # Errors
/// If the file is damaged.
pub fn read(path: &Path) -> anyhow::Result<Option<RowResult>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let result = serde_json::from_str(&text).with_context(|| {
        format!(
            "{}: not a result of this program; remove it",
            path.display()
        )
    })?;
    Ok(Some(result))
}

/// Checks that the folder of a training is free or belongs to it.
///
/// # Errors
/// If other commands stand there.
pub fn check(training: &Training) -> anyhow::Result<()> {
    let path = training.arguments.out.join(COMMANDS);
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(());
    };
    let found: Vec<String> = text.lines().map(str::to_string).collect();
    if found == training.chain {
        return Ok(());
    }
    let (there, now) = difference(&found, &training.chain);
    bail!(
        "{}: another training stands there (`{there}` there, `{now}` now); remove {} to train anew, or take another --out",
        path.display(),
        training.arguments.out.display()
    )
}

/// Notes the commands of a training in its folder.
///
/// # Errors
/// If the file system refuses.
pub fn note(training: &Training) -> anyhow::Result<()> {
    let folder = &training.arguments.out;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let path = folder.join(COMMANDS);
    let text = training.chain.join("\n") + "\n";
    durable::replace(&path, text.as_bytes()).with_context(|| path.display().to_string())
}

/// The first commands that differ.
fn difference<'a>(found: &'a [String], expected: &'a [String]) -> (&'a str, &'a str) {
    let at = |list: &'a [String], index: usize| list.get(index).map_or("nothing", String::as_str);
    let most = found.len().max(expected.len());
    let index = (0..most).find(|&index| found.get(index) != expected.get(index));
    let index = index.unwrap_or(0);
    (at(found, index), at(expected, index))
}
