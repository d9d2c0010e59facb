//! `imcsim experiment`: wrong files by line and key, a whole experiment, one that was interrupted, and changed files.

mod belonging;
mod elsewhere;
mod outliving;
mod pages;
mod refused;
mod shipped_start;
#[path = "../support/mod.rs"]
mod support;

use imcsim::experiment;
use imcsim::gzip;
use imcsim::report;
use imcsim::report::picture::overlap;
use imcsim::results::experiment::ExperimentResult;
use serde_json::Value;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::{Scratch, TINY};

const FILE: &str = r#"name = "quick"
title = "A quick one"
model = "tiny.toml"
data = "builtin"
seeds = [1, 2]
baseline = "ideal_values"

[pretrain]
float = "--epochs 2 --train-images 640"
qat = "--epochs 1 --train-images 640"
[train]
common = "--epochs 1 --train-images 320"
[evaluate]
repeats = 2
chips = 2
chip_images = 64
images = 128
calibration_images = 64

[[row]]
name = "ideal_values"
label = "ideal"
train = "--method qat"
arch = "reram_9wl"
group = "main"
[[row]]
name = "noisy"
label = "noisy"
train = "--method imcaq"
arch = "reram_9wl"
set = ["readout.binary_search.bits=3"]
group = "main"
axis = 1.0
[[row]]
name = "noisier"
label = "noisy, noisier"
from = "noisy"
arch = "reram_9wl"
set = ["readout.binary_search.bits=3"]
evaluate_set = ["readout.binary_search.sense_amp.noise.normal.sigma_ua=9"]
group = "main"
axis = 2.0
[[row]]
name = "start"
label = "not trained further"
arch = "reram_9wl"
"#;

/// A folder with the files of that experiment.
struct Folder(Scratch);

impl Folder {
    fn new() -> Self {
        let scratch = Scratch::new();
        scratch.write("tiny.toml", TINY);
        scratch.write("quick.toml", FILE);
        Folder(scratch)
    }

    fn command(&self, file: &str, out: &str, more: &[&str]) -> Command {
        let own = ["experiment", file, "--out", out];
        self.0.command(own.iter().chain(more))
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        let output = self.command("quick.toml", out, more).output();
        output.expect("the program starts")
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn change(&self, from: &str, to: &str) {
        assert!(FILE.contains(from), "{from}");
        self.write("quick.toml", FILE.replacen(from, to, 1));
    }
}

impl Deref for Folder {
    type Target = Scratch;

    fn deref(&self) -> &Scratch {
        &self.0
    }
}

fn unpacked(answers: &[u8]) -> Value {
    let plain = gzip::unpacked(answers).expect("gzipped");
    serde_json::from_slice(&plain).expect("JSON")
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn wrong_files_are_answered_with_line_and_key() {
    let scratch = Folder::new();
    let cases = [
        ("title =", "titel =", ":2: titel"),
        (
            "float = \"--epochs 2 --train-images 640\"\n",
            "",
            ":8: pretrain.float: it is missing; write options of the full-precision training, or start",
        ),
        (
            "float = \"--epochs 2 --train-images 640\"",
            "start = \"shiped\"",
            ":9: pretrain.start: expected \"shipped\"",
        ),
        (
            "float = \"--epochs 2",
            "start = \"shipped\"\nfloat = \"--epochs 2",
            ":9: pretrain.start: a start needs no full-precision training",
        ),
        ("repeats = 2", "repeat = 2", ":14: repeat"),
        ("axis = 1.0", "axsis = 1.0", ":33: axsis"),
        ("axis = 1.0", "axis = nan", ":33: axis: expected a finite"),
        ("axis = 1.0", "axis = \"x\"", ":33: axis"),
        ("chips = 2", "chips = -1", ":15: chips"),
        ("chips = 2", "chips = 20000", "evaluate.chips"),
        (
            "chip_images = 64",
            "chip_images = 0",
            "evaluate.chip_images",
        ),
        (
            "\"noisy\"\nlabel",
            "\"ideal_values\"\nlabel",
            "ideal_values` stands in line 21",
        ),
        ("\"noisy\"\nlabel", "\"qat\"\nlabel", "pre-training"),
        ("\"noisy\"\nlabel", "\"../x\"\nlabel", "becomes a folder"),
        (
            "baseline = \"ideal_values\"",
            "baseline = \"ideal_value\"",
            ":6: baseline: there is no row `ideal_value`; did you mean `ideal_values`?",
        ),
        (
            "from = \"noisy\"",
            "from = \"nosy\"",
            ":37: from: there is no row",
        ),
        (
            "from = \"noisy\"",
            "from = \"noisier\"",
            ":37: from: rows stand on each other: noisier from noisier",
        ),
        (
            "from = \"noisy\"",
            "from = \"noisy\"\ntrain = \"--method qat\"",
            "remove `train` or `from`",
        ),
        (
            "data = \"builtin\"",
            "data = \"svhn\"",
            ":4: data: expected one of",
        ),
        ("seeds = [1, 2]", "seeds = []", ":5: seeds"),
        (
            "seeds = [1, 2]",
            "seeds = [-1]",
            "expected a whole number, 0 or more",
        ),
        (
            "seeds = [1, 2]",
            "seeds = [1, 1]",
            ":5: seeds: 1 stands there twice",
        ),
        ("seeds = [1, 2]", "seeds = [1, 2", ":6:"),
        (
            "group = \"main\"\naxis = 1.0",
            "group = \"a/b\"\naxis = 1.0",
            ":32: group: `a/b` becomes a folder or part of a file name",
        ),
        (
            "group = \"main\"\naxis = 1.0",
            "group = \"Main\"\naxis = 1.0",
            ":32: group",
        ),
        (
            "[[row]]",
            "[group.main]\ntitle = \"x\"\npanels = [\"m4\"]\n[[row]]",
            ":22: group.main.panels: expected some of m1, m2, m3",
        ),
        (
            "[[row]]",
            "[group.main]\ntitle = \"x\"\npanels = [\"m1\", \"m1\"]\n[[row]]",
            "group.main.panels",
        ),
        (
            "[[row]]",
            "[group.main]\ntitle = \"x\"\npanels = []\n[[row]]",
            "group.main.panels",
        ),
        (
            "[[row]]",
            "[[compare]]\nrow = \"nosy\"\nagainst = \"start\"\nlabel = \"x\"\n[[row]]",
            ":21: compare.row: there is no row `nosy`; did you mean `noisy`?",
        ),
        (
            "[[row]]",
            "[[compare]]\nrow = \"start\"\nagainst = \"start\"\nlabel = \"x\"\n[[row]]",
            ":22: compare.against: `start` against itself",
        ),
    ];
    for (from, to, named) in cases {
        scratch.change(from, to);
        let path = scratch.at("quick.toml").display().to_string();
        let error = experiment::load(&path)
            .map(|_| ())
            .expect_err(to)
            .to_string();
        assert!(
            error.starts_with(&path) && error.contains(named),
            "{to}: {error}"
        );
    }
}

#[test]
fn wrong_options_are_answered_with_exit_code_2_before_anything_is_done() {
    let scratch = Folder::new();
    let cases: &[(&str, &str, &[&str], &str)] = &[
        (
            "--method imcaq\"",
            "--method imcaq --epochs 9\"",
            &[],
            "row `noisy`: train: the argument '--epochs",
        ),
        (
            "--method imcaq\"",
            "--method imcaq --speed 9\"",
            &[],
            "'--speed'",
        ),
        ("--method imcaq\"", "--noise 1\"", &[], "--method"),
        (
            "--method imcaq\"",
            "--method float\"",
            &[],
            "starts from the qat network",
        ),
        (
            "--method imcaq\"",
            "--method imcaq --seed 3\"",
            &[],
            "--seed is set by the experiment",
        ),
        (
            "--method imcaq\"",
            "--method imcaq --estimator soft --noise 0\"",
            &[],
            "row `noisy`",
        ),
        (
            "--method qat\"",
            "--method qat --estimator lattice\"",
            &[],
            "row `ideal_values`: train: --estimator with --method qat",
        ),
        (
            "--method imcaq\"",
            "--method imcaq --temperature 1\"",
            &[],
            "row `noisy`: --temperature 1 with the estimator secant",
        ),
        (
            "--method imcaq\"",
            "--method imcaq --calibration-images 321\"",
            &[],
            "row `noisy`: train: --calibration-images 321",
        ),
        (
            "qat = \"--epochs 1",
            "qat = \"--noise 1 --epochs 1",
            &[],
            "[pretrain] qat: --noise with --method qat",
        ),
        ("bits=3", "bitz=3", &[], "row `noisy`"),
        (
            "float = \"--epochs 2",
            "float = \"--seed 3 --epochs 2",
            &[],
            "[pretrain] float: --seed is set by the experiment",
        ),
        (
            "qat = \"--epochs 1",
            "qat = \"--arch ideal --epochs 1",
            &[],
            "[pretrain] qat: --arch is set by the experiment",
        ),
        (
            "common = \"--epochs 1",
            "common = \"--set readout.binary_search.bits=4 --epochs 1",
            &[],
            "[train] common: --set is set by the experiment",
        ),
        (
            "--method imcaq\"",
            "--method imcaq --lr -1\"",
            &[],
            "row `noisy`: train: --lr",
        ),
        (
            "common = \"--epochs 1",
            "common = \"--batch 33 --epochs 1",
            &[],
            "--batch 33; a batch is a multiple of 32",
        ),
        (
            "qat = \"--epochs 1",
            "qat = \"--clip-norm 0 --epochs 1",
            &[],
            "[pretrain] qat: --clip-norm 0",
        ),
        (
            "float = \"--epochs 2 --train-images 640",
            "float = \"--epochs 2 --train-images 999999",
            &[],
            "[pretrain] float: --train-images 999999: expected 1 to",
        ),
        (
            "qat = \"--epochs 1",
            "qat = \"--epoch 1",
            &[],
            "[pretrain] qat",
        ),
        (
            "float = \"--epochs 2 --train-images 640\"",
            "start = \"shipped\"",
            &[],
            "[pretrain] start: no weights of `tiny`",
        ),
        ("title", "title", &["--rows", "nosy"], "--rows nosy"),
        ("title", "title", &["--seeds", "3"], "--seeds 3"),
        ("title", "title", &["--data", "mnist:x"], "is about builtin"),
        (
            "data = \"builtin\"",
            "data = \"mnist\"",
            &[],
            "add --data mnist:DIR",
        ),
        (
            "data = \"builtin\"",
            "data = \"mnist\"",
            &["--data", "builtin"],
            "is about mnist",
        ),
    ];
    for (from, to, options, named) in cases {
        scratch.change(from, to);
        let output = scratch.run("out", options);
        let error = complaint(&output);
        assert_eq!(output.status.code(), Some(2), "{to} {options:?}: {error}");
        assert!(error.contains(named), "{to} {options:?}: {error}");
        assert!(!scratch.at("out").exists(), "{to} {options:?}");
    }
}

#[test]
fn shipped_experiments_stop_at_missing_images_only() {
    let scratch = Folder::new();
    for (name, kind) in [
        ("mnist_lenet", "mnist"),
        ("cifar10_main", "cifar10"),
        ("cifar10_ablation", "cifar10"),
        ("cifar10_slopes", "cifar10"),
        ("cifar10_conditions", "cifar10"),
        ("cifar10_noise", "cifar10"),
        ("cifar10_word_lines", "cifar10"),
        ("cifar10_three_levels", "cifar10"),
        ("cifar10_row_order", "cifar10"),
        ("cifar10_chips", "cifar10"),
    ] {
        let data = format!("{kind}:absent");
        let output = scratch.command(name, "out", &["--data", &data]).output();
        let output = output.expect("the program starts");
        let error = complaint(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(
            error.contains("absent") && !error.contains("row"),
            "{name}: {error}"
        );
    }
}

fn rows(results: &[u8]) -> Vec<Value> {
    let all: Value = serde_json::from_slice(results).expect("JSON");
    all["rows"].as_array().expect("rows").clone()
}

#[test]
fn an_interrupted_experiment_ends_as_one_that_was_not() {
    let scratch = Folder::new();
    let whole = scratch.run("whole", &["--threads", "2"]);
    assert!(whole.status.success(), "{}", complaint(&whole));
    let mut child = scratch
        .command("quick.toml", "parts", &["--quiet"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    // The second training has begun: the first row is done, and its page with figures is there.
    let first = scratch.at("parts/quick/seed1/noisy/commands.txt");
    let began = Instant::now();
    while !first.exists() && began.elapsed() < Duration::from_secs(300) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it runs or has ended");
    child.wait().expect("it ends");
    let last = scratch.at("parts/quick/seed2/start/result.json");
    assert!(!last.exists(), "it was over before it could be interrupted");
    let seed = scratch.at("parts/quick/seed1/start/result.json");
    assert!(
        !seed.exists(),
        "a seed was over before it could be interrupted"
    );
    let figures = scratch.at("parts/quick/figures");
    assert!(figures.join("main_drop.svg").exists());
    // Figures of a group that is no more go; what this program does not write stays.
    for name in ["gone_lines.png", "gone_drop.svg", "own_notes.svg"] {
        fs::write(figures.join(name), "old").expect("scratch");
    }
    let rest = scratch.run("parts", &["--threads", "1"]);
    assert!(rest.status.success(), "{}", complaint(&rest));
    let said = String::from_utf8_lossy(&rest.stdout);
    assert!(said.contains("row ideal_values: there already"), "{said}");
    let kept = |name: &str| figures.join(name).exists();
    assert!(!kept("gone_lines.png") && !kept("gone_drop.svg") && kept("own_notes.svg"));
    let mut files = vec![
        "results.json".to_string(),
        "results.csv".into(),
        "results.md".into(),
        "curves.csv".into(),
    ];
    for seed in [1, 2] {
        for row in ["ideal_values", "noisy", "noisier", "start"] {
            files.push(format!("seed{seed}/{row}/result.json"));
        }
    }
    for figure in [
        "main_drop.svg",
        "main_drop.png",
        "main_lines.svg",
        "main_lines.png",
    ] {
        files.push(format!("figures/{figure}"));
    }
    for file in &files {
        let [a, b] = ["whole", "parts"].map(|out| scratch.read(&format!("{out}/quick/{file}")));
        assert!(a == b, "{file} differs");
    }
    let results = scratch.read("whole/quick/results.json");
    let all = rows(&results);
    assert_eq!(all.len(), 4);
    for row in &all {
        assert_eq!(row["seeds"].as_array().map(Vec::len), Some(2), "{row}");
        assert_eq!(row["modes"].as_array().map(Vec::len), Some(7), "{row}");
    }
    assert_eq!(all[0]["modes"][0]["drop"]["mean"], 0.0);
    let epochs: Vec<_> = all.iter().map(|row| row["epochs"].as_u64()).collect();
    assert_eq!(epochs, [Some(1), Some(1), Some(1), Some(0)]);
    let page = String::from_utf8(scratch.read("whole/quick/results.md")).expect("text");
    let here = scratch.path().display().to_string();
    assert!(
        !page.contains(&here) && !page.contains("Still missing"),
        "{page}"
    );
    the_commands_reproduce_the_training(&scratch, &results);
    csv_has_a_line_for_every_mode(&scratch);
    curves_have_a_line_for_every_epoch(&scratch);
    texts_of_figures_stand_apart(&results);
    what_was_not_asked_for_is_not_counted(&results);
}

fn curves_have_a_line_for_every_epoch(scratch: &Folder) {
    let text = fs::read_to_string(scratch.at("whole/quick/curves.csv")).expect("a table");
    let mut lines = text.lines();
    let head = lines.next().expect("a head");
    assert!(
        head.starts_with("training,seed,epoch,rate,loss,train_accuracy"),
        "{head}"
    );
    let lines: Vec<&str> = lines.collect();
    // Two epochs in full precision, one quantized and one for either trained row, of two seeds.
    assert_eq!(lines.len(), 2 * 5, "{text}");
    for seed in 1..=2 {
        for training in ["float", "qat", "ideal_values", "noisy"] {
            let folder = format!("whole/quick/seed{seed}/{training}/curve.csv");
            let own = fs::read_to_string(scratch.at(&folder)).expect("a table");
            for line in own.lines().skip(1) {
                assert!(
                    lines.contains(&&*format!("{training},{seed},{line}")),
                    "{text}"
                );
            }
        }
    }
}

fn what_was_not_asked_for_is_not_counted(results: &[u8]) {
    let mut result: ExperimentResult = serde_json::from_slice(results).expect("JSON");
    let page = |result: &ExperimentResult| {
        let tables = report::experiment::tables(result, &[]).expect("tables");
        let page = tables.into_iter().find(|(name, _)| name == "results.md");
        String::from_utf8(page.expect("a page").1).expect("text")
    };
    let text = page(&result);
    assert!(
        text.contains("mean of 2 repeats") && text.contains("2 static virtual chips on 64 test"),
        "{text}"
    );
    let asked = &mut result.results[0].evaluation;
    (asked.repeats, asked.chips) = (0, 0);
    let text = page(&result);
    assert!(
        text.contains("noise at each read (not asked for)")
            && text.contains("static virtual chips (not asked for)"),
        "{text}"
    );
    assert!(
        !text.contains("0 repeats") && !text.contains("0 static"),
        "{text}"
    );
}

fn texts_of_figures_stand_apart(results: &[u8]) {
    let result: ExperimentResult = serde_json::from_slice(results).expect("JSON");
    let figures = report::experiment::drawn(&result);
    assert_eq!(figures.len(), 2);
    for figure in figures {
        let labels: Vec<_> = figure.picture.labels().collect();
        for (index, label) in labels.iter().enumerate() {
            let [left, top, right, bottom] = label.bounds();
            let inside = left >= 0.0 && top >= 0.0;
            let inside = inside && right <= figure.picture.width && bottom <= figure.picture.height;
            assert!(inside, "{}: `{}` leaves the page", figure.name, label.text);
            for other in &labels[index + 1..] {
                let apart = !overlap(label.bounds(), other.bounds());
                assert!(
                    apart,
                    "{}: `{}` on `{}`",
                    figure.name, label.text, other.text
                );
            }
        }
    }
}

/// What the page prints, typed by hand, gives the same training byte for byte.
fn the_commands_reproduce_the_training(scratch: &Folder, results: &[u8]) {
    let all: Value = serde_json::from_slice(results).expect("JSON");
    let results = all["results"].as_array().expect("results");
    let one = results
        .iter()
        .find(|one| one["row"] == "noisier" && one["seed"] == 2);
    for command in one.expect("a result")["commands"]
        .as_array()
        .expect("commands")
    {
        let command = command.as_str().expect("text").replace("OUT/", "again/");
        let program = env!("CARGO_BIN_EXE_imcsim");
        let command = command.replacen("imcsim", &format!("'{program}'"), 1);
        let status = Command::new("sh")
            .args(["-c", &command])
            .current_dir(scratch.path())
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("a shell").success(), "{command}");
    }
    let state = |out: &str| scratch.read(&format!("{out}/quick/seed2/noisy/state.safetensors"));
    assert!(state("again") == state("whole"));
    // An experiment takes over what was trained by hand, and trains nothing of it again.
    let output = scratch.run("again", &["--seeds", "2", "--rows", "noisier"]);
    assert!(output.status.success(), "{}", complaint(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("imcsim train"), "{said}");
    let result = |out: &str| scratch.read(&format!("{out}/quick/seed2/noisier/result.json"));
    assert!(result("again") == result("whole"));
}

fn csv_has_a_line_for_every_mode(scratch: &Folder) {
    let table = String::from_utf8(scratch.read("whole/quick/results.csv")).expect("text");
    assert_eq!(table.lines().count(), 1 + 4 * 2 * 7);
    assert!(table.starts_with("row,label,group,axis,series,seed,epochs,mode,re_estimated"));
}

#[test]
fn changed_files_are_refused_evaluated_again_or_only_shown_again() {
    let scratch = Folder::new();
    let one = ["--seeds", "1", "--quiet"];
    let output = scratch.run(
        "out",
        &[&one[..], &["--rows", "ideal_values,noisy"]].concat(),
    );
    assert!(output.status.success(), "{}", complaint(&output));
    let results = scratch.read("out/quick/results.json");
    let all = rows(&results);
    assert_eq!(all[1]["missing"], serde_json::json!([2]));
    assert_eq!(all[2]["missing"], serde_json::json!([1, 2]));
    let modes = all[1]["modes"].as_array().expect("modes");
    assert!(modes.iter().all(|mode| mode["paired"] == true), "{modes:?}");
    let page = String::from_utf8(scratch.read("out/quick/results.md")).expect("text");
    assert!(
        page.contains("Still missing") && page.contains("- noisy, noisier: seed 1, 2"),
        "{page}"
    );

    // Another training under the same name is refused, and nothing is lost.
    scratch.change("--method imcaq", "--method imcaq --noise 2");
    let output = scratch.run("out", &one);
    let error = complaint(&output);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("--noise 2") && error.contains("seed1/noisy"),
        "{error}"
    );
    assert!(scratch.read("out/quick/results.json") == results);
    scratch.change("float = \"--epochs 2", "float = \"--epochs 3");
    let output = scratch.run("out", &one);
    assert!(
        complaint(&output).contains("seed1/float"),
        "{}",
        complaint(&output)
    );

    // Another evaluation is done again, with the training that is there.
    let state = scratch.at("out/quick/seed1/noisy/state.safetensors");
    let trained = fs::metadata(&state)
        .and_then(|data| data.modified())
        .expect("a state");
    scratch.change("repeats = 2", "repeats = 3");
    let output = scratch.run("out", &[&one[..], &["--rows", "noisy"]].concat());
    assert!(output.status.success(), "{}", complaint(&output));
    let result: Value =
        serde_json::from_slice(&scratch.read("out/quick/seed1/noisy/result.json")).expect("JSON");
    let runs = &result["modes"]["read_noise"]["as_trained"]["accuracy"]["runs"];
    assert_eq!(runs.as_array().map(Vec::len), Some(3));
    let now = fs::metadata(&state)
        .and_then(|data| data.modified())
        .expect("a state");
    assert_eq!(now, trained);

    // Answers are those behind the result, or are refused.
    let answers = scratch.at("out/quick/seed1/noisy/answers.json.gz");
    let kept = fs::read(&answers).expect("written beside the result");
    let found = unpacked(&kept);
    assert_eq!(found["noise_free"][0].as_array().map(Vec::len), Some(128));
    let mut other = found.clone();
    let first = found["ideal"][0].as_u64().expect("a count");
    other["ideal"][0] = (1 - first).into();
    for wrong in [
        other.to_string().into_bytes(),
        b"{".to_vec(),
        kept[..kept.len() / 2].to_vec(),
    ] {
        fs::write(&answers, wrong).expect("scratch");
        let output = scratch.run("out", &[&one[..], &["--rows", "noisy"]].concat());
        assert_eq!(output.status.code(), Some(2));
        let error = complaint(&output);
        assert!(
            error.contains("answers.json.gz") && error.contains("remove it"),
            "{error}"
        );
    }
    fs::write(&answers, kept).expect("scratch");

    // The same network on the same hardware is not evaluated twice: a mark in one result is found in the other.
    let path = scratch.at("out/quick/seed1/noisy/result.json");
    let mut marked = result;
    marked["full_precision"] = 0.125.into();
    fs::write(&path, marked.to_string()).expect("scratch");
    scratch.change("repeats = 2", "repeats = 3");
    let file = fs::read_to_string(scratch.at("quick.toml")).expect("scratch");
    let twin = "\n[[row]]\nname = \"twin\"\nlabel = \"the same\"\nfrom = \"noisy\"\narch = \"reram_9wl\"\nset = [\"readout.binary_search.bits=3\"]\n";
    scratch.write("quick.toml", file + twin);
    let output = scratch.run("out", &[&one[..], &["--rows", "twin,noisier"]].concat());
    assert!(output.status.success(), "{}", complaint(&output));
    let full_precision = |row: &str| {
        let result = scratch.read(&format!("out/quick/seed1/{row}/result.json"));
        let result: Value = serde_json::from_slice(&result).expect("JSON");
        result["full_precision"].clone()
    };
    assert_eq!(full_precision("twin"), 0.125);
    let page = String::from_utf8(scratch.read("out/quick/results.md")).expect("text");
    assert!(page.contains("| the same (= `noisy`) |"), "{page}");
    assert!(page.contains("5 rows, of which 2 trainings"), "{page}");
    let of = |row: &str| scratch.read(&format!("out/quick/seed1/{row}/answers.json.gz"));
    assert_eq!(of("twin"), of("noisy"));
    assert_ne!(full_precision("noisier"), 0.125);

    // A damaged result is named.
    scratch.write("out/quick/seed1/noisy/result.json", "{");
    let output = scratch.run("out", &one);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        complaint(&output).contains("result.json"),
        "{}",
        complaint(&output)
    );
}

#[test]
fn a_row_that_fails_is_named_and_the_others_go_on() {
    let scratch = Folder::new();
    // A file where the folder of its training would be.
    scratch.write("out/quick/seed1/noisy", "");
    let output = scratch.run("out", &["--seeds", "1", "--quiet"]);
    let error = complaint(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("seed 1, row noisy: ") && error.contains("out/quick/seed1/noisy"),
        "{error}"
    );
    let all = rows(&scratch.read("out/quick/results.json"));
    let done: Vec<bool> = all
        .iter()
        .map(|row| row["seeds"] == serde_json::json!([1]))
        .collect();
    assert_eq!(done, [true, false, false, true]);
    // The row that takes its network does not try it again.
    assert!(
        error.contains("row noisier: the training of row noisy failed"),
        "{error}"
    );
}

#[test]
fn the_smoke_experiment_goes_through() {
    let scratch = Folder::new();
    let output = scratch.command("smoke", "out", &["--quiet"]).output();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{}", complaint(&output));
    assert!(output.stdout.is_empty());
    let page = String::from_utf8(scratch.read("out/smoke/results.md")).expect("text");
    assert!(page.contains("(`lattice` less `full_range`)"), "{page}");
    let all = rows(&scratch.read("out/smoke/results.json"));
    assert!(
        all.iter()
            .all(|row| row["missing"] == serde_json::json!([]))
    );
    let leftovers = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("folder");
        let names = entries.map(|entry| entry.expect("entry").file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into()).collect();
        names
            .into_iter()
            .filter(|name| name.contains(".tmp-"))
            .count()
    };
    assert_eq!(leftovers(&scratch.at("out/smoke")), 0);
    assert_eq!(leftovers(&scratch.at("out/smoke/seed1/lattice")), 0);
}
