//! A trained step of every column: gradients against finite differences of the mean, the forward pass that of the simulator,
//! equal columns those of a layer's step, resumption, and what is deployed is what is placed.

use super::resumption::assert_resumes;
use super::support::{Scratch, hardware};
use super::through_macro::{
    ONE, Random, assert_forward_is_the_simulators, calibration, epochs, images, mvm, trainer,
};
use super::{network, trained};
use approx::assert_relative_eq;
use imcsim::data::Dataset;
use imcsim::hw::readout::Readout;
use imcsim::hw::trim::Trim;
use imcsim::net::checkpoint::{Metadata, from_bytes, to_bytes};
use imcsim::net::network::IntNetwork;
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
use imcsim::train::references::{LearnedReferences, column_gradients};
use imcsim::train::state;
use imcsim::train::trainer::Trainer;

fn learning(changes: &[(&str, &str)], estimator: Estimator) -> Mvm {
    let mut mvm = mvm(hardware("reram_9wl", changes), estimator);
    mvm.settings.learn = Learn::StepPerColumn;
    mvm
}

fn trims(factors: &[f64]) -> Vec<Trim> {
    factors
        .iter()
        .map(|&factor| Trim::nearest(factor))
        .collect()
}

/// Steps of the two layers on the macro (5 and 6 columns), three and four of them different.
fn with_steps(mut network: IntNetwork) -> IntNetwork {
    let columns = |step: f32, factors: &[f64]| LayerReferences::StepPerColumn {
        step,
        trims: trims(factors),
    };
    network.layers[1].references = columns(1.3, &[1.0, 0.75, 1.5, 0.75, 1.0]);
    network.layers[2].references = columns(0.9, &[1.5, 0.5, 2.0, 1.5, 1.0625, 0.5]);
    network
}

/// References of every layer.
pub fn references(network: &IntNetwork) -> Vec<LayerReferences> {
    let layers = network.layers.iter();
    layers.map(|layer| layer.references.clone()).collect()
}

#[test]
fn forward_with_noise_equals_the_simulator_bit_for_bit() {
    let (model, data) = trained(StepRule::Learned, 2, 96);
    let deployed = with_steps(deploy(&model).expect("a quantized model"));
    let digital = ("subtraction = \"analog\"", "subtraction = \"digital\"");
    for changes in [&[][..], &[digital]] {
        let mvm = learning(changes, Estimator::Lattice);
        // As an epoch places them, and as a batch of a training does.
        assert_forward_is_the_simulators(&mvm, &deployed, &data, &[]);
        assert_forward_is_the_simulators(&mvm, &deployed, &data, &references(&deployed));
    }
}

#[test]
fn gradient_of_every_step_is_that_of_the_mean() {
    let (model, data) = trained(StepRule::Learned, 1, 96);
    let free = [("snap = \"half_integer\"", "snap = \"free\"")];
    let mvm = learning(&free, Estimator::Expectation);
    let deployed = with_steps(deploy(&model).expect("quantized"));
    let layer = 2;
    let readings = Readings::new(&mvm, &deployed, &data.train, 1, ONE).expect("fits");
    let references = references(&deployed);
    let reading = readings.batch(1, 0, &references).expect("steps");
    let reading = reading[layer].clone().expect("on the macro");
    let random = Random::new(&deployed, layer);
    let saved = random.pass(reading);
    let gradient = std::slice::from_ref(&random.gradient);
    let (found, scale) = reconv::column_step_gradients(&saved, gradient);
    assert_eq!(reconv::step_gradient(&saved, gradient), 0.0);

    let prepared = Prepared::new(&deployed, &mvm.hardware).expect("fits");
    let sums = count_sums(&prepared, images(&calibration(&data.train, 1)), 7).expect("fit");
    let at = |step: f64| -> Readout {
        let seen = &sums[layer][0];
        let range = prepared.layers[layer].conversions[0].range;
        let design = &mvm.hardware.readout;
        let placed = design.place_at_step(range, step, Some(&seen.histogram));
        match &seen.cells {
            Some(cells) => placed.expect("a step").with_cell_noise(cells.shares()),
            None => placed.expect("a step"),
        }
    };
    let LayerReferences::StepPerColumn { step, trims } = &references[layer] else {
        panic!("{references:?}");
    };
    let (h, step) = (5e-3, f64::from(*step));
    assert_relative_eq!(
        scale,
        1.0 / (random.columns() * 7.0).sqrt(),
        max_relative = 1e-12
    );
    let (mut largest, mut of_layer): (f64, f64) = (0.0, 0.0);
    for (output, trim) in trims.iter().enumerate() {
        let own = step * trim.factor();
        let moved = |by: f64| random.loss_of(&at(own + by), output..output + 1);
        let expected = (moved(h) - moved(-h)) / (2.0 * h);
        assert_relative_eq!(found[output], expected, max_relative = 3e-3, epsilon = 2e-2);
        largest = largest.max(expected.abs());
        // All columns with the layer's step.
        let whole = |by: f64| random.loss_of(&at((step + by) * trim.factor()), output..output + 1);
        of_layer += (whole(h) - whole(-h)) / (2.0 * h);
    }
    assert!(largest > 4.0, "{largest}");
    let values: Vec<f64> = trims.iter().map(|trim| trim.factor() + 0.01).collect();
    let (dstep, dtrims) = column_gradients(step, &values, (&found, scale));
    let of_layer = of_layer * scale;
    assert_relative_eq!(dstep, of_layer, max_relative = 3e-3, epsilon = 5e-2);
    for (dtrim, found) in dtrims.iter().zip(&found) {
        assert_relative_eq!(*dtrim, found * step, max_relative = 1e-12);
    }
}

#[test]
fn equal_columns_are_the_step_of_the_layer() {
    let (model, data) = trained(StepRule::Learned, 1, 96);
    let plain = deploy(&model).expect("quantized");
    let mvm = learning(&[], Estimator::Lattice);
    let readings = Readings::new(&mvm, &plain, &data.train, 1, ONE).expect("fits");
    let layer = 2;
    let run = |references: LayerReferences| {
        let mut all = vec![LayerReferences::Calibrated; 4];
        all[layer] = references;
        let reading = readings
            .batch(1, 7, &all)
            .expect("steps")
            .swap_remove(layer);
        let random = Random::new(&plain, layer);
        let (value, saved) = random.run(reading.expect("on the macro"));
        let gradient = std::slice::from_ref(&random.gradient);
        let (weights, inputs) = reconv::df(&saved, gradient);
        let layer = reconv::step_gradient(&saved, gradient);
        let (columns, scale) = reconv::column_step_gradients(&saved, gradient);
        let columns: Vec<f64> = columns.into_iter().map(|g| g * scale).collect();
        (
            value[0].values.to_vec(),
            weights,
            inputs[0].values.to_vec(),
            layer,
            columns,
        )
    };
    let per_column = |step: f32, factor: f64| LayerReferences::StepPerColumn {
        step,
        trims: trims(&[factor; 6]),
    };
    let whole = run(LayerReferences::Step(1.3));
    let columns = run(per_column(1.3, 1.0));
    assert_eq!(
        (&whole.0, &whole.1, &whole.2),
        (&columns.0, &columns.1, &columns.2)
    );
    assert_eq!((columns.3, whole.4.len()), (0.0, 0));
    // Sums in another order.
    assert_relative_eq!(columns.4.iter().sum::<f64>(), whole.3, max_relative = 1e-9);
    assert!(whole.3.abs() > 1e-3, "{}", whole.3);
    // Half the step at double the trim.
    assert_eq!(run(per_column(0.65, 2.0)).0, whole.0);
    assert_ne!(run(per_column(1.3, 1.0625)).0, whole.0);
}

fn of_layer(model: &Model<f32>, layer: usize) -> (f32, Vec<Trim>) {
    match model.layers[layer].references.deployed(&model.params) {
        LayerReferences::StepPerColumn { step, trims } => (step, trims),
        other => panic!("{other:?}"),
    }
}

/// A training whose columns have steps of several classes, some of them next to another register.
fn spread() -> (Trainer, Dataset) {
    let (mut trainer, data) = trainer(learning(&[], Estimator::Lattice));
    trainer.settings.rate = 0.5;
    let model = &mut trainer.model;
    for layer in &model.layers {
        if let LearnedReferences::StepPerColumn { trims, .. } = layer.references {
            let starts = [1.03125, 0.71875, 1.03124, 1.5, 1.0].into_iter().cycle();
            let trims = model.params.get_mut(trims).iter_mut();
            trims.zip(starts).for_each(|(trim, start)| *trim = start);
        }
    }
    (trainer, data)
}

#[test]
fn resumed_training_of_columns_is_the_same_training() {
    let (_, equal) = of_layer(&trainer(learning(&[], Estimator::Lattice)).0.model, 1);
    assert_eq!(
        equal,
        [Trim::NONE; 5],
        "every column begins with the layer's step"
    );
    let (fresh, data) = spread();
    let (before, starts) = of_layer(&fresh.model, 1);
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    let whole = assert_resumes(&|| spread().0, &data, (2, 1), &path);
    let (after, trims) = of_layer(&whole.model, 1);
    assert_ne!(after, before, "the layer's step is trained");
    assert_ne!(trims, starts, "trims are trained");
    // Another training may start from it, without what it learned of the references.
    let mut fresh = Model::<f32>::new(&network(), whole.model.method, 3);
    state::initialise(&mut fresh, &path).expect("a start");
}

#[test]
fn deployed_columns_are_what_is_placed() {
    let (mut trainer, data) = spread();
    epochs(&mut trainer, &data, 2);
    let network = deploy(&trainer.model).expect("quantized");
    let bytes = to_bytes(&network, &Metadata::new()).expect("serializes");
    let (deployed, _) = from_bytes(&bytes, &network.network, "x").expect("its own");
    assert_eq!(deployed, network);
    let mvm = learning(&[], Estimator::Lattice);
    assert_forward_is_the_simulators(&mvm, &deployed, &data, &references(&network));
    let prepared = Prepared::new(&deployed, &mvm.hardware).expect("fits");
    let sums = count_sums(&prepared, images(&calibration(&data.train, 1)), 7).expect("fit");
    let readouts = place(&prepared, &mvm.hardware.readout, &sums).expect("fits");
    for (layer, outputs) in [(1, 5), (2, 6)] {
        let (step, trims) = of_layer(&trainer.model, layer);
        assert_eq!(trims.len(), outputs);
        let mut different = trims.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(readouts[layer][0].classes().len(), different.len());
        for (output, trim) in trims.into_iter().enumerate() {
            let decode = &readouts[layer][0].of(output).decode;
            assert_eq!(decode.step, (f64::from(step) * trim.factor()) as f32);
        }
    }
    // A macro that places its references itself takes no notice.
    let full = mvm.hardware.readout.with_full_range();
    let readouts = place(&prepared, &full, &sums).expect("fits");
    assert!(readouts.iter().flatten().all(|r| r.columns().are_alike()));
}
