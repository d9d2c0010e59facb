//! A training that stopped and went on from its file is the training without a stop; what does not belong to it is refused.

use super::support::Scratch;
use super::through_macro::epochs;
use super::{dataset, network, settings, trained};
use imcsim::data::Dataset;
use imcsim::train::deploy::deploy;
use imcsim::train::model::{Method, Model};
use imcsim::train::optimizer::Rule;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::state;
use imcsim::train::trainer::Trainer;
use std::path::Path;

/// Trains in one go, and again with a stop after `first` of the epochs, from the file at `path`: both are the same. The former.
pub fn assert_resumes(
    start: &dyn Fn() -> Trainer,
    data: &Dataset,
    (first, then): (usize, usize),
    path: &Path,
) -> Trainer {
    let trained = |mut trainer: Trainer, count: usize| {
        epochs(&mut trainer, data, count);
        trainer
    };
    let whole = trained(start(), first + then);
    state::save(&trained(start(), first), "f", path).expect("saved");
    let mut second = start();
    state::resume(&mut second, "f", path).expect("resumed");
    let second = trained(second, then);
    assert_eq!(second.model.params, whole.model.params);
    assert_eq!(second.model.layers, whole.model.layers);
    assert_eq!(second.optimizer, whole.optimizer);
    assert_eq!(second.curve, whole.curve);
    whole
}

#[test]
fn resumed_training_is_the_same_training() {
    for rule in [Rule::Sgd, Rule::Adam] {
        let data = dataset(96);
        let start = || {
            let mut model = Model::<f32>::new(&network(), Method::Float, 1);
            model.start_quantized(StepRule::Learned);
            Trainer::new(model, settings(rule), &data).expect("settings are right")
        };
        let scratch = Scratch::new();
        let path = scratch.at("state.safetensors");
        assert_resumes(&start, &data, (2, 2), &path);

        let refused = |error: Result<(), imcsim::train::error::TrainError>, text: &str| {
            let error = error.expect_err("must be refused").to_string();
            assert!(error.contains(text), "{error}");
        };
        refused(
            state::resume(&mut start(), "other", &path),
            "data set differs",
        );
        let mut other = start();
        other.settings.seed += 1;
        refused(state::resume(&mut other, "f", &path), "settings differs");
        let bytes = std::fs::read(&path).expect("written");
        for length in [0, 7, 300, bytes.len() - 5] {
            std::fs::write(&path, &bytes[..length]).expect("scratch");
            assert!(
                state::resume(&mut start(), "f", &path).is_err(),
                "cut at {length}"
            );
        }
    }
}

#[test]
fn a_step_that_begins_to_be_learned_has_the_codes_of_the_rule_before() {
    let (model, data) = trained(StepRule::Threshold, 2, 96);
    let before = deploy(&model).expect("quantized");
    let from = Trainer::new(model, settings(Rule::Adam), &data).expect("settings are right");
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    state::save(&from, "f", &path).expect("saved");
    let mut fresh = Model::<f32>::new(&network(), Method::Qat(StepRule::Learned), 2);
    state::initialise(&mut fresh, &path).expect("a start");
    let after = deploy(&fresh).expect("quantized");
    for (before, after) in before.layers.iter().zip(&after.layers) {
        assert_eq!(before.codes, after.codes, "{}", before.layer.name);
        assert_eq!(before.scale, after.scale, "{}", before.layer.name);
    }
}
