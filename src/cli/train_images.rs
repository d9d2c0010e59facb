//! `--train-images`: a part of the training images, chosen by the seed.
//!
//! Not responsible for loading images (`data`) nor for training on them (`train`).

use super::train_arguments::TrainArguments;
use crate::data::{Dataset, Split};
use crate::rng::{Purpose, keyed};
use rand::seq::index::sample;
use std::borrow::Cow;

/// How many training images there are to be.
///
/// # Errors
/// If there are not that many.
pub fn count(arguments: &TrainArguments, data: &Dataset) -> anyhow::Result<usize> {
    let all = data.train.labels.len();
    match arguments.train_images {
        None => Ok(all),
        Some(count) if count == 0 || count > all => Err(anyhow::anyhow!(
            "--train-images {count}: expected 1 to {all}, the training images of {}",
            data.name
        )),
        Some(count) => Ok(count),
    }
}

/// The training images.
///
/// # Errors
/// As [`count`].
pub fn split<'a>(arguments: &TrainArguments, data: &'a Dataset) -> anyhow::Result<Cow<'a, Split>> {
    let count = count(arguments, data)?;
    if arguments.train_images.is_none() {
        return Ok(Cow::Borrowed(&data.train));
    }
    let mut rng = keyed(arguments.seed, Purpose::Data, &[count as u64]);
    let chosen = sample(&mut rng, data.train.labels.len(), count);
    let split = data.train.chosen(chosen.into_iter(), data.shape.len());
    Ok(Cow::Owned(split))
}

/// The data set with `--train-images` of its training images.
///
/// # Errors
/// As [`count`].
pub fn fewer<'a>(
    arguments: &TrainArguments,
    data: &'a Dataset,
) -> anyhow::Result<Cow<'a, Dataset>> {
    Ok(match split(arguments, data)? {
        Cow::Borrowed(_) => Cow::Borrowed(data),
        Cow::Owned(train) => Cow::Owned(Dataset {
            name: data.name.clone(),
            fingerprint: data.fingerprint.clone(),
            shape: data.shape,
            class_names: data.class_names.clone(),
            train,
            test: data.test.clone(),
        }),
    })
}

/// What a training state says about its images: a state of other images is refused.
pub fn images_id(arguments: &TrainArguments, data: &Dataset) -> String {
    let fingerprint = &data.fingerprint;
    match arguments.train_images {
        None => fingerprint.clone(),
        Some(count) => format!("{fingerprint}, {count} training images"),
    }
}
