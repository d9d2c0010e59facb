//! Trained weights: the ones that travel inside the program, and files of the user. Weights say which images they belong to.
//!
//! Files are checkpoints ([`super::checkpoint`]), gzipped or not. Not responsible for training.

use super::checkpoint::{Metadata, from_bytes, metadata};
use super::error::NetError;
use super::network::{IntNetwork, Network};
use crate::fingerprint::fingerprint;
use crate::gzip;
use std::borrow::Cow;
use std::path::Path;

/// A deployed network with what its file says about it.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The network.
    pub network: IntNetwork,
    /// What the weights are for.
    pub metadata: Metadata,
    /// File name as shown to the user.
    pub file: String,
    /// Of its bytes, unpacked.
    pub fingerprint: String,
}

/// File and bytes of every shipped set of weights.
const SHIPPED: &[(&str, &[u8])] = &[
    (
        "models/vgg_builtin.safetensors.gz",
        include_bytes!("../../models/vgg_builtin.safetensors.gz"),
    ),
    (
        "models/lenet_builtin.safetensors.gz",
        include_bytes!("../../models/lenet_builtin.safetensors.gz"),
    ),
    (
        "models/vgg_cifar10.safetensors.gz",
        include_bytes!("../../models/vgg_cifar10.safetensors.gz"),
    ),
    (
        "models/lenet_mnist.safetensors.gz",
        include_bytes!("../../models/lenet_mnist.safetensors.gz"),
    ),
    (
        "models/vgg_builtin_macro.safetensors.gz",
        include_bytes!("../../models/vgg_builtin_macro.safetensors.gz"),
    ),
    (
        "models/vgg_cifar10_macro.safetensors.gz",
        include_bytes!("../../models/vgg_cifar10_macro.safetensors.gz"),
    ),
];

impl Trained {
    /// One line for reports: file, method, seed, epochs.
    pub fn describe(&self) -> String {
        let get = |key: &str| {
            self.metadata
                .get(key)
                .map_or("not recorded", String::as_str)
        };
        let through = match self.metadata.get("trained_through") {
            Some(name) => format!(" through {name}"),
            None => String::new(),
        };
        format!(
            "{}: {}{through} on {}, seed {}, {} epochs",
            self.file,
            get("method"),
            get("data"),
            get("seed"),
            get("epochs")
        )
    }

    /// Accuracy of the full-precision network it was trained from, if recorded.
    pub fn full_precision(&self) -> Option<f64> {
        let accuracy: f64 = self.metadata.get("accuracy_full_precision")?.parse().ok()?;
        (0.0..=1.0).contains(&accuracy).then_some(accuracy)
    }

    /// Refuses weights that belong to other images than these.
    ///
    /// # Errors
    /// If the weights say they were trained for another data set.
    pub fn belongs_to(&self, data: &str, fingerprint: &str) -> Result<(), NetError> {
        let get = |key: &str| self.metadata.get(key).map(String::as_str);
        if get("data_fingerprint") == Some(fingerprint) {
            return Ok(());
        }
        let mut trained = get("data").unwrap_or("unknown images").to_string();
        let mut asked = data.to_string();
        if trained == asked {
            let found = get("data_fingerprint").unwrap_or("not recorded");
            trained.push_str(&format!(" (fingerprint {found})"));
            asked.push_str(&format!(" (fingerprint {fingerprint})"));
        }
        Err(NetError::OtherData {
            file: self.file.clone(),
            trained,
            asked,
        })
    }
}

/// Shipped weights for a macro.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// Trained through that macro if there are such, else with ideal MVM values.
    pub trained: Trained,
    /// Those with ideal MVM values, where `trained` was trained through the macro.
    pub before: Option<Trained>,
}

/// The shipped weights of a network for the data set with this fingerprint and the macro of this name.
///
/// # Errors
/// If there are none; the message lists the data sets there are weights for.
pub fn shipped(
    network: &Network,
    data: &str,
    fingerprint: &str,
    macro_name: &str,
) -> Result<Shipped, NetError> {
    let hash = super::checkpoint::shape_hash(network);
    let mut others: Vec<String> = Vec::new();
    let (mut plain, mut through) = (None, None);
    for (file, packed) in SHIPPED {
        let bytes = unpacked(packed, file)?;
        let about = metadata(&bytes, file)?;
        if about.get("network_hash") != Some(&hash) {
            continue;
        }
        if about.get("data_fingerprint").map(String::as_str) != Some(fingerprint) {
            others.extend(
                about
                    .get("data")
                    .filter(|data| !others.contains(data))
                    .cloned(),
            );
            continue;
        }
        match about.get("trained_through").map(String::as_str) {
            None => plain = Some(read(&bytes, network, file)?),
            Some(name) if name == macro_name => through = Some(read(&bytes, network, file)?),
            Some(_) => (),
        }
    }
    match (through, plain) {
        (Some(trained), before) => Ok(Shipped { trained, before }),
        (None, Some(trained)) => Ok(Shipped {
            trained,
            before: None,
        }),
        (None, None) => Err(NetError::NoWeights {
            network: network.name.clone(),
            data: data.into(),
            known: if others.is_empty() {
                "no data set".into()
            } else {
                others.join(", ")
            },
        }),
    }
}

/// The shipped network with ideal MVM values to start a training on these images from: the one for them, or else one for another edition
/// of them (`CIFAR-10` and `CIFAR-10 (JPEG)`).
///
/// # Errors
/// As [`shipped`].
pub fn shipped_start(
    network: &Network,
    data: &str,
    fingerprint: &str,
) -> Result<Trained, NetError> {
    // No macro has this name.
    let none = match shipped(network, data, fingerprint, "") {
        Err(none @ NetError::NoWeights { .. }) => none,
        found => return Ok(found?.trained),
    };
    let hash = super::checkpoint::shape_hash(network);
    for (file, packed) in SHIPPED {
        let bytes = unpacked(packed, file)?;
        let about = metadata(&bytes, file)?;
        let is_edition = about
            .get("data")
            .is_some_and(|of| edition(of) == edition(data));
        let is_of = about.get("network_hash") == Some(&hash) && is_edition;
        if is_of && !about.contains_key("trained_through") {
            return read(&bytes, network, file);
        }
    }
    Err(none)
}

/// The name of a data set without what is said of its edition.
fn edition(name: &str) -> &str {
    name.split_once(" (").map_or(name, |(name, _)| name)
}

/// Reads a file of weights.
///
/// # Errors
/// If it cannot be read, is damaged, or belongs to another network.
pub fn load(path: &Path, network: &Network) -> Result<Trained, NetError> {
    let bytes = gzip::read(path).map_err(|source| NetError::File {
        path: path.into(),
        source,
    })?;
    parse(&bytes, network, &path.display().to_string())
}

/// [`load`] from bytes that are read already, gzipped or not; `file` names them in errors.
///
/// # Errors
/// As [`load`].
pub fn parse(bytes: &[u8], network: &Network, file: &str) -> Result<Trained, NetError> {
    read(&unpacked(bytes, file)?, network, file)
}

fn read(bytes: &[u8], network: &Network, file: &str) -> Result<Trained, NetError> {
    let (network, metadata) = from_bytes(bytes, network, file)?;
    Ok(Trained {
        network,
        metadata,
        file: file.into(),
        fingerprint: fingerprint(bytes),
    })
}

fn unpacked<'a>(bytes: &'a [u8], file: &str) -> Result<Cow<'a, [u8]>, NetError> {
    gzip::unpacked(bytes).map_err(|problem| NetError::Checkpoint {
        file: file.into(),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::shipped::load_network;

    #[test]
    fn another_edition_of_the_images_has_a_start_but_no_weights() {
        let network = load_network("vgg").unwrap();
        let start = |data| shipped_start(&network, data, "0123456789abcdef");
        let found = start("CIFAR-10").unwrap();
        assert_eq!(found.file, "models/vgg_cifar10.safetensors.gz");
        let other = found.belongs_to("CIFAR-10", "0123456789abcdef");
        assert!(other.is_err() && shipped(&network, "CIFAR-10", "0123456789abcdef", "").is_err());
        let known = start("CIFAR-100").unwrap_err().to_string();
        assert!(known.contains("CIFAR-10 (JPEG)"), "{known}");
    }

    #[test]
    fn images_of_one_name_are_told_apart_by_their_fingerprints() {
        let network = load_network("lenet").unwrap();
        let found = shipped(&network, "MNIST", "8b3332f378a52bbd", "").unwrap();
        assert!(
            found
                .trained
                .belongs_to("MNIST", "8b3332f378a52bbd")
                .is_ok()
        );
        let error = |data| {
            let refused = found.trained.belongs_to(data, "0123456789abcdef");
            refused.unwrap_err().to_string()
        };
        let same = error("MNIST");
        for fingerprint in ["8b3332f378a52bbd", "0123456789abcdef"] {
            assert!(same.contains(fingerprint), "{same}");
        }
        assert!(!error("pictures").contains("fingerprint"));
    }
}
