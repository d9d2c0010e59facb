//! What `--init` names: the state of a training, a deployed network, or the one that travels with the program.
//!
//! Not responsible for what a training makes of it (`train::state`, `train::redeem`).

use super::deployed;
use super::train_arguments::TrainArguments;
use crate::data::Dataset;
use crate::gzip;
use crate::net::checkpoint;
use crate::net::error::NetError;
use crate::net::network::Network;
use crate::net::weights::{self, Trained};
use crate::train::model::Model;
use crate::train::redeem::redeem;
use crate::train::state::{self, Start};
use anyhow::bail;
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
    let trained = match is_shipped(path) {
        true => shipped(&model.network, data)?,
        false if is_deployed(path) => weights::load(path, &model.network)?,
        false => return Ok(state::initialise(model, path)?),
    };
    let programs = deployed::programs(&trained.metadata);
    let latents = (arguments.rule(), arguments.seed);
    Ok(redeem(model, &trained, &data.train, latents, programs)?)
}

/// True if not a file is meant; `./shipped` is one.
pub(super) fn is_shipped(path: &Path) -> bool {
    path.as_os_str() == SHIPPED
}

/// The shipped network for these images that was trained with ideal MVM values: a start for any macro.
///
/// # Errors
/// If there is none.
pub(super) fn shipped(network: &Network, data: &Dataset) -> anyhow::Result<Trained> {
    // No macro has this name.
    match weights::shipped(network, &data.name, &data.fingerprint, "") {
        Ok(found) => Ok(found.trained),
        Err(NetError::NoWeights {
            network,
            data,
            known,
        }) => bail!(
            "no weights of `{network}` for {data} are shipped (there are some for: {known}); start from the file of a training, or from none"
        ),
        Err(error) => Err(error.into()),
    }
}

/// True if a file is a deployed network; what cannot be read is left to the reader of states, which says why.
fn is_deployed(path: &Path) -> bool {
    let Ok(bytes) = gzip::read(path) else {
        return false;
    };
    gzip::unpacked(&bytes).is_ok_and(|bytes| checkpoint::metadata(&bytes, "").is_ok())
}
