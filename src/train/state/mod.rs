//! A training on disk: everything an exact resumption needs, as safetensors with metadata.
//!
//! Tensors: every parameter by name, its moments as `name#1` and `name#2`, running statistics as `L.mean`, `L.variance`
//! (F64). Metadata: settings, method, seed, fingerprints of data, start, tensors and header, programs, learning curve. Written whole or
//! not at all; a tensor that the training has no use for is a fault like a missing one.

mod header;
mod start;
mod tensors;
mod whole;
mod words;

pub use header::{Header, Identity, bytes};
pub use start::{Start, initialise, initialise_from};

use super::ancestry::{Ancestry, recorded};
use super::epoch::Epoch;
use super::error::TrainError;
use super::trainer::Trainer;
use crate::durable;
use crate::fingerprint::of_named;
use header::{header, read};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use std::collections::HashMap;
use std::path::Path;
use tensors::{copy, fill, refuse_changed, refuse_strangers};

/// Writes the state; `data` is the fingerprint of the data set.
///
/// # Errors
/// If the file cannot be written.
pub fn save(trainer: &Trainer, data: &str, path: &Path) -> Result<(), TrainError> {
    let mut tensors: Vec<(String, Dtype, Vec<u8>)> = Vec::new();
    for (index, param) in trainer.model.params.list.iter().enumerate() {
        let mut add = |name: String, values: &[f32]| {
            tensors.push((name, Dtype::F32, bytemuck::cast_slice(values).to_vec()))
        };
        add(param.name.clone(), &param.values);
        add(format!("{}#1", param.name), &trainer.optimizer.first[index]);
        if let Some(second) = trainer.optimizer.second.get(index) {
            add(format!("{}#2", param.name), second);
        }
    }
    for (layer, params) in trainer
        .model
        .network
        .layers
        .iter()
        .zip(&trainer.model.layers)
    {
        for (what, values) in [
            ("mean", &params.running.mean),
            ("variance", &params.running.variance),
        ] {
            tensors.push((
                format!("{}.{what}", layer.name),
                Dtype::F64,
                bytemuck::cast_slice(values).to_vec(),
            ));
        }
    }
    let wrong = |problem: String| TrainError::State {
        path: path.into(),
        problem,
    };
    let mut views = Vec::with_capacity(tensors.len());
    for (name, dtype, bytes) in &tensors {
        let size = if *dtype == Dtype::F64 { 8 } else { 4 };
        let view = TensorView::new(*dtype, vec![bytes.len() / size], bytes)
            .map_err(|error| wrong(error.to_string()))?;
        views.push((name.as_str(), view));
    }
    let named = tensors
        .iter()
        .map(|(name, _, bytes)| (name.as_str(), &bytes[..]));
    let header = header(trainer, data, of_named(named.collect()));
    let text = whole::sealed(&header).map_err(|error| wrong(error.to_string()))?;
    let metadata = HashMap::from([("imcsim".to_string(), text)]);
    let bytes = serialize(views, Some(metadata)).map_err(|error| wrong(error.to_string()))?;
    let file = |source| TrainError::File {
        path: path.into(),
        source,
    };
    durable::replace(path, &bytes).map_err(file)
}

/// What a state says of itself, if it is one of the training with this identity.
///
/// # Errors
/// If the file cannot be read or belongs to another training.
pub fn belonging(path: &Path, identity: &Identity) -> Result<Header, TrainError> {
    let (_, found) = read(path)?;
    let problem = identity.check(&found);
    problem.map_err(|problem| TrainError::State {
        path: path.into(),
        problem,
    })?;
    Ok(found)
}

/// Checks that the numbers in the bytes of a state are those that were saved, where it says so; `path` names it in errors.
///
/// # Errors
/// If they are not, or the bytes are no state.
pub fn check_numbers(bytes: &[u8], path: &Path) -> Result<(), TrainError> {
    let found = header::parsed(bytes, path)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| TrainError::State {
        path: path.into(),
        problem: format!("damaged: {error}"),
    })?;
    refuse_changed(&tensors, &found, path)
}

/// The learning curve of the training that left a state.
///
/// # Errors
/// If the file cannot be read or is damaged.
pub fn curve(path: &Path) -> Result<Vec<Epoch>, TrainError> {
    Ok(read(path)?.1.epochs())
}

/// Fingerprint of the tensors of a state; `None` if an older program did not keep it.
///
/// # Errors
/// As [`curve`].
pub fn tensors(path: &Path) -> Result<Option<String>, TrainError> {
    Ok(read(path)?.1.tensors)
}

/// Restores a training that was set up with the same network, method, settings and data.
///
/// # Errors
/// If the file is damaged or belongs to another training.
pub fn resume(trainer: &mut Trainer, data: &str, path: &Path) -> Result<(), TrainError> {
    let (bytes, found) = read(path)?;
    let wrong = |problem: String| TrainError::State {
        path: path.into(),
        problem,
    };
    Identity::of(trainer, data).check(&found).map_err(wrong)?;
    if found.curve.len() > trainer.settings.epochs {
        return Err(wrong(format!(
            "its learning curve has {} epochs of {}; was the file changed?",
            found.curve.len(),
            trainer.settings.epochs
        )));
    }
    let tensors =
        SafeTensors::deserialize(&bytes).map_err(|error| wrong(format!("damaged: {error}")))?;
    let mut model = trainer.model.clone();
    let mut optimizer = trainer.optimizer.clone();
    let moments: &[&str] = if optimizer.second.is_empty() {
        &["#1"]
    } else {
        &["#1", "#2"]
    };
    refuse_strangers(&model, (moments, &[]), &tensors, path)?;
    fill(&mut model, &tensors, path)?;
    for (index, param) in model.params.list.iter().enumerate() {
        copy(
            &tensors,
            &format!("{}#1", param.name),
            &mut optimizer.first[index],
            path,
        )?;
        if let Some(second) = optimizer.second.get_mut(index) {
            copy(&tensors, &format!("{}#2", param.name), second, path)?;
        }
    }
    refuse_changed(&tensors, &found, path)?;
    let curve = found.epochs();
    optimizer.steps = found.steps;
    trainer.model = model;
    trainer.optimizer = optimizer;
    // The start may not know it any more; the state does.
    trainer.full_precision = found.full_precision.or(trainer.full_precision);
    trainer.ancestry = Ancestry {
        start: found.start,
        images: found.train_data,
        programs: recorded(found.programs),
    };
    trainer.curve = curve;
    Ok(())
}
