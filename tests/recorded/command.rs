//! The shipped traces, and the commands that record and take them.

use super::support::Scratch;
use super::{done, root};
use imcsim::net::recorded::load;
use serde_json::Value;
use std::path::PathBuf;

/// The traces of networks that travel with the program.
fn shipped() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root("traces")).expect("traces are shipped");
    let paths = entries.map(|entry| entry.expect("entry").path());
    let mut traces: Vec<PathBuf> = paths
        .filter(|path| path.to_string_lossy().ends_with(".safetensors.gz"))
        .filter(|path| !path.ends_with("worked_layer.safetensors.gz"))
        .collect();
    traces.sort();
    traces
}

#[test]
fn shipped_traces_are_small_and_what_recording_gives_today() {
    let readme = std::fs::read_to_string(root("traces/README.md")).expect("README");
    let scratch = Scratch::new();
    let traces = shipped();
    assert!(traces.len() >= 2, "{traces:?}");
    for path in traces {
        let name = path
            .file_name()
            .expect("name")
            .to_string_lossy()
            .into_owned();
        let size = std::fs::metadata(&path).expect("there").len();
        assert!(size <= 100 * 1024, "{name}: {size} bytes");
        let command = readme
            .lines()
            .find(|line| line.trim_start().starts_with("imcsim record") && line.contains(&name));
        let command =
            command.unwrap_or_else(|| panic!("{name} has its command in traces/README.md"));
        let command = command.replace("traces/", "");
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        done(&scratch, &arguments);
        let again = load(&scratch.at(&name)).expect("recorded again");
        assert!(
            again == load(&path).expect("shipped"),
            "{name}: record it anew"
        );
    }
}

#[test]
fn shipped_traces_run_on_a_macro_and_its_chip() {
    let scratch = Scratch::new();
    let path = shipped().into_iter().next().expect("one is shipped");
    let recorded = load(&path).expect("reads");
    let file = path.to_string_lossy().into_owned();
    let out = done(
        &scratch,
        &[
            "run",
            "reram_9wl",
            "--trace",
            &file,
            "--samples",
            "1000",
            "--json",
        ],
    );
    let all: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(all["verdict"]["status"], "recorded");
    assert_eq!(all["accuracy"]["ideal"]["images"], 0);
    assert_eq!(all["adc_curve"], serde_json::json!([]));
    let fidelity = all["fidelity"].to_string();
    assert!(fidelity.contains("own partial sums"), "{fidelity}");
    let layer = &all["layers"][0];
    let geometry = &recorded.layers[0].layer.geometry;
    assert_eq!(layer["mapping"]["rows"], geometry.rows());
    // Every partial sum of every recorded image is counted.
    let map = geometry.output();
    let expected = geometry.rows().div_ceil(9) * map.len() * recorded.images();
    let counted = layer["sum_histogram"].as_array().expect("counts");
    let total: u64 = counted.iter().filter_map(Value::as_u64).sum();
    assert_eq!(total, expected as u64);
    assert!(layer["margin"].is_object() && layer["error_rate"].as_f64().expect("rate") > 0.0);
    assert!(all["cycle"]["cycles"].as_u64().expect("cycles") > 0);
    let cycles = all["cycle"]["cycles"].clone();

    let out = done(
        &scratch,
        &[
            "trace",
            "reram_9wl",
            "--trace",
            &file,
            "--out",
            "traced",
            "--json",
        ],
    );
    let all: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(
        all["cycle"]["cycles"], cycles,
        "run and trace tell the same cycles"
    );
    let layers = all["cycle"]["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), recorded.layers.len());
    for name in ["timeline.json", "waveform.vcd", "events.csv"] {
        let file = scratch.at("traced/trace").join(name);
        assert!(
            std::fs::metadata(file).expect("written").len() > 0,
            "{name}"
        );
    }
}

#[test]
fn a_chip_that_is_too_small_is_told_before_anything_is_computed() {
    let scratch = Scratch::new();
    let file = root("traces/lenet_conv2.safetensors.gz");
    let file = file.to_string_lossy();
    let base = ["run", "reram_9wl", "--trace", &file, "--samples", "1000"];
    let small = ["--set", "chip.buffers.global_kib=0.01"];
    let output = scratch.imcsim(&[&base[..], &small].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("global_kib") && error.contains("--cycle-images 0"),
        "{error}"
    );
    assert!(!scratch.at("imcsim-out").exists());
    let without = [&base[..], &small, &["--cycle-images", "0", "--json"]].concat();
    let all: Value = serde_json::from_slice(&done(&scratch, &without).stdout).expect("JSON");
    assert!(all["cycle"].is_null());
    let skip = ["--set", "timing.skip_zero_groups=true", "--json"];
    let all = done(&scratch, &[&base[..], &skip].concat());
    let all: Value = serde_json::from_slice(&all.stdout).expect("JSON");
    let warnings = all["warnings"].to_string();
    assert!(warnings.contains("skip_zero_groups"), "{warnings}");
}

#[test]
fn wrong_commands_are_answered_with_exit_code_2_and_what_to_do() {
    let scratch = Scratch::new();
    std::fs::write(scratch.at("cut.safetensors"), b"\x08\0\0\0").expect("file");
    let path = shipped().into_iter().next().expect("one is shipped");
    let trace = path.to_string_lossy().into_owned();
    let record = ["record", "--model", "lenet", "--out", "x.safetensors"];
    let with = |more: &[&'static str]| [&record[..], more].concat();
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (
            vec!["run", "reram_9wl", "--trace", &trace, "--model", "vgg"],
            "--model",
        ),
        (
            vec!["run", "reram_9wl", "--trace", &trace, "--images", "3"],
            "--images",
        ),
        (
            vec!["trace", "reram_9wl", "--trace", &trace, "--data", "builtin"],
            "--data",
        ),
        (
            vec!["trace", "reram_9wl", "--trace", "nowhere.gz"],
            "nowhere.gz",
        ),
        (
            vec!["run", "reram_9wl", "--trace", "cut.safetensors"],
            "trace cut.safetensors",
        ),
        (
            vec!["trace", "reram_9wl", "--trace", &trace, "--layer", "conv9"],
            "--layer conv9",
        ),
        (with(&["--layer", "conv9"]), "did you mean `conv2`"),
        (with(&["--layer", "conv1"]), "digital unit"),
        (
            with(&["--layer", "conv2", "--layer", "conv2"]),
            "named twice",
        ),
        (with(&["--layer", "conv2", "--images", "0"]), "--images 0"),
        (with(&[]), "--layer"),
    ];
    for (arguments, expected) in cases {
        let output = scratch.imcsim(&arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    assert!(!scratch.at("x.safetensors").exists(), "nothing was written");
}

/// A small recording to this file.
fn record<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let own = [
        "record", "--model", "lenet", "--layer", "conv2", "--out", out,
    ];
    [&own[..], more].concat()
}

#[test]
fn a_recording_replaces_an_older_one_and_nothing_else() {
    let scratch = Scratch::new();
    let weights = root("models/lenet_builtin.safetensors.gz");
    let weights = std::fs::read(weights).expect("shipped");
    scratch.write("weights.safetensors.gz", &weights);
    scratch.write("notes.txt", "irreplaceable");
    scratch.write("folder/notes.txt", "irreplaceable");
    let own = ["--weights", "weights.safetensors.gz"];
    for (arguments, told) in [
        (
            record("weights.safetensors.gz", &own),
            "the file of --weights",
        ),
        (
            record("folder/../weights.safetensors.gz", &own),
            "--weights",
        ),
        (record("weights.safetensors.gz", &[]), "is no trace"),
        (record("notes.txt", &[]), "is no trace"),
        (record("folder", &[]), "is no trace"),
    ] {
        let output = scratch.imcsim(&arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(told), "{arguments:?}: {error}");
    }
    let read = |name: &str| std::fs::read(scratch.at(name)).expect("there");
    assert!(read("weights.safetensors.gz") == weights);
    assert_eq!(read("notes.txt"), b"irreplaceable");

    let (plain, packed) = ("a.safetensors", "a.safetensors.gz");
    for name in [plain, packed] {
        done(&scratch, &record(name, &[]));
        let whole = read(name);
        // One that was cut off is known by its beginning.
        scratch.write(name, &whole[..whole.len() - 10]);
        done(&scratch, &record(name, &[]));
        assert!(read(name) == whole, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_recording_goes_where_a_link_leads() {
    let scratch = Scratch::new();
    done(&scratch, &record("a.safetensors", &[]));
    std::os::unix::fs::symlink("a.safetensors", scratch.at("link")).expect("link");
    done(&scratch, &record("link", &["--images", "2"]));
    assert!(scratch.at("link").is_symlink());
    let recorded = load(&scratch.at("a.safetensors")).expect("reads");
    assert_eq!(recorded.images(), 2);
}

#[test]
fn names_of_macros_do_not_lead_out_of_the_folder() {
    let scratch = Scratch::new();
    let text = super::support::shipped("worked_schedule");
    let (own, hostile) = ("name = \"worked_schedule\"", "name = \"a/../../x\"");
    assert!(text.contains(own));
    scratch.write("hostile.toml", text.replace(own, hostile));
    let file = root("traces/worked_layer.safetensors.gz");
    let file = file.to_string_lossy();
    let run = ["--samples", "0", "--cycle-images", "0"];
    for (command, more) in [("run", &run[..]), ("trace", &[])] {
        let own = [command, "hostile.toml", "--quiet", "--trace", &file];
        done(&scratch, &[&own[..], more].concat());
    }
    let entries = std::fs::read_dir(scratch.at("imcsim-out")).expect("folder");
    let names = entries.map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.into_string().expect("text"))
        .collect();
    names.sort();
    let expected = ["a_.._.._x-worked_layer", "trace-a_.._.._x-worked_layer"];
    assert_eq!(names, expected);
    let beside = std::fs::read_dir(scratch.path()).expect("folder").count();
    assert_eq!(beside, 2);
}
