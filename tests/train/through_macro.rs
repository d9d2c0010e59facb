//! Training through a macro: the forward pass is the simulator's, noise included; an exact macro changes nothing; the layer's
//! gradient and that of the step of the references against finite differences; resumption, threads, every estimator.

use super::resumption::assert_resumes;
use super::support::{Scratch, hardware, measured_macro};
use super::{INPUT, dataset, network, settings, trained};
use approx::assert_relative_eq;
use imcsim::convert::{self, digital};
use imcsim::data::Split;
use imcsim::hw::chip::Hardware;
use imcsim::hw::readout::Readout;
use imcsim::hw::word_line::RowOrder;
use imcsim::kernel::float::Real;
use imcsim::kernel::groups::prepare;
use imcsim::kernel::lanes::{LANES, Lanes};
use imcsim::kernel::slopes::table::{Slopes, SumSlopes};
use imcsim::kernel::slopes::{Pass, backward_batch};
use imcsim::kernel::stream::NoiseKey;
use imcsim::net::network::{Geometry, IntLayer, IntNetwork, Shape};
use imcsim::net::references::LayerReferences;
use imcsim::rng::{Purpose, keyed};
use imcsim::sim::accuracy::Images;
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::condition::Condition;
use imcsim::sim::forward::{Seen, forward};
use imcsim::sim::prepare::Prepared;
use imcsim::train::deploy::deploy;
use imcsim::train::evaluate::accuracy_on_macro;
use imcsim::train::model::{Method, Model};
use imcsim::train::mvm::readings::{Readings, When};
use imcsim::train::mvm::settings::{Learn, Mvm, MvmSettings};
use imcsim::train::mvm::{Estimator, mean_values};
use imcsim::train::ops::reconv;
use imcsim::train::optimizer::Rule;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::state;
use imcsim::train::tape::Tape;
use imcsim::train::trainer::Trainer;
use rand::RngExt;
use rand::seq::index::sample;

pub fn mvm(hardware: Hardware, estimator: Estimator) -> Mvm {
    let noise = if estimator == Estimator::StraightThrough {
        0.0
    } else {
        1.0
    };
    Mvm {
        hardware,
        settings: MvmSettings {
            estimator,
            final_temperature: 0.4,
            noise,
            ramp: 0.0,
            column_offset: 0.0,
            learn: Learn::Nothing,
            calibration_images: 48,
        },
    }
}

pub const ONE: When = When {
    epoch: 1,
    epochs: 1,
};

/// The images that a training with this seed calibrates on.
pub fn calibration(train: &Split, seed: u64) -> Split {
    let mut rng = keyed(seed, Purpose::Calibration, &[]);
    let mut split = Split::default();
    for index in sample(&mut rng, train.labels.len(), 48) {
        let size = INPUT.len();
        let pixels = &train.pixels[index * size..(index + 1) * size];
        split.pixels.extend_from_slice(pixels);
        split.labels.push(train.labels[index]);
    }
    split
}

pub fn images(split: &Split) -> Images<'_> {
    Images {
        pixels: &split.pixels,
        labels: &split.labels,
        shape: INPUT,
    }
}

#[test]
fn forward_with_noise_equals_the_simulator_bit_for_bit() {
    let (model, data) = trained(StepRule::Learned, 2, 96);
    let deployed = deploy(&model).expect("a quantized model");
    for digital_subtraction in [false, true] {
        let changes: &[_] = if digital_subtraction {
            &[("subtraction = \"analog\"", "subtraction = \"digital\"")]
        } else {
            &[]
        };
        let mvm = mvm(hardware("reram_9wl", changes), Estimator::Lattice);
        assert_forward_is_the_simulators(&mvm, &deployed, &data, &[]);
    }
}

/// Holds a batch of the trainer with these references (an empty list: those of the network) against the simulator.
pub fn assert_forward_is_the_simulators(
    mvm: &Mvm,
    deployed: &IntNetwork,
    data: &imcsim::data::Dataset,
    references: &[LayerReferences],
) {
    let (seed, repeat) = (9, 3);
    let readings = Readings::new(mvm, deployed, &data.train, seed, ONE).expect("fits");
    let readings = readings.batch(seed, repeat, references).expect("steps");
    let prepared = Prepared::new(deployed, &mvm.hardware).expect("fits");
    let calibration = calibration(&data.train, seed);
    let sums = count_sums(&prepared, images(&calibration), 7).expect("images fit");
    let readouts = place(&prepared, &mvm.hardware.readout, &sums).expect("fits");
    let condition = Condition::read_noise(&readouts, seed, repeat);
    let block = 1;
    let mut seen = Vec::new();
    let simulated = forward(
        &prepared,
        &condition,
        images(&data.test).block(block),
        block as u64,
        &mut |s: Seen| seen.push((s.input.clone(), s.sums.clone())),
    );
    let mut differs = false;
    let trainer = digital::forward(
        deployed,
        digital::image_block(&data.test.pixels, INPUT, block),
        |layer, input| {
            let int = &deployed.layers[layer];
            let Some(reading) = &readings[layer] else {
                let exact = convert::accumulate::exact_sums;
                return exact(input, &int.layer.geometry, &int.codes, layer == 0);
            };
            // The operation of the tape, given this block alone.
            let mut reading = reading.clone();
            reading.key.block = block as u64;
            let codes: Vec<f32> = int.codes.iter().map(|&c| f32::from(c)).collect();
            let real = as_real(input);
            let (value, _) = reconv::f(&[real], &codes, &int.layer.geometry, reading);
            let exact = convert::accumulate::exact_sums;
            let ideal = exact(input, &int.layer.geometry, &int.codes, false);
            differs |= ideal.values[..] != value[0].values[..];
            assert!(
                value[0].values[..] == seen[layer].1.values[..],
                "layer {layer}"
            );
            value.into_iter().next().expect("one block")
        },
        |_| None,
    );
    assert_eq!(simulated, trainer);
    assert!(differs, "the read-out has an influence");
}

fn as_real(block: &Lanes<u8>) -> Lanes<f32> {
    let mut real = Lanes::zeros(block.channels, block.height, block.width, block.border);
    let values = real.values.iter_mut().zip(block.values.iter());
    values.for_each(|(to, &from)| *to = f32::from(from));
    real
}

#[test]
fn an_exact_macro_is_the_plain_convolution() {
    let (model, data) = trained(StepRule::Learned, 1, 96);
    let deployed = deploy(&model).expect("quantized");
    let block = as_centred(&digital::image_block(&data.train.pixels, INPUT, 0));
    let run = |readings: &[Option<reconv::Reading>]| {
        let mut tape = Tape::new();
        let (logits, _) = model.forward(&mut tape, vec![block.clone()], readings);
        let labels = &data.train.labels[..LANES];
        let (_, _, gradient) = imcsim::train::ops::cross_entropy::f_df(tape.value(logits), labels);
        let mut gradients = model.params.zeros();
        tape.backward(&model.params, logits, gradient, &mut gradients);
        (tape.value(logits)[0].values.to_vec(), gradients)
    };
    let plain = run(&[]);
    let digital = ("subtraction = \"analog\"", "subtraction = \"digital\"");
    let serial = ("multi_level = { bits_per_read = 2 }", "bit_serial = {}");
    // Planes in columns and in time: their shares have to add up to the code.
    for changes in [&[][..], &[digital], &[serial], &[digital, serial]] {
        let mvm = mvm(hardware("ideal", changes), Estimator::StraightThrough);
        let readings = Readings::new(&mvm, &deployed, &data.train, 1, ONE).expect("fits");
        let through = run(&readings.batch(1, 0, &[]).expect("steps"));
        assert_eq!(plain.0, through.0);
        let mut moved = false;
        let gradients = plain.1.list.iter().flatten();
        for (a, b) in gradients.zip(through.1.list.iter().flatten()) {
            assert_relative_eq!(a, b, epsilon = 1e-5, max_relative = 1e-3);
            moved |= *a != 0.0;
        }
        assert!(moved);
    }
}

/// Image bytes as the first layer sees them, with its border.
fn as_centred(block: &Lanes<u8>) -> Lanes<f32> {
    let mut real = as_real(block);
    real.values.iter_mut().for_each(|value| *value -= 128.0);
    real.with_border(1)
}

/// Mean value of a four-level read-out with logistic noise, at any real sum.
fn mean(s: f64) -> f64 {
    let steps = [-2.5, -0.5, 1.5];
    let reached = |t: &f64| 1.0 / (1.0 + (-(s - t) / 0.7).exp());
    -3.0 + 2.0 * steps.iter().map(reached).sum::<f64>()
}

#[test]
fn gradient_of_a_layer_is_that_of_its_mean() {
    // Two groups of 2 rows, one output; L = sum of g y with y = m(s_1) + m(s_2).
    let input = Shape {
        channels: 4,
        height: 1,
        width: 1,
    };
    let geometry = Geometry {
        input,
        outputs: 1,
        kernel: 1,
        stride: 1,
        padding: 0,
    };
    let codes = [1i8, -1, 1, 1];
    let mut rng = keyed(8, Purpose::Pattern, &[]);
    let mut inputs = Lanes::<u8>::zeros(4, 1, 1, 0);
    inputs
        .values
        .iter_mut()
        .for_each(|a| *a = rng.random_range(0..4));
    let mut gradient = Lanes::<f64>::zeros(1, 1, 1, 0);
    gradient
        .values
        .iter_mut()
        .for_each(|g| *g = rng.random_range(-1.0..1.0));
    let loss = |w: &[f64], a: &dyn Fn(usize, usize) -> f64| -> f64 {
        let of_lane = |lane: usize| {
            let s = |group: usize| {
                (0..2)
                    .map(|i| w[2 * group + i] * a(2 * group + i, lane))
                    .sum()
            };
            gradient.values[lane] * (mean(s(0)) + mean(s(1)))
        };
        (0..LANES).map(of_lane).sum()
    };
    let slope = |s: i32| (mean(f64::from(s) + 1e-5) - mean(f64::from(s) - 1e-5)) / 2e-5;
    let slopes = Slopes::BySum(SumSlopes::shared(
        -6,
        (-6..=6).map(|s| slope(s) as f32).collect(),
    ));
    let weights = prepare(&geometry, &codes, (2, RowOrder::Consecutive), 3);
    let key = NoiseKey {
        seed: 0,
        layer: 0,
        block: 0,
        repeat: 0,
        conversion: 0,
    };
    let pass = Pass {
        inputs: std::slice::from_ref(&inputs),
        weights: &weights,
        slopes: &slopes,
        keys: &[key],
        gradients: std::slice::from_ref(&gradient),
    };
    let mut dw = vec![0.0; 4];
    let mut da = vec![Lanes::<f64>::zeros(4, 1, 1, 0)];
    backward_batch(&pass, &mut dw, &mut da);
    let real: Vec<f64> = codes.iter().map(|&w| f64::from(w)).collect();
    let code = |row: usize, lane: usize| f64::from(inputs.values[row * LANES + lane]);
    let h = 1e-4;
    for row in 0..4 {
        let moved = |by: f64| {
            let mut w = real.clone();
            w[row] += by;
            loss(&w, &code)
        };
        let expected = (moved(h) - moved(-h)) / (2.0 * h);
        assert_relative_eq!(dw[row], expected, epsilon = 1e-5);
        for lane in [0, 13, 31] {
            let moved = |by: f64| {
                loss(&real, &|r, l| {
                    code(r, l) + if (r, l) == (row, lane) { by } else { 0.0 }
                })
            };
            let expected = (moved(h) - moved(-h)) / (2.0 * h);
            assert_relative_eq!(da[0].values[row * LANES + lane], expected, epsilon = 1e-5);
        }
    }
}

/// A fully connected layer with random inputs and a random gradient behind it.
pub struct Random<'a> {
    pub int: &'a IntLayer,
    pub input: Lanes<f64>,
    pub gradient: Lanes<f64>,
}

impl<'a> Random<'a> {
    pub fn new(deployed: &'a IntNetwork, layer: usize) -> Self {
        let int = &deployed.layers[layer];
        let geometry = int.layer.geometry;
        let mut rng = keyed(6, Purpose::Pattern, &[]);
        let mut input = Lanes::<f64>::zeros(geometry.input.channels, 1, 1, 0);
        let inputs = input.values.iter_mut();
        inputs.for_each(|a| *a = f64::from(rng.random_range(0..4)));
        let mut gradient = Lanes::<f64>::zeros(geometry.outputs, 1, 1, 0);
        let gradients = gradient.values.iter_mut();
        gradients.for_each(|g| *g = rng.random_range(-1.0..1.0));
        Random {
            int,
            input,
            gradient,
        }
    }

    pub fn pass(&self, reading: reconv::Reading) -> reconv::Saved {
        self.run(reading).1
    }

    pub fn run(&self, reading: reconv::Reading) -> (Vec<Lanes<f64>>, reconv::Saved) {
        let input = std::slice::from_ref(&self.input);
        reconv::f(input, &self.codes(), &self.int.layer.geometry, reading)
    }

    /// Weight codes `[output][row]`.
    fn codes<T: Real>(&self) -> Vec<T> {
        let codes = self.int.codes.iter();
        codes.map(|&code| T::from_f64(code.into())).collect()
    }

    pub fn columns(&self) -> f64 {
        self.int.layer.geometry.outputs as f64
    }

    /// The gradient times the mean values of this read-out, in nine rows each.
    pub fn loss(&self, readout: &Readout) -> f64 {
        let outputs = 0..self.int.layer.geometry.outputs;
        self.loss_of(readout, outputs)
    }

    /// The part of [`Self::loss`] on some outputs.
    pub fn loss_of(&self, readout: &Readout, outputs: std::ops::Range<usize>) -> f64 {
        let means = mean_values(&readout.table());
        let mut total = 0.0;
        self.reads(readout, outputs, |output, lane, _, at| {
            total += self.gradient.values[output * LANES + lane] * means[at];
        });
        total
    }

    /// The gradient times these numbers of all partial sums.
    pub fn along(&self, readout: &Readout, numbers: &[f64]) -> f64 {
        let mut total = 0.0;
        let outputs = 0..self.int.layer.geometry.outputs;
        self.reads(readout, outputs, |output, lane, _, at| {
            total += self.gradient.values[output * LANES + lane] * numbers[at];
        });
        total
    }

    /// What a pass forward and backward gives in numbers of this type: sums `[output][lane]`, gradients in the weights `[output][row]`
    /// and in the inputs `[row][lane]`. The vectors of the processor are those of `f32`, `f64` is the formula.
    pub fn there_and_back<T: Real>(&self, reading: reconv::Reading) -> [Vec<f64>; 3] {
        let real = |block: &Lanes<f64>| {
            let mut real = Lanes::<T>::zeros(block.channels, block.height, block.width, 0);
            let values = real.values.iter_mut().zip(block.values.iter());
            values.for_each(|(to, &from)| *to = T::from_f64(from));
            real
        };
        let numbers = |values: &[T]| values.iter().map(|value| value.to_f64()).collect();
        let geometry = &self.int.layer.geometry;
        let (value, saved) = reconv::f(&[real(&self.input)], &self.codes(), geometry, reading);
        let (weights, inputs) = reconv::df(&saved, &[real(&self.gradient)]);
        [&value[0].values[..], &weights, &inputs[0].values].map(numbers)
    }

    /// Accumulated sums of so many blocks with these inputs.
    pub fn sums_of_blocks(&self, blocks: usize, reading: reconv::Reading) -> Vec<Lanes<f64>> {
        let inputs = vec![self.input.clone(); blocks];
        reconv::f(&inputs, &self.codes(), &self.int.layer.geometry, reading).0
    }

    /// Gradients in the weights `[output][row]` and in the inputs `[row][lane]`, for a slope of every (output, image, group) and
    /// place of its sum.
    pub fn gradients(
        &self,
        readout: &Readout,
        slope: &mut impl FnMut((usize, usize, usize), usize) -> f64,
    ) -> (Vec<f64>, Vec<f64>) {
        let rows = self.int.layer.geometry.rows();
        let mut weights = vec![0.0; self.int.codes.len()];
        let mut inputs = vec![0.0; rows * LANES];
        let outputs = 0..self.int.layer.geometry.outputs;
        self.reads(readout, outputs, |output, lane, group, at| {
            let slope = slope((output, lane, group.start / 9), at);
            let ds = self.gradient.values[output * LANES + lane] * slope;
            for row in group {
                inputs[row * LANES + lane] += f64::from(self.int.codes[output * rows + row]) * ds;
                weights[output * rows + row] += self.input.values[row * LANES + lane] * ds;
            }
        });
        (weights, inputs)
    }

    /// Every partial sum of nine rows: output, image, rows, and its place among the possible sums.
    fn reads(
        &self,
        readout: &Readout,
        outputs: std::ops::Range<usize>,
        mut visit: impl FnMut(usize, usize, std::ops::Range<usize>, usize),
    ) {
        let rows = self.int.layer.geometry.rows();
        for output in outputs {
            for group in (0..rows).step_by(9) {
                let group = group..(group + 9).min(rows);
                for lane in 0..LANES {
                    let product = |row: usize| {
                        f64::from(self.int.codes[output * rows + row])
                            * self.input.values[row * LANES + lane]
                    };
                    let s = group.clone().map(product).sum::<f64>() as i32;
                    let at = (s - readout.range.min) as usize;
                    visit(output, lane, group.clone(), at);
                }
            }
        }
    }
}

#[test]
fn gradient_of_the_step_is_that_of_the_mean() {
    let (mut model, data) = trained(StepRule::Learned, 1, 96);
    let mut mvm = mvm(
        hardware(
            "reram_9wl",
            &[("snap = \"half_integer\"", "snap = \"free\"")],
        ),
        Estimator::Expectation,
    );
    mvm.settings.learn = Learn::Step;
    let (layer, step) = (2, 1.3f32);
    model.learn_reference_step(layer, f64::from(step));
    let deployed = deploy(&model).expect("quantized");
    let readings = Readings::new(&mvm, &deployed, &data.train, 1, ONE).expect("fits");
    let mut steps = vec![LayerReferences::Calibrated; 4];
    steps[layer] = LayerReferences::Step(step);
    let reading = readings
        .batch(1, 0, &steps)
        .expect("steps")
        .swap_remove(layer);
    let reading = reading.expect("on the macro");
    let random = Random::new(&deployed, layer);
    let saved = random.pass(reading);
    let found = reconv::step_gradient(&saved, std::slice::from_ref(&random.gradient));

    let prepared = Prepared::new(&deployed, &mvm.hardware).expect("fits");
    let calibration = calibration(&data.train, 1);
    let sums = count_sums(&prepared, images(&calibration), 7).expect("images fit");
    let mean_loss = |step: f64| {
        let seen = &sums[layer][0];
        let range = prepared.layers[layer].conversions[0].range;
        let placed = mvm
            .hardware
            .readout
            .place_at_step(range, step, Some(&seen.histogram));
        let readout: Readout = placed.expect("a step");
        let readout = match &seen.cells {
            Some(cells) => readout.with_cell_noise(cells.shares()),
            None => readout,
        };
        random.loss(&readout)
    };
    // Values of codes are f32: a smaller difference would measure their rounding.
    let (h, step) = (5e-3, f64::from(step));
    let expected = (mean_loss(step + h) - mean_loss(step - h)) / (2.0 * h);
    let scaled = expected / (random.columns() * 7.0).sqrt();
    assert!(expected.abs() > 1.0, "{expected}");
    assert_relative_eq!(found, scaled, max_relative = 2e-3);
}

/// A quantized training through a macro.
pub fn trainer(mvm: Mvm) -> (Trainer, imcsim::data::Dataset) {
    let data = dataset(96);
    let mut model = Model::<f32>::new(&network(), Method::Float, 1);
    model.start_quantized(StepRule::Learned);
    let trainer = Trainer::new(model, settings(Rule::Sgd), &data).expect("settings are right");
    let trainer = trainer.through(mvm, &data).expect("fits");
    (trainer, data)
}

pub fn epochs(trainer: &mut Trainer, data: &imcsim::data::Dataset, count: usize) {
    for _ in 0..count {
        trainer.epoch(data, &mut |_, _| ()).expect("training");
    }
}

#[test]
fn resumed_training_through_a_macro_is_the_same_training() {
    let start = || {
        let estimator = Estimator::GumbelRao { temperature: 1.0 };
        let mut mvm = mvm(hardware("reram_9wl", &[]), estimator);
        mvm.settings.learn = Learn::Step;
        trainer(mvm)
    };
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    let whole = assert_resumes(&|| start().0, &start().1, (2, 2), &path);
    let steps = |model: &Model<f32>| model.layers[1].references.deployed(&model.params);
    assert_ne!(
        steps(&whole.model),
        steps(&start().0.model),
        "the step is trained"
    );

    let mut other = mvm(hardware("reram_9wl", &[]), Estimator::Lattice);
    other.settings.learn = Learn::Step;
    let (mut other, _) = trainer(other);
    let error = state::resume(&mut other, "f", &path).expect_err("another estimator");
    assert!(error.to_string().contains("method differs"), "{error}");
}

#[test]
fn threads_change_nothing() {
    let interleaved = ("active = 9", "active = 9\norder = \"interleaved\"");
    let run = |threads: usize, changes: &[(&str, &str)]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let mut mvm = mvm(hardware("reram_9wl", changes), Estimator::Lattice);
            mvm.settings.column_offset = 0.5;
            let (mut trainer, data) = trainer(mvm);
            // Three blocks of images, side by side.
            trainer.settings.batch = 96;
            epochs(&mut trainer, &data, 2);
            (trainer.model.params, trainer.curve)
        })
    };
    for changes in [&[][..], &[interleaved]] {
        assert_eq!(run(1, changes), run(3, changes));
    }
}

#[test]
fn every_estimator_trains() {
    let mut ends = Vec::new();
    // Steps of codes above 2 units, where a secant is no lattice slope.
    let coarse = ("bits = 4", "bits = 2");
    for name in Estimator::NAMES {
        let estimator = Estimator::parse(name, 0.8).expect("a name");
        let (mut trainer, data) = trainer(mvm(hardware("reram_9wl", &[coarse]), estimator));
        epochs(&mut trainer, &data, 1);
        let end: Vec<f32> = trainer
            .model
            .params
            .list
            .iter()
            .flat_map(|p| p.values.clone())
            .collect();
        assert!(end.iter().all(|value| value.is_finite()), "{name}");
        ends.push((name, end));
    }
    for (i, (name, end)) in ends.iter().enumerate() {
        for (other, same) in &ends[..i] {
            assert_ne!(end, same, "{name} and {other} train alike");
        }
    }
}

#[test]
fn secants_train_as_lattice_slopes_do_behind_codes_that_are_close() {
    let ends = ["lattice", "secant"].map(|name| {
        let estimator = Estimator::parse(name, 0.5).expect("a name");
        let fine = hardware("reram_9wl", &[("bits = 4", "bits = 6")]);
        let (mut trainer, data) = trainer(mvm(fine, estimator));
        epochs(&mut trainer, &data, 1);
        trainer.model.params
    });
    assert_eq!(ends[0], ends[1]);
}

/// The shipped macro with a measured read-out: five codes, every sum read as a neighbouring code now and then.
pub fn measured() -> Hardware {
    measured_macro(&[])
}

#[test]
fn a_measured_read_out_trains_like_any_other() {
    let ends = ["lattice", "gumbel-rao"].map(|name| {
        let estimator = Estimator::parse(name, 0.5).expect("a name");
        let (mut trainer, data) = trainer(mvm(measured(), estimator));
        epochs(&mut trainer, &data, 2);
        assert!(trainer.curve.iter().all(|epoch| epoch.loss.is_finite()));
        trainer.model.params
    });
    assert_ne!(ends[0], ends[1]);
}

#[test]
fn soft_codes_are_tested_with_the_reads_of_the_macro() {
    let data = dataset(96);
    let mut model = Model::<f32>::new(&network(), Method::Float, 1);
    model.start_quantized(StepRule::Learned);
    let soft = mvm(
        hardware("reram_9wl", &[]),
        Estimator::Soft { temperature: 0.5 },
    );
    let trainer = Trainer::new(model, settings(Rule::Sgd), &data).expect("settings are right");
    let mut trainer = trainer.through(soft.clone(), &data).expect("fits");
    let epoch = trainer.epoch(&data, &mut |_, _| ()).expect("training");
    let network = deploy(&trainer.model).expect("quantized");
    let mut hard = soft;
    hard.settings.estimator = Estimator::Lattice;
    let (seed, when) = (
        trainer.settings.seed,
        When {
            epoch: 1,
            epochs: 4,
        },
    );
    let readings = Readings::new(&hard, &network, &data.train, seed, when).expect("fits");
    let readings = readings.batch(seed, (1 << 40) + 1, &[]).expect("steps");
    let expected = accuracy_on_macro(&network, &readings, &data.test);
    assert_eq!(epoch.test_accuracy, expected);
}
