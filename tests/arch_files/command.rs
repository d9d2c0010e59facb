//! `imcsim show` as a user starts it: from anywhere, on a screen or as JSON, with its exit codes.

use super::{file, set};
use std::fs;

/// Exit code, standard output and standard error of the program, started in an empty folder.
fn program(arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = file("nowhere").with_extension("");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_imcsim"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn show_prints_facts_and_assumptions() {
    let (code, shown, _) = program(&["show", "arch/reram_9wl.toml"]);
    assert_eq!(code, Some(0));
    let assumed = shown.find("59 of 73 numbers are assumed");
    let sourced = shown.find("14 of 73 numbers have a source");
    assert!(assumed.is_some() && assumed < sourced, "{shown}");
    assert!(shown.contains("15 codes, symmetric about 0"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 100));
    let (code, shown, _) = program(&["show", "reram_9wl", "--set", "array.rows=128", "--json"]);
    assert_eq!(code, Some(0));
    let summary: imcsim::results::run::ArchSummary =
        serde_json::from_str(&shown).expect("the keys `arch` of summary.json");
    let expected = set("reram_9wl", &["array.rows=128"]).expect("right");
    assert_eq!(summary, expected.summary);
}

#[test]
fn wrong_hardware_exits_with_two() {
    for arguments in [
        vec!["show", "banana"],
        vec!["show", "ideal", "--set", "array.rows=0"],
        vec!["show", "ideal", "--set", "array.rows"],
        vec!["show", "."],
        vec!["show"],
    ] {
        let (code, shown, error) = program(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(shown.is_empty() && !error.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_list_that_does_not_fit_the_references_is_named_with_its_line() {
    let path = format!("{}/arch/reram_9wl.toml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).expect("shipped");
    let number = "noise.normal = { sigma_ua = 2.2 }";
    let listed = |count: usize| {
        let sigmas = vec!["2.2"; count].join(", ");
        text.replace(
            number,
            &format!("noise.normal = {{ sigma_ua = [{sigmas}] }}"),
        )
    };
    let line = 1 + text.lines().position(|line| line == number).expect("there");
    let macro_file = file("listed_sense_amps");
    let name = macro_file.to_str().expect("UTF-8");
    let out = file("listed_margin").with_extension("");
    let margin = |text: String| {
        let _ = fs::remove_dir_all(&out);
        fs::write(&macro_file, text).expect("written");
        let out = out.to_str().expect("UTF-8");
        program(&["margin", name, "--samples", "0", "--quiet", "--out", out])
    };
    let (code, _, error) = margin(listed(13));
    assert_eq!(code, Some(2), "{error}");
    let start = format!("{name}:{line}: readout.binary_search.sense_amp.noise.normal.sigma_ua");
    assert!(error.contains(&start), "{error}");
    assert!(error.contains("expected 14 standard deviations"), "{error}");
    let (code, _, error) = margin(listed(14));
    assert_eq!(code, Some(0), "{error}");
}
