//! Class folders of PNG or JPEG pictures: `DIR/train/CLASS/*` and `DIR/test/CLASS/*`, or `DIR/CLASS/*` of which every sixth
//! picture (in order of name) is a test image.
//!
//! Test images are used in an order of chance ([`shuffled`]). Pictures must have the size the network takes; colour is dropped for networks with one channel.
//! Names that begin with a dot and a README are passed over; anything else that is no picture is refused, so that no image is
//! left out without a word.

use super::{DataError, Split};
use crate::net::network::Shape;
use crate::rng::{Purpose, keyed};
use rand::seq::SliceRandom;
use std::fs;
use std::path::{Path, PathBuf};

/// Every n-th picture is a test image where there is no split on disk.
const TEST_EVERY: usize = 6;

/// Class names, training and test images.
///
/// # Errors
/// If folders are missing or empty, a picture is unreadable, or sizes differ.
pub fn load(folder: &Path, shape: Shape) -> Result<(Vec<String>, Split, Split), DataError> {
    if ![1, 3].contains(&shape.channels) {
        return Err(DataError::Size {
            name: format!("the pictures in {}", folder.display()),
            found: "1 or 3 channels".into(),
            expected: format!("{} channels", shape.channels),
        });
    }
    let (train, test) = (folder.join("train"), folder.join("test"));
    if train.is_dir() && test.is_dir() {
        let all = entries(folder)?;
        let is_part = |path: &&PathBuf| **path == train || **path == test || is_readme(path);
        if let Some(other) = all.iter().find(|path| !is_part(path)) {
            return Err(DataError::content(
                other,
                "it stands beside train/ and test/, where nothing else would be looked at; put its pictures into one of them, or take it out of DIR",
            ));
        }
        let (names, train) = read(&train, shape)?;
        let (test_names, test) = read(&test, shape)?;
        if names != test_names {
            return Err(DataError::content(
                folder,
                format!("train has the classes {names:?}, test has {test_names:?}"),
            ));
        }
        return Ok((names, train, test));
    }
    refuse_half(folder, "train", "test")?;
    refuse_half(folder, "test", "train")?;
    let (names, all) = read(folder, shape)?;
    let (mut train, mut test) = (Split::default(), Split::default());
    for (index, (image, &label)) in all.pixels.chunks(shape.len()).zip(&all.labels).enumerate() {
        let part = if index % TEST_EVERY == TEST_EVERY - 1 {
            &mut test
        } else {
            &mut train
        };
        part.pixels.extend_from_slice(image);
        part.labels.push(label);
    }
    if test.labels.is_empty() {
        return Err(DataError::content(
            folder,
            format!("too few pictures for a test set: at least {TEST_EVERY} are needed"),
        ));
    }
    Ok((names, train, test))
}

/// Refuses one part of a split without the other. A class may be called so: it has pictures and no folders.
fn refuse_half(folder: &Path, part: &str, other: &str) -> Result<(), DataError> {
    let there = folder.join(part);
    if !there.is_dir() || !entries(&there)?.iter().any(|path| path.is_dir()) {
        return Ok(());
    }
    let all = entries(folder)?;
    let beside = all.iter().filter(|path| path.is_dir() && **path != there);
    let beside: Vec<String> = beside.map(|path| super::file_name(path)).collect();
    let beside = match beside.is_empty() {
        true => "nothing stands beside it".into(),
        false => format!("beside it stands {}", beside.join(", ")),
    };
    Err(DataError::content(
        folder,
        format!(
            "there is {part}/ with class folders, but no {other}/ ({beside}); name the folder of the {other} images {other}/, or put the class folders themselves into DIR"
        ),
    ))
}

/// The images in an order of chance, always the same one. Class folders come class by class: without this, the first
/// images of a test set, which is what a run with fewer images takes, would all be of one class.
pub fn shuffled(split: &Split, size: usize) -> Split {
    let mut order: Vec<usize> = (0..split.labels.len()).collect();
    order.shuffle(&mut keyed(0, Purpose::TestOrder, &[]));
    let image = |&index: &usize| &split.pixels[index * size..(index + 1) * size];
    Split {
        pixels: order.iter().flat_map(image).copied().collect(),
        labels: order.iter().map(|&index| split.labels[index]).collect(),
    }
}

fn read(folder: &Path, shape: Shape) -> Result<(Vec<String>, Split), DataError> {
    let classes = classes(folder)?;
    let mut split = Split::default();
    for (label, class) in classes.iter().enumerate() {
        for picture in pictures(class)? {
            split.pixels.extend(decode(&picture, shape)?);
            split.labels.push(label as u8);
        }
    }
    Ok((
        classes
            .iter()
            .map(|class| super::file_name(class))
            .collect(),
        split,
    ))
}

/// The class folders of a folder, in order of name.
fn classes(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let all = entries(folder)?.into_iter();
    let (classes, others): (Vec<_>, Vec<_>) = all.partition(|path| path.is_dir());
    if !(2..=256).contains(&classes.len()) {
        return Err(DataError::content(
            folder,
            format!("{} class folders, expected 2 to 256", classes.len()),
        ));
    }
    match others.iter().find(|path| !is_readme(path)) {
        None => Ok(classes),
        Some(other) => Err(DataError::content(
            other,
            "no folder, but it stands beside class folders, where nothing else would be looked at; put it into the folder of its class, or take it out of DIR",
        )),
    }
}

/// The pictures of a class folder, in order of name.
fn pictures(class: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut pictures = Vec::new();
    for path in entries(class)? {
        // A pipe or a device would be read for ever.
        if is_picture(&path) && path.is_file() {
            pictures.push(path);
        } else if !is_readme(&path) {
            let problem = match is_picture(&path) {
                true => "not a regular file, as a picture is; take it out of the class folder",
                false => {
                    "no .png, .jpg or .jpeg picture, but it stands in a class folder, where nothing else would be looked at; convert it, or take it out"
                }
            };
            return Err(DataError::content(path, problem));
        }
    }
    if pictures.is_empty() {
        let problem = "no .png, .jpg or .jpeg pictures in this class folder";
        return Err(DataError::content(class, problem));
    }
    Ok(pictures)
}

/// What is visible in a folder, in order of name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let advice = "write images:DIR with one folder per class (or train/ and test/ with class folders) in DIR";
    let wrap = |source| DataError::File {
        path: folder.into(),
        source,
        advice: advice.into(),
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrap)? {
        let entry = entry.map_err(wrap)?;
        // Hidden: what file managers and notebooks leave.
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn extension(path: &Path) -> Option<String> {
    let extension = path.extension()?;
    Some(extension.to_string_lossy().to_ascii_lowercase())
}

fn is_picture(path: &Path) -> bool {
    matches!(extension(path).as_deref(), Some("png" | "jpg" | "jpeg"))
}

/// A plain text about the images.
fn is_readme(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default();
    stem.eq_ignore_ascii_case("readme")
        && matches!(extension(path).as_deref(), None | Some("txt" | "md"))
        && path.is_file()
}

fn decode(path: &Path, shape: Shape) -> Result<Vec<u8>, DataError> {
    let unreadable = |error| DataError::content(path, format!("not a readable picture: {error}"));
    // The size is read first, so that a picture of another size is never unpacked, however large it says it is.
    let (width, height) = image::image_dimensions(path).map_err(unreadable)?;
    let size = (width as usize, height as usize);
    if size != (shape.width, shape.height) {
        return Err(DataError::content(
            path,
            format!(
                "{} x {} pixels, this network takes {} x {}",
                size.0, size.1, shape.width, shape.height
            ),
        ));
    }
    let picture = image::open(path).map_err(unreadable)?;
    if shape.channels == 1 {
        return Ok(picture.to_luma8().into_raw());
    }
    let interleaved = picture.to_rgb8().into_raw();
    let channel = |c: usize| {
        interleaved
            .iter()
            .skip(c)
            .step_by(3)
            .copied()
            .collect::<Vec<u8>>()
    };
    Ok((0..3).flat_map(channel).collect())
}
