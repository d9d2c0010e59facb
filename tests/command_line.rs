//! The program towards its reader and its shell: a closed pipe is no failure, errors are said once, wrong numbers get their
//! range, and a place that cannot be written is refused before the work starts.

mod support;

use std::process::Stdio;
use support::Scratch;

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
