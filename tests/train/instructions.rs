//! A training with fewer vector instructions than the processor has: what it says of itself, that it repeats bit for bit, and what
//! is said where others go on with it.

use super::support::{Scratch, TINY};
use imcsim::instructions::Instructions;
use safetensors::SafeTensors;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

/// A training of the tiny network into `out`, not yet started.
fn training(scratch: &Scratch, out: &str, more: &str) -> Command {
    let options = "train --model tiny.toml --method float --epochs 20 --train-images 64 --out";
    let all = options
        .split(' ')
        .chain([out])
        .chain(more.split_whitespace());
    scratch.command(all)
}

/// What a training that ended says.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The programs that a state names.
fn programs(state: &[u8]) -> Vec<String> {
    let (_, metadata) = SafeTensors::read_metadata(state).expect("a state");
    let header = &metadata.metadata().as_ref().expect("metadata")["imcsim"];
    let header: serde_json::Value = serde_json::from_str(header).expect("JSON");
    let named = header["programs"].as_array().expect("programs").iter();
    named
        .map(|name| name.as_str().expect("text").to_string())
        .collect()
}

#[test]
fn fewer_instructions_repeat_bit_for_bit_and_a_change_of_them_is_said() {
    let scratch = Scratch::new();
    scratch.write("tiny.toml", TINY);
    let state =
        |out: &str| std::fs::read(scratch.at(out).join("state.safetensors")).expect("state");
    let plain = "--instructions plain";
    for out in ["one", "other"] {
        let output = training(&scratch, out, plain).output().expect("it starts");
        said(&output);
    }
    assert_eq!(state("one"), state("other"));
    let of_one = programs(&state("one"));
    assert!(of_one[0].ends_with(", plain instructions"), "{of_one:?}");

    interrupted(training(&scratch, "cut", plain));
    std::fs::create_dir(scratch.at("mixed")).expect("folder");
    let copy = scratch.at("mixed/state.safetensors");
    std::fs::copy(scratch.at("cut/state.safetensors"), copy).expect("copy");

    let same = said(
        &training(&scratch, "cut", plain)
            .output()
            .expect("it starts"),
    );
    assert!(!same.contains("begun with"), "{same}");
    assert_eq!(state("cut"), state("one"));

    let best = Instructions::best();
    let mixed = said(&training(&scratch, "mixed", "").output().expect("it starts"));
    let expected = format!(
        "begun with plain instructions, goes on with {}: ",
        best.title()
    );
    let changes = best != Instructions::Plain;
    assert_eq!(mixed.contains(&expected), changes, "{mixed}");
    assert_eq!(
        mixed.contains("; --instructions plain goes on"),
        changes,
        "{mixed}"
    );
    assert_eq!(programs(&state("mixed")).len(), 1 + usize::from(changes));
}

/// Ends a training after its first epoch.
fn interrupted(mut training: Command) {
    let mut child = training.stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines
        .map_while(Result::ok)
        .find(|line| line.starts_with("epoch"));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(first.is_some(), "an epoch is said");
}

#[test]
fn instructions_that_the_processor_lacks_are_refused() {
    let scratch = Scratch::new();
    for set in Instructions::ALL {
        let output = scratch.imcsim(&["show", "reram_9wl", "--instructions", set.name()]);
        let error = String::from_utf8_lossy(&output.stderr);
        let expected = if set.is_there() { 0 } else { 2 };
        assert_eq!(output.status.code(), Some(expected), "{error}");
        assert_eq!(
            error.contains("; take --instructions"),
            !set.is_there(),
            "{error}"
        );
    }
}
