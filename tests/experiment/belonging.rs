//! What lies in the folders of an experiment against what is asked for: networks, macros, images, starts and results of
//! something else are refused, evaluated again or left out, never taken for the row's.

use super::support::{TINY, shipped};
use super::{FILE, Folder, complaint, unpacked};
use imcsim::fingerprint::fingerprint;
use imcsim::net::checkpoint::{self, Metadata};
use imcsim::net::network::IntNetwork;
use imcsim::net::spec::parse;
use imcsim::net::weights;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

/// One seed, every row but the last on a macro file of its own.
fn file() -> String {
    let file = FILE.replace("seeds = [1, 2]", "seeds = [1]");
    file.replace("reram_9wl", "my.toml")
}

/// A finished experiment, made once and copied for every test.
fn finished() -> &'static PathBuf {
    static FINISHED: OnceLock<PathBuf> = OnceLock::new();
    FINISHED.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("finished_experiment");
        let _ = fs::remove_dir_all(&place);
        let scratch = prepared();
        let output = scratch.run("out", &["--quiet"]);
        assert!(output.status.success(), "{}", complaint(&output));
        copy(scratch.path(), &place);
        place
    })
}

fn prepared() -> Folder {
    let scratch = Folder::new();
    scratch.write("my.toml", shipped("reram_9wl"));
    scratch.write("quick.toml", file());
    scratch
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("scratch folder");
    for entry in fs::read_dir(from).expect("scratch folder") {
        let entry = entry.expect("entry");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("scratch file");
        }
    }
}

/// The finished experiment in a folder of its own.
pub struct Finished(pub Folder);

impl Finished {
    pub fn new() -> Self {
        let scratch = Folder::new();
        copy(finished(), scratch.path());
        Finished(scratch)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.at("out/quick/seed1").join(name)
    }

    pub fn run(&self, more: &[&str]) -> Output {
        self.0.run("out", more)
    }

    /// What the program says where it refuses its input.
    pub fn refused(&self, more: &[&str]) -> String {
        let output = self.run(more);
        let error = complaint(&output);
        assert_eq!(output.status.code(), Some(2), "{error}");
        error
    }

    pub fn succeeds(&self, more: &[&str]) -> String {
        let output = self.run(more);
        assert!(output.status.success(), "{}", complaint(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn result(&self, row: &str) -> Value {
        let text = fs::read(self.at(row).join("result.json")).expect("a result");
        serde_json::from_slice(&text).expect("JSON")
    }

    pub fn change_result(&self, row: &str, change: impl FnOnce(&mut Value)) {
        let mut result = self.result(row);
        change(&mut result);
        fs::write(self.at(row).join("result.json"), result.to_string()).expect("scratch file");
    }

    /// A number that no evaluation leaves: it stays as long as the result does.
    pub fn mark(&self, row: &str) {
        self.change_result(row, |result| result["full_precision"] = json!(0.125));
    }

    pub fn is_marked(&self, row: &str) -> bool {
        self.result(row)["full_precision"] == json!(0.125)
    }

    fn network(&self, row: &str) -> (IntNetwork, Metadata) {
        let network = parse(TINY, "tiny.toml").expect("a network");
        let path = self.at(row).join("deployed.safetensors");
        let trained = weights::load(&path, &network).expect("a network");
        (trained.network, trained.metadata)
    }

    fn change_network(&self, row: &str, change: impl FnOnce(&mut IntNetwork, &mut Metadata)) {
        let (mut network, mut metadata) = self.network(row);
        change(&mut network, &mut metadata);
        let path = self.at(row).join("deployed.safetensors");
        checkpoint::save(&network, &metadata, &path).expect("scratch file");
    }

    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.0.at(name);
        let text = fs::read_to_string(&path).expect("scratch file");
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replacen(from, to, 1)).expect("scratch file");
    }
}

#[test]
fn a_result_is_that_of_the_network_beside_it() {
    let test = Finished::new();
    // The same network on the same macro is evaluated once: a row of it takes over the result.
    let twin = "\n[[row]]\nname = \"twin\"\nlabel = \"the same\"\nfrom = \"noisy\"\narch = \"my.toml\"\nset = [\"readout.binary_search.bits=3\"]\n";
    test.0.write("quick.toml", file() + twin);
    test.mark("noisy");
    test.succeeds(&["--quiet"]);
    assert!(test.is_marked("noisy") && test.is_marked("twin"));
    // Another network: neither result is its.
    test.change_network("noisy", |network, _| {
        let scale = &mut network.layers[0].scale[0];
        *scale = -*scale;
    });
    fs::remove_file(test.at("twin/result.json")).expect("scratch file");
    test.succeeds(&["--quiet", "--rows", "twin"]);
    assert!(
        !test.is_marked("twin"),
        "not taken over from the old result"
    );
    assert!(test.is_marked("noisy"), "not looked at");
    let page = fs::read_to_string(test.0.at("out/quick/results.md")).expect("a page");
    assert!(page.contains("- noisy: seed 1"), "still missing: {page}");
    test.succeeds(&["--quiet", "--rows", "noisy"]);
    assert!(!test.is_marked("noisy"));
    // The key is the hash of the network; a result of a program that did not keep it is evaluated again, one that was given
    // it by hand stands.
    let key = test.result("noisy")["evaluation"]["weights_fingerprint"].clone();
    assert_eq!(key.as_str().map(str::len), Some(16), "{key}");
    // Who trained it makes no other network.
    test.mark("noisy");
    test.change_network("noisy", |_, metadata| {
        metadata.insert("trained_by".into(), "another program".into());
    });
    test.succeeds(&["--quiet", "--rows", "noisy"]);
    assert!(test.is_marked("noisy"));
    for (given, kept) in [(Value::Null, false), (key, true)] {
        test.mark("noisy");
        test.change_result("noisy", |result| {
            let evaluation = result["evaluation"].as_object_mut().expect("keys");
            evaluation.remove("weights_fingerprint");
            if !given.is_null() {
                evaluation.insert("weights_fingerprint".into(), given.clone());
            }
            // Such a program kept none of these either.
            let result = result.as_object_mut().expect("keys");
            result.remove("train_data_fingerprint");
            result.remove("trained_by");
            result.remove("training_fingerprint");
            result.remove("start_fingerprint");
        });
        test.succeeds(&["--quiet", "--rows", "noisy"]);
        assert_eq!(test.is_marked("noisy"), kept, "{given}");
    }
}

#[test]
fn a_macro_that_was_changed_after_the_training_is_refused() {
    let test = Finished::new();
    let text = fs::read_to_string(test.0.at("my.toml")).expect("scratch file");
    test.edit("my.toml", "sigma_ua = 2.2", "sigma_ua = 2.5");
    for rows in ["noisy", "noisier"] {
        let error = test.refused(&["--rows", rows]);
        for part in ["my.toml", "another macro", "noisy/deployed.safetensors"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    // A row that is not selected is left out, and the reason is told.
    let output = test.run(&["--rows", "ideal_values", "--quiet"]);
    let warning = complaint(&output);
    assert!(output.status.success(), "{warning}");
    assert!(
        warning.contains("warning: seed 1, row noisy: left out") && warning.contains("my.toml"),
        "{warning}"
    );
    // A network whose program did not record its macro is taken at its word.
    test.change_network("noisy", |_, metadata| {
        metadata.remove("trained_through_fingerprint");
    });
    // Where a state is left, it tells.
    let error = test.refused(&["--rows", "noisy"]);
    assert!(error.contains("the macro (--arch and --set)"), "{error}");
    fs::remove_file(test.at("noisy/state.safetensors")).expect("scratch file");
    // So does a result that says what training it is of.
    let error = test.refused(&["--rows", "noisy"]);
    assert!(
        error.contains("the macro or the shipped start has changed"),
        "{error}"
    );
    test.change_result("noisy", |result| {
        result["training_fingerprint"] = Value::Null;
    });
    test.succeeds(&["--rows", "noisy", "--quiet"]);
    test.0.write("my.toml", text);
}

#[test]
fn other_training_images_are_refused() {
    let test = Finished::new();
    let now = test.result("noisy")["train_data_fingerprint"].clone();
    assert_eq!(now.as_str().map(str::len), Some(16), "{now}");
    test.change_result("noisy", |result| {
        result["train_data_fingerprint"] = json!("0123456789abcdef");
    });
    let error = test.refused(&[]);
    assert!(
        error.contains("training images") && error.contains("fingerprint 0123456789abcdef"),
        "{error}"
    );
    test.change_result("noisy", |result| {
        result["data_fingerprint"] = json!("fedcba9876543210");
    });
    let error = test.refused(&[]);
    assert!(error.contains("fingerprint fedcba9876543210"), "{error}");
    fs::remove_file(test.at("noisy/result.json")).expect("scratch file");
    test.change_network("noisy", |_, metadata| {
        let found = metadata.get_mut("train_data_fingerprint").expect("kept");
        *found = "0123456789abcdef".into();
    });
    let error = test.refused(&[]);
    assert!(error.contains("train_data_fingerprint"), "{error}");
}

#[test]
fn a_network_that_was_read_otherwise_is_not_the_rows() {
    for (key, there) in [("estimator", "reinmax"), ("train_noise", "0.5")] {
        let test = Finished::new();
        test.change_network("noisy", |_, metadata| {
            *metadata.get_mut(key).expect("kept") = there.into();
        });
        let error = test.refused(&[]);
        assert!(error.contains(&format!("({key} {there} there")), "{error}");
    }
}

#[test]
fn folders_without_commands_are_known_by_their_states() {
    let test = Finished::new();
    for row in ["float", "qat", "ideal_values", "noisy"] {
        fs::remove_file(test.at(row).join("commands.txt")).expect("written");
    }
    let said = test.succeeds(&[]);
    assert_eq!(said.matches("there already").count(), 4, "{said}");
    // The same folders under other settings.
    test.edit(
        "quick.toml",
        "common = \"--epochs 1",
        "common = \"--lr 0.5 --epochs 1",
    );
    let error = test.refused(&["--rows", "ideal_values"]);
    assert!(
        error.contains("ideal_values has no commands.txt")
            && error.contains("--lr 0.02 there, 0.5 now"),
        "{error}"
    );
    test.edit("quick.toml", "--lr 0.5 ", "");
    // The training of another row.
    let kept = fs::read(test.at("ideal_values/state.safetensors")).expect("a state");
    fs::copy(
        test.at("noisy/state.safetensors"),
        test.at("ideal_values/state.safetensors"),
    )
    .expect("scratch file");
    let error = test.refused(&["--rows", "ideal_values"]);
    assert!(
        error.contains("its state is not one of this training"),
        "{error}"
    );
    fs::write(test.at("ideal_values/state.safetensors"), kept).expect("scratch file");
    // The network of another state.
    test.change_network("ideal_values", |_, metadata| {
        metadata.insert("accuracy_quantized".into(), "0.0001".into());
    });
    let error = test.refused(&["--rows", "ideal_values"]);
    assert!(error.contains("not the network of the state"), "{error}");
    // A network alone.
    fs::remove_file(test.at("noisy/state.safetensors")).expect("scratch file");
    let error = test.refused(&["--rows", "noisy"]);
    assert!(error.contains("nothing beside it says"), "{error}");
}

#[test]
fn a_start_that_changed_is_told() {
    let test = Finished::new();
    let notes = fs::read_to_string(test.at("qat/commands.txt")).expect("written");
    let state = fs::read(test.at("float/state.safetensors")).expect("a state");
    let line = format!("# its --init has the fingerprint {}\n", fingerprint(&state));
    assert!(notes.contains(&line), "{notes}");
    let other = notes.replace(&fingerprint(&state), "0123456789abcdef");
    fs::write(test.at("qat/commands.txt"), other).expect("scratch file");
    let error = test.refused(&[]);
    assert!(
        error.contains("started from something else than") && error.contains("float/state"),
        "{error}"
    );
    // An older program did not note it, and a start that was removed cannot be compared.
    fs::write(test.at("qat/commands.txt"), notes.replace(&line, "")).expect("scratch file");
    test.succeeds(&["--quiet"]);
    fs::write(test.at("qat/commands.txt"), &notes).expect("scratch file");
    fs::remove_file(test.at("float/state.safetensors")).expect("scratch file");
    test.succeeds(&["--quiet"]);
    // Without commands the state tells: here what `noisy` started from.
    fs::remove_file(test.at("noisy/commands.txt")).expect("scratch file");
    test.succeeds(&["--quiet"]);
    // The same training in other bytes: blanks at the end of the header mean nothing.
    let mut bytes = fs::read(test.at("qat/state.safetensors")).expect("a state");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    let end = 8 + length as usize;
    bytes.splice(end..end, [b' '; 8]);
    bytes[..8].copy_from_slice(&(length + 8).to_le_bytes());
    fs::write(test.at("qat/state.safetensors"), bytes).expect("scratch file");
    fs::remove_file(test.at("ideal_values/commands.txt")).expect("scratch file");
    let error = test.refused(&["--rows", "noisy"]);
    assert!(error.contains("it started"), "{error}");
}

#[test]
fn a_row_that_stands_on_no_start_any_more_is_told() {
    let test = Finished::new();
    // Its start is gone, and what is trained instead is another one: as if another program had trained it.
    let notes = fs::read_to_string(test.at("noisy/commands.txt")).expect("written");
    let state = fs::read(test.at("qat/state.safetensors")).expect("a state");
    let other = notes.replace(&fingerprint(&state), "0123456789abcdef");
    assert_ne!(other, notes);
    fs::write(test.at("noisy/commands.txt"), other).expect("scratch file");
    for row in ["float", "qat", "ideal_values"] {
        fs::remove_dir_all(test.at(row)).expect("scratch folder");
    }
    let output = test.run(&["--quiet"]);
    let error = complaint(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("row noisy: ") && error.contains("started from something else"),
        "{error}"
    );
    assert!(test.at("ideal_values/result.json").is_file());
}

#[test]
fn a_curve_of_other_images_is_kept() {
    let test = Finished::new();
    let notes = fs::read_to_string(test.at("float/commands.txt")).expect("written");
    let (before, images) = notes.trim_end().rsplit_once(' ').expect("a fingerprint");
    assert!(before.ends_with("# its images have the fingerprint"));
    fs::write(
        test.at("float/commands.txt"),
        notes.replace(images, "0123456789abcdef"),
    )
    .expect("scratch file");
    fs::remove_file(test.at("float/state.safetensors")).expect("scratch file");
    for row in ["qat", "noisy", "ideal_values"] {
        fs::remove_dir_all(test.at(row)).expect("scratch folder");
    }
    let output = test.run(&["--rows", "noisy"]);
    let error = complaint(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("float/curve.csv is of another training or of other images"),
        "{error}"
    );
}

#[test]
fn a_state_of_another_training_under_the_same_commands_is_refused() {
    let test = Finished::new();
    fs::copy(
        test.at("ideal_values/state.safetensors"),
        test.at("qat/state.safetensors"),
    )
    .expect("scratch file");
    let error = test.refused(&["--rows", "noisy"]);
    for part in [
        "seed1/qat",
        "its data set differs",
        "remove it to train anew",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn commands_alone_are_in_nobodys_way() {
    let test = Finished::new();
    for name in ["state.safetensors", "deployed.safetensors", "result.json"] {
        fs::remove_file(test.at("noisy").join(name)).expect("scratch file");
    }
    let right = fs::read(test.at("noisy/commands.txt")).expect("written");
    fs::write(test.at("noisy/commands.txt"), "imcsim train --wrong\n").expect("scratch file");
    test.succeeds(&["--quiet", "--rows", "noisy"]);
    assert_eq!(
        fs::read(test.at("noisy/commands.txt")).expect("written"),
        right
    );
}

#[test]
fn one_process_trains_in_a_folder() {
    let test = Finished::new();
    for name in [
        "noisy/state.safetensors",
        "noisy/deployed.safetensors",
        "noisy/result.json",
        "noisier/result.json",
    ] {
        fs::remove_file(test.at(name)).expect("scratch file");
    }
    let lock = File::create(test.at("noisy/training.lock")).expect("scratch file");
    lock.try_lock().expect("nobody else has it");
    let output = test.run(&["--quiet", "--rows", "noisy,noisier"]);
    let error = complaint(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("row noisy") && error.contains("another process trains there"),
        "{error}"
    );
    assert!(!test.at("noisy/state.safetensors").exists());
    // Tried once: the row that takes this network repeats the answer.
    assert!(
        error.contains("row noisier: the training of row noisy failed"),
        "{error}"
    );
    drop(lock);
    test.succeeds(&["--quiet"]);
}

#[test]
fn damaged_and_foreign_results_are_told() {
    let test = Finished::new();
    let path = test.at("ideal_values/result.json");
    let right = fs::read(&path).expect("a result");
    let damages: [(&str, &dyn Fn()); 5] = [
        ("not a result of this program", &|| {
            fs::write(&path, "{").expect("scratch file");
        }),
        ("it is of row noisy, not of row ideal_values", &|| {
            fs::copy(test.at("noisy/result.json"), &path).expect("scratch file");
        }),
        ("it is of schema 9", &|| {
            test.change_result("ideal_values", |result| result["schema"] = json!(9));
        }),
        ("ideal: 900 of 128 images", &|| {
            test.change_result("ideal_values", |result| {
                result["modes"]["ideal"]["correct"] = json!(900);
            });
        }),
        ("full_precision: 93.5 is no share", &|| {
            test.change_result("ideal_values", |result| {
                result["full_precision"] = json!(93.5);
            });
        }),
    ];
    for (told, damage) in damages {
        damage();
        let output = test.run(&["--quiet", "--rows", "noisy"]);
        let warning = complaint(&output);
        assert!(output.status.success(), "{warning}");
        assert!(
            warning.starts_with("warning: seed 1, row ideal_values: left out of the page"),
            "{warning}"
        );
        assert!(warning.contains(told), "{told}: {warning}");
        assert_eq!(warning.matches("warning").count(), 1, "{warning}");
        let error = test.refused(&["--rows", "ideal_values"]);
        assert!(
            error.contains(told) && error.contains("emove it"),
            "{error}"
        );
        fs::write(&path, &right).expect("scratch file");
    }
}

#[test]
fn answers_of_more_runs_than_there_are_are_told() {
    let test = Finished::new();
    let path = test.at("noisy/answers.json.gz");
    let text = fs::read(&path).expect("kept");
    let mut answers = unpacked(&text);
    // Both of the two repeats had one image right; a third answer is taken from another image, so that the counts add up.
    let counts = answers["read_noise"][0].as_array_mut().expect("counts");
    let always = counts.iter().position(|n| *n == 2).expect("an image");
    let mut others = counts.iter_mut().enumerate();
    let other = others.find(|(image, n)| *image != always && **n != 0);
    let (_, other) = other.expect("another image");
    *other = json!(other.as_u64().expect("a count") - 1);
    counts[always] = json!(3);
    fs::write(&path, answers.to_string()).expect("scratch file");
    let error = test.refused(&["--rows", "noisy"]);
    let told = format!("read_noise: 3 runs classified image {always} correctly, of 2");
    assert!(
        error.contains(&told) && error.contains("answers.json") && error.contains("emove it"),
        "{error}"
    );
}

#[test]
fn pages_tell_who_trained_and_who_evaluated() {
    let test = Finished::new();
    let here = format!("imcsim {}, commit ", env!("CARGO_PKG_VERSION"));
    let page = fs::read_to_string(test.0.at("out/quick/results.md")).expect("a page");
    assert!(
        page.contains("imcsim experiment quick.toml --out OUT\n"),
        "{page}"
    );
    assert!(page.contains(&format!("trained by {here}")), "{page}");
    assert!(page.contains(&format!(" by {here}")), "{page}");
    // Another program trained it first.
    test.change_network("noisy", |_, metadata| {
        let there = metadata.get_mut("trained_by").expect("kept");
        *there = format!("imcsim 0.0.9, commit abc; {there}");
    });
    fs::remove_file(test.at("noisy/result.json")).expect("scratch file");
    test.succeeds(&["--quiet", "--rows", "noisy"]);
    let page = fs::read_to_string(test.0.at("out/quick/results.md")).expect("a page");
    let both = format!("trained by imcsim 0.0.9, commit abc, then {here}");
    assert!(page.contains(&both), "{page}");
    // Rows that were asked for last are not all that the page has.
    assert!(!page.contains("--rows"), "{page}");
    test.change_network("noisy", |_, metadata| {
        metadata.remove("trained_by");
    });
    fs::remove_file(test.at("noisy/result.json")).expect("scratch file");
    test.succeeds(&["--quiet", "--rows", "noisy"]);
    let page = fs::read_to_string(test.0.at("out/quick/results.md")).expect("a page");
    assert!(
        page.contains("trained by not recorded; evaluated on"),
        "{page}"
    );
}
