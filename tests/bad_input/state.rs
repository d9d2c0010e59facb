//! Damaged and foreign training states, and writes that do not come to their end.

use super::{Scratch, Tensors, rewritten, small, tensor};
use imcsim::data::{Dataset, Split};
use imcsim::train::augment::Augment;
use imcsim::train::model::{Method, Model};
use imcsim::train::optimizer::Rule;
use imcsim::train::quantizer::weight::StepRule;
use imcsim::train::schedule::Schedule;
use imcsim::train::settings::Settings;
use imcsim::train::state;
use imcsim::train::trainer::Trainer;
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
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
        augment: Augment::NONE,
        seed: 1,
    }
}

#[test]
fn every_fault_of_a_training_state_is_named() {
    let scratch = Scratch::new("state");
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
    assert!(state::resume(&mut trainer().0, "f", &scratch.0).is_err());
}

#[test]
fn an_interrupted_write_leaves_the_old_state_whole() {
    let scratch = Scratch::new("interrupted");
    let path = scratch.at("state.safetensors");
    let (mut first, data) = trainer();
    first.epoch(&data, &mut |_, _| ()).expect("training");
    state::save(&first, "f", &path).expect("saved");
    let whole = fs::read(&path).expect("written");
    // The next write stops half way: its bytes lie under the temporary name only.
    fs::write(path.with_extension("tmp"), &whole[..whole.len() / 2]).expect("scratch");
    let mut second = trainer().0;
    state::resume(&mut second, "f", &path).expect("the old state is whole");
    assert_eq!(second.model.params, first.model.params);
    // The next write is not possible at all.
    fs::remove_file(path.with_extension("tmp")).expect("scratch");
    fs::create_dir(path.with_extension("tmp")).expect("scratch");
    second.epoch(&data, &mut |_, _| ()).expect("training");
    assert!(state::save(&second, "f", &path).is_err());
    assert_eq!(fs::read(&path).expect("still there"), whole);
    fs::remove_dir(path.with_extension("tmp")).expect("scratch");
    state::save(&second, "f", &path).expect("saved");
    assert!(!path.with_extension("tmp").exists());
    let mut third = trainer().0;
    state::resume(&mut third, "f", &path).expect("the new state is whole");
    assert_eq!(third.curve.len(), 2);
}
