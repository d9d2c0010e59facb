//! What the noise of a macro does to a training: every kind of it changes reads and slopes, and the forward pass stays that of the
//! simulator.

use super::readings::{OFFSETS, reading};
use super::support::hardware;
use super::through_macro::{
    ONE, Random, assert_forward_is_the_simulators, epochs, measured, mvm, trainer,
};
use super::trained;
use approx::assert_relative_eq;
use imcsim::hw::comparison_noise::ComparisonNoise;
use imcsim::hw::readout::Kind;
use imcsim::kernel::lanes::LANES;
use imcsim::kernel::slopes::table::Slopes;
use imcsim::train::deploy::deploy;
use imcsim::train::mvm::settings::Mvm;
use imcsim::train::mvm::{Estimator, mean_values};
use imcsim::train::quantizer::weight::StepRule;

const SENSE_AMP: &str = "noise.normal = { sigma_ua = 2.2 }";
const CELLS: &str = "[cell.on_off.read_noise.normal]\nsigma_relative = 0.01";

fn shipped(changes: &[(&str, &str)]) -> Mvm {
    mvm(hardware("reram_9wl", changes), Estimator::Lattice)
}

fn assert_simulated(mvm: &Mvm) {
    let (model, data) = trained(StepRule::Learned, 2, 96);
    let network = deploy(&model).expect("quantized");
    assert_forward_is_the_simulators(mvm, &network, &data, &[]);
}

/// Slopes by sum of the layer on the macro.
fn lattice(mvm: &Mvm) -> Vec<f32> {
    let (reading, _) = reading(mvm, ONE, 0);
    match &reading.tables[0].slopes {
        Slopes::BySum(slopes) => slopes.tables[0].clone(),
        other => panic!("by sum, not {other:?}"),
    }
}

/// Losses of two epochs on one network in one batch of one image over and over: rates are too small to move a weight, and no order of
/// equal images makes a difference.
fn standing(noise: f64) -> [f64; 2] {
    // References that do not follow the statistics of the batch norm, which change.
    let calibrated = "calibrated]\nstep_resolution_mac = 0.25\nsnap";
    let mut mvm = shipped(&[(calibrated, "full_range]\nsnap")]);
    mvm.settings.noise = noise;
    let (mut trainer, mut data) = trainer(mvm);
    let pixels = data.train.pixels.len() / data.train.labels.len();
    data.train.pixels = data.train.pixels[..pixels].repeat(data.train.labels.len());
    data.train.labels.fill(0);
    trainer.settings.rate = 1e-30;
    trainer.settings.batch = 96;
    trainer.settings.augment = imcsim::train::augment::Augment::NONE;
    epochs(&mut trainer, &data, 2);
    [0, 1].map(|epoch: usize| trainer.curve[epoch].loss)
}

#[test]
fn every_batch_reads_with_noise_of_its_own() {
    let [first, second] = standing(0.0);
    assert_relative_eq!(first, second, epsilon = 1e-6);
    let [first, second] = standing(1.0);
    assert!((first - second).abs() > 1e-5, "{first} {second}");
}

#[test]
fn noise_of_cells_that_depends_on_the_sum_is_trained_with() {
    let loud = shipped(&[
        (SENSE_AMP, "noise.none = {}"),
        (
            CELLS,
            "[cell.on_off.read_noise.normal]\nsigma_relative = 0.15",
        ),
    ]);
    let (_, readout) = reading(&loud, ONE, 0);
    // Between neighbouring sums the noise changes too: that is not what an offset of the current does.
    let (mean, found) = (mean_values(&readout.table()), lattice(&loud));
    let moved = |by: f64| mean_values(&readout.with_offset(by).table());
    let (up, down) = (moved(1.0), moved(-1.0));
    let mut most = 0.0f64;
    for at in 1..mean.len() - 1 {
        let expected = (mean[at + 1] - mean[at - 1]) / 2.0;
        assert_relative_eq!(f64::from(found[at]), expected, epsilon = 1e-5);
        most = most.max((expected - (up[at] - down[at]) / 2.0).abs());
    }
    assert!(most > 1e-3, "{most}");
    assert_simulated(&loud);
}

#[test]
fn noise_of_single_references_is_trained_with() {
    let listed = |list: [f64; 14]| format!("noise.normal = {{ sigma_ua = {list:?} }}");
    let rising: [f64; 14] = std::array::from_fn(|k| if k < 7 { 0.5 } else { 6.0 });
    let mut falling = rising;
    falling.reverse();
    let [rising, falling] =
        [rising, falling].map(|list| shipped(&[(SENSE_AMP, listed(list).as_str())]));
    let Kind::Converter(converter) = &rising.hardware.readout.kind else {
        panic!("comparisons");
    };
    let noise = &converter.sense_amp.noise;
    assert!(matches!(noise, ComparisonNoise::PerReference(_)));
    // Where thresholds are sharp the mean is a staircase, where they are blunt it is nearly straight.
    let unrest = |slopes: &[f32]| -> f32 {
        let steps = slopes.windows(2).map(|pair| (pair[0] - pair[1]).abs());
        steps.sum()
    };
    let halves = |mvm: &Mvm| {
        let slopes = lattice(mvm);
        let middle = slopes.len() / 2;
        [&slopes[middle - 8..middle], &slopes[middle + 1..middle + 9]].map(unrest)
    };
    let ([low, high], [low_falling, high_falling]) = (halves(&rising), halves(&falling));
    assert!(low > high + 0.2 && high_falling > low_falling + 0.2);
    assert_simulated(&rising);
}

#[test]
fn rows_in_another_order_are_what_training_reads() {
    assert_simulated(&shipped(&[(
        "active = 9",
        "active = 9\norder = \"interleaved\"",
    )]));
}

#[test]
fn a_measured_matrix_is_what_training_reads() {
    assert_simulated(&mvm(measured(), Estimator::Lattice));
}

#[test]
fn drawn_offsets_change_what_a_layer_gives_and_passes_back() {
    let (model, _) = trained(StepRule::Learned, 1, 96);
    let network = deploy(&model).expect("quantized");
    let random = Random::new(&network, 2);
    for estimator in [Estimator::Lattice, Estimator::StraightThrough] {
        let shared = ("columns_per_readout = 8", "columns_per_readout = 2");
        let mut mvm = mvm(hardware("reram_9wl", &[shared]), estimator);
        (mvm.settings.noise, mvm.settings.column_offset) = (0.0, 0.8);
        let mut given = Vec::new();
        let mut moved_edges = 0;
        for repeat in [1, 2] {
            let (reading, readout) = reading(&mvm, ONE, repeat);
            let offset = |class: usize| OFFSETS[class] * 0.8;
            let classes: Vec<Vec<f64>> = (0..OFFSETS.len())
                .map(|class| mean_values(&readout.with_offset(offset(class)).noise_free_table()))
                .collect();
            let columns = reading.tables[0].columns.clone();
            let top = f64::from(readout.decode.value(readout.code_count() - 1));
            let edge = top * (1.0 + 0.5 / 7.0) + 1e-6;
            let mut read = vec![0.0; random.columns() as usize * LANES];
            let mut slope = |(output, lane, _): (usize, usize, usize), at: usize| {
                let class = columns.class(output);
                let mean = &classes[class];
                read[output * LANES + lane] += mean[at];
                if estimator == Estimator::Lattice {
                    let (low, high) = (at.saturating_sub(1), (at + 1).min(mean.len() - 1));
                    return (mean[high] - mean[low]) / (high - low) as f64;
                }
                // 1 where the current, offset included, is not clipped.
                let sum = at as f64 + f64::from(readout.range.min);
                let inside = (sum + offset(class)).abs() <= edge;
                moved_edges += usize::from(inside != (sum.abs() <= edge));
                f64::from(u8::from(inside))
            };
            let (weights, inputs) = random.gradients(&readout, &mut slope);
            let expected = [read.clone(), weights, inputs].concat();
            let found = random.there_and_back::<f32>(reading).concat();
            for (found, expected) in found.iter().zip(expected) {
                assert_relative_eq!(*found, expected, epsilon = 1e-3);
            }
            given.push(read);
        }
        assert_ne!(given[0], given[1]);
        let straight = estimator == Estimator::StraightThrough;
        assert_eq!(
            moved_edges > 0,
            straight,
            "{moved_edges} sums beside a moved edge"
        );
    }
}
