//! Wrong options and files of `imcsim train`, through the program.

use super::SMALL;
use super::support::Scratch;
use imcsim::net::checkpoint;
use imcsim::train::ancestry::program;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// File of a training's state.
const STATE: &str = "state.safetensors";

fn pictures(folder: &Path) {
    for (class, shade) in [("a", 20u8), ("b", 220)] {
        fs::create_dir_all(folder.join(class)).expect("scratch");
        for k in 0..24u8 {
            let picture = image::GrayImage::from_pixel(4, 4, image::Luma([shade + k]));
            picture
                .save(folder.join(class).join(format!("{k:02}.png")))
                .expect("scratch");
        }
    }
}

fn train(scratch: &Scratch, options: &[&str]) -> Output {
    let option = |name: &str, otherwise: &str| {
        let given = options.iter().any(|o| o.split('=').next() == Some(name));
        (!given).then(|| format!("{name}={otherwise}"))
    };
    let images = format!("images:{}", scratch.at("images").display());
    let defaults = [
        option("--model", &scratch.at("small.toml").display().to_string()),
        option("--data", &images),
        option("--method", "float"),
        option("--epochs", "1"),
        option("--batch", "32"),
        option("--out", &scratch.at("out").display().to_string()),
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_imcsim"));
    command
        .arg("train")
        .args(defaults.into_iter().flatten())
        .args(options);
    command.output().expect("the program starts")
}

#[test]
fn every_wrong_option_of_train_is_answered_with_exit_code_2() {
    let scratch = Scratch::new();
    fs::write(scratch.at("small.toml"), SMALL).expect("scratch");
    fs::write(scratch.at("wrong.toml"), SMALL.replace("kernel", "kernl")).expect("scratch");
    fs::write(scratch.at("file"), "text").expect("scratch");
    fs::create_dir(scratch.at("empty")).expect("scratch");
    pictures(&scratch.at("images"));
    let right = train(&scratch, &[]);
    assert!(
        right.status.success(),
        "{}",
        String::from_utf8_lossy(&right.stderr)
    );
    let at = |name: &str| scratch.at(name).display().to_string();
    let cases: &[(String, &str)] = &[
        ("--epochs=0".into(), "--epochs"),
        ("--epochs=-1".into(), "--epochs"),
        ("--batch=0".into(), "--batch"),
        ("--batch=33".into(), "multiple of 32"),
        ("--batch=64".into(), "40 training images"),
        ("--batch=18446744073709551584".into(), "--batch"),
        ("--train-images=0".into(), "expected 1 to 40"),
        ("--train-images=41".into(), "--train-images 41"),
        ("--train-images=-1".into(), "--train-images"),
        ("--lr=NaN".into(), "--lr"),
        ("--lr=-1".into(), "--lr"),
        ("--lr=inf".into(), "--lr"),
        ("--lr=fast".into(), "--lr"),
        ("--weight-decay=-1".into(), "--weight-decay"),
        ("--warmup=NaN".into(), "--warmup"),
        ("--warmup=1.5".into(), "--warmup 1.5 with --epochs 1"),
        ("--lr=0".into(), "--lr 0"),
        ("--lr=1e300".into(), "--lr 1"),
        ("--weight-decay=1e300".into(), "--weight-decay 1"),
        ("--clip-norm=1e-300".into(), "--clip-norm"),
        ("--epochs=18446744073709551615".into(), "--epochs 1844"),
        ("--shift=18446744073709551615".into(), "--shift"),
        ("--method=magic".into(), "--method"),
        (format!("--out={}", at("file")), "file"),
        (format!("--out={}", at("file/below")), "below"),
        (format!("--init={}", at("absent")), "absent"),
        (format!("--init={}", at("file")), "file"),
        (format!("--init={}", at("empty")), "empty"),
        (
            format!("--model={}", at("wrong.toml")),
            "wrong.toml:7: conv.kernl of layer c1",
        ),
        ("--model=vgq".into(), "vgg"),
        ("--model=vgg".into(), "4 x 4"),
        (format!("--data=images:{}", at("empty")), "empty"),
        (format!("--data=mnist:{}", at("empty")), "28x28"),
        ("--data=tape".into(), "tape"),
        ("--threads=0".into(), "--threads"),
        ("--instructions=avx1024".into(), "plain, avx2, avx512"),
    ];
    for (option, named) in cases {
        let output = train(&scratch, &[option]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{option}: {error}");
        assert!(
            error.contains("error: ") && error.contains(named),
            "{option}: {error}"
        );
    }
    let imcq = ["--method=imcq", "--arch=reram_9wl"];
    for (options, named) in [
        (
            &["--method=qat", "--arch=nonexistent"][..],
            "--arch with --method qat",
        ),
        (&["--estimator=foo"], "--estimator with --method float"),
        (&["--set=garbage"], "--set with --method float"),
        (
            &["--temperature=hello"],
            "--temperature with --method float",
        ),
        (&["--noise=nan"], "--noise with --method float"),
        (&["--noise-ramp=0.5"], "--noise-ramp with --method float"),
        (&["--column-offset=0"], "--column-offset with"),
        (&["--learn=nothing"], "--learn with --method float"),
        (&["--calibration-images=9"], "--calibration-images with"),
        (
            &["--weight-step=threshold"],
            "--weight-step with --method float",
        ),
        (
            &[imcq[0], imcq[1], "--noise-ramp=0.5"],
            "--noise-ramp 0.5 without noise",
        ),
        (
            &["--method=imcaq", "--noise=0", "--noise-ramp=0"],
            "--noise-ramp 0 without noise",
        ),
        (
            &["--method=imcaq", "--temperature=9:1"],
            "--temperature 9:1 with the estimator secant",
        ),
        (
            &["--method=imcq", "--temperature=1"],
            "--temperature 1 with the estimator straight-through",
        ),
        (
            &[
                "--method=imcaq",
                "--estimator=gumbel-rao",
                "--temperature=9",
            ],
            "temperatures lie between 0.01 and 2",
        ),
        (
            &["--method=imcaq", "--temperature=hello"],
            "--temperature hello: expected a number",
        ),
        (
            &["--method=imcaq", "--calibration-images=41"],
            "--calibration-images 41: references are placed on training images, and this training has 40",
        ),
        (
            &[
                "--method=imcaq",
                "--train-images=32",
                "--calibration-images=33",
            ],
            "this training has 32",
        ),
        (
            &["--method=imcaq", "--epochs=3", "--noise-ramp=0.33"],
            "--noise-ramp 0.33 with --epochs 3: it ends within the first epoch",
        ),
        (
            &["--method=imcq", "--noise=1", "--noise-ramp=1"],
            "--noise-ramp 1 with --epochs 1: it ends within the first epoch",
        ),
        (
            &["--method=imcaq", "--noise-ramp=-1"],
            "noise is a factor from 0 to 100, the ramp a share from 0 to 1",
        ),
        (
            &["--method=imcaq", "--arch=ideal", "--noise=0.5"],
            "--noise 0.5 on a macro without noise at each read",
        ),
        (
            &["--method=imcaq", "--arch=ideal", "--noise-ramp=0.5"],
            "--noise-ramp 0.5 on a macro without noise at each read",
        ),
        (
            &[
                "--method=imcq",
                "--estimator=lattice",
                "--noise=1",
                "--set=readout.binary_search.sense_amp.noise={none={}}",
                "--set=cell.on_off.read_noise={none={}}",
            ],
            "--noise 1 on a macro without noise at each read",
        ),
        (
            &[
                "--method=imcaq",
                "--learn=step",
                "--set=readout.binary_search.decode=conditional_mean",
            ],
            "--learn step with readout.binary_search.decode = \"conditional_mean\"",
        ),
        (
            &[
                "--method=imcaq",
                "--learn=step-per-column",
                "--set=readout.binary_search.decode=nearest_integer",
            ],
            "write decode = \"centre\"",
        ),
        (
            &[
                "--method=imcaq",
                "--learn=step",
                "--set=bit_line.saturation={clamp={limit_ua=90.0}}",
            ],
            "--learn step with bit_line.saturation.clamp",
        ),
    ] {
        let output = train(&scratch, options);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {error}");
        assert!(error.contains(named), "{options:?}: {error}");
    }
    let digital = SMALL.replace("macro = { bits = 2", "digital = { bits = 8");
    fs::write(scratch.at("digital.toml"), digital).expect("scratch");
    let model = format!("--model={}", at("digital.toml"));
    let output = train(&scratch, &[&model, "--method=qat", "--weight-step=learned"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("all its layers are digital"), "{error}");
    // A state of other options is not overwritten.
    let other = train(&scratch, &["--seed=9"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("state.safetensors"));
}

#[test]
fn a_training_says_where_it_begins() {
    let scratch = Scratch::new();
    fs::write(scratch.at("small.toml"), SMALL).expect("scratch");
    pictures(&scratch.at("images"));
    let first_line = |out: &str, options: &[&str]| {
        let out = format!("--out={}", scratch.at(out).display());
        let output = train(&scratch, &[options, &[out.as_str()]].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{options:?}: {error}");
        let said = String::from_utf8_lossy(&output.stdout);
        said.lines().next().unwrap_or_default().to_string()
    };
    let state = |out: &str| format!("--init={}/state.safetensors", scratch.at(out).display());
    let (float, qat) = (state("float"), state("qat"));
    for (out, options, named) in [
        ("float", vec![], ", from random weights"),
        (
            "qat",
            vec!["--method=qat", &float, "--weight-step=threshold"],
            ", from a full-precision state",
        ),
        (
            "imcq",
            vec!["--method=imcq", &qat],
            ", from a quantized state",
        ),
        (
            "skipped",
            vec!["--method=imcq", &float],
            ", from a full-precision state: no qat before it",
        ),
        (
            "bare",
            vec![
                "--method=imcaq",
                "--epochs=2",
                "--noise-ramp=0.75",
                "--calibration-images=40",
                "--estimator=soft",
                "--temperature=2:0.5",
            ],
            ", from random weights: no qat before it, give --init for that",
        ),
        // A macro without noise, and what may be said of it; defaults of noise have no use there and are no option given.
        (
            "exact",
            vec!["--method=imcaq", "--arch=ideal", &qat],
            ", from a quantized state",
        ),
        (
            "silent",
            vec!["--method=imcaq", "--arch=ideal", "--noise=0", &qat],
            ", from a quantized state",
        ),
        (
            "unramped",
            vec!["--method=imcaq", "--noise-ramp=0", &qat],
            ", from a quantized state",
        ),
    ] {
        let line = first_line(out, &options);
        assert!(line.ends_with(named), "{line}");
    }
}

/// A training that is done: what it left is made whole, and nothing of it is taken for that of another one.
#[test]
fn a_finished_training_is_completed_and_guarded() {
    let scratch = Scratch::new();
    fs::write(scratch.at("small.toml"), SMALL).expect("scratch");
    pictures(&scratch.at("images"));
    let succeeds = |options: &[&str]| {
        let output = train(&scratch, options);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{options:?}: {error}");
    };
    let refused = |options: &[&str], told: &str| {
        let output = train(&scratch, options);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {error}");
        assert!(error.contains(told), "{options:?}: {error}");
        assert!(!error.contains("Settings"), "{error}");
    };
    let out = |name: &str| format!("--out={}", scratch.at(name).display());
    let init = |name: &str| format!("--init={}", scratch.at(name).join(STATE).display());
    succeeds(&[&out("out")]);
    // Its curve is written again where it is missing or of an older program.
    let curve = |name: &str| fs::read(scratch.at("out").join(name));
    let kept = ["curve.csv", "curve.svg", "curve.png"].map(|name| curve(name).expect("written"));
    fs::write(scratch.at("out/curve.csv"), "epoch\n1\n").expect("scratch");
    fs::remove_file(scratch.at("out/curve.png")).expect("scratch");
    succeeds(&[]);
    let now = ["curve.csv", "curve.svg", "curve.png"].map(|name| curve(name).expect("written"));
    assert!(now == kept);

    refused(&["--seed=9"], "--seed 1 there, 9 now");
    refused(
        &["--shift=1", "--lr=0.5"],
        "--lr 0.05 there, 0.5 now; --shift 0 there, 1 now",
    );
    let picture = scratch.at("images/a/00.png");
    let right = fs::read(&picture).expect("scratch");
    fs::copy(scratch.at("images/a/01.png"), &picture).expect("scratch");
    refused(&[], "other training images");
    fs::write(&picture, right).expect("scratch");

    succeeds(&[&out("other"), "--seed=2"]);
    let qat = out("qat");
    let (first, second) = (init("out"), init("other"));
    let right = ["--method=qat", &qat, &first];
    succeeds(&right);
    refused(&right[..2], "--init: a file with fingerprint");
    refused(&[right[0], right[1], &second], "it started elsewhere");
    succeeds(&right);
    let bytes = fs::read(scratch.at("qat/deployed.safetensors")).expect("a network");
    let metadata = checkpoint::metadata(&bytes, "qat").expect("a network");
    assert!(metadata.contains_key("accuracy_full_precision"));
    assert_eq!(metadata["trained_by"], program());

    let lock = fs::File::create(scratch.at("out/training.lock")).expect("scratch");
    lock.try_lock().expect("nobody else has it");
    refused(&[], "another process trains there");
}
