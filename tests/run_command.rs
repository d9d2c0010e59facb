//! `imcsim run` as a user starts it: from an empty folder, with shipped and own weights, and with wrong input.

mod support;

use imcsim::net::references::LayerReferences;
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, SystemTime};
use support::{Scratch, TINY};

/// A run small enough for a test.
const SMALL: &[&str] = &[
    "--model",
    "lenet",
    "--images",
    "96",
    "--calibration-images",
    "32",
    "--repeats",
    "2",
    "--chips",
    "2",
    "--chip-images",
    "32",
    "--curve-images",
    "32",
];

fn run(scratch: &Scratch, arch: &str, more: &[&str]) -> Output {
    let mut arguments = vec!["run", arch];
    arguments.extend(SMALL);
    arguments.extend(more);
    scratch.imcsim(&arguments)
}

fn summary(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("summary.json")).expect("summary.json");
    serde_json::from_str(&text).expect("JSON")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_main_command_works_in_an_empty_folder() {
    let scratch = Scratch::new();
    let output = run(&scratch, "arch/reram_9wl.toml", &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let out = scratch.at("imcsim-out/reram_9wl-lenet");
    for file in ["report.html", "summary.json"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let screen = text(&output.stdout);
    assert!(screen.lines().count() <= 26, "one screen:\n{screen}");
    assert!(
        screen.contains("ideal MVM") && screen.contains("report.html"),
        "{screen}"
    );

    let all = summary(&out);
    let accuracy = &all["accuracy"];
    assert_eq!(accuracy["ideal"]["images"], 96);
    assert!(
        accuracy["ideal"]["estimate"].as_f64() > Some(0.8),
        "trained weights: {accuracy}"
    );
    assert_eq!(
        accuracy["read_noise"]["runs"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(accuracy["chips"]["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(all["adc_curve"].as_array().map(Vec::len), Some(7 * 2 * 2));
    let layers = all["layers"].as_array().expect("layers");
    let conv2 = layers
        .iter()
        .find(|layer| layer["name"] == "conv2")
        .expect("conv2");
    // 800 rows in groups of nine: 88 full groups and one of eight.
    assert_eq!(conv2["mapping"]["row_groups"], 89);
    assert_eq!(conv2["mapping"]["last_group_rows"], 8);
    assert!(conv2["error_rate"].as_f64() > Some(0.0));
    let leftovers: Vec<_> = std::fs::read_dir(scratch.at("imcsim-out"))
        .expect("folder")
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    assert_eq!(leftovers.len(), 1, "no drafts left: {leftovers:?}");
}

#[test]
fn the_default_network_is_the_one_trained_for_the_macro_and_shown_beside_the_one_before() {
    let scratch = Scratch::new();
    let run = |arch: &str, out: &str| {
        let small = "--model vgg --images 64 --calibration-images 32 --repeats 1 --chips 1 --chip-images 32 \
                     --curve-images 0 --out";
        let options = ["run", arch].into_iter().chain(small.split_whitespace());
        let output = scratch.imcsim(&options.chain([out]).collect::<Vec<_>>());
        assert!(output.status.success(), "{}", text(&output.stderr));
        (summary(&scratch.at(out)), text(&output.stdout))
    };
    let (all, screen) = run("arch/reram_9wl.toml", "macro");
    let weights = |all: &Value| all["weights"].as_str().map(str::to_string);
    let through = weights(&all["model"]).expect("weights");
    assert!(through.contains("vgg_builtin_macro"), "{through}");
    let before = &all["before"];
    let plain = weights(before).expect("weights");
    assert!(plain.contains("vgg_builtin.safetensors"), "{plain}");
    let mean = |of: &Value| {
        of["accuracy"]["simulated"]["mean"]
            .as_f64()
            .expect("a mean")
    };
    let gained = |end: &str| before["gained"][end].as_f64().expect("a number");
    assert_eq!(before["accuracy"]["ideal"]["images"], 64);
    let difference = mean(&all) - mean(before);
    assert!((gained("estimate") - difference).abs() < 1e-12);
    assert!(gained("low") < difference && difference < gained("high"));
    assert!(screen.contains("gained since"), "{screen}");
    assert!(screen.lines().count() <= 26, "one screen:\n{screen}");
    let page = std::fs::read_to_string(scratch.at("macro/report.html")).expect("a page");
    assert!(page.contains("Before training for the macro"));
    // Another macro has the network that was trained with ideal MVM values, and nothing before it.
    let (all, screen) = run("arch/ideal.toml", "ideal");
    assert_eq!(weights(&all["model"]), Some(plain));
    assert!(all["before"].is_null() && !screen.contains("gained since"));
}

#[test]
fn the_ideal_macro_loses_nothing() {
    let scratch = Scratch::new();
    let output = run(&scratch, "arch/ideal.toml", &["--json", "--out", "report"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout).expect("--json prints summary.json");
    assert_eq!(all, summary(&scratch.at("report")));
    let accuracy = &all["accuracy"];
    for same in ["noise_free", "re_estimated"] {
        assert_eq!(accuracy[same], accuracy["ideal"], "{same}");
    }
    assert_eq!(accuracy["simulated"]["mean"], accuracy["ideal"]["estimate"]);
    assert_eq!(all["verdict"]["status"], "carries");
}

/// Everything but the clock and the command line.
fn without_clock(mut all: Value) -> Value {
    let object = all.as_object_mut().expect("object");
    object.remove("seconds");
    object.remove("command");
    all
}

#[test]
fn threads_and_instructions_do_not_change_a_single_number() {
    let scratch = Scratch::new();
    let with = |option: &str, value: &str| {
        let output = run(
            &scratch,
            "reram_9wl",
            &[option, value, "--json", "--out", value],
        );
        assert!(output.status.success(), "{}", text(&output.stderr));
        without_clock(serde_json::from_slice(&output.stdout).expect("JSON"))
    };
    let one = with("--threads", "1");
    assert_eq!(one, with("--threads", "3"));
    assert_eq!(one, with("--instructions", "plain"));
}

#[test]
fn wrong_input_is_answered_with_exit_code_2_and_what_to_do() {
    let scratch = Scratch::new();
    scratch.write("cut.safetensors", b"\x08\0\0\0");
    std::fs::create_dir(scratch.at("mine")).expect("folder");
    scratch.write("mine/precious.txt", "x");
    for (arguments, expected) in [
        (&["run", "nowhere.toml"][..], "nowhere"),
        (&["run", "ideal", "--model", "vgg8"], "did you mean"),
        (&["run", "ideal", "--model", "vgg_quarter"], "--weights"),
        (&["run", "ideal", "--data", "cifar"], "cifar10:DIR"),
        (
            &[
                "run",
                "ideal",
                "--data",
                "mnist:nowhere",
                "--model",
                "lenet",
            ],
            "nowhere",
        ),
        (
            &[
                "run",
                "ideal",
                "--model",
                "lenet",
                "--weights",
                "cut.safetensors",
            ],
            "cut.safetensors",
        ),
        (&["run", "ideal", "--images", "0"], "--images 0"),
        (&["run", "ideal", "--set", "cell.nonsense=1"], "nonsense"),
        (&["run", "ideal", "--threads", "0"], "--threads"),
        (&["run"], "ARCH"),
    ] {
        let output = scratch.imcsim(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(!error.contains("panicked"), "{error}");
    }
    let output = run(&scratch, "ideal", &["--out", "mine"]);
    assert!(!output.status.success());
    assert!(
        scratch.at("mine/precious.txt").is_file(),
        "a stranger's folder is not replaced"
    );
}

#[test]
fn weights_of_another_data_set_are_refused() {
    let scratch = Scratch::new();
    for class in ["cat", "dog"] {
        let folder = scratch.at("mine").join(class);
        std::fs::create_dir_all(&folder).expect("folder");
        for k in 0..6 {
            let picture = image::GrayImage::from_pixel(28, 28, image::Luma([k]));
            picture.save(folder.join(format!("{k}.png"))).expect("PNG");
        }
    }
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/lenet_builtin.safetensors.gz");
    let output = scratch.imcsim(&[
        "run",
        "ideal",
        "--model",
        "lenet",
        "--data",
        "images:mine",
        "--weights",
        &shipped.to_string_lossy(),
    ]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("images in mine") && error.contains("built-in digits"),
        "{error}"
    );
}

/// Number of the line of a shipped hardware file that starts so.
fn line_of(arch: &str, start: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("arch/{arch}.toml"));
    let text = std::fs::read_to_string(path).expect("shipped");
    let place = text.lines().position(|line| line.starts_with(start));
    place.expect("the line exists") + 1
}

#[test]
fn a_macro_that_the_network_does_not_fit_is_named_with_its_line() {
    let scratch = Scratch::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("arch/ideal.toml");
    let wide = std::fs::read_to_string(shipped).expect("shipped");
    let wide = wide.replace("active = 9", "active = 100");
    scratch.write("wide.toml", wide);
    let levels = line_of("reram_9wl", "[weights.sign_split]");
    let sums = line_of("ideal", "[readout.ideal]");
    let steps = "readout.binary_search.references.calibrated.step_resolution_mac=0.0006";
    for (arguments, expected) in [
        (
            &["margin", "reram_9wl", "--weight-bits", "4"][..],
            format!("error: arch/reram_9wl.toml:{levels}: weights.sign_split: expected cells with"),
        ),
        (
            &["margin", "reram_9wl", "--set", steps],
            format!("error: --set {steps} (arch/reram_9wl.toml): readout.binary_search"),
        ),
        (
            &["run", "wide.toml", "--model", "lenet"],
            format!(
                "error: layer conv2 does not fit this macro: wide.toml:{sums}: readout.ideal: expected"
            ),
        ),
    ] {
        let output = scratch.imcsim(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(&expected), "expected {expected}\n{error}");
    }
}

fn start(scratch: &Scratch, options: &[&str]) -> Child {
    let own = ["run", "reram_9wl", "--quiet", "--out", "report"];
    scratch
        .command(own.iter().chain(options))
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("entry").file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_run_killed_at_work_leaves_no_report() {
    let scratch = Scratch::new();
    let endless = ["--model", "lenet", "--repeats", "10000"];
    for wait in [300, 3000] {
        let mut child = start(&scratch, &endless);
        std::thread::sleep(Duration::from_millis(wait));
        assert!(child.try_wait().expect("known").is_none(), "still at work");
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert_eq!(names(scratch.path()), [""; 0]);
    }
}

/// Makes a folder, and what lies in it, as old as one that nobody has touched for ten minutes.
fn age(folder: &Path) {
    let old = SystemTime::now() - Duration::from_secs(600);
    let inside = names(folder).into_iter().map(|name| folder.join(name));
    // Systems that do not take dates for folders do not tell who is alive either.
    for path in inside.chain([folder.to_path_buf()]) {
        let _ = std::fs::File::open(path).and_then(|file| file.set_modified(old));
    }
}

#[test]
fn a_run_killed_while_it_writes_is_cleaned_up_by_the_next() {
    let scratch = Scratch::new();
    let mut child = start(&scratch, SMALL);
    let begun = || {
        let names = names(scratch.path());
        names.iter().any(|name| name.starts_with(".report.part-"))
    };
    while !begun() && child.try_wait().expect("known").is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    let left = names(scratch.path());
    let [hidden] = &left[..] else {
        panic!("a draft only: {left:?}");
    };
    let own = format!(".report.part-{}-", child.id());
    assert!(hidden.starts_with(&own), "{hidden}");
    age(&scratch.at(hidden));
    // Left alone: a draft of a process that is alive, one that was written just now (its process may be alive on another
    // machine), and what only looks like a draft.
    let alive = format!(".report.part-{}-0", std::process::id());
    let young = format!(".report.part-{}-0", u32::MAX);
    let other = ".report.part-x".to_string();
    for name in [&alive, &young, &other] {
        std::fs::create_dir(scratch.at(name)).expect("folder");
    }
    age(&scratch.at(&alive));
    let status = start(&scratch, SMALL).wait().expect("ended");
    assert!(status.success());
    assert!(summary(&scratch.at("report")).is_object());
    let left = names(scratch.path());
    for kept in [&alive, &young, &other] {
        assert!(left.contains(kept), "{left:?}");
    }
    assert_eq!(
        left.contains(hidden),
        !cfg!(target_os = "linux"),
        "{left:?}"
    );
}

#[test]
fn a_step_for_every_column_is_trained_and_run() {
    let scratch = Scratch::new();
    scratch.write("tiny.toml", TINY);
    let train = |options: &str| {
        let common = "train --model tiny.toml --data builtin --train-images 320";
        let arguments: Vec<&str> = common.split(' ').chain(options.split(' ')).collect();
        scratch.imcsim(&arguments)
    };
    let through = "--method imcaq --init qat/state.safetensors --learn step-per-column";
    // A high rate, so that registers change within the few batches of a test.
    for options in [
        "--out float --method float --epochs 1",
        "--out qat --method qat --epochs 1 --init float/state.safetensors",
        &format!("--out columns --epochs 8 --lr 0.5 {through}"),
    ] {
        let output = train(options);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let refused = train(&format!(
        "--out no --epochs 1 --estimator reinmax {through}"
    ));
    let error = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains("--learn step-per-column"), "{error}");
    let network = imcsim::net::spec::parse(TINY, "tiny.toml").expect("a network");
    let deployed = scratch.at("columns/deployed.safetensors");
    let deployed = imcsim::net::weights::load(&deployed, &network).expect("a network");
    let gradient = deployed.metadata.get("step_gradient");
    assert_eq!(gradient.map(String::as_str), Some("codes"));
    let deployed = deployed.network;
    let LayerReferences::StepPerColumn { trims, .. } = &deployed.layers[1].references else {
        panic!("{:?}", deployed.layers[1].references);
    };
    assert!(trims.iter().any(|trim| *trim != trims[0]), "{trims:?}");

    let run = "run reram_9wl --weights columns/deployed.safetensors --out report";
    let small = SMALL.iter().copied();
    let small = small.map(|one| if one == "lenet" { "tiny.toml" } else { one });
    let arguments: Vec<&str> = run.split(' ').chain(small).collect();
    let output = scratch.imcsim(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let all = summary(&scratch.at("report"));
    let says = |key: &str| {
        let rows = all["fidelity"].as_array().expect("rows").iter();
        rows.clone().any(|row| row.to_string().contains(key))
    };
    assert!(says("trained step"), "{}", all["fidelity"]);
    assert!(all["layers"][1]["error_rate"].as_f64() > Some(0.0));
    assert!(
        all["adc_curve"]
            .as_array()
            .is_some_and(|curve| !curve.is_empty())
    );
}

#[test]
fn calibrated_chips_are_read_with_a_batch_norm_of_their_own() {
    let small = "run reram_9wl --model lenet --images 200 --calibration-images 64 --repeats 0 --chip-images 200 \
                 --samples 0 --curve-images 0 --cycle-images 0 \
                 --set readout.binary_search.sense_amp.offset.normal.sigma_ua=9.0";
    let start = |more: &str| {
        let scratch = Scratch::new();
        let words = small.split_whitespace().chain(more.split_whitespace());
        let output = scratch.imcsim(&words.collect::<Vec<_>>());
        (scratch, output)
    };
    let of = |more: &str| {
        let (scratch, output) = start(more);
        assert!(output.status.success(), "{}", text(&output.stderr));
        summary(&scratch.at("imcsim-out/reram_9wl-lenet"))
    };
    let (plain, calibrated) = (of("--chips 3"), of("--chips 3 --calibrate-chips"));
    let mean = |all: &Value| all["accuracy"]["chips"]["mean"].as_f64().expect("chips");
    let (before, after) = (mean(&plain), mean(&calibrated));
    assert!(after > before + 0.1, "{before} {after}");
    assert_eq!(plain["accuracy"]["chips_calibrated"], false);
    assert_eq!(calibrated["accuracy"]["chips_calibrated"], true);
    let advised = |all: &Value| {
        let limits = all["verdict"]["limits"].to_string();
        limits.contains("--calibrate-chips")
    };
    assert!(advised(&plain) && !advised(&calibrated));
    let noise_free = |all: &Value| all["accuracy"]["noise_free"].clone();
    assert_eq!(noise_free(&plain), noise_free(&calibrated));

    let (_, none) = start("--chips 0 --calibrate-chips");
    assert_eq!(none.status.code(), Some(2));
    let error = text(&none.stderr);
    assert!(
        error.contains("--calibrate-chips with --chips 0"),
        "{error}"
    );
}
