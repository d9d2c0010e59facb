//! The trainer: derivatives against finite differences in f64, exact resumption, and the forward pass of a quantized model
//! equal to the simulator's, bit for bit.

mod columns;
mod conversions;
mod drawn_slopes;
mod influence;
mod instructions;
mod readings;
mod redeem;
mod resumption;
mod step_gradient;
#[path = "../support/mod.rs"]
mod support;
mod thresholds;
mod through_macro;

use imcsim::data::{Dataset, Split};
use imcsim::kernel::lanes::{LANES, Lanes};
use imcsim::net::network::{Geometry, Inputs, Layer, Network, Shape, Weights};
use imcsim::rng::{Purpose, keyed};
use imcsim::sim::accuracy::Images;
use imcsim::sim::condition::Condition;
use imcsim::sim::forward::{Seen, forward};
use imcsim::sim::prepare::Prepared;
use imcsim::train::augment::{Augment, Source, blocks};
use imcsim::train::deploy::deploy;
use imcsim::train::evaluate::integer_logits;
use imcsim::train::model::{Method, Model};
use imcsim::train::ops::cross_entropy;
use imcsim::train::optimizer::Rule;
use imcsim::train::quantizer::step_gradient::StepGradient;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::schedule::Schedule;
use imcsim::train::settings::Settings;
use imcsim::train::tape::Tape;
use imcsim::train::trainer::Trainer;
use rand::{Rng, RngExt};
use support::{conv, full, hardware};

const INPUT: Shape = Shape {
    channels: 2,
    height: 6,
    width: 6,
};

fn network() -> Network {
    let layer = |name: &str, geometry: Geometry, digital: bool, activation_bits, pool| Layer {
        name: name.into(),
        geometry,
        linear: geometry.kernel == 1,
        weights: if digital {
            Weights::Digital { bits: 8 }
        } else {
            Weights::Macro { bits: 2 }
        },
        activation_bits,
        pool,
    };
    let layers = vec![
        layer("conv1", conv(INPUT, 4), true, Some(2), None),
        layer(
            "conv2",
            conv(
                Shape {
                    channels: 4,
                    ..INPUT
                },
                5,
            ),
            false,
            Some(2),
            Some(2),
        ),
        layer("fc1", full(5 * 9, 6), false, Some(2), None),
        layer("fc2", full(6, 3), true, None, None),
    ];
    Network {
        name: "small".into(),
        input: INPUT,
        inputs: Inputs::Images,
        classes: 3,
        layers,
    }
}

fn dataset(count: usize) -> Dataset {
    let split = |place: u64, count: usize| {
        let mut pixels = vec![0u8; count * INPUT.len()];
        let mut rng = keyed(3, Purpose::Data, &[place]);
        rng.fill_bytes(&mut pixels);
        let labels: Vec<u8> = (0..count).map(|k| (k % 3) as u8).collect();
        // A class brightens a corner of its own, so there is something to learn.
        for (image, &label) in pixels.chunks_mut(INPUT.len()).zip(&labels) {
            image[usize::from(label) * 14..usize::from(label) * 14 + 9].fill(250);
        }
        Split { pixels, labels }
    };
    Dataset {
        name: "test".into(),
        fingerprint: "f".into(),
        shape: INPUT,
        class_names: vec!["a".into(), "b".into(), "c".into()],
        train: split(0, count),
        test: split(1, 40),
    }
}

fn settings(rule: Rule) -> Settings {
    Settings {
        epochs: 4,
        batch: 32,
        rate: if rule == Rule::Sgd { 0.05 } else { 0.003 },
        schedule: Schedule::Cosine,
        warmup: 0.5,
        rule,
        weight_decay: 1e-4,
        clip_norm: None,
        step_gradient: StepGradient::Values,
        augment: Augment {
            reach: 1,
            flip: true,
        },
        seed: 5,
    }
}

fn loss(model: &Model<f64>, images: &[Lanes<f64>], labels: &[u8]) -> f64 {
    let mut tape = Tape::new();
    let (logits, _) = model.forward(&mut tape, images.to_vec(), &[]);
    cross_entropy::f_df(tape.value(logits), labels).0
}

#[test]
fn gradients_of_the_whole_float_network_match_finite_differences() {
    let mut model = Model::<f64>::new(&network(), Method::Float, 1);
    // Rectifiers and pooling have corners: shift the activations so that none lies within reach of a difference.
    let mut rng = keyed(4, Purpose::Weights, &[]);
    for layer in &model.layers.clone() {
        model
            .params
            .get_mut(layer.beta)
            .iter_mut()
            .for_each(|b| *b = rng.random::<f64>() - 0.3);
    }
    let data = dataset(32);
    let source = Source {
        pixels: &data.train.pixels,
        shape: INPUT,
        scale: 1.0 / 64.0,
        border: 1,
    };
    let images = blocks::<f64>(&source, &(0..32).collect::<Vec<_>>(), Augment::NONE, (0, 0));
    let mut tape = Tape::new();
    let (logits, _) = model.forward(&mut tape, images.clone(), &[]);
    let (_, _, gradient) = cross_entropy::f_df(tape.value(logits), &data.train.labels);
    let mut gradients = model.params.zeros();
    tape.backward(&model.params, logits, gradient, &mut gradients);
    let mut checked = 0;
    for (index, gradient) in gradients.list.iter().enumerate() {
        for position in [0, gradient.len() / 2, gradient.len() - 1] {
            let h = 1e-6;
            let shifted = |by: f64| {
                let mut other = model.clone();
                other.params.list[index].values[position] += by;
                loss(&other, &images, &data.train.labels)
            };
            let difference = (shifted(h) - shifted(-h)) / (2.0 * h);
            let error = (difference - gradient[position]).abs();
            let name = &model.params.list[index].name;
            assert!(
                error <= 1e-6 + 1e-4 * difference.abs(),
                "{name}[{position}]: {} against {difference}",
                gradient[position]
            );
            checked += usize::from(difference.abs() > 1e-7);
        }
    }
    assert!(checked > 20, "only {checked} gradients were not zero");
}

fn trained(rule: StepRule, epochs: usize, count: usize) -> (Model<f32>, Dataset) {
    let data = dataset(count);
    let mut model = Model::<f32>::new(&network(), Method::Float, 1);
    model.start_quantized(rule);
    let mut trainer = Trainer::new(model, settings(Rule::Adam), &data).expect("settings are right");
    for _ in 0..epochs {
        trainer.epoch(&data, &mut |_, _| ()).expect("training");
    }
    (trainer.model, data)
}

#[test]
fn quantized_forward_equals_the_simulator_bit_for_bit() {
    let hardware = hardware("ideal", &[]);
    for rule in [StepRule::Learned, StepRule::Threshold] {
        let (model, data) = trained(rule, 2, 96);
        let deployed = deploy(&model).expect("a quantized model");
        let prepared = Prepared::new(&deployed, &hardware).expect("fits");
        let images = Images {
            pixels: &data.test.pixels,
            labels: &data.test.labels,
            shape: INPUT,
        };
        let simulated = forward(
            &prepared,
            &Condition::ideal(),
            images.block(0),
            0,
            &mut |_: Seen| (),
        );
        let source = Source {
            pixels: &data.test.pixels,
            shape: INPUT,
            scale: 1.0,
            border: 1,
        };
        let block = blocks::<f32>(&source, &(0..32).collect::<Vec<_>>(), Augment::NONE, (0, 0))
            .swap_remove(0);
        let trainer = integer_logits(&deployed, &model, block);
        for (class, logits) in simulated.iter().enumerate() {
            assert_eq!(
                &logits[..],
                trainer.pixel(class, 0, 0),
                "{rule:?} class {class}"
            );
        }
        assert!(
            simulated
                .iter()
                .any(|class| class.iter().any(|&z| z != class[0])),
            "logits depend on the image"
        );
        assert_eq!(simulated[0].len(), LANES);
    }
}

#[test]
fn training_learns() {
    let (model, data) = trained(StepRule::Learned, 4, 1600);
    let accuracy = imcsim::train::evaluate::accuracy(&model, &data.test);
    assert!(
        accuracy > 0.6,
        "{accuracy} after four epochs, chance is 0.33"
    );
}

#[test]
fn threads_do_not_matter() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| {
            let data = dataset(192);
            let mut model = Model::<f32>::new(&network(), Method::Float, 1);
            model.start_quantized(StepRule::Learned);
            // Three blocks of images in every batch, side by side.
            let settings = Settings {
                batch: 96,
                ..settings(Rule::Adam)
            };
            let mut trainer = Trainer::new(model, settings, &data).expect("settings are right");
            trainer.epoch(&data, &mut |_, _| ()).expect("training");
            trainer.model.params
        })
    };
    assert_eq!(run(1), run(3));
}
