//! What goes through the chip: network, trained weights, images.

use super::TraceArguments;
use crate::cli::image_choice::chosen;
use crate::cli::recorded::Played;
use crate::data::{DataSource, Split, load as load_data};
use crate::net::network::{IntNetwork, Shape};
use crate::net::shipped::load_network;
use crate::net::weights;
use crate::sim::accuracy::Images;
use std::path::Path;

/// Network with weights, images, and those that references are placed on.
pub struct Subject {
    pub network: IntNetwork,
    /// Where the weights come from.
    pub weights: String,
    /// Name of the images.
    pub data: String,
    pub classes: u64,
    shape: Shape,
    test: Split,
    /// None: the images that go through the chip are those of the calibration (recorded layers).
    calibration: Option<Split>,
}

impl Subject {
    /// Images that go through the chip.
    pub fn test(&self) -> Images<'_> {
        self.images(&self.test)
    }

    /// Images that references are placed on.
    pub fn calibration(&self) -> Images<'_> {
        self.images(self.calibration.as_ref().unwrap_or(&self.test))
    }

    fn images<'a>(&self, split: &'a Split) -> Images<'a> {
        Images {
            pixels: &split.pixels,
            labels: &split.labels,
            shape: self.shape,
        }
    }
}

/// Loads all of it.
///
/// # Errors
/// If anything is missing, damaged or belongs to something else.
pub fn load(arguments: &TraceArguments, macro_name: &str) -> anyhow::Result<Subject> {
    if let Some(file) = &arguments.trace {
        return recorded(file);
    }
    let network = load_network(&arguments.model)?;
    let source: DataSource = arguments.data.parse()?;
    let data = load_data(&source, network.input)?;
    let trained = match &arguments.weights {
        Some(path) => weights::load(path, &network)?,
        None => weights::shipped(&network, &data.name, &data.fingerprint, macro_name)?.trained,
    };
    trained.belongs_to(&data.name, &data.fingerprint)?;
    Ok(Subject {
        calibration: Some(chosen(&data, arguments.seed, arguments.calibration_images)),
        weights: trained.describe(),
        network: trained.network,
        classes: data.class_names.len() as u64,
        shape: data.shape,
        data: data.name,
        test: data.test,
    })
}

/// Recorded layers.
fn recorded(file: &Path) -> anyhow::Result<Subject> {
    let played = Played::load(file)?;
    Ok(Subject {
        weights: played.weights(),
        data: played.data(),
        classes: 0,
        shape: played.shape(),
        test: played.inputs,
        calibration: None,
        network: played.network,
    })
}
