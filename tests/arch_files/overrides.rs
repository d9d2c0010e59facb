//! `--set`: what it changes, what becomes of provenance, and what a wrong override is told.

use super::canonical::{Line, dotted};
use super::{load_text, set, texts};

#[test]
fn values_for_whole_tables_are_named() {
    for (name, text) in texts() {
        let written = text.write();
        for line in &text.0 {
            let Line::Header(header) = line else { continue };
            for depth in 1..=header.len() {
                let set = format!("{}=7", dotted(&header[..depth]));
                let error = load_text(&format!("whole_{name}"), &written, &[set.as_str()]);
                let error = error.err().map_or(String::new(), |error| error.to_string());
                let key = format!("): {}: expected a table", dotted(&header[..depth]));
                assert!(error.starts_with(&format!("--set {set} (")), "{error}");
                assert!(error.contains(&key), "{error}");
            }
        }
    }
}

#[test]
fn overrides_change_the_hardware_and_its_provenance() {
    let plain = set("reram_9wl", &[]).expect("shipped");
    let changed = set(
        "reram_9wl",
        &[
            "word_lines.active=32",
            "readout.binary_search.decode=nearest_integer",
            "bit_line.read_noise={ normal = { sigma_ua = 0.5 } }",
            "name=mine",
        ],
    )
    .expect("these overrides are right");
    assert_eq!(changed.hardware.word_lines.active, 32);
    assert_eq!(changed.hardware.name, "mine");
    assert!(changed.hardware.bit_line.read_noise.sigma > 0.0);
    assert_ne!(changed.summary.fingerprint, plain.summary.fingerprint);
    let of = |key: &str| {
        let found = changed
            .summary
            .provenance
            .iter()
            .find(|number| number.key == key);
        found
            .unwrap_or_else(|| panic!("{key} has no provenance"))
            .clone()
    };
    for (key, value) in [
        ("word_lines.active", "32"),
        ("bit_line.read_noise.normal.sigma_ua", "0.5"),
    ] {
        let number = of(key);
        assert!(number.assumed);
        assert_eq!(number.value, value);
        assert_eq!(number.source, "set on the command line");
    }
    assert!(!of("array.rows").assumed);
    let exact = set("reram_9wl", &["readout={ideal={}}"]).expect("a kind can be exchanged");
    assert_eq!(exact.hardware.readout.bits(), None);
}

#[test]
fn a_key_is_set_once() {
    for (first, second, key) in [
        (
            "word_lines.active=16",
            "word_lines.active=32",
            "word_lines.active",
        ),
        ("name=mine", "\"name\" = 'yours'", "name"),
        ("readout={ideal={}}", "readout = { ideal = {} }", "readout"),
    ] {
        let error = set("reram_9wl", &[first, "array.rows=128", second]);
        let error = error.err().unwrap_or_default();
        let told = format!(
            "--set {second} (arch/reram_9wl.toml): {key}: --set {first} sets it already; remove one of the two"
        );
        assert_eq!(error, told);
    }
    // A table and a number in it are two keys: the later one changes the earlier.
    let both = set(
        "reram_9wl",
        &[
            "array={rows=128, columns=64, columns_per_readout=8}",
            "array.columns=32",
        ],
    );
    assert_eq!(both.expect("two keys").hardware.array.columns, 32);
}

#[test]
fn wrong_overrides_are_named() {
    for (written, parts) in [
        ("array.row=3", ["array.row", "did you mean `rows`?"]),
        ("arry.rows=3", ["arry", "did you mean `array`?"]),
        (
            "array.rows.x=3",
            ["array.rows.x", "is a value, not a table"],
        ),
        (
            "array.rows=0",
            ["array.rows", "a whole number from 1 to 65536"],
        ),
        ("array.rows=many", ["array.rows", "found string \"many\""]),
        ("array.rows=1.2.3", ["--set", "is not a TOML value"]),
        ("array.rows", ["--set", "found no `=`"]),
        ("=3", ["--set", "is not a dotted key"]),
        (
            "array={}",
            ["array.rows: missing", "array.columns: missing"],
        ),
        (
            "readout.flash.bits=3",
            ["readout.flash", "--set 'readout={ flash = { .. } }'"],
        ),
        ("readout.bits=3", ["readout.bits", "unknown kind `bits`"]),
        (
            "readout.binary_search.bits=1",
            ["readout.binary_search.bits", "at least 2 bits"],
        ),
        (
            "word_lines.active=300",
            ["word_lines.active", "from 1 to 256"],
        ),
        (
            "readout.binary_search.sense_amp.noise.normal.sigma_ua=[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
            [
                "readout.binary_search.sense_amp.noise.normal.sigma_ua",
                "at most 15 standard deviations, one per reference, found a list of 16",
            ],
        ),
        (
            "readout.binary_search.sense_amp.noise.normal.sigma_ua=much",
            [
                "a number or a list of numbers, found string \"much\"",
                "write sigma_ua = .. or sigma_ua = [..]",
            ],
        ),
        ("provenance.array.rows=x", ["provenance.array", "quotes"]),
        (
            "weights={offset_column={subtraction=\"analog\"}}",
            ["weights.offset_column", "at least 3 levels"],
        ),
    ] {
        let error = set("reram_9wl", &[written]).err().unwrap_or_default();
        assert!(
            error.starts_with(&format!("--set {written} (arch/reram_9wl.toml)")),
            "{error}"
        );
        for part in parts {
            assert!(error.contains(part), "{written}: {part} in\n{error}");
        }
    }
}
