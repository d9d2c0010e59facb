//! The gradient in a trained step of weights: with exact sums that of the codes is LSQ's; behind references that do not follow
//! the step it is the one that differences of the loss have, and LSQ's is not.

use super::support::{Scratch, full, hardware, layer_reading};
use super::through_macro::mvm;
use super::{dataset, network, settings};
use imcsim::hw::chip::Hardware;
use imcsim::hw::variation::standard_normal;
use imcsim::kernel::lanes::Lanes;
use imcsim::net::network::Geometry;
use imcsim::rng::{Purpose, keyed};
use imcsim::train::model::{Method, Model};
use imcsim::train::mvm::Estimator;
use imcsim::train::ops::reconv::Reading;
use imcsim::train::optimizer::Rule;
use imcsim::train::param::{ParamId, Params};
use imcsim::train::quantizer::step_gradient::StepGradient;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::references::LearnedReferences;
use imcsim::train::settings::Settings;
use imcsim::train::state;
use imcsim::train::tape::{NodeId, Tape, WeightSource};
use imcsim::train::trainer::Trainer;
use rand::RngExt;

const ROWS: usize = 90;
const OUTPUTS: usize = 64;
const BLOCKS: usize = 4;

/// One layer of 10 groups of 9 rows with Gaussian weights and a batch norm behind it, that is to give what the weights before
/// they are rounded would.
struct Problem {
    params: Params<f64>,
    latent: ParamId,
    step: ParamId,
    gamma: ParamId,
    beta: ParamId,
    inputs: Vec<Lanes<f64>>,
    target: Vec<Lanes<f64>>,
    /// `None`: exact sums.
    reading: Option<Reading>,
}

fn geometry() -> Geometry {
    full(ROWS, OUTPUTS)
}

/// Read-outs of the macro without noise.
fn reading(hardware: &Hardware) -> Reading {
    let codes = vec![0; ROWS * OUTPUTS];
    let straight = (Estimator::StraightThrough, false);
    layer_reading(hardware, &geometry(), &codes, straight)
}

impl Problem {
    fn new(step: f64, hardware: Option<&Hardware>) -> Self {
        let mut rng = keyed(11, Purpose::Pattern, &[]);
        let weights: Vec<f64> = (0..ROWS * OUTPUTS)
            .map(|_| standard_normal(&mut rng))
            .collect();
        let block = |channels: usize| Lanes::<f64>::zeros(channels, 1, 1, 0);
        let mut inputs = vec![block(ROWS); BLOCKS];
        for value in inputs.iter_mut().flat_map(|block| block.values.iter_mut()) {
            *value = f64::from(rng.random_range(0..4u8));
        }
        let mut params = Params::new();
        let latent = params.add("latent", weights, true);
        let mut problem = Problem {
            latent,
            step: params.add("step", vec![step], false),
            gamma: params.add("gamma", vec![1.0; OUTPUTS], false),
            beta: params.add("beta", vec![0.0; OUTPUTS], false),
            params,
            inputs,
            target: Vec::new(),
            reading: None,
        };
        let mut tape = Tape::new();
        let plain = WeightSource::Plain(problem.latent);
        let wanted = problem.forward(&mut tape, plain);
        problem.target = tape.value(wanted).clone();
        problem.reading = hardware.map(reading);
        problem
    }

    fn forward(&self, tape: &mut Tape<f64>, source: WeightSource<f64>) -> NodeId {
        let input = tape.input(self.inputs.clone());
        let sums = match &self.reading {
            None => tape.conv(&self.params, input, geometry(), source),
            Some(reading) => {
                let trained = (source, LearnedReferences::Nothing);
                tape.reconv(&self.params, input, geometry(), trained, reading.clone())
            }
        };
        let (gamma, beta) = (self.gamma, self.beta);
        tape.batch_norm(&self.params, sums, gamma, beta, 0).0
    }

    fn source(&self, step: f64) -> WeightSource<f64> {
        WeightSource::Codes {
            latent: self.latent,
            step,
            learned: Some(self.step),
            top: 1,
            is_factor: false,
        }
    }

    /// Output less what it should be.
    fn error(&self, tape: &Tape<f64>, node: NodeId) -> Vec<Lanes<f64>> {
        let mut error = tape.value(node).clone();
        for (error, target) in error.iter_mut().zip(&self.target) {
            let values = error.values.iter_mut().zip(target.values.iter());
            values.for_each(|(error, target)| *error -= target);
        }
        error
    }

    fn loss(&self, step: f64) -> f64 {
        let mut tape = Tape::new();
        let node = self.forward(&mut tape, self.source(step));
        let error = self.error(&tape, node);
        let squares = error.iter().flat_map(|block| block.values.iter());
        squares.map(|error| 0.5 * error * error).sum()
    }

    fn gradient(&self, of: StepGradient) -> f64 {
        let mut tape = Tape::with(of);
        let step = self.params.get(self.step)[0];
        let node = self.forward(&mut tape, self.source(step));
        let error = self.error(&tape, node);
        let mut gradients = self.params.zeros();
        tape.backward(&self.params, node, error, &mut gradients);
        gradients.list[self.step.0][0]
    }

    /// Change of the loss over a change of the step that rounds some of the weights otherwise, scaled as gradients of steps are.
    fn difference(&self) -> f64 {
        let step = self.params.get(self.step)[0];
        let h = 0.08 * step;
        let change = (self.loss(step + h) - self.loss(step - h)) / (2.0 * h);
        change / ((ROWS * OUTPUTS) as f64).sqrt()
    }
}

#[test]
fn with_exact_sums_both_gradients_are_one() {
    for step in [0.8, 1.12, 1.5] {
        let problem = Problem::new(step, None);
        let codes = problem.gradient(StepGradient::Codes);
        let values = problem.gradient(StepGradient::Values);
        assert!(codes.abs() > 1e-3, "{codes}");
        assert!(
            (codes - values).abs() < 1e-5 * codes.abs().max(1.0),
            "{codes}, {values}"
        );
    }
}

#[test]
fn behind_coarse_references_only_the_gradient_of_codes_is_that_of_the_loss() {
    let full_range = |bits: &str| {
        let calibrated = "calibrated]\nstep_resolution_mac = 0.25\nsnap";
        hardware(
            "reram_9wl",
            &[(calibrated, "full_range]\nsnap"), ("\nbits = 4\n", bits)],
        )
    };
    for (bits, step) in [
        ("\nbits = 3\n", 1.0),
        ("\nbits = 3\n", 1.12),
        ("\nbits = 4\n", 1.12),
    ] {
        let problem = Problem::new(step, Some(&full_range(bits)));
        let codes = problem.gradient(StepGradient::Codes);
        let values = problem.gradient(StepGradient::Values);
        let loss = problem.difference();
        let told = format!("{bits:?}, {step}: {codes} and {values} for {loss}");
        // Straight-through is not exact, but its sign is right and what it lacks is little beside what LSQ adds.
        assert!(codes * loss > 0.0 && values * loss < 0.0, "{told}");
        assert!(5.0 * (codes - loss).abs() < (values - loss).abs(), "{told}");
    }
}

/// A training through the macro by these gradients, and the same after an epoch.
fn trained(of: StepGradient) -> (Trainer, Trainer) {
    let data = dataset(96);
    let mut model = Model::<f32>::new(&network(), Method::Float, 1);
    model.start_quantized(StepRule::Learned);
    let through = mvm(hardware("reram_9wl", &[]), Estimator::StraightThrough);
    let settings = Settings {
        step_gradient: of,
        ..settings(Rule::Sgd)
    };
    let before = Trainer::new(model, settings, &data).expect("settings are right");
    let before = before.through(through, &data).expect("fits");
    let mut after = before.clone();
    after.epoch(&data, &mut |_, _| ()).expect("training");
    (before, after)
}

#[test]
fn a_training_takes_the_gradient_that_it_is_told_and_its_state_says_which() {
    let [(old, values), (mut new, codes)] =
        [StepGradient::Values, StepGradient::Codes].map(trained);
    assert_eq!(old.model.params, new.model.params);
    for (index, layer) in codes.model.layers.iter().enumerate() {
        let steps =
            [&values, &codes].map(|trainer| trainer.model.params.scalar(layer.activation_step));
        let last = index + 1 == codes.model.layers.len();
        assert_eq!(steps[0] == steps[1], last, "layer {index}: {steps:?}");
    }
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    state::save(&values, "f", &path).expect("saved");
    let refused = state::resume(&mut new, "f", &path).expect_err("another gradient");
    let told = "--step-gradient values there, codes now";
    assert!(refused.to_string().contains(told), "{refused}");
}

#[test]
fn statistics_are_those_of_images_from_all_over_the_data() {
    let (trainer, _) = trained(StepGradient::Codes);
    let seen = |black: Option<usize>| {
        let mut data = dataset(96);
        let size = data.shape.len();
        if let Some(image) = black {
            data.train.pixels[image * size..][..size].fill(0);
        }
        let mut trainer = trainer.clone();
        trainer.see_statistics(&data);
        trainer.model.layers
    };
    let plain = seen(None);
    let last = plain.len() - 1;
    for (layer, before) in plain[..last].iter().zip(&trainer.model.layers) {
        assert!(layer.running.variance.iter().all(|&v| v > 0.0 && v != 1.0));
        assert_ne!(layer.running, before.running);
    }
    let is_seen = |image: usize| seen(Some(image))[0].running != plain[0].running;
    // A batch of 32 from 96 images is every third of them, to the end.
    for image in [0, 3, 48, 93] {
        assert!(is_seen(image), "image {image}");
    }
    for image in [1, 2, 31, 95] {
        assert!(!is_seen(image), "image {image}");
    }
}
