//! The tensors of a training state against the training that takes them: every one known, whole, finite, and those that were saved.
//!
//! Not responsible for the metadata beside them (`header`).

use super::header::Header;
use crate::fingerprint::of_named;
use crate::train::error::TrainError;
use crate::train::model::Model;
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use std::collections::HashSet;
use std::path::Path;

/// Refuses tensors that are not those the state was saved with, where it says so.
///
/// # Errors
/// If they are not.
pub fn refuse_changed(
    tensors: &SafeTensors,
    found: &Header,
    path: &Path,
) -> Result<(), TrainError> {
    let there = tensors.tensors();
    let named = there
        .iter()
        .map(|(name, view)| (name.as_str(), view.data()));
    match &found.tensors {
        Some(saved) if *saved != of_named(named.collect()) => Err(TrainError::State {
            path: path.into(),
            problem: "its numbers are not those that were saved (the checksum differs); take a copy that is whole, or remove it to train anew".into(),
        }),
        _ => Ok(()),
    }
}

/// Refuses tensors that are neither a parameter, nor one of its moments, nor a running statistic.
///
/// # Errors
/// With the first of them.
pub fn refuse_strangers(
    model: &Model<f32>,
    (moments, others): (&[&str], &[String]),
    tensors: &SafeTensors,
    path: &Path,
) -> Result<(), TrainError> {
    let mut known = HashSet::new();
    let names = model.params.list.iter().map(|param| &param.name);
    for name in names.chain(others) {
        known.insert(name.clone());
        known.extend(moments.iter().map(|one| format!("{name}{one}")));
    }
    for layer in &model.network.layers {
        known.extend(["mean", "variance"].map(|what| format!("{}.{what}", layer.name)));
    }
    let mut names = tensors.names();
    names.sort_unstable();
    match names.into_iter().find(|name| !known.contains(*name)) {
        None => Ok(()),
        Some(name) => Err(TrainError::State {
            path: path.into(),
            problem: format!(
                "tensor `{name}` belongs to no parameter of this training; was the file changed?"
            ),
        }),
    }
}

/// Takes parameters and running statistics.
///
/// # Errors
/// If one is missing, of another size, or no number that can be trained on.
pub fn fill(model: &mut Model<f32>, tensors: &SafeTensors, path: &Path) -> Result<(), TrainError> {
    for param in &mut model.params.list {
        copy(tensors, &param.name, &mut param.values, path)?;
    }
    for (layer, params) in model.network.layers.iter().zip(&mut model.layers) {
        let running = &mut params.running;
        for (what, values) in [
            ("mean", &mut running.mean),
            ("variance", &mut running.variance),
        ] {
            copy(tensors, &format!("{}.{what}", layer.name), values, path)?;
        }
        if running.variance.iter().any(|&value| value < 0.0) {
            return Err(TrainError::State {
                path: path.into(),
                problem: format!("tensor `{}.variance` holds a negative number", layer.name),
            });
        }
    }
    Ok(())
}

/// A number of a state: its type on disk, and whether it can be trained on.
pub trait Stored: bytemuck::Pod {
    /// On disk.
    const DTYPE: Dtype;
    /// True if it can.
    fn finite(self) -> bool;
}

impl Stored for f32 {
    const DTYPE: Dtype = Dtype::F32;
    fn finite(self) -> bool {
        self.is_finite()
    }
}

impl Stored for f64 {
    const DTYPE: Dtype = Dtype::F64;
    fn finite(self) -> bool {
        self.is_finite()
    }
}

/// Takes one tensor.
///
/// # Errors
/// As [`fill`].
pub fn copy<N: Stored>(
    tensors: &SafeTensors,
    name: &str,
    into: &mut [N],
    path: &Path,
) -> Result<(), TrainError> {
    let wrong = |problem: String| TrainError::State {
        path: path.into(),
        problem,
    };
    let view = tensors
        .tensor(name)
        .map_err(|_| wrong(format!("tensor `{name}` is missing")))?;
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(into);
    if view.dtype() != N::DTYPE || view.data().len() != bytes.len() {
        return Err(wrong(format!(
            "tensor `{name}` has {} bytes of {:?}, expected {} of {:?}",
            view.data().len(),
            view.dtype(),
            bytes.len(),
            N::DTYPE
        )));
    }
    bytes.copy_from_slice(view.data());
    if into.iter().all(|value| value.finite()) {
        Ok(())
    } else {
        Err(wrong(format!(
            "tensor `{name}` holds a number that is not finite"
        )))
    }
}
