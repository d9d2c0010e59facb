//! Hardware files as wholes: several errors at once, files that are none, names, provenance, facts.

use super::canonical::{Line, Text, dotted};
use super::{error_of, file, load_text, set, variants};
use imcsim::arch;
use std::collections::BTreeSet;
use std::fs;
use toml::Value;

#[test]
fn all_errors_are_listed_in_order() {
    let text = fs::read_to_string(format!(
        "{}/arch/reram_9wl.toml",
        env!("CARGO_MANIFEST_DIR")
    ))
    .expect("shipped")
    .replace("rows = 256", "rows = 0")
    .replace("bits = 20", "bits = 99")
    .replace("g_on_us = 50.0", "g_on_us = -1");
    let error = error_of("several", &text);
    let lines: Vec<&str> = error
        .lines()
        .filter(|line| line.contains(".toml:"))
        .collect();
    assert_eq!(lines.len(), 3, "{error}");
    for (line, key) in lines
        .iter()
        .zip(["array.rows", "cell.on_off.g_on_us", "accumulator.bits"])
    {
        assert!(line.contains(key), "{error}");
    }
    let text = text
        .replace("columns = 256", "colums = 256")
        .replace("active = 9", "active = \"9\"")
        .replace("leakage", "leek");
    let error = error_of("several_shapes", &text);
    for part in [
        "array.colums: unknown key `colums`",
        "did you mean `columns`?",
        "array.columns: missing; write `columns = ..` in [array]",
        "word_lines.active: expected a whole number, 0 or more, found string \"9\"",
        "bit_line.leek: unknown key",
        "bit_line.leakage: missing",
    ] {
        assert!(error.contains(part), "{part} in\n{error}");
    }
}

#[test]
fn files_that_are_no_hardware_say_so() {
    let folder = file("folder").with_extension("");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let error = set(folder.to_str().expect("UTF-8"), &[]).unwrap_err();
    assert!(error.contains("is a directory"), "{error}");
    let path = file("not_utf8");
    fs::write(&path, b"name = \"a\"\n\xff\xfe\n").expect("written");
    let error = set(path.to_str().expect("UTF-8"), &[]).unwrap_err();
    assert!(error.contains("line 2: not UTF-8"), "{error}");
    assert!(error_of("huge", &"# \n".repeat(1 << 20)).contains("larger than 1 MiB"));
    assert!(error_of("empty", " \n\n").contains("the file is empty"));
    assert!(error_of("comment", "# nothing\n").contains("array: missing; write the table [array]"));
    let error = error_of("syntax", "name = \"a\"\n[array\nrows = 3\nname = \"b\"\n");
    assert!(error.contains("syntax.toml:2: not TOML"), "{error}");
    let error = error_of("twice", "name = \"a\"\nname = \"b\"\n");
    assert!(
        error.contains("twice.toml:2: not TOML: duplicate key"),
        "{error}"
    );
}

#[test]
fn names_and_paths_lead_to_the_same_hardware() {
    let names = arch::names();
    assert_eq!(names[..3], ["ideal", "reram_9wl", "reram_64wl"]);
    assert_eq!(names.len(), 12);
    for name in arch::names() {
        let loaded = set(name, &[]).expect("shipped hardware is right");
        assert_eq!(loaded.file, format!("arch/{name}.toml"));
        assert_eq!(loaded.hardware.name, name);
        let by_path = set(&format!("./arch/{name}.toml"), &[]).expect("the path works too");
        assert_eq!(by_path.hardware, loaded.hardware);
    }
    let text = variants::all().swap_remove(0).1;
    let loaded = load_text("ideal", &text, &[]).expect("a path wins over a shipped name");
    assert_eq!(loaded.hardware.name, "variant");
    let error = set("rream_9wl", &[]).unwrap_err();
    assert!(
        error.contains("did you mean `reram_9wl`?") && error.contains("ideal"),
        "{error}"
    );
}

#[test]
fn two_kinds_in_a_file_are_named() {
    let text = Text::read(&variants::all().swap_remove(0).1);
    let mut twice = text.clone();
    twice
        .0
        .push(Line::Header(vec!["readout".into(), "ideal".into()]));
    let error = error_of("two_kinds", &twice.write());
    let start = format!(
        "{}:{}: readout.ideal: ",
        file("two_kinds").display(),
        twice.0.len()
    );
    assert!(
        error.starts_with(&start) && error.contains("keep one"),
        "{error}"
    );
}

#[test]
fn provenance_covers_every_number() {
    for name in arch::names() {
        let loaded = set(name, &[]).expect("shipped");
        let text = fs::read_to_string(format!("{}/arch/{name}.toml", env!("CARGO_MANIFEST_DIR")));
        let mut text = Text::read(&text.expect("shipped"));
        for (index, path) in text.keys() {
            let value = text.value_mut(index, &path).clone();
            let numeric = matches!(value, Value::Integer(_) | Value::Float(_) | Value::Array(_));
            let key = dotted(&path);
            let numbers = &loaded.summary.provenance;
            let number = numbers.iter().find(|number| number.key == key);
            assert_eq!(number.is_some(), numeric, "{name}: {key}");
            if let Some(number) = number {
                assert_eq!(number.value, value.to_string(), "{key}");
                assert!(!number.source.is_empty());
            }
        }
        let all_assumed = loaded
            .summary
            .provenance
            .iter()
            .all(|number| number.assumed);
        assert_eq!(all_assumed, ["ideal", "worked_schedule"].contains(&name));
    }
}

#[test]
fn provenance_faults_are_named() {
    let (_, text) = variants::all().swap_remove(0);
    for (from, to, key, part) in [
        (
            "\"cell\" = \"assumed: test\"",
            "",
            "cell.levels.read_voltage_v",
            "expected an entry",
        ),
        (
            "\"cell\" =",
            "\"cel\" =",
            "provenance.cel",
            "did you mean \"cell\"?",
        ),
        (
            "\"source: test\"",
            "\"source:\"",
            "provenance.accumulator",
            "found \"source:\"",
        ),
        (
            "\"source: test\"",
            "\"test\"",
            "provenance.accumulator",
            "found \"test\"",
        ),
    ] {
        let wrong = text.replace(from, to);
        assert_ne!(wrong, text);
        let canonical = Text::read(&wrong);
        let path: Vec<String> = key.split('.').map(Into::into).collect();
        let error = error_of("provenance", &wrong);
        let start = format!("provenance.toml:{}: {key}: ", canonical.line_of(&path));
        assert!(
            error.contains(&start) && error.contains(part),
            "{start} {part} in\n{error}"
        );
    }
}

#[test]
fn facts_say_what_the_bits_mean() {
    let loaded = set("reram_9wl", &[]).expect("shipped");
    let fact = |label: &str| {
        let facts = &loaded.summary.facts;
        let found = facts.iter().find(|(name, _)| name == label);
        found.unwrap_or_else(|| panic!("no fact {label}")).1.clone()
    };
    for (label, part) in [
        ("word lines", "9 of 256"),
        ("row groups", "28 per array, 4 rows unused"),
        ("cell", "1, 10 µA"),
        ("MAC unit", "9 µA"),
        ("conversions per MAC", "0.1111"),
        ("partial sums", "-27 to 27 (55 values)"),
        ("lossless read-out", "55 codes, 6 bits"),
        (
            "read-out",
            "binary search, 4 bits: 15 codes, symmetric about 0",
        ),
        ("noise of sense amps", "sigma 2.2 µA (0.2444 MAC units)"),
        ("accumulator", "20 bits, wide enough for 37449 row groups"),
        (
            "one invocation",
            "10 cycles of 1 ns = 10 ns: precharge 1, develop 4, sample 0, sense 4 (4 steps), latch 1",
        ),
        (
            "MVM of a full array",
            "224 invocations (28 row groups x 1 read of 2-bit inputs x 8 columns): 2240 cycles of 1 ns = 2240 ns",
        ),
        (
            "chip",
            "16 tiles with 8 macros each (128 macros), one bus of 256 bits",
        ),
        ("model of conversions", "zigzag (ZigZag-IMC"),
        // (400 + 0.256) fJ x 0.81; 4 x 12.15 fJ; 20 fJ x 2^3.5; the table's entry.
        (
            "energy of a conversion",
            "at 4 bits: zigzag 324.2 fJ, sense_amps 48.6 fJ, walden 226.3 fJ, table 700 fJ; they differ by a factor of 14.4",
        ),
        ("calibration factor", "none"),
        (
            "energy of an invocation",
            "for each of 16 read-outs): cells ",
        ),
        ("area of a macro", "converters "),
    ] {
        assert!(fact(label).contains(part), "{label}: {}", fact(label));
    }
}

#[test]
fn no_changed_character_brings_it_down() {
    let shipped = fs::read_to_string(format!(
        "{}/arch/reram_9wl.toml",
        env!("CARGO_MANIFEST_DIR")
    ));
    let variant = variants::all().swap_remove(0).1;
    for text in [shipped.expect("shipped"), variant] {
        let mut loaded = 0;
        for place in (0..text.len()).step_by(13) {
            for to in ["", "9", "\"", "[", "."] {
                let mut changed = text.clone();
                changed.replace_range(place..=place, to);
                loaded += usize::from(load_text("changed", &changed, &[]).is_ok());
            }
        }
        // Changes within names and sources stay right.
        assert!(loaded > 20, "{loaded}");
    }
}

#[test]
fn factors_whose_product_is_absurd_are_named() {
    let text = variants::all().swap_remove(1).1;
    let text = text.replace("read_voltage_v = 0.2", "read_voltage_v = 1e-300");
    let error = error_of("absurd", &text);
    assert!(
        error.contains("cell.on_off.read_voltage_v: expected a current step"),
        "{error}"
    );
}

#[test]
fn a_noise_for_each_reference_is_shown_and_counted() {
    let (_, text) = variants::all().swap_remove(1);
    let loaded = load_text("listed_noise", &text, &[]).expect("six for six references");
    let listed = "logistic, sigma 0.3, 0.2, 0.1, 0.1, 0.2, 0.3 µA at the references";
    let mut facts = loaded.summary.facts.iter();
    assert!(facts.any(|(_, text)| text.starts_with(listed)));
    let short = text.replace("[0.3, 0.2,", "[0.2,");
    let line = 1 + short
        .lines()
        .position(|line| line.contains("[0.2,"))
        .expect("there");
    let error = error_of("short_noise", &short);
    let start = format!(
        "{}:{line}: readout.ramp.sense_amp.noise.logistic.sigma_ua: expected 6 standard deviations",
        file("short_noise").display()
    );
    assert!(error.starts_with(&start), "{error}");
    assert!(error.contains("found a list of 5"), "{error}");
}

#[test]
fn every_key_is_in_the_documentation() {
    let path = format!("{}/docs/hardware-keys.md", env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(path).expect("the page is there");
    let other = |c: char| !c.is_alphanumeric() && c != '_';
    let words: BTreeSet<&str> = page.split(other).collect();
    let mut keys = BTreeSet::new();
    for (_, text) in super::texts() {
        for (_, path) in text.keys() {
            // What comes after these is a name that the user chooses.
            let chosen = |name: &String| name == "provenance" || name == "by_hand";
            let own = path.iter().position(chosen).map_or(path.len(), |at| at + 1);
            keys.extend(path[..own].iter().cloned());
        }
    }
    assert!(keys.len() > 100, "{} keys", keys.len());
    keys.retain(|key| !words.contains(key.as_str()));
    assert!(keys.is_empty(), "not in docs/hardware-keys.md: {keys:?}");
}

#[test]
fn levels_and_values_that_cannot_be_are_named() {
    let levels = |count: usize| {
        let all: Vec<String> = (0..count).map(|level| format!("{level}.0")).collect();
        format!(
            "cell={{ levels = {{ conductances_us = [{}], read_voltage_v = 0.2, programming = {{ none = {{}} }}, read_noise = {{ none = {{}} }}, faults = {{ stuck_off_probability = 0.0, stuck_on_probability = 0.1 }} }} }}",
            all.join(", ")
        )
    };
    assert!(set("reram_9wl", &[&levels(256)]).is_ok());
    let references = "readout.binary_search.references";
    let measured = |sum: i64, value: &str| {
        format!(
            "readout={{ measured = {{ smallest_sum = {sum}, code_values_mac = [0.0, {value}], probabilities = [[1.0, 0.0], [0.0, 1.0]] }} }}"
        )
    };
    for (change, expected) in [
        (levels(257), "257 conductances"),
        (
            format!("{references}={{ list = {{ thresholds_mac = [-1e308, 1e308] }} }}"),
            "list.thresholds_mac",
        ),
        (measured(0, "1e300"), "measured.code_values_mac"),
        (measured(2_147_483_647, "1.0"), "measured.smallest_sum"),
    ] {
        let error = set("reram_9wl", &[&change]).err().unwrap_or_default();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
