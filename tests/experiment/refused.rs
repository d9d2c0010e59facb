//! Experiment files that are refused before anything is trained: keys that nothing would look at, macros that cannot work with the
//! network, files that are no text. What is shipped is not refused.

use super::support::no_short_text;
#[cfg(unix)]
use super::support::piped;
use super::{FILE, Folder, complaint};
use imcsim::experiment;
use imcsim::results::experiment::ExperimentResult;
use std::fs;
use std::path::{Path, PathBuf};

/// Parts of the file and what they are replaced by, once.
type Changes<'a> = &'a [(&'a str, &'a str)];

fn changed(changes: Changes) -> String {
    changes.iter().fold(FILE.to_string(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

const PLACE: &str = "group = \"main\"\naxis = 1.0";
const FIRST_ROW: &str = "[[row]]\nname = \"ideal_values\"";

#[test]
fn keys_without_influence_are_answered_with_line_and_key() {
    let solo = "arch = \"reram_9wl\"\ngroup = \"main\"";
    let group = |keys: &str| format!("[group.main]\n{keys}\n{FIRST_ROW}");
    let of_solo = |keys: &str| format!("[group.solo]\ntitle = \"x\"\n{keys}\n{FIRST_ROW}");
    let panels = |mode: &str| group(&format!("title = \"x\"\npanels = [\"m1\", \"{mode}\"]"));
    let (m2, m3) = (panels("m2"), panels("m3"));
    let (solo_axis, solo_panels) = (of_solo("axis = \"y\""), of_solo("panels = [\"m1\"]"));
    let untitled = group("title = \"\"");
    let compare = |label: &str| {
        format!("[[compare]]\nrow = \"noisy\"\nagainst = \"start\"\nlabel = \"{label}\"\n")
    };
    let twice = format!("{}{}{FIRST_ROW}", compare("x"), compare("y"));
    let unlabelled = format!("{}{FIRST_ROW}", compare(" "));
    let own = "arch = \"reram_9wl\"\ngroup = \"solo\"";
    let bits = "set = [\"readout.binary_search.bits=3\"]";
    let twice_set = "set = [\"readout.binary_search.bits=3\", \"readout.binary_search.bits = 4\"]";
    let noise = "sense_amp.noise.normal.sigma_ua=9\"]";
    let twice_noise = "sense_amp.noise.normal.sigma_ua=9\", \"name=a\", \"name=b\"]";
    let cases: &[(Changes, &str)] = &[
        (&[(PLACE, "axis = 1.0")], ":32: axis: the row has no group"),
        (
            &[(PLACE, "series = \"a\"")],
            ":32: series: the row has no group",
        ),
        (
            &[(PLACE, "group = \"main\"\nseries = \"a\"")],
            ":33: series: only a row with a place on the axis",
        ),
        (
            &[(PLACE, "group = \"main\"\naxis = 1.0\nseries = \" \"")],
            ":34: series: it is empty",
        ),
        (
            &[(solo, own), (FIRST_ROW, &solo_axis)],
            ":22: group.solo.axis: no row of the group has an `axis`",
        ),
        (
            &[(solo, own), (FIRST_ROW, &solo_panels)],
            ":22: group.solo.panels: no row of the group has an `axis`",
        ),
        (
            &[("repeats = 2", "repeats = 0"), (FIRST_ROW, &m2)],
            ":22: group.main.panels: m2 is not evaluated with repeats = 0",
        ),
        (
            &[("chips = 2", "chips = 0"), (FIRST_ROW, &m3)],
            ":22: group.main.panels: m3 is not evaluated with chips = 0",
        ),
        (
            &[(FIRST_ROW, &untitled)],
            ":21: group.main.title: it is empty",
        ),
        (&[("A quick one", "")], ":2: title: it is empty"),
        (
            &[("label = \"noisy\"", "label = \" \"")],
            ":28: label: it is empty",
        ),
        (
            &[(bits, twice_set)],
            ":31: set: `readout.binary_search.bits=3` and `readout.binary_search.bits = 4`",
        ),
        (
            &[(noise, twice_noise)],
            ":40: evaluate_set: `name=a` and `name=b` are about the same key",
        ),
        (
            &[(FIRST_ROW, &twice)],
            ":25: compare.row: `noisy` against `start` stands in line 21 already",
        ),
        (
            &[(FIRST_ROW, &unlabelled)],
            ":23: compare.label: it is empty",
        ),
    ];
    let scratch = Folder::new();
    let path = scratch.at("quick.toml").display().to_string();
    for (changes, told) in cases {
        scratch.write("quick.toml", changed(changes));
        let error = experiment::load(&path).expect_err(told).to_string();
        let start = format!("{path}{told}");
        assert!(error.starts_with(&start), "expected {start}\n{error}");
    }
    // Panels of what is evaluated, and an evaluation that overrides the training on purpose.
    for right in [
        changed(&[(FIRST_ROW, &m3)]),
        changed(&[(
            "evaluate_set = [\"",
            "evaluate_set = [\"readout.binary_search.bits=4\", \"",
        )]),
    ] {
        scratch.write("quick.toml", right);
        experiment::load(&path).expect("nothing is wrong with it");
    }
}

/// The row `noisy` trained otherwise.
fn noisy(train: &str, arch: &str, set: &str) -> String {
    format!("train = \"--method imcaq{train}\"\narch = \"{arch}\"\nset = [{set}]\n{PLACE}")
}

#[test]
fn macros_that_cannot_work_are_told_before_anything_is_trained() {
    let row = noisy("", "reram_9wl", "\"readout.binary_search.bits=3\"");
    let narrow = noisy("", "reram_9wl", "\"accumulator.bits=2\"");
    let column = "\"array={rows=256, columns=1, columns_per_readout=1}\"";
    let column = noisy("", "reram_9wl", column);
    let quiet =
        "\"readout.binary_search.sense_amp.noise={none={}}\", \"cell.on_off.read_noise={none={}}\"";
    let silent = noisy(" --learn thresholds", "reram_9wl", quiet);
    let exact = noisy(" --estimator expectation", "ideal", "");
    let learned = " --learn thresholds";
    let learned = noisy(learned, "reram_9wl", "\"readout.binary_search.bits=3\"");
    let noise = "readout.binary_search.sense_amp.noise.normal.sigma_ua=9";
    let cases: &[(Changes, &[&str])] = &[
        (
            &[(&row, &narrow)],
            &[
                "quick.toml:27: row `noisy`: train: layer f1 does not fit this macro",
                "--set accumulator.bits=2 (arch/reram_9wl.toml): accumulator.bits: expected at least",
            ],
        ),
        (
            &[(&row, &column)],
            &[
                "quick.toml:27: row `noisy`",
                "array.columns: expected at least 2 columns for one output, found 1",
            ],
        ),
        (
            &[(&row, &exact)],
            &[
                "quick.toml:27: row `noisy`: train: --estimator expectation on a macro without noise",
            ],
        ),
        (
            &[(&row, &silent)],
            &["row `noisy`: train: --learn thresholds on a macro without noise"],
        ),
        (
            &[(noise, "accumulator.bits=2")],
            &[
                "quick.toml:35: row `noisier`: its macro: layer f1 does not fit this macro",
                "accumulator.bits",
            ],
        ),
        // Seven levels were learned, and fifteen are to be read.
        (
            &[(&row, &learned), (noise, "readout.binary_search.bits=4")],
            &[
                "quick.toml:35: row `noisier`: its macro",
                "6 trained thresholds",
            ],
        ),
    ];
    let scratch = Folder::new();
    for (changes, told) in cases {
        scratch.write("quick.toml", changed(changes));
        let output = scratch.run("out", &[]);
        let error = complaint(&output);
        assert_eq!(output.status.code(), Some(2), "{told:?}: {error}");
        for told in *told {
            assert!(error.contains(told), "{told}: {error}");
        }
        assert!(!scratch.at("out").exists(), "{error}");
    }
}

#[test]
fn files_that_are_no_short_text_are_told() {
    no_short_text(FILE, |path| {
        experiment::load(path).expect_err(path).to_string()
    });
}

#[cfg(unix)]
#[test]
fn an_experiment_may_come_through_a_pipe() {
    let scratch = Folder::new();
    let command = scratch.command("/dev/stdin", "out", &[]);
    let error = piped(command, &changed(&[("title =", "titel =")]));
    assert!(error.contains("/dev/stdin:2: titel"), "{error}");
}

/// Every results.json below a folder.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("shipped") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.ends_with("results.json") {
            found.push(path);
        }
    }
}

#[test]
fn no_shipped_result_contradicts_itself() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results");
    let (mut checked, mut found) = (0, Vec::new());
    pages(&folder, &mut found);
    for page in found {
        let text = fs::read(&page).expect("shipped");
        let all: ExperimentResult = serde_json::from_slice(&text).expect("JSON");
        for result in &all.results {
            let found = experiment::contradiction(result);
            assert_eq!(found, None, "{}, row {}", page.display(), result.row);
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} results");
}
