//! Image data sets: built-in, MNIST, CIFAR-10, class folders.
//!
//! A set is bytes `[image][channel][y][x]` and labels, with a fingerprint of its test images so that weights can say what they
//! were trained for; that of its training images is taken where a training records it. Not responsible for normalisation or augmentation (`train`).

mod built_in;
mod cifar;
pub mod digits;
pub mod error;
pub mod folders;
pub mod idx;
pub mod pictures;
pub mod raster;

pub use error::DataError;

use crate::fingerprint::fingerprint;
use crate::net::network::Shape;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// Drawn by the program.
    Builtin,
    /// IDX files, gzipped or not.
    Mnist(PathBuf),
    /// CIFAR-10 binary version.
    Cifar10(PathBuf),
    /// Class folders of PNG or JPEG.
    Images(PathBuf),
}

impl FromStr for DataSource {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        match text.split_once(':') {
            None if text == "builtin" => Ok(Self::Builtin),
            Some(("mnist", folder)) if !folder.is_empty() => Ok(Self::Mnist(folder.into())),
            Some(("cifar10", folder)) if !folder.is_empty() => Ok(Self::Cifar10(folder.into())),
            Some(("images", folder)) if !folder.is_empty() => Ok(Self::Images(folder.into())),
            _ => Err(DataError::Source { text: text.into() }),
        }
    }
}

/// Images and labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Bytes `[image][channel][y][x]`.
    pub pixels: Vec<u8>,
    /// Class of each image.
    pub labels: Vec<u8>,
}

impl Split {
    /// The images with these indices, in this order; `size` is the number of bytes of one.
    pub fn chosen(&self, indices: impl Iterator<Item = usize>, size: usize) -> Split {
        let mut split = Split::default();
        for index in indices {
            let image = &self.pixels[index * size..(index + 1) * size];
            split.pixels.extend_from_slice(image);
            split.labels.push(self.labels[index]);
        }
        split
    }

    /// Hash of labels and pixels.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.labels.iter().chain(&self.pixels))
    }
}

/// A data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Name, for reports.
    pub name: String,
    /// Hash of the test images and labels.
    pub fingerprint: String,
    /// Size of one image.
    pub shape: Shape,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// Training images.
    pub train: Split,
    /// Test images.
    pub test: Split,
}

/// Fingerprint of the test images of the JPEG re-encoding of CIFAR-10 as laid out by its publisher's binary format.
const CIFAR10_JPEG: &str = "a22b911b19a7818c";

/// Loads a set whose images have the size the network takes.
///
/// # Errors
/// If a file is missing or wrong, or the images have another size.
pub fn load(source: &DataSource, shape: Shape) -> Result<Dataset, DataError> {
    let (name, class_names, train, test) = match source {
        DataSource::Builtin => built_in::load(shape)?,
        DataSource::Mnist(folder) => {
            expect(
                shape,
                Shape {
                    channels: 1,
                    height: 28,
                    width: 28,
                },
                "MNIST",
            )?;
            let (train, test) = idx::load(folder)?;
            (
                "MNIST".to_string(),
                (0..10).map(|digit| digit.to_string()).collect(),
                train,
                test,
            )
        }
        DataSource::Cifar10(folder) => {
            expect(
                shape,
                Shape {
                    channels: 3,
                    height: 32,
                    width: 32,
                },
                "CIFAR-10",
            )?;
            let (train, test) = cifar::load(folder)?;
            (
                "CIFAR-10".to_string(),
                cifar::CLASSES
                    .iter()
                    .map(|class| (*class).to_string())
                    .collect(),
                train,
                test,
            )
        }
        DataSource::Images(folder) => {
            let (names, train, test) = folders::load(folder, shape)?;
            (
                format!("images in {}", file_name(folder)),
                names,
                train,
                test,
            )
        }
    };
    // Before the order changes: weights name the set by its content as it lies on disk.
    let fingerprint = test.fingerprint();
    let test = match source {
        DataSource::Images(_) => folders::shuffled(&test, shape.len()),
        _ => test,
    };
    let name = if fingerprint == CIFAR10_JPEG {
        "CIFAR-10 (JPEG)".to_string()
    } else {
        name
    };
    Ok(Dataset {
        name,
        fingerprint,
        shape,
        class_names,
        train,
        test,
    })
}

type Parts = (String, Vec<String>, Split, Split);

fn expect(network: Shape, data: Shape, name: &str) -> Result<(), DataError> {
    if network == data {
        return Ok(());
    }
    Err(DataError::Size {
        name: name.into(),
        found: text(data),
        expected: text(network),
    })
}

fn text(shape: Shape) -> String {
    format!("{}x{}x{}", shape.channels, shape.height, shape.width)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_and_refused() {
        assert_eq!(
            "builtin".parse::<DataSource>().unwrap(),
            DataSource::Builtin
        );
        assert_eq!(
            "mnist:a:b".parse::<DataSource>().unwrap(),
            DataSource::Mnist("a:b".into())
        );
        for wrong in ["", "mnist", "mnist:", "imagenet:x", "builtin:x"] {
            assert!(
                wrong
                    .parse::<DataSource>()
                    .unwrap_err()
                    .to_string()
                    .contains("cifar10:DIR")
            );
        }
    }

    #[test]
    fn sizes_must_agree() {
        let shape = Shape {
            channels: 3,
            height: 32,
            width: 32,
        };
        let error = load(&DataSource::Mnist("nowhere".into()), shape)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("1x28x28") && error.contains("3x32x32"),
            "{error}"
        );
    }

    #[test]
    fn builtin_sets_are_frozen() {
        // Shipped weights were trained on exactly these images: a change here invalidates them.
        let digits = load(
            &DataSource::Builtin,
            Shape {
                channels: 1,
                height: 28,
                width: 28,
            },
        )
        .unwrap();
        assert_eq!(digits.fingerprint, "efd63cf8a38d11ec");
        let pictures = load(
            &DataSource::Builtin,
            Shape {
                channels: 3,
                height: 32,
                width: 32,
            },
        )
        .unwrap();
        assert_eq!(pictures.fingerprint, "b93e4afe1c21b754");
        assert_eq!(
            pictures.train.labels.len() * pictures.shape.len(),
            pictures.train.pixels.len()
        );
    }
}
