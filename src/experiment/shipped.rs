//! Where experiment files come from: a path, or the program itself, which carries the shipped ones.
//!
//! Not responsible for their content.

use super::error::ExperimentError;
use super::{Plan, check};
use crate::short_text::{self, Fault};
use crate::spelling::nearest;
use std::io::{self, ErrorKind};
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

/// Names of the shipped experiments.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}

/// An experiment by the path of a TOML file or by shipped name; a path that exists wins.
///
/// # Errors
/// If there is no such file or name, or anything in it is wrong.
pub fn load(name: &str) -> Result<Plan, ExperimentError> {
    let path = Path::new(name);
    // A pipe is no regular file and can be read all the same.
    if path.exists() && !path.is_dir() {
        return check::parse(&read(name)?, name);
    }
    let stem = name.strip_prefix("experiments/").unwrap_or(name);
    let stem = stem.strip_suffix(".toml").unwrap_or(stem);
    if let Some((shipped, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == stem) {
        return check::parse(text, &format!("experiments/{shipped}.toml"));
    }
    if path.is_dir() {
        let problem = "is a directory; give the TOML file in it";
        return Err(unsuitable(name, ErrorKind::IsADirectory, problem));
    }
    let near = nearest(stem, &names()).map(|near| format!("; did you mean `{near}`?"));
    Err(ExperimentError::Unknown {
        name: name.into(),
        shipped: names().join(", "),
        hint: near.unwrap_or_default(),
    })
}

fn unsuitable(path: &str, kind: ErrorKind, problem: &str) -> ExperimentError {
    ExperimentError::File {
        path: path.into(),
        source: io::Error::new(kind, problem),
    }
}

fn read(path: &str) -> Result<String, ExperimentError> {
    short_text::read(path).map_err(|fault| match fault {
        Fault::File(source) => ExperimentError::File {
            path: path.into(),
            source,
        },
        Fault::Large => {
            let problem = "is larger than 1 MiB; an experiment is a short TOML text";
            unsuitable(path, ErrorKind::InvalidData, problem)
        }
        Fault::NotText(line) => ExperimentError::Key {
            file: path.into(),
            line,
            key: "the file".into(),
            problem: "not UTF-8; save the file as UTF-8 text".into(),
        },
    })
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
