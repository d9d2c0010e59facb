//! A recorded result against the row that is asked for: is it still that of this network on this hardware?
//!
//! A result of another training is refused, because hours of work stand behind it and nothing here throws them away; an
//! evaluation that differs is done again. Results outlive their networks: where a training's folder holds neither state nor
//! network any more, a result that says what training it is of stands for itself, so that an experiment goes on where only
//! results were kept. Not responsible for the training itself (`folder`).

use super::noted::difference;
use crate::bounded;
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
/// The result that stood there before.
const BEFORE: &str = "result.before.json";
/// Largest of both files that is read, unpacked: a thousand times those of the shipped experiments.
const LARGEST_BYTES: u64 = 1 << 27;
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
    same_training(path, &found, expected)?;
    if expected.evaluation.weights_fingerprint.is_none() {
        alone(path, &found, expected)?;
    } else if found.evaluation != expected.evaluation {
        return Ok(None);
    }
    let answers = answers(path, &found)?;
    Ok(Some(RowResult { answers, ..found }))
}

/// Refuses a result whose commands meant another training.
fn same_training(path: &Path, found: &RowResult, expected: &RowResult) -> anyhow::Result<()> {
    let [there, now] = [found, expected].map(|result| &result.training_fingerprint);
    match (there, now) {
        (Some(there), Some(now)) if there != now => bail!(
            "{}: the same commands meant another training to the program that did it (fingerprint {there} there, {now} now: a default, the macro or the shipped start has changed since); remove {} to train anew, or write into the row what was done there",
            path.display(),
            path.parent().unwrap_or(path).display()
        ),
        _ => Ok(()),
    }
}

/// Refuses a result without its network that does not stand for itself: to evaluate it again would mean to train it again.
fn alone(path: &Path, found: &RowResult, expected: &RowResult) -> anyhow::Result<()> {
    let unnamed = Evaluation {
        weights_fingerprint: None,
        ..found.evaluation.clone()
    };
    let is_known =
        found.training_fingerprint.is_some() && found.evaluation.weights_fingerprint.is_some();
    let problem = if !is_known {
        "it does not say what training and network it is of"
    } else if unnamed != expected.evaluation {
        "it was evaluated otherwise than the row is now"
    } else {
        return Ok(());
    };
    bail!(
        "{}: {problem}, and the network is not there any more; put it back to evaluate it again, or move this file away to train it anew",
        path.display()
    )
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
    let bytes = bounded::read(&path, LARGEST_BYTES).with_context(|| path.display().to_string())?;
    let plain = gzip::unpacked_within(&bytes, LARGEST_BYTES).ok();
    let found = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    let found = found.filter(|answers: &Answers| answers.belong_to(&result.modes));
    let found = found.with_context(|| {
        format!(
            "{}: not the whole answers behind {RESULT} beside it; remove it to do without them (intervals are not paired then), or both to evaluate the row again",
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
    // The result comes last and goes first: without it a row is evaluated, whatever else lies there. What was measured on
    // another network, or otherwise, is kept.
    let path = folder.join(RESULT);
    if path.exists() {
        let before = folder.join(BEFORE);
        fs::rename(&path, before).with_context(|| path.display().to_string())?;
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
    let text = bounded::read(path, LARGEST_BYTES).with_context(|| path.display().to_string())?;
    let result: RowResult = serde_json::from_slice(&text).with_context(|| {
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
