//! The program towards its reader and its shell: a closed pipe is no failure, errors are said once, wrong numbers get their
//! range, names from files command neither the terminal nor the path, and a place that cannot be written, or holds what is
//! somebody else's, is refused before the work starts.

mod support;

use std::path::Path;
use std::process::Stdio;
use support::{Scratch, TINY, shipped};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = Scratch::new();
    let margin = ["margin", "reram_9wl", "--samples", "0"];
    for arguments in [
        &margin[..],
        &["show", "reram_9wl"],
        &["show", "--json", "ideal"],
    ] {
        let (reader, writer) = std::io::pipe().expect("pipe");
        drop(reader);
        let output = folder
            .command(arguments)
            .stdout(writer)
            .output()
            .expect("the program starts");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert!(output.status.success(), "{arguments:?}");
    }
    assert!(
        folder
            .at("imcsim-out/margin-reram_9wl/report.html")
            .is_file()
    );
}

#[test]
fn an_error_that_nobody_reads_keeps_its_exit_code() {
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    let folder = Scratch::new();
    let status = folder
        .command(["show", "nowhere.toml"])
        .stdout(Stdio::null())
        .stderr(writer)
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn the_answer_of_the_operating_system_is_said_once() {
    let folder = Scratch::new();
    for arguments in [
        &["run", "ideal", "--model", "lenet", "--weights", "nosuch"][..],
        &["run", "ideal", "--data", "images:nosuch"],
        &["show", "nosuch.toml"],
    ] {
        let output = folder.imcsim(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.matches("os error").count() <= 1, "{error}");
        assert!(error.contains("nosuch"), "{error}");
    }
}

#[test]
fn a_negative_number_is_answered_with_the_range() {
    let folder = Scratch::new();
    for arguments in [
        &["run", "ideal", "--seed", "-1"][..],
        &["margin", "ideal", "--seed", "-1"],
        &["run", "ideal", "--images", "-1"],
        &["margin", "ideal", "--z", "-1"],
        &["train", "--method", "float", "--out", "x", "--epochs", "-1"],
    ] {
        let output = folder.imcsim(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains("-1"), "{error}");
        assert_eq!(
            arguments.contains(&"--seed"),
            error.contains("from 0 to 18446744073709551615"),
            "{error}"
        );
        assert!(!error.contains("unexpected argument"), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_is_refused_first() {
    let folder = Scratch::new();
    for arguments in [
        // Endless, if the place were looked at last.
        &["run", "ideal", "--repeats", "10000", "--out", "/proc/x"][..],
        &["margin", "ideal", "--out", "/proc/x"],
    ] {
        let output = folder.imcsim(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("/proc/x"), "{error}");
    }
    // A check leaves nothing behind, not even the parents it made.
    let unfit = ["run", "ideal", "--data", "images:nosuch", "--out", "a/b/c"];
    assert!(!folder.imcsim(&unfit).status.success());
    let left = std::fs::read_dir(folder.path()).expect("folder").count();
    assert_eq!(left, 0);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("folder");
    let names = entries.map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into()).collect();
    names.sort();
    names
}

/// A shipped macro under a name that would clear the screen and leave the folder.
fn hostile(folder: &Scratch) {
    let own = "name = \"ideal\"";
    let text = shipped("ideal");
    assert!(text.contains(own));
    let name = r#"name = "a/../../../x\u001b[2J\u0000""#;
    folder.write("hostile.toml", text.replace(own, name));
    let network = r#"name = "t\u001b[2Jiny""#;
    folder.write("tiny.toml", TINY.replace("name = \"tiny\"", network));
}

#[test]
fn names_from_files_do_not_command_the_terminal() {
    let folder = Scratch::new();
    hostile(&folder);
    for (arguments, code) in [
        (&["show", "hostile.toml"][..], 0),
        (&["margin", "hostile.toml", "--samples", "0"], 0),
        (
            &[
                "record",
                "--model",
                "tiny.toml",
                "--layer",
                "f9",
                "--out",
                "t",
            ],
            2,
        ),
    ] {
        let output = folder.imcsim(arguments);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        let commands = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!said.contains(commands), "{said:?}");
        let named = said.contains("\u{fffd}[2J") || said.contains("x__2J_");
        assert!(named, "{said}");
    }
}

#[test]
fn names_from_files_do_not_lead_out_of_the_folder() {
    let folder = Scratch::new();
    hostile(&folder);
    let output = folder.imcsim(&["margin", "hostile.toml", "--samples", "0"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let expected = ["hostile.toml", "imcsim-out", "tiny.toml"];
    assert_eq!(names(folder.path()), expected);
    let reports = names(&folder.at("imcsim-out"));
    assert_eq!(reports, ["margin-a_.._.._.._x__2J_"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_refused_first() {
    let folder = Scratch::new();
    std::os::unix::fs::symlink("nowhere", folder.at("link")).expect("link");
    for arguments in [
        // Endless, if the place were looked at last.
        &["run", "ideal", "--repeats", "10000", "--out", "link"][..],
        &["margin", "ideal", "--out", "link/"],
        &["record", "--layer", "conv2", "--out", "link"],
    ] {
        let output = folder.imcsim(arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("link"), "{error}");
        assert_eq!(names(folder.path()), ["link"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_said_names_standard_output() {
    let folder = Scratch::new();
    let full = std::fs::File::options().write(true).open("/dev/full");
    let output = folder
        .command(["show", "ideal"])
        .stdout(full.expect("there"))
        .output()
        .expect("the program starts");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.starts_with("error: standard output: "), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_answer_is_said_where_the_report_cannot_be_written() {
    let folder = Scratch::new();
    // No file may hold a byte, as on a full disk.
    let full = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    for (option, begins) in [("--seed=1", "patterns"), ("--json", "{")] {
        let output = std::process::Command::new("sh")
            .args(["-c", full, env!("CARGO_BIN_EXE_imcsim")])
            .args(["margin", "ideal", "--samples", "0", option])
            .current_dir(folder.path())
            .output()
            .expect("the shell starts");
        let (said, error) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("summary.json"), "{error}");
        assert!(said.contains(begins) && said.lines().count() > 2, "{said}");
        assert!(!said.contains("report.html"), "{said}");
        let left = names(&folder.at("imcsim-out"));
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_training_replaces_no_files_of_others() {
    let folder = Scratch::new();
    folder.write("tiny.toml", TINY);
    let train = |out: &str| {
        let options = "train --model tiny.toml --method float --epochs 1 --train-images 64";
        let own = options.split(' ').chain(["--out", out]);
        folder.imcsim(&own.collect::<Vec<_>>())
    };
    for name in ["curve.csv", "curve.png", "deployed.safetensors"] {
        folder.write(&format!("mine/{name}"), "irreplaceable");
        let output = train("mine");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(name), "{error}");
        let kept = std::fs::read(folder.at("mine").join(name)).expect("kept");
        assert_eq!(kept, b"irreplaceable");
        std::fs::remove_dir_all(folder.at("mine")).expect("scratch folder");
    }
    folder.write("mine/notes.txt", "in nobody's way");
    for _ in 0..2 {
        let output = train("mine");
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert!(folder.at("mine/curve.csv").is_file());
}
