//! Where experiment files come from: a path, or the program itself, which carries the shipped ones.
//!
//! Not responsible for their content.

use super::error::ExperimentError;
use super::{Plan, check};
use crate::shipped_text::{Carried, Fault, NOT_TEXT};

/// The shipped experiments.
const CARRIED: Carried = Carried {
    folder: "experiments",
    kind: "an experiment",
    texts: &[
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
            "cifar10_slopes",
            include_str!("../../experiments/cifar10_slopes.toml"),
        ),
        (
            "cifar10_conditions",
            include_str!("../../experiments/cifar10_conditions.toml"),
        ),
        (
            "cifar10_noise",
            include_str!("../../experiments/cifar10_noise.toml"),
        ),
        (
            "cifar10_word_lines",
            include_str!("../../experiments/cifar10_word_lines.toml"),
        ),
        (
            "cifar10_three_levels",
            include_str!("../../experiments/cifar10_three_levels.toml"),
        ),
        (
            "cifar10_row_order",
            include_str!("../../experiments/cifar10_row_order.toml"),
        ),
        (
            "cifar10_chips",
            include_str!("../../experiments/cifar10_chips.toml"),
        ),
    ],
};

/// An experiment by the path of a TOML file or by shipped name; a path that exists wins.
///
/// # Errors
/// If there is no such file or name, or anything in it is wrong.
pub fn load(name: &str) -> Result<Plan, ExperimentError> {
    let found = CARRIED.find(name).map_err(|fault| match fault {
        Fault::File(source) => ExperimentError::File {
            path: name.into(),
            source,
        },
        Fault::NotText(line) => ExperimentError::Key {
            file: name.into(),
            line,
            key: "the file".into(),
            problem: NOT_TEXT.into(),
        },
        Fault::Unknown { shipped, hint } => ExperimentError::Unknown {
            name: name.into(),
            shipped,
            hint,
        },
    })?;
    check::parse(&found.text, &found.file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_experiment_is_right_and_named_as_its_file() {
        for name in CARRIED.names() {
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
