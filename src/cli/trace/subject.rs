//! What goes through the chip: network, trained weights, images.

use super::TraceArguments;
use crate::cli::run::chosen;
use crate::data::{DataSource, Dataset, Split, load as load_data};
use crate::net::shipped::load_network;
use crate::net::weights::{self, Trained};

/// Network with weights, images, and those that references are placed on.
pub struct Subject {
    pub trained: Trained,
    pub data: Dataset,
    pub calibration: Split,
}

/// Loads all of it.
///
/// # Errors
/// If anything is missing, damaged or belongs to something else.
pub fn load(arguments: &TraceArguments, macro_name: &str) -> anyhow::Result<Subject> {
    let network = load_network(&arguments.model)?;
    let source: DataSource = arguments.data.parse()?;
    let data = load_data(&source, network.input)?;
    let trained = match &arguments.weights {
        Some(path) => weights::load(path, &network)?,
        None => weights::shipped(&network, &data.name, &data.fingerprint, macro_name)?.trained,
    };
    trained.belongs_to(&data.name, &data.fingerprint)?;
    Ok(Subject {
        calibration: chosen(&data, arguments.seed, arguments.calibration_images),
        trained,
        data,
    })
}
