//! A layer that takes several conversions, read with noise: columns of either sign, input bits in time, or both. What comes back
//! through each counts with its factor and with the share of the code that its plane follows; a step of the references gets the
//! gradient of all of them.

use super::support::hardware;
use super::through_macro::{ONE, Random, calibration, images, mvm};
use super::trained;
use approx::assert_relative_eq;
use imcsim::data::Dataset;
use imcsim::hw::readout::Readout;
use imcsim::hw::weight_plane::Conversion;
use imcsim::kernel::lanes::LANES;
use imcsim::net::network::IntNetwork;
use imcsim::net::references::LayerReferences;
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::prepare::Prepared;
use imcsim::train::deploy::deploy;
use imcsim::train::mvm::readings::Readings;
use imcsim::train::mvm::settings::{Learn, Mvm};
use imcsim::train::mvm::{Estimator, mean_values};
use imcsim::train::ops::reconv;
use imcsim::train::quantizer::weight::StepRule;

const DIGITAL: (&str, &str) = ("subtraction = \"analog\"", "subtraction = \"digital\"");
const SERIAL: (&str, &str) = ("multi_level = { bits_per_read = 2 }", "bit_serial = {}");
const FREE: (&str, &str) = ("snap = \"half_integer\"", "snap = \"free\"");
/// Layer that is looked at: fully connected.
const LAYER: usize = 2;

/// Conversions of the layer and the read-out of each, placed as a training with seed 1 places them.
fn placed(mvm: &Mvm, network: &IntNetwork, data: &Dataset) -> Vec<(Conversion, Readout)> {
    let prepared = Prepared::new(network, &mvm.hardware).expect("fits");
    let calibration = calibration(&data.train, 1);
    let sums = count_sums(&prepared, images(&calibration), 7).expect("images fit");
    let readouts = place(&prepared, &mvm.hardware.readout, &sums).expect("fits");
    let conversions = prepared.layers[LAYER].conversions.iter();
    let pairs = conversions.zip(&readouts[LAYER]);
    pairs
        .map(|(prepared, readouts)| (prepared.conversion, readouts.classes()[0].clone()))
        .collect()
}

/// Every partial sum of one conversion: output, image, rows and the sum.
fn sums(
    random: &Random,
    conversion: &Conversion,
    mut visit: impl FnMut(usize, usize, std::ops::Range<usize>, i32),
) {
    let geometry = &random.int.layer.geometry;
    let rows = geometry.rows();
    for output in 0..geometry.outputs {
        for first in (0..rows).step_by(9) {
            let group = first..(first + 9).min(rows);
            for lane in 0..LANES {
                let one = |row: usize| {
                    let weight = conversion
                        .weight
                        .apply(random.int.codes[output * rows + row]);
                    let input = random.input.values[row * LANES + lane] as u8;
                    i32::from(weight) * i32::from(conversion.input.apply(input))
                };
                visit(output, lane, group.clone(), group.clone().map(one).sum());
            }
        }
    }
}

/// How much a plane of ternary weights follows the weight: all of its own sign, and half of a weight of 0.
fn weight_share(conversion: &Conversion, weight: i8) -> f64 {
    let (up, down) = (conversion.weight.apply(1), conversion.weight.apply(-1));
    if up != 0 && down != 0 {
        return 1.0;
    }
    let own_sign = if up != 0 { 1 } else { -1 };
    match weight.signum() {
        0 => 0.5 * f64::from(own_sign),
        sign if sign == own_sign => f64::from(own_sign),
        _ => 0.0,
    }
}

#[test]
fn every_conversion_passes_back_its_own_slopes() {
    let (model, data) = trained(StepRule::Learned, 1, 96);
    let network = deploy(&model).expect("quantized");
    let random = Random::new(&network, LAYER);
    let rows = random.int.layer.geometry.rows();
    for (changes, count) in [
        (&[DIGITAL][..], 2),
        (&[SERIAL][..], 2),
        (&[DIGITAL, SERIAL][..], 4),
    ] {
        // Codes are at most two units apart here: the secant is the lattice slope.
        let estimator = match count {
            4 => Estimator::Secant,
            _ => Estimator::Lattice,
        };
        let mvm = mvm(hardware("reram_9wl", changes), estimator);
        let readings = Readings::new(&mvm, &network, &data.train, 1, ONE).expect("fits");
        let reading = readings.batch(1, 0, &[]).expect("steps").swap_remove(LAYER);
        let (_, saved) = random.run(reading.expect("on the macro"));
        let (found_weights, back) = reconv::df(&saved, std::slice::from_ref(&random.gradient));

        let mut weights = vec![0.0; random.int.codes.len()];
        let mut inputs = vec![0.0; rows * LANES];
        let placed = placed(&mvm, &network, &data);
        assert_eq!(placed.len(), count);
        let mut factors = Vec::new();
        for (conversion, readout) in &placed {
            let factor = f64::from(conversion.factor);
            factors.push(conversion.factor);
            let mean = mean_values(&readout.table());
            let input_share = f64::from(conversion.input.apply(3)) / 3.0;
            sums(&random, conversion, |output, lane, group, sum| {
                let at = (sum - readout.range.min) as usize;
                let (low, high) = (at.saturating_sub(1), (at + 1).min(mean.len() - 1));
                let slope = (mean[high] - mean[low]) / (high - low) as f64;
                let ds = factor * random.gradient.values[output * LANES + lane] * slope;
                for row in group {
                    let weight = random.int.codes[output * rows + row];
                    let input = random.input.values[row * LANES + lane] as u8;
                    let (plane, code) = (
                        f64::from(conversion.weight.apply(weight)),
                        f64::from(conversion.input.apply(input)),
                    );
                    inputs[row * LANES + lane] += input_share * plane * ds;
                    weights[output * rows + row] += weight_share(conversion, weight) * code * ds;
                }
            });
        }
        factors.dedup();
        assert!(factors.len() > 1, "factors differ: {factors:?}");
        for (found, expected, epsilon) in [
            (&found_weights[..], &weights[..], 2e-2),
            (&back[0].values[..], &inputs[..], 2e-3),
        ] {
            assert!(expected.iter().filter(|g| g.abs() > 0.2).count() > 20);
            for (found, expected) in found.iter().zip(expected) {
                assert_relative_eq!(*found, *expected, epsilon = epsilon, max_relative = 1e-3);
            }
        }
    }
}

#[test]
fn a_step_gets_the_gradient_of_all_conversions() {
    let (mut model, data) = trained(StepRule::Learned, 1, 96);
    let step = 1.3f32;
    model.learn_reference_step(LAYER, f64::from(step));
    let network = deploy(&model).expect("quantized");
    let random = Random::new(&network, LAYER);
    for changes in [
        &[FREE, DIGITAL][..],
        &[FREE, SERIAL],
        &[FREE, DIGITAL, SERIAL],
    ] {
        let mut mvm = mvm(hardware("reram_9wl", changes), Estimator::Expectation);
        mvm.settings.learn = Learn::Step;
        let readings = Readings::new(&mvm, &network, &data.train, 1, ONE).expect("fits");
        let references: Vec<LayerReferences> = network
            .layers
            .iter()
            .map(|layer| layer.references.clone())
            .collect();
        let reading = readings.batch(1, 0, &references).expect("steps");
        let saved = random.pass(reading[LAYER].clone().expect("on the macro"));
        let found = reconv::step_gradient(&saved, std::slice::from_ref(&random.gradient));

        let loss = |step: f32| -> f64 {
            let mut moved = network.clone();
            moved.layers[LAYER].references = LayerReferences::Step(step);
            let mut total = 0.0;
            for (conversion, readout) in placed(&mvm, &moved, &data) {
                let mean = mean_values(&readout.table());
                sums(&random, &conversion, |output, lane, _, sum| {
                    let value = mean[(sum - readout.range.min) as usize];
                    let gradient = random.gradient.values[output * LANES + lane];
                    total += f64::from(conversion.factor) * gradient * value;
                });
            }
            total
        };
        // The last threshold moves fourteen times as far, a small part of the noise.
        let h = 1e-3f32;
        let (up, down) = (step + h, step - h);
        let expected = (loss(up) - loss(down)) / f64::from(up - down);
        let levels = readings.first_readouts()[LAYER]
            .expect("on the macro")
            .code_count();
        let middle = (levels as f64 - 1.0) / 2.0;
        let scaled = expected / (random.columns() * middle).sqrt();
        assert!(expected.abs() > 1.0, "{changes:?}: {expected}");
        assert_relative_eq!(found, scaled, max_relative = 3e-3);
    }
}
