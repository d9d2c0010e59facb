//! What an epoch and a batch read: noise that grows, temperatures that fall, offsets of columns that are drawn anew, and settings
//! that a macro cannot follow.

use super::columns::references;
use super::support::hardware;
use super::through_macro::{ONE, Random, measured, mvm};
use super::trained;
use approx::assert_relative_eq;
use imcsim::convert::accumulate::Codes;
use imcsim::data::Dataset;
use imcsim::hw::readout::Readout;
use imcsim::kernel::slopes::table::Slopes as KernelSlopes;
use imcsim::kernel::tables::{LevelTable, RandomTable, TOLERANCE};
use imcsim::net::network::IntNetwork;
use imcsim::train::deploy::deploy;
use imcsim::train::mvm::readings::{Readings, When};
use imcsim::train::mvm::settings::{Learn, Mvm};
use imcsim::train::mvm::tables::Reads;
use imcsim::train::mvm::{Estimator, Slopes, mean_values, noise_slopes, slopes};
use imcsim::train::ops::reconv;
use imcsim::train::quantizer::weight::StepRule;

/// Offsets of the classes of columns: means of eight equal parts of a normal law, at a variance of 1.
pub const OFFSETS: [f64; 8] = [
    -1.694, -0.9211, -0.5054, -0.1625, 0.1625, 0.5054, 0.9211, 1.694,
];

fn network() -> (IntNetwork, Dataset) {
    let (model, data) = trained(StepRule::Learned, 1, 96);
    (deploy(&model).expect("quantized"), data)
}

/// The reading of the fully connected layer on the macro, and the read-out it stands on.
pub fn reading(mvm: &Mvm, when: When, repeat: u64) -> (reconv::Reading, Readout) {
    let (network, data) = network();
    let readings = Readings::new(mvm, &network, &data.train, 1, when).expect("fits");
    let readout = readings.first_readouts()[2].expect("on the macro").clone();
    let mut batch = readings.batch(1, repeat, &[]).expect("steps");
    (batch.swap_remove(2).expect("on the macro"), readout)
}

#[test]
fn noise_grows_to_its_end() {
    let mut mvm = mvm(hardware("reram_9wl", &[]), Estimator::Lattice);
    (mvm.settings.noise, mvm.settings.ramp) = (2.0, 1.0);
    for (epoch, scale) in [(1, 0.5), (2, 1.0), (4, 2.0)] {
        let (reading, readout) = reading(&mvm, When { epoch, epochs: 4 }, 0);
        let law = readout.with_noise_scale(scale).table();
        let expected = vec![Codes::Random(RandomTable::new(&law, TOLERANCE))];
        assert_eq!(reading.tables[0].reads, Reads::Codes(expected), "{epoch}");
    }
}

#[test]
fn temperatures_fall_to_their_end() {
    let mut mvm = mvm(
        hardware("reram_9wl", &[]),
        Estimator::GumbelRao { temperature: 1.6 },
    );
    mvm.settings.final_temperature = 0.4;
    for (epoch, temperature) in [(1, 1.6), (2, 0.8), (3, 0.4)] {
        let (reading, readout) = reading(&mvm, When { epoch, epochs: 3 }, 0);
        let table = readout.table();
        let estimator = Estimator::GumbelRao { temperature };
        let Slopes::ByCode { codes, table: all } =
            slopes(&table, estimator, 1, &[epoch as u64, 2, 0])
        else {
            panic!("by code");
        };
        let KernelSlopes::ByLevel(found) = &reading.tables[0].slopes else {
            panic!("by level");
        };
        // Codes that occur: the kernel's table holds the levels from the base of each sum on.
        let mut compared = 0;
        for sum in 0..table.sums() {
            let base = usize::from(found.random.base[sum]);
            for above in 0..found.levels().min(codes - base) {
                let kept = found.values[sum * found.levels() + above];
                assert_relative_eq!(kept, all[sum * codes + base + above], epsilon = 1e-5);
                compared += 1;
            }
        }
        assert!(compared > table.sums());
    }
}

#[test]
fn offsets_of_read_outs_are_drawn_anew_for_every_batch() {
    let shared = ("columns_per_readout = 8", "columns_per_readout = 2");
    let mut mvm = mvm(hardware("reram_9wl", &[shared]), Estimator::Lattice);
    (mvm.settings.noise, mvm.settings.column_offset) = (0.0, 0.8);
    let mut counts = [0usize; 8];
    let mut last = Vec::new();
    for repeat in 0..100 {
        let (reading, readout) = reading(&mvm, ONE, repeat);
        let tables = &reading.tables[0];
        let Reads::Codes(codes) = &tables.reads else {
            panic!("codes");
        };
        let square: f64 = OFFSETS.iter().map(|z| z * z).sum();
        assert_relative_eq!(square / 8.0, 1.0, epsilon = 1e-3);
        for (codes, part) in codes.iter().zip(OFFSETS) {
            let expected = readout.with_offset(part * 0.8).noise_free_table();
            assert_eq!(*codes, Codes::NoiseFree(LevelTable::new(&expected)));
        }
        assert_ne!(codes[0], codes[7], "offsets have an influence");
        let outputs = reading.conversions[0].weights.geometry.outputs;
        let of_output: Vec<usize> = (0..outputs).map(|o| tables.columns.class(o)).collect();
        let readouts = of_output.chunks(2);
        assert!(
            readouts
                .clone()
                .all(|own| own.iter().all(|class| *class == own[0]))
        );
        let drawn: Vec<usize> = readouts.map(|own| own[0]).collect();
        assert_eq!(drawn.len(), outputs.div_ceil(2));
        drawn.iter().for_each(|&class| counts[class] += 1);
        assert_ne!(drawn, last);
        last = drawn;
    }
    let expected = counts.iter().sum::<usize>() as f64 / 8.0;
    let chi: f64 = counts
        .iter()
        .map(|&n| (n as f64 - expected).powi(2) / expected)
        .sum();
    assert!(chi < 30.0, "chi square {chi}: {counts:?}");
}

#[test]
fn input_bits_in_time_meet_the_same_columns() {
    let serial = ("multi_level = { bits_per_read = 2 }", "bit_serial = {}");
    let digital = ("subtraction = \"analog\"", "subtraction = \"digital\"");
    let own = ("columns_per_readout = 8", "columns_per_readout = 1");
    let mut mvm = mvm(
        hardware("reram_9wl", &[serial, digital, own]),
        Estimator::Lattice,
    );
    mvm.settings.column_offset = 0.8;
    let (reading, _) = reading(&mvm, ONE, 5);
    let conversions = &reading.conversions;
    assert_eq!(
        conversions.len(),
        4,
        "two planes of weights, two input bits"
    );
    let outputs = conversions[0].weights.geometry.outputs;
    let drawn = |c: usize| -> Vec<usize> {
        let columns = &reading.tables[c].columns;
        (0..outputs).map(|o| columns.class(o)).collect()
    };
    let weight = |c: usize| conversions[c].conversion.weight;
    for a in 0..4 {
        for b in 0..a {
            assert_eq!(weight(a) == weight(b), drawn(a) == drawn(b), "{a} {b}");
        }
    }
}

#[test]
fn gradient_of_a_layer_is_that_of_its_estimator() {
    let (network, _) = network();
    let random = Random::new(&network, 2);
    for estimator in [Estimator::Expectation, Estimator::Lattice] {
        let mvm = mvm(hardware("reram_9wl", &[]), estimator);
        let (reading, readout) = reading(&mvm, ONE, 0);
        let (_, saved) = random.run(reading);
        let (weights, back) = reconv::df(&saved, std::slice::from_ref(&random.gradient));
        // Slope of the mean value: by an offset of the current, or between the neighbouring sums.
        let mean_at = |offset: f64| mean_values(&readout.with_offset(offset).table());
        let (h, width) = match estimator {
            Estimator::Lattice => (1.0, 2.0),
            _ => (1e-4, 2e-4),
        };
        let (up, down) = (mean_at(h), mean_at(-h));
        let slopes: Vec<f64> = up.iter().zip(down).map(|(a, b)| (a - b) / width).collect();
        let (in_weights, in_inputs) = random.gradients(&readout, &mut |_, at| slopes[at]);
        // Sums over outputs, and over 32 images of up to 3: differences of the mean are rounded by some 1e-4.
        let inputs = (&back[0].values[..], &in_inputs[..], 2e-3);
        for (found, expected, epsilon) in [inputs, (&weights[..], &in_weights[..], 2e-2)] {
            assert!(expected.iter().filter(|g| g.abs() > 0.5).count() > 20);
            for (found, expected) in found.iter().zip(expected) {
                assert_relative_eq!(*found, *expected, epsilon = epsilon);
            }
        }
    }
}

#[test]
fn gradient_of_the_step_is_its_rule_for_any_slope_and_snap() {
    for (estimator, noisy) in [
        (Estimator::Lattice, true),
        (Estimator::StraightThrough, false),
        (Estimator::PassThrough, false),
    ] {
        let (model, data) = trained(StepRule::Learned, 1, 96);
        let mut model = model;
        let mut mvm = mvm(hardware("reram_9wl", &[]), estimator);
        mvm.settings.noise = f64::from(u8::from(noisy));
        mvm.settings.learn = Learn::Step;
        let step = 1.3f32;
        model.learn_reference_step(2, f64::from(step));
        let network = deploy(&model).expect("quantized");
        let readings = Readings::new(&mvm, &network, &data.train, 1, ONE).expect("fits");
        let readout = readings.first_readouts()[2].expect("on the macro").clone();
        let references = references(&network);
        let reading = readings
            .batch(1, 0, &references)
            .expect("steps")
            .swap_remove(2);
        let random = Random::new(&network, 2);
        let saved = random.pass(reading.expect("on the macro"));
        let found = reconv::step_gradient(&saved, std::slice::from_ref(&random.gradient));

        let table = match noisy {
            true => readout.table(),
            false => readout.noise_free_table(),
        };
        let mean = mean_values(&table);
        let noise = match noisy {
            true => noise_slopes(&readout),
            false => vec![0.0; mean.len()],
        };
        let top = f64::from(readout.decode.value(readout.code_count() - 1));
        let half = 0.5 * top / 7.0 * 1.0001;
        let slope = |at: usize| match estimator {
            Estimator::Lattice => {
                let (low, high) = (at.saturating_sub(1), (at + 1).min(mean.len() - 1));
                (mean[high] - mean[low]) / (high - low) as f64
            }
            _ => {
                let s = at as f64 + f64::from(readout.range.min);
                f64::from(u8::from(s.abs() <= top + half))
            }
        };
        let rule = |at: usize| {
            let s = at as f64 + f64::from(readout.range.min);
            (mean[at] - s * slope(at) - noise[at]) / f64::from(step)
        };
        let rule: Vec<f64> = (0..mean.len()).map(rule).collect();
        let expected = random.along(&readout, &rule) / (random.columns() * 7.0).sqrt();
        assert!(expected.abs() > 0.01, "{expected}");
        assert_relative_eq!(found, expected, max_relative = 1e-3);
    }
}

#[test]
fn what_the_macro_cannot_follow_is_refused() {
    let (network, data) = network();
    let quiet = [
        ("noise.normal = { sigma_ua = 2.2 }", "noise.none = {}"),
        (
            "[cell.on_off.read_noise.normal]\nsigma_relative = 0.01",
            "[cell.on_off.read_noise.none]",
        ),
    ];
    let start = |mvm: &Mvm| Readings::new(mvm, &network, &data.train, 1, ONE).map(|_| ());
    for (estimator, learn) in [
        (Estimator::Expectation, Learn::Nothing),
        (Estimator::ReinMax, Learn::Nothing),
        (Estimator::Lattice, Learn::Thresholds),
    ] {
        let mut mvm = mvm(hardware("reram_9wl", &quiet), estimator);
        mvm.settings.learn = learn;
        assert!(mvm.check().is_ok(), "only placed read-outs tell");
        let error = start(&mvm).expect_err("no noise").to_string();
        assert!(error.contains("noise at each read"), "{error}");
    }
    let lattice = mvm(hardware("reram_9wl", &quiet), Estimator::Lattice);
    assert!(start(&lattice).is_ok());
    // Of three input bits one read has two and the other one: sums up to 27 and up to 9.
    let mut finer = network.clone();
    finer.layers[1].layer.activation_bits = Some(3);
    let fine = ("bits = 4", "bits = 5");
    let mut shared = mvm(hardware("reram_9wl", &[fine]), Estimator::Lattice);
    let start = |mvm: &Mvm| Readings::new(mvm, &finer, &data.train, 1, ONE).map(|_| ());
    assert!(start(&shared).is_ok());
    shared.settings.learn = Learn::Thresholds;
    let error = start(&shared).expect_err("one list").to_string();
    assert!(error.contains("conversions of [31, 19] codes"), "{error}");

    let refused = |mvm: Mvm, words: &str| {
        let error = mvm.check().expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    let mut loud = mvm(measured(), Estimator::Lattice);
    loud.settings.noise = 3.0;
    refused(loud, "--noise 3 on a measured read-out");
    let mut moved = mvm(measured(), Estimator::Lattice);
    moved.settings.column_offset = 1.0;
    refused(moved, "--column-offset 1 on a measured read-out");
    let full = [(
        "[readout.binary_search.references.calibrated]\nstep_resolution_mac = 0.25\nsnap = \"half_integer\"",
        "[readout.binary_search.references.full_range]\nsnap = \"half_integer\"",
    )];
    let mut dead = mvm(hardware("reram_9wl", &full), Estimator::Lattice);
    dead.settings.learn = Learn::Step;
    refused(dead, "--learn step");
}

#[test]
fn a_ramp_reaches_a_measured_read_out() {
    let mut mvm = mvm(measured(), Estimator::Lattice);
    mvm.settings.ramp = 1.0;
    let (first, readout) = reading(
        &mvm,
        When {
            epoch: 1,
            epochs: 2,
        },
        0,
    );
    let (last, _) = reading(
        &mvm,
        When {
            epoch: 2,
            epochs: 2,
        },
        0,
    );
    assert_ne!(first.tables[0].reads, last.tables[0].reads);
    let all = Codes::Random(RandomTable::new(&readout.table(), TOLERANCE));
    assert_eq!(last.tables[0].reads, Reads::Codes(vec![all]));
}
