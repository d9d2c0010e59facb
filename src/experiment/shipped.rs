//! Where experiment files come from: a path, or the program itself, which carries the shipped ones.
//!
//! Not responsible for their content.

use super::error::ExperimentError;
use super::{Plan, check};
use crate::spelling::nearest;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Name and text of every shipped experiment.
const SHIPPED: &[(&str, &str)] = &[
    ("smoke", include_str!("../../experiments/smoke.toml")),
    (
        "mnist_lenet",
        include_str!("../../experiments/mnist_lenet.toml"),
    ),
    (
        "cifar10_main",
        include_str!("../../experiments/cifar10_main.toml"),
    ),
    (
        "cifar10_ablation",
        include_str!("../../experiments/cifar10_ablation.toml"),
    ),
    (
        "cifar10_three_levels",
        include_str!("../../experiments/cifar10_three_levels.toml"),
    ),
];

/// An experiment is a page or two; more than this is another file.
const LARGEST_BYTES: u64 = 1 << 20;

/// Names of the shipped experiments.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}

/// An experiment by the path of a TOML file or by shipped name; a path that exists wins.
///
/// # Errors
/// If there is no such file or name, or anything in it is wrong.
pub fn load(name: &str) -> Result<Plan, ExperimentError> {
    if Path::new(name).is_file() {
        return check::parse(&read(name)?, name);
    }
    let stem = name.strip_prefix("experiments/").unwrap_or(name);
    let stem = stem.strip_suffix(".toml").unwrap_or(stem);
    if let Some((shipped, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == stem) {
        return check::parse(text, &format!("experiments/{shipped}.toml"));
    }
    let near = nearest(stem, &names()).map(|near| format!("; did you mean `{near}`?"));
    Err(ExperimentError::Unknown {
        name: name.into(),
        shipped: names().join(", "),
        hint: near.unwrap_or_default(),
    })
}

fn read(name: &str) -> Result<String, ExperimentError> {
    let wrong = |source| ExperimentError::File {
        path: name.into(),
        source,
    };
    let file = File::open(name).map_err(wrong)?;
    let mut text = String::new();
    file.take(LARGEST_BYTES)
        .read_to_string(&mut text)
        .map_err(wrong)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_experiment_is_right_and_named_as_its_file() {
        for name in names() {
            let plan = load(name).unwrap();
            assert_eq!(plan.name, name);
            assert_eq!(load(&format!("experiments/{name}.toml")).unwrap(), plan);
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_near_one() {
        let error = load("smok").unwrap_err().to_string();
        assert!(error.contains("did you mean `smoke`?"), "{error}");
    }
}
