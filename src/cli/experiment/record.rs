//! A recorded result against the row that is asked for: is it still that of this network on this hardware?
//!
//! A result of another training is refused, because hours of work stand behind it and nothing here throws them away; an
//! evaluation that differs is done again. Results outlive their networks: where a training's folder holds neither state nor
//! network any more, a result that says what training it is of stands for itself, so that an experiment goes on where only
//! results were kept. Not responsible for the training itself (`folder`).

use super::folder::difference;
use crate::durable;
use crate::experiment::{answers_contradiction, contradiction};
use crate::gzip;
use crate::results::answers::Answers;
use crate::results::experiment::{Evaluation, RowResult};
use anyhow::{Context, bail};
use std::fs;
use std::path::Path;

/// File of a row's folder with its result.
pub const RESULT: &str = "result.json";
/// File beside it with the answers image by image.
const ANSWERS: &str = "answers.json.gz";

/// The recorded result, if it is that of this row; `None` if the row is to be evaluated.
///
/// # Errors
/// If the file is damaged, or stands for another training or other images.
pub fn result(
    path: &Path,
    expected: &RowResult,
    trained: bool,
) -> anyhow::Result<Option<RowResult>> {
    let Some(found) = read(path, expected)? else {
        return Ok(None);
    };
    let folder = path.parent().unwrap_or(path).display();
    same_images(path, &found, expected)?;
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
    let stands = match &expected.evaluation.weights_fingerprint {
        Some(_) => found.evaluation == expected.evaluation,
        None => alone(path, &found, expected)?,
    };
    if !stands {
        return Ok(None);
    }
    let answers = answers(path, &found)?;
    Ok(Some(RowResult { answers, ..found }))
}

/// True if a result without its network is that of this row: it names its network and what that was trained by.
fn alone(path: &Path, found: &RowResult, expected: &RowResult) -> anyhow::Result<bool> {
    let [there, now] = [found, expected].map(|result| &result.training_fingerprint);
    let (Some(there), Some(now), Some(_)) = (there, now, &found.evaluation.weights_fingerprint)
    else {
        return Ok(false);
    };
    if there != now {
        bail!(
            "{}: the same commands meant another training to the program that did it (fingerprint {there} there, {now} now: a default or a macro has changed); remove {} to train anew, or write into the row what was done there",
            path.display(),
            path.parent().unwrap_or(path).display()
        );
    }
    let unnamed = Evaluation {
        weights_fingerprint: None,
        ..found.evaluation.clone()
    };
    Ok(unnamed == expected.evaluation)
}

fn same_images(path: &Path, found: &RowResult, expected: &RowResult) -> anyhow::Result<()> {
    let refused = |what: &str, there: &str, now: &str| -> anyhow::Result<()> {
        bail!(
            "{}: it was {what} ({}, fingerprint {there}; now {}, fingerprint {now}); give the same --data, or another --out",
            path.display(),
            found.data,
            expected.data
        )
    };
    let (there, now) = (&found.data_fingerprint, &expected.data_fingerprint);
    if there != now {
        refused("evaluated on other images", there, now)?;
    }
    let [there, now] = [found, expected].map(|result| &result.train_data_fingerprint);
    match (there, now) {
        (Some(there), Some(now)) if there != now => refused(
            "trained and calibrated on other training images",
            there,
            now,
        ),
        _ => Ok(()),
    }
}

/// Answers beside a result; `None` where the program that evaluated it kept none.
fn answers(path: &Path, result: &RowResult) -> anyhow::Result<Option<Answers>> {
    let path = path.with_file_name(ANSWERS);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = gzip::read(&path).with_context(|| path.display().to_string())?;
    let plain = gzip::unpacked(&bytes).ok();
    let found = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    let found = found.filter(|answers: &Answers| answers.belong_to(&result.modes));
    let found = found.with_context(|| {
        format!(
            "{}: not the answers behind {RESULT} beside it; remove both files to evaluate the row again",
            path.display()
        )
    })?;
    if let Some(problem) = answers_contradiction(&found, result) {
        bail!(
            "{}: {problem}; was the file changed? Remove it and {RESULT} beside it to evaluate the row again",
            path.display()
        );
    }
    Ok(Some(found))
}

/// Writes a result and its answers into the folder of its row.
///
/// # Errors
/// If the file system refuses.
pub fn write(folder: &Path, result: &RowResult) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        durable::replace(&path, bytes).with_context(|| path.display().to_string())
    };
    // The result comes last and goes first: without it a row is evaluated, whatever else lies there.
    let path = folder.join(RESULT);
    if path.exists() {
        fs::remove_file(&path).with_context(|| path.display().to_string())?;
    }
    match &result.answers {
        Some(answers) => write(ANSWERS, &gzip::packed(&serde_json::to_vec(answers)?)?)?,
        None => {
            let _ = fs::remove_file(folder.join(ANSWERS));
        }
    }
    let mut text = serde_json::to_vec(result)?;
    text.push(b'\n');
    write(RESULT, &text)
}

/// A recorded result of this row and seed, however it came about; `None` without one.
///
/// # Errors
/// If the file is damaged, contradicts itself or belongs to another row.
fn read(path: &Path, expected: &RowResult) -> anyhow::Result<Option<RowResult>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let result: RowResult = serde_json::from_str(&text).with_context(|| {
        format!(
            "{}: not a result of this program; remove it to evaluate the row again",
            path.display()
        )
    })?;
    let number = |number: u64| number.to_string();
    for (what, there, now) in [
        (
            "schema",
            number(result.schema.into()),
            number(expected.schema.into()),
        ),
        (
            "experiment",
            result.experiment.clone(),
            expected.experiment.clone(),
        ),
        ("row", result.row.clone(), expected.row.clone()),
        ("seed", number(result.seed), number(expected.seed)),
    ] {
        if there != now {
            bail!(
                "{}: it is of {what} {there}, not of {what} {now}; remove it to evaluate the row again",
                path.display()
            );
        }
    }
    if let Some(problem) = contradiction(&result) {
        bail!(
            "{}: {problem}; was the file changed? Remove it to evaluate the row again",
            path.display()
        );
    }
    Ok(Some(result))
}
