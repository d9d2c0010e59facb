//! The program towards its reader and its shell: a closed pipe is no failure, errors are said once, wrong numbers get their
//! range, and a place that cannot be written is refused before the work starts.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// An empty folder of its own.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("command_line")
        .join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("temporary folder");
    path
}

fn imcsim(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_imcsim"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = scratch("pipe");
    let margin = ["margin", "reram_9wl", "--samples", "0"];
    for arguments in [
        &margin[..],
        &["show", "reram_9wl"],
        &["show", "--json", "ideal"],
    ] {
        let (reader, writer) = std::io::pipe().expect("pipe");
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_imcsim"))
            .args(arguments)
            .current_dir(&folder)
            .stdout(writer)
            .output()
            .expect("the program starts");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert!(output.status.success(), "{arguments:?}");
    }
    assert!(
        folder
            .join("imcsim-out/margin-reram_9wl/report.html")
            .is_file()
    );
}

#[test]
fn an_error_that_nobody_reads_keeps_its_exit_code() {
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_imcsim"))
        .args(["show", "nowhere.toml"])
        .stdout(Stdio::null())
        .stderr(writer)
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn the_answer_of_the_operating_system_is_said_once() {
    let folder = scratch("once");
    for arguments in [
        &["run", "ideal", "--model", "lenet", "--weights", "nosuch"][..],
        &["run", "ideal", "--data", "images:nosuch"],
        &["show", "nosuch.toml"],
    ] {
        let output = imcsim(&folder, arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.matches("os error").count() <= 1, "{error}");
        assert!(error.contains("nosuch"), "{error}");
    }
}

#[test]
fn a_negative_number_is_answered_with_the_range() {
    let folder = scratch("negative");
    for arguments in [
        &["run", "ideal", "--seed", "-1"][..],
        &["margin", "ideal", "--seed", "-1"],
        &["run", "ideal", "--images", "-1"],
        &["margin", "ideal", "--z", "-1"],
        &["train", "--method", "float", "--out", "x", "--epochs", "-1"],
    ] {
        let output = imcsim(&folder, arguments);
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
    let folder = scratch("place");
    for arguments in [
        // Endless, if the place were looked at last.
        &["run", "ideal", "--repeats", "10000", "--out", "/proc/x"][..],
        &["margin", "ideal", "--out", "/proc/x"],
    ] {
        let output = imcsim(&folder, arguments);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("/proc/x"), "{error}");
    }
    // A check leaves nothing behind, not even the parents it made.
    let unfit = ["run", "ideal", "--data", "images:nosuch", "--out", "a/b/c"];
    assert!(!imcsim(&folder, &unfit).status.success());
    let left = std::fs::read_dir(&folder).expect("folder").count();
    assert_eq!(left, 0);
}
