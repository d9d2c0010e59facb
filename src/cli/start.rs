//! What `--init` names: the state of a training, a deployed network, or the one that travels with the program.
//!
//! Not responsible for what a training makes of it (`train::state`, `train::redeem`).

use super::deployed;
use super::train_arguments::TrainArguments;
use crate::data::Dataset;
use crate::gzip;
use crate::net::error::NetError;
use crate::net::network::Network;
use crate::net::weights::{self, Trained};
use crate::train::model::Model;
use crate::train::redeem::redeem;
use crate::train::state::{self, Start};
use anyhow::anyhow;
use safetensors::SafeTensors;
use std::path::Path;

/// The word for the weights that travel with the program.
pub(super) const SHIPPED: &str = "shipped";

/// Takes over what a training starts from.
///
/// # Errors
/// If it is damaged or of another network, or if there are no such weights.
pub(super) fn take(
    arguments: &TrainArguments,
    model: &mut Model<f32>,
    data: &Dataset,
) -> anyhow::Result<Start> {
    let Some(path) = &arguments.init else {
        return Ok(Start::default());
    };
    if is_shipped(path) {
        let trained = shipped(&model.network, data).map_err(|none| {
            anyhow!("--init {SHIPPED}: {none}; start from the file of a training, or from none")
        })?;
        return redeemed(arguments, model, &trained, data);
    }
    // Read once: it may be a pipe.
    let bytes = state::bytes(path)?;
    if !is_deployed(&bytes) {
        return Ok(state::initialise_from(model, &bytes, path)?);
    }
    let trained = weights::parse(&bytes, &model.network, &path.display().to_string())?;
    redeemed(arguments, model, &trained, data)
}

fn redeemed(
    arguments: &TrainArguments,
    model: &mut Model<f32>,
    trained: &Trained,
    data: &Dataset,
) -> anyhow::Result<Start> {
    let programs = deployed::programs(&trained.metadata);
    let latents = (arguments.rule(), arguments.seed);
    let mut start = redeem(model, trained, &data.train, latents, programs)?;
    if trained.belongs_to(&data.name, &data.fingerprint).is_err() {
        (start.full_precision, start.test_accuracy) = (None, None);
    }
    Ok(start)
}

/// True if not a file is meant; `./shipped` is one.
pub(super) fn is_shipped(path: &Path) -> bool {
    path.as_os_str() == SHIPPED
}

/// The shipped network for these images, or another edition of them, that was trained with ideal MVM values: a start for any macro.
///
/// # Errors
/// If there is none.
pub(super) fn shipped(network: &Network, data: &Dataset) -> anyhow::Result<Trained> {
    let found = weights::shipped_start(network, &data.name, &data.fingerprint);
    found.map_err(|error| match error {
        NetError::NoWeights {
            network,
            data,
            known,
        } => anyhow!(
            "no weights of `{network}` for {data} are shipped (there are some for: {known})"
        ),
        error => error.into(),
    })
}

/// True if bytes are to be read as a deployed network: packed, or with the format that its metadata name and a state's do not.
fn is_deployed(bytes: &[u8]) -> bool {
    let has_format = || {
        let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
        Some(metadata.metadata().as_ref()?.contains_key("format"))
    };
    gzip::is_packed(bytes) || has_format() == Some(true)
}
