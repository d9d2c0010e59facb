//! Trained thresholds: their gradient against finite differences of the mean, resumption, and what is deployed is what is placed.

use super::columns::references;
use super::resumption::assert_resumes;
use super::support::{Scratch, hardware};
use super::through_macro::{ONE, Random, calibration, epochs, images, mvm, trainer};
use super::{network, trained};
use approx::assert_relative_eq;
use imcsim::net::checkpoint::{Metadata, from_bytes, to_bytes};
use imcsim::net::references::LayerReferences;
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::prepare::Prepared;
use imcsim::train::deploy::deploy;
use imcsim::train::model::Model;
use imcsim::train::mvm::Estimator;
use imcsim::train::mvm::readings::Readings;
use imcsim::train::mvm::settings::{Learn, Mvm};
use imcsim::train::ops::reconv;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::state;

fn learning() -> Mvm {
    let mut mvm = mvm(hardware("reram_9wl", &[]), Estimator::Lattice);
    mvm.settings.learn = Learn::Thresholds;
    mvm
}

#[test]
fn gradient_of_a_threshold_pair_is_that_of_the_mean() {
    let (mut model, data) = trained(StepRule::Learned, 1, 96);
    let (mvm, layer) = (learning(), 2);
    let plain = deploy(&model).expect("quantized");
    let readings = Readings::new(&mvm, &plain, &data.train, 1, ONE).expect("fits");
    let start = readings.first_readouts()[layer]
        .expect("on the macro")
        .clone();
    model.learn_thresholds(layer, &start);
    let deployed = deploy(&model).expect("quantized");
    let references = references(&deployed);
    let reading = readings
        .batch(1, 0, &references)
        .expect("fits")
        .swap_remove(layer);
    let random = Random::new(&deployed, layer);
    let saved = random.pass(reading.expect("on the macro"));
    let found = reconv::threshold_gradients(&saved, std::slice::from_ref(&random.gradient));
    assert_eq!(found.len(), 14);
    let mut largest: f64 = 0.0;
    for which in 7..14 {
        let moved = |by: f64| {
            let mut thresholds = start.thresholds.clone();
            thresholds[which] += by;
            thresholds[13 - which] -= by;
            random.loss(&start.with_thresholds(thresholds).expect("ascending"))
        };
        let h = 5e-3;
        let expected = (moved(h) - moved(-h)) / (2.0 * h) / random.columns().sqrt();
        assert_relative_eq!(found[which], expected, max_relative = 2e-3, epsilon = 5e-3);
        assert_eq!(found[13 - which], -found[which], "one reference");
        largest = largest.max(expected.abs());
    }
    assert!(largest > 0.3, "{largest}");
}

fn thresholds(model: &Model<f32>, layer: usize) -> (Vec<f32>, Vec<f32>) {
    match model.layers[layer].references.deployed(&model.params) {
        LayerReferences::Thresholds { thresholds, values } => (thresholds, values),
        other => panic!("{other:?}"),
    }
}

#[test]
fn resumed_training_of_thresholds_is_the_same_training() {
    let (fresh, data) = trainer(learning());
    let (before, values) = thresholds(&fresh.model, 1);
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    let whole = assert_resumes(&|| trainer(learning()).0, &data, (2, 1), &path);
    let (after, kept) = thresholds(&whole.model, 1);
    assert_ne!(after, before, "thresholds are trained");
    assert_eq!(kept, values, "codes keep their values");
    assert!(after.windows(2).all(|pair| pair[0] < pair[1]));
    assert!((0..14).all(|k| after[k] == -after[13 - k]));
    // Another training may start from it, without what it learned of the references.
    let mut fresh = Model::<f32>::new(&network(), whole.model.method, 3);
    state::initialise(&mut fresh, &path).expect("a start");
}

#[test]
fn deployed_thresholds_are_what_is_placed() {
    let (mut trainer, data) = trainer(learning());
    epochs(&mut trainer, &data, 1);
    let network = deploy(&trainer.model).expect("quantized");
    let bytes = to_bytes(&network, &Metadata::new()).expect("serializes");
    let (deployed, _) = from_bytes(&bytes, &network.network, "x").expect("its own");
    assert_eq!(deployed, network);
    let mvm = learning();
    let prepared = Prepared::new(&deployed, &mvm.hardware).expect("fits");
    let sums = count_sums(&prepared, images(&calibration(&data.train, 1)), 7).expect("fit");
    let readouts = place(&prepared, &mvm.hardware.readout, &sums).expect("fits");
    let readings = Readings::new(&mvm, &network, &data.train, 1, ONE).expect("fits");
    for (layer, placed) in readings.first_readouts().into_iter().enumerate() {
        let first = readouts[layer].first().map(|r| r.of(0));
        assert_eq!(first, placed, "{layer}");
        let Some(placed) = placed else { continue };
        let (thresholds, values) = thresholds(&trainer.model, layer);
        let wide: Vec<f64> = thresholds.iter().map(|&t| f64::from(t)).collect();
        assert_eq!((&placed.thresholds, placed.code_values()), (&wide, values));
    }
    // Another resolution than they were trained for.
    let other = mvm.hardware.readout.with_bits(5);
    let error = place(&prepared, &other, &sums)
        .expect_err("other codes")
        .to_string();
    assert!(error.contains("14 trained thresholds"), "{error}");
}
