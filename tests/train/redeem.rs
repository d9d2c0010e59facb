//! A deployed network as the start of a training: it computes what it computed, its weights can move, and what cannot be a start is
//! refused.

use super::{dataset, network, settings, trained};
use approx::assert_relative_eq;
use imcsim::net::network::{IntNetwork, Weights};
use imcsim::net::weights::Trained;
use imcsim::rng::{Purpose, keyed};
use imcsim::train::deploy::deploy;
use imcsim::train::model::{Method, Model};
use imcsim::train::optimizer::Rule;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::redeem::redeem;
use imcsim::train::state::Start;
use imcsim::train::sum_statistics::statistics;
use imcsim::train::trainer::Trainer;
use rand::RngExt;

fn file(network: IntNetwork) -> Trained {
    Trained {
        network,
        metadata: [("accuracy_quantized".to_string(), "0.875".to_string())].into(),
        file: "a.safetensors".into(),
        fingerprint: "0123".into(),
    }
}

fn redeemed(from: &IntNetwork, rule: StepRule, seed: u64) -> Result<(Model<f32>, Start), String> {
    let mut model = Model::<f32>::new(&network(), Method::Float, seed);
    let (file, images) = (file(from.clone()), dataset(96).train);
    let start = redeem(&mut model, &file, &images, (rule, seed), Vec::new());
    let start = start.map_err(|error| error.to_string())?;
    Ok((model, start))
}

fn deployed(rule: StepRule) -> IntNetwork {
    deploy(&trained(rule, 2, 96).0).expect("a quantized model")
}

#[test]
fn a_redeemed_network_is_deployed_as_it_was() {
    for rule in [StepRule::Learned, StepRule::Threshold] {
        let before = deployed(rule);
        let (model, start) = redeemed(&before, rule, 7).expect("a start");
        assert!(start.quantized && start.deployed);
        assert_eq!(start.test_accuracy, Some(0.875));
        assert_eq!(start.fingerprint.as_deref(), Some("0123"));
        let after = deploy(&model).expect("a quantized model");
        for (before, after) in before.layers.iter().zip(&after.layers) {
            assert_eq!(before.codes, after.codes, "{rule:?} {}", before.layer.name);
            assert_eq!(before.statistics, after.statistics);
            for (&before, &after) in before.scale.iter().zip(&after.scale) {
                assert_relative_eq!(before, after, max_relative = 1e-6);
            }
            for (&before, &after) in before.shift.iter().zip(&after.shift) {
                // Shifts are differences of numbers about 1.
                assert_relative_eq!(before, after, epsilon = 1e-6, max_relative = 1e-6);
            }
        }
        // How scales divide is free; gammas get the size that a training begins with.
        for params in &model.layers[..model.layers.len() - 1] {
            let gamma = model.params.get(params.gamma);
            let square = gamma.iter().map(|g| g * g).sum::<f32>() / gamma.len() as f32;
            assert!((square - 1.0).abs() < 1e-5, "{square}");
        }
    }
}

#[test]
fn statistics_that_a_file_lacks_are_taken_from_images() {
    let (model, data) = trained(StepRule::Learned, 2, 96);
    let mut before = deploy(&model).expect("a quantized model");
    let split = &data.train;
    let travelled = statistics(&before, split);
    assert_eq!(Some(&travelled[1]), before.layers[1].statistics.as_ref());
    before.layers[2].statistics = None;
    let taken = statistics(&before, split);
    // By definition, one image, pixel and weight after the other.
    let geometry = before.layers[0].layer.geometry;
    let input = geometry.input;
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    let channel = 2;
    for image in split.pixels.chunks(input.len()) {
        for (y, x) in (0..input.height).flat_map(|y| (0..input.width).map(move |x| (y, x))) {
            let mut total = 0.0;
            for (row, &code) in before.layers[0].codes[channel * geometry.rows()..]
                .iter()
                .take(geometry.rows())
                .enumerate()
            {
                let (c, ky, kx) = (row / 9, row / 3 % 3, row % 3);
                let inside =
                    (1..=input.height).contains(&(y + ky)) && (1..=input.width).contains(&(x + kx));
                if inside {
                    let at = (c * input.height + y + ky - 1) * input.width + x + kx - 1;
                    total += f64::from(code) * (f64::from(image[at]) - 128.0);
                }
            }
            (sum, squares, count) = (sum + total, squares + total * total, count + 1.0);
        }
    }
    let mean: f64 = sum / count;
    let variance = squares / count - mean * mean;
    assert_relative_eq!(f64::from(taken[0].mean[channel]), mean, max_relative = 1e-6);
    assert_relative_eq!(
        f64::from(taken[0].variance[channel]),
        variance,
        max_relative = 1e-6
    );
    // What a start makes of them computes what the network did.
    let (model, _) = redeemed(&before, StepRule::Learned, 7).expect("a start");
    let after = deploy(&model).expect("a quantized model");
    assert_eq!(after.layers[2].statistics.as_ref(), Some(&taken[2]));
    for (before, after) in before.layers[2].shift.iter().zip(&after.layers[2].shift) {
        assert_relative_eq!(before, after, epsilon = 1e-5, max_relative = 1e-5);
    }
}

#[test]
fn latent_weights_are_drawn_by_the_seed_all_over_their_codes() {
    let before = deployed(StepRule::Learned);
    let latents = |seed| {
        let (model, _) = redeemed(&before, StepRule::Learned, seed).expect("a start");
        let layers = model.network.layers.iter().zip(&model.layers);
        let on_macro = layers.filter(|(layer, _)| matches!(layer.weights, Weights::Macro { .. }));
        let ratios = on_macro.flat_map(|(_, params)| {
            let step = model.params.scalar(params.weight_step);
            let latents = model.params.get(params.weights).iter();
            latents.map(move |latent| latent / step).collect::<Vec<_>>()
        });
        ratios.collect::<Vec<f32>>()
    };
    let ratios = latents(7);
    assert_eq!(ratios, latents(7));
    assert_ne!(ratios, latents(8));
    let share = |within: &dyn Fn(f32) -> bool| {
        ratios.iter().filter(|ratio| within(**ratio)).count() as f64 / ratios.len() as f64
    };
    assert_eq!(share(&|r| r.abs() <= 1.25), 1.0);
    // A third of the weights of a code lie in each third of its interval: 450 weights, three standard deviations.
    let zeros = share(&|r| r.abs() < 0.5);
    let inner = share(&|r| r.abs() < 1.0 / 6.0);
    let ones = 1.0 - zeros;
    let beyond = share(&|r| r.abs() > 1.0);
    assert!(
        (inner / zeros - 1.0 / 3.0).abs() < 0.1,
        "{inner} of {zeros}"
    );
    assert!(
        (beyond / ones - 1.0 / 3.0).abs() < 0.1,
        "{beyond} of {ones}"
    );
}

#[test]
fn a_training_from_a_redeemed_network_changes_codes() {
    let (_, data) = trained(StepRule::Learned, 1, 96);
    let before = deployed(StepRule::Learned);
    let (model, _) = redeemed(&before, StepRule::Learned, 7).expect("a start");
    let mut trainer = Trainer::new(model, settings(Rule::Sgd), &data).expect("settings are right");
    trainer.epoch(&data, &mut |_, _| ()).expect("training");
    let after = deploy(&trainer.model).expect("a quantized model");
    let pairs = before.layers[1].codes.iter().zip(&after.layers[1].codes);
    let changed = pairs.filter(|(before, after)| before != after).count();
    assert!(
        changed > 0,
        "three updates moved no weight of conv2 to another code"
    );
}

#[test]
fn what_cannot_be_a_start_is_refused_with_layer_and_advice() {
    let right = deployed(StepRule::Learned);
    let refused = |change: &dyn Fn(&mut IntNetwork), named: &[&str]| {
        let mut wrong = right.clone();
        change(&mut wrong);
        let error = redeemed(&wrong, StepRule::Learned, 7).map(|_| ());
        let error = error.expect_err("must be refused");
        for text in named.iter().chain(&["a.safetensors"]) {
            assert!(error.contains(text), "{error}");
        }
    };
    refused(
        &|network| network.layers[3].scale[1] *= 1.5,
        &["layer fc2", "scales of their own"],
    );
    // The step of a digital layer follows from its largest weight, which has the largest code.
    let halved = |network: &mut IntNetwork| {
        let codes = network.layers[0].codes.iter_mut();
        codes.for_each(|code| *code /= 2);
    };
    refused(
        &halved,
        &["layer conv1", "no weight has the code 127 or -127"],
    );
    for scale in [1e-42_f32, 1e38] {
        let scaled = |network: &mut IntNetwork| network.layers[1].scale.fill(scale);
        refused(&scaled, &["layer conv2", "too large or too small"]);
    }
    refused(
        &|network| network.layers[1].codes.truncate(3),
        &["not a whole network"],
    );
    let mut other = right.clone();
    other.layers[1].layer.pool = None;
    assert!(redeemed(&other, StepRule::Learned, 7).is_err());
    // Whatever ternary codes a layer on macros has, they can be had with a trained step.
    let mut rng = keyed(1, Purpose::Pattern, &[]);
    let mut other = right.clone();
    let codes = other.layers[1].codes.iter_mut();
    codes.for_each(|code| *code = rng.random_range(-1..=1));
    redeemed(&other, StepRule::Learned, 7).expect("a start");
    other.layers[1].codes.fill(0);
    redeemed(&other, StepRule::Learned, 7).expect("a start, of no use");
}
