//! `--train-images`: a part of the training images, chosen by the seed.
//!
//! Not responsible for loading images (`data`) nor for training on them (`train`).

use super::train::TrainArguments;
use crate::data::Dataset;
use crate::rng::{Purpose, keyed};
use rand::seq::index::sample;
use std::borrow::Cow;

/// The data set with `--train-images` of its training images.
///
/// # Errors
/// If there are not that many.
pub fn fewer<'a>(
    arguments: &TrainArguments,
    data: &'a Dataset,
) -> anyhow::Result<Cow<'a, Dataset>> {
    let (all, size) = (data.train.labels.len(), data.shape.len());
    match arguments.train_images {
        None => Ok(Cow::Borrowed(data)),
        Some(count) if count == 0 || count > all => Err(anyhow::anyhow!(
            "--train-images {count}: expected 1 to {all}, the training images of {}",
            data.name
        )),
        Some(count) => {
            let mut rng = keyed(arguments.seed, Purpose::Data, &[count as u64]);
            let chosen = sample(&mut rng, all, count);
            let train = data.train.chosen(chosen.into_iter(), size);
            Ok(Cow::Owned(Dataset {
                train,
                ..data.clone()
            }))
        }
    }
}

/// What a training state says about its images: a state of other images is refused.
pub fn images_id(arguments: &TrainArguments, data: &Dataset) -> String {
    let fingerprint = &data.fingerprint;
    match arguments.train_images {
        None => fingerprint.clone(),
        Some(count) => format!("{fingerprint}, {count} training images"),
    }
}
