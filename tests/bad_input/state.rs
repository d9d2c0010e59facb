//! Damaged and foreign training states, and writes that do not come to their end.

use super::support::Scratch;
use super::{Tensors, rewritten, small, tensor};
use imcsim::data::{Dataset, Split};
use imcsim::train::ancestry::program;
use imcsim::train::augment::Augment;
use imcsim::train::model::{Method, Model};
use imcsim::train::optimizer::Rule;
use imcsim::train::quantizer::step_gradient::StepGradient;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::schedule::Schedule;
use imcsim::train::settings::Settings;
use imcsim::train::state;
use imcsim::train::trainer::Trainer;
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde_json::{Map, Value};
use std::fs;

fn trainer() -> (Trainer, Dataset) {
    let network = small();
    let split = || Split {
        pixels: (0..64 * 16).map(|k| (k * 37 % 256) as u8).collect(),
        labels: (0..64).map(|k| (k % 2) as u8).collect(),
    };
    let data = Dataset {
        name: "test".into(),
        fingerprint: "f".into(),
        shape: network.input,
        class_names: vec!["a".into(), "b".into()],
        train: split(),
        test: split(),
    };
    let mut model = Model::<f32>::new(&network, Method::Float, 1);
    model.start_quantized(StepRule::Learned);
    let trainer = Trainer::new(model, settings(), &data).expect("settings are right");
    (trainer, data)
}

fn settings() -> Settings {
    Settings {
        epochs: 3,
        batch: 32,
        rate: 0.01,
        schedule: Schedule::Cosine,
        warmup: 0.5,
        rule: Rule::Adam,
        weight_decay: 0.0,
        clip_norm: None,
        step_gradient: StepGradient::Values,
        augment: Augment::NONE,
        seed: 1,
    }
}

#[test]
fn every_fault_of_a_training_state_is_named() {
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    let (mut first, data) = trainer();
    first.epoch(&data, &mut |_, _| ()).expect("training");
    state::save(&first, "f", &path).expect("saved");
    let bytes = fs::read(&path).expect("written");
    let names = SafeTensors::deserialize(&bytes)
        .expect("right")
        .names()
        .into_iter()
        .map(String::from)
        .collect::<Vec<_>>();
    assert!(names.len() > 15, "{names:?}");
    for name in &names {
        let faults: [&dyn Fn(&mut Tensors); 4] = [
            &|t| t.retain(|tensor| tensor.0 != *name),
            &|t| {
                let found = tensor(t, name);
                (found.1, found.2, found.3) = (Dtype::U8, vec![found.3.len()], found.3.clone());
            },
            &|t| {
                let found = tensor(t, name);
                (found.2, found.3) = (vec![0], Vec::new());
            },
            &|t| tensor(t, name).3.fill(0xFF),
        ];
        for (number, fault) in faults.into_iter().enumerate() {
            fs::write(&path, rewritten(&bytes, |t, _| fault(t))).expect("scratch");
            let mut second = trainer().0;
            let before = second.model.params.clone();
            let error = state::resume(&mut second, "f", &path)
                .expect_err(name)
                .to_string();
            assert!(
                error.contains(name) && error.contains("state.safetensors"),
                "{number}: {error}"
            );
            assert_eq!(
                second.model.params, before,
                "a refused state changes nothing"
            );
        }
    }
    let stranger = rewritten(&bytes, |t, _| {
        let copy = tensor(t, "c1.beta").clone();
        t.push(("c9.beta".into(), copy.1, copy.2, copy.3));
    });
    fs::write(&path, stranger).expect("scratch");
    for error in [
        state::resume(&mut trainer().0, "f", &path).expect_err("a stranger"),
        state::initialise(&mut trainer().0.model, &path).expect_err("a stranger"),
    ] {
        let error = error.to_string();
        assert!(
            error.contains("c9.beta") && error.contains("state.safetensors"),
            "{error}"
        );
    }
    for text in ["", "{}", "[1]", "{\"format\":3}"] {
        let wrong = rewritten(&bytes, |_, m| {
            m.insert("imcsim".into(), text.into());
        });
        fs::write(&path, wrong).expect("scratch");
        let error = state::resume(&mut trainer().0, "f", &path)
            .expect_err(text)
            .to_string();
        assert!(error.contains("damaged metadata"), "{error}");
    }
    assert!(state::resume(&mut trainer().0, "f", scratch.path()).is_err());
}

#[test]
fn an_interrupted_write_leaves_the_old_state_whole() {
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    let (mut first, data) = trainer();
    first.epoch(&data, &mut |_, _| ()).expect("training");
    state::save(&first, "f", &path).expect("saved");
    let whole = fs::read(&path).expect("written");
    // The next write stops half way: its bytes lie under a temporary name only.
    let half = path.with_file_name(format!(".state.safetensors.tmp-{}-0", u32::MAX));
    fs::write(half, &whole[..whole.len() / 2]).expect("scratch");
    let mut second = trainer().0;
    state::resume(&mut second, "f", &path).expect("the old state is whole");
    assert_eq!(second.model.params, first.model.params);
    // The next write is not possible at all.
    let (away, here) = (scratch.path().with_extension("away"), scratch.path());
    fs::rename(here, &away).expect("scratch");
    second.epoch(&data, &mut |_, _| ()).expect("training");
    assert!(state::save(&second, "f", &path).is_err());
    fs::rename(&away, here).expect("scratch");
    assert_eq!(fs::read(&path).expect("still there"), whole);
    state::save(&second, "f", &path).expect("saved");
    let mut third = trainer().0;
    state::resume(&mut third, "f", &path).expect("the new state is whole");
    assert_eq!(third.curve.len(), 2);
}

/// The state with its header changed.
fn with_header(bytes: &[u8], change: impl FnOnce(&mut Map<String, Value>)) -> Vec<u8> {
    rewritten(bytes, |_, metadata| {
        let text = metadata.get_mut("imcsim").expect("a header");
        let mut header: Value = serde_json::from_str(text).expect("JSON");
        change(header.as_object_mut().expect("keys"));
        *text = header.to_string();
    })
}

/// Keys of the headers of programs that recorded neither starts nor images, programs and checksums.
const OLD_KEYS: [&str; 8] = [
    "curve",
    "data",
    "format",
    "gradients",
    "method",
    "network_hash",
    "settings",
    "steps",
];

fn old(bytes: &[u8]) -> Vec<u8> {
    with_header(bytes, |header| {
        header.retain(|key, _| OLD_KEYS.contains(&key.as_str()));
        assert_eq!(header.len(), OLD_KEYS.len());
    })
}

#[test]
fn a_state_of_an_older_program_resumes_exactly() {
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    let (mut first, data) = trainer();
    first.ancestry.start = Some("0123456789abcdef".into());
    first.epoch(&data, &mut |_, _| ()).expect("training");
    state::save(&first, "f", &path).expect("saved");
    fs::write(&path, old(&fs::read(&path).expect("written"))).expect("scratch");
    let mut second = trainer().0;
    second.ancestry.start = Some("fedcba9876543210".into());
    second.full_precision = Some(0.75);
    state::resume(&mut second, "f", &path).expect("nothing is held against it");
    assert_eq!(second.full_precision, Some(0.75));
    for trainer in [&mut first, &mut second] {
        trainer.epoch(&data, &mut |_, _| ()).expect("training");
        trainer.epoch(&data, &mut |_, _| ()).expect("training");
    }
    assert_eq!(first.model.params, second.model.params);
    assert_eq!(first.model.layers, second.model.layers);
    assert_eq!(first.curve, second.curve);
    assert_eq!(first.ancestry.programs, [program()]);
    assert_eq!(
        second.ancestry.programs,
        ["not recorded".to_string(), program()]
    );
    assert_eq!(second.ancestry.start, None, "nobody knows it any more");
}

#[test]
fn numbers_that_were_changed_are_refused() {
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    let (mut first, data) = trainer();
    first.epoch(&data, &mut |_, _| ()).expect("training");
    state::save(&first, "f", &path).expect("saved");
    let bytes = fs::read(&path).expect("written");
    let both = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("scratch");
        let resumed = state::resume(&mut trainer().0, "f", &path);
        let started = state::initialise(&mut trainer().0.model, &path).map(|_| ());
        [resumed, started].map(|result| result.map_err(|error| error.to_string()))
    };
    // One bit, which no check of a number by itself can see.
    let flipped = rewritten(&bytes, |t, _| tensor(t, "c1.weights").3[0] ^= 1);
    for result in both(&flipped) {
        let error = result.expect_err("changed");
        assert!(error.contains("checksum"), "{error}");
    }
    let negative = rewritten(&bytes, |t, _| {
        tensor(t, "c1.variance").3[..8].copy_from_slice(&(-1.0f64).to_le_bytes());
    });
    for result in both(&negative) {
        let error = result.expect_err("changed");
        assert!(
            error.contains("c1.variance` holds a negative number"),
            "{error}"
        );
    }
    // Without a checksum the first cannot be seen, the second still is.
    assert_eq!(both(&old(&flipped)), [Ok(()), Ok(())]);
    assert!(both(&old(&negative)).iter().all(Result::is_err));
    let steps = first.optimizer.steps;
    let longer = with_header(&bytes, |header| {
        header.remove("header");
        header["steps"] = (4 * steps).into();
        let curve = header["curve"].as_array_mut().expect("epochs");
        for number in 2..=4 {
            let mut epoch = curve[0].clone();
            epoch[0] = number.into();
            curve.push(epoch);
        }
    });
    let error = both(&longer)[0].clone().expect_err("too long");
    assert!(error.contains("4 epochs of 3"), "{error}");
    // A number of the header that could be, but was not saved.
    for result in both(&with_header(&bytes, |header| {
        header["full_precision"] = 0.5.into();
    })) {
        let error = result.expect_err("changed");
        assert!(error.contains("its header is not the one"), "{error}");
    }
}

#[test]
fn another_start_and_other_training_images_are_refused() {
    let scratch = Scratch::new();
    let path = scratch.at("state.safetensors");
    let (mut first, mut data) = trainer();
    first.ancestry.start = Some("0123456789abcdef".into());
    first.full_precision = Some(0.5);
    first.epoch(&data, &mut |_, _| ()).expect("training");
    state::save(&first, "f", &path).expect("saved");
    let resumed = |start: Option<&str>, data: &Dataset| {
        let mut model = Model::<f32>::new(&small(), Method::Float, 1);
        model.start_quantized(StepRule::Learned);
        let mut trainer = Trainer::new(model, settings(), data).expect("settings are right");
        trainer.ancestry.start = start.map(String::from);
        let result = state::resume(&mut trainer, "f", &path);
        result.map(|()| trainer).map_err(|error| error.to_string())
    };
    let second = resumed(Some("0123456789abcdef"), &data).expect("the same training");
    assert_eq!(second.full_precision, Some(0.5), "the state keeps it");
    assert_eq!(second.ancestry, first.ancestry);
    for (start, told) in [
        (
            "fedcba9876543210",
            "a file with fingerprint fedcba9876543210 now",
        ),
        ("random weights", "none now"),
    ] {
        let error = resumed(Some(start), &data).expect_err("another start");
        assert!(
            error.contains("--init: a file with fingerprint 0123456789abcdef there")
                && error.contains(told),
            "{error}"
        );
    }
    data.train.pixels[0] ^= 1;
    let error = resumed(None, &data).expect_err("other images");
    assert!(error.contains("other training images"), "{error}");
}
