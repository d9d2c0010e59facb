//! The network that a training leaves, and what its file says about that training: the same for every run of one program;
//! and what lies already where a training is to leave its files.
//!
//! Not responsible for the layout of the file (`net::checkpoint`).

use super::train::STATE;
use super::train_arguments::TrainArguments;
use crate::data::Dataset;
use crate::fingerprint::fingerprint;
use crate::gzip;
use crate::net::checkpoint::{self, Metadata};
use crate::report::learning_curve;
use crate::train::deploy::deploy;
use crate::train::trainer::Trainer;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};

/// File of the network.
pub const DEPLOYED: &str = "deployed.safetensors";
/// What stands between several programs.
const BETWEEN_PROGRAMS: &str = "; ";

/// Checks that a training may write into a folder: what it would replace there is its own, which is known by the state
/// beside it.
///
/// # Errors
/// If a network or a curve lies there without a state, or something else under the name of the network.
pub fn check_folder(folder: &Path) -> anyhow::Result<()> {
    let is_there = |name: &&str| folder.join(name).symlink_metadata().is_ok();
    if !is_there(&STATE) {
        let mut written = std::iter::once(DEPLOYED).chain(learning_curve::NAMES);
        return match written.find(is_there) {
            None => Ok(()),
            Some(name) => bail!(
                "{}: a training would replace it, and no {STATE} beside it says that a training here left it; move it elsewhere, or take another --out",
                folder.join(name).display()
            ),
        };
    }
    if !is_there(&DEPLOYED) {
        return Ok(());
    }
    let path = folder.join(DEPLOYED);
    let name = path.display().to_string();
    let bytes = gzip::read(&path).with_context(|| name.clone())?;
    checkpoint::metadata(&bytes, &name).with_context(|| {
        format!("{name}: a training would replace it, and it is no network of this program; move it elsewhere, or take another --out")
    })?;
    Ok(())
}

/// Writes the network into the folder of its training; `None` where there is none to write: before the first epoch, and
/// of a full-precision training.
///
/// # Errors
/// If the file system refuses.
pub fn write(
    arguments: &TrainArguments,
    trainer: &Trainer,
    data: &Dataset,
) -> anyhow::Result<Option<PathBuf>> {
    let (Some(last), Some(network)) = (trainer.curve.last(), deploy(&trainer.model)) else {
        return Ok(None);
    };
    let mut metadata = Metadata::new();
    let mut note = |key: &str, value: String| metadata.insert(key.to_string(), value);
    note("data", data.name.clone());
    note("data_fingerprint", data.fingerprint.clone());
    note("method", arguments.method.name().to_string());
    note("seed", arguments.seed.to_string());
    note("epochs", arguments.epochs.to_string());
    note("train_images", data.train.labels.len().to_string());
    if let Some(images) = &trainer.ancestry.images {
        note("train_data_fingerprint", images.clone());
    }
    note(
        "trained_by",
        trainer.ancestry.programs.join(BETWEEN_PROGRAMS),
    );
    if let Some(mvm) = &trainer.mvm {
        note("trained_through", mvm.hardware.name.clone());
        note("trained_through_fingerprint", mvm.hardware.fingerprint());
        note("estimator", mvm.settings.estimator.name().to_string());
        note("train_noise", mvm.settings.noise.to_string());
        note(
            "step_gradient",
            trainer.settings.step_gradient.name().into(),
        );
        note("accuracy_on_macro", format!("{:.4}", last.test_accuracy));
    } else {
        note("accuracy_quantized", format!("{:.4}", last.test_accuracy));
    }
    if let Some(float) = trainer.full_precision {
        note("accuracy_full_precision", format!("{float:.4}"));
    }
    let path = arguments.out.join(DEPLOYED);
    checkpoint::save(&network, &metadata, &path)?;
    Ok(Some(path))
}

/// Hash of a deployed network whoever trained it; that of the bytes if they are none.
pub fn network_fingerprint(bytes: &[u8]) -> String {
    let Ok(mut metadata) = checkpoint::metadata(bytes, "") else {
        return fingerprint(bytes);
    };
    metadata.remove("trained_by");
    // Of the numbers, which are counted below whether an older program wrote this or not.
    metadata.remove(checkpoint::NUMBERS);
    let mut words: Vec<String> = metadata.iter().map(|(k, v)| format!("{k}={v}")).collect();
    words.sort_unstable();
    // The header's length stands before it; numbers come after it, in the order of their names.
    let length = bytes
        .first_chunk()
        .map_or(0, |first| u64::from_le_bytes(*first));
    let numbers = usize::try_from(length)
        .ok()
        .and_then(|length| bytes.get(8 + length..));
    let numbers = fingerprint(numbers.unwrap_or(bytes));
    fingerprint(format!("{}\n{numbers}", words.join("\n")).as_bytes())
}

/// The programs that trained a network; none where its file does not say.
pub fn programs(metadata: &Metadata) -> Vec<String> {
    let programs = metadata.get("trained_by").into_iter();
    let programs = programs.flat_map(|all| all.split(BETWEEN_PROGRAMS));
    programs.map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_training_replaces_its_own_files_only() {
        let header = br#"{"__metadata__":{"format":"imcsim-deployed-1"}}"#;
        let network = [&(header.len() as u64).to_le_bytes()[..], header].concat();
        for (files, told) in [
            (&[][..], None),
            (&["notes.txt", "training.lock"], None),
            (&[STATE, "curve.csv", "curve.svg", DEPLOYED], None),
            (&["curve.csv"], Some("curve.csv: a training would")),
            (&["curve.png"], Some("curve.png: a training would")),
            (&[DEPLOYED], Some("no state.safetensors beside it")),
        ] {
            let scratch = tempfile::tempdir().unwrap();
            for name in files {
                fs::write(scratch.path().join(name), &network).unwrap();
            }
            let error = check_folder(scratch.path()).err();
            let error = error.map(|error| error.to_string());
            assert_eq!(error.is_some(), told.is_some(), "{files:?}: {error:?}");
            let error = error.unwrap_or_default();
            assert!(error.contains(told.unwrap_or_default()), "{error}");
        }
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join(STATE), "").unwrap();
        fs::write(scratch.path().join(DEPLOYED), "of another program").unwrap();
        let error = check_folder(scratch.path()).unwrap_err().to_string();
        assert!(error.contains("no network of this program"), "{error}");
        assert!(check_folder(&scratch.path().join("absent")).is_ok());
    }
}
