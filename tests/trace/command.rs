//! `imcsim trace` on the command line: its files, its screen, and chips that cannot be.

use super::{imcsim, place_of, table, text, traced};
use std::path::Path;

#[test]
fn files_of_a_trace() {
    let folder = traced("files", &[]);
    assert!(
        !folder.join("tables/accuracy.csv").exists(),
        "no image was classified"
    );
    for name in [
        "cycle_layers",
        "cycle_stalls",
        "cycle_timeline",
        "cycle_energy",
    ] {
        assert!(
            !table(&folder, &format!("tables/{name}.csv")).is_empty(),
            "{name}"
        );
    }
    let html = text(&folder, "report.html");
    for heading in [
        "Layers over time",
        "Utilisation",
        "Energy by part",
        "Area by part",
    ] {
        assert!(html.contains(heading), "{heading}");
    }
    assert!(
        !html.contains("NaN") && !html.contains(">inf"),
        "numbers are numbers"
    );
    // Energy of layers in the table: the sum of summary.json.
    let summary: serde_json::Value =
        serde_json::from_str(&text(&folder, "summary.json")).expect("JSON");
    let rows = table(&folder, "tables/cycle_energy.csv");
    let written: f64 = rows
        .iter()
        .map(|row| {
            row["energy_pj_all_images"]
                .parse::<f64>()
                .expect("a number")
        })
        .sum();
    let layers = summary["cycle"]["layers"].as_array().expect("layers");
    let parts = layers
        .iter()
        .flat_map(|layer| layer["energy_pj"].as_array().expect("parts"));
    let summed: f64 = parts
        .map(|part| part["value"].as_f64().expect("a number"))
        .sum();
    assert!((written / summed - 1.0).abs() < 1e-9);
}

#[test]
fn one_screen_of_80_columns() {
    let place = place_of("screen");
    for further in [
        &[][..],
        &["--set", "chip.schedule.order=pipelined", "--images", "3"],
    ] {
        let out = place.display().to_string();
        let own = [
            "trace",
            "arch/reram_9wl.toml",
            "--model",
            "lenet",
            "--out",
            &out,
        ];
        let output = imcsim(&own.iter().chain(further).copied().collect::<Vec<_>>());
        let screen = String::from_utf8(output.stdout).expect("text");
        let lines: Vec<&str> = screen.lines().filter(|line| !line.contains(&out)).collect();
        assert!(lines.len() > 8 && lines.len() <= 24, "{screen}");
        for line in lines {
            assert!(
                line.chars().count() <= 80,
                "{} columns: {line}",
                line.chars().count()
            );
        }
    }
}

/// Fails with code 2, says all of `words`, writes nothing.
fn refused(name: &str, arguments: &[&str], words: &[&str]) {
    let place = place_of(&format!("bad_{name}"));
    let out = place.display().to_string();
    let mut all = vec!["trace"];
    all.extend(arguments);
    if !arguments.contains(&"--model") {
        all.extend(["--model", "lenet"]);
    }
    all.extend(["--out", &out]);
    let output = imcsim(&all);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{name}: {told}");
    for word in words {
        assert!(told.contains(word), "{name}: {word} in {told}");
    }
    assert!(
        output.stdout.is_empty() && !place.exists(),
        "{name}: nothing is written"
    );
}

const ARCH: &str = "arch/reram_9wl.toml";

#[test]
fn chips_that_cannot_be() {
    let cases: [(&str, &[&str], &[&str]); 12] = [
        (
            "tiles",
            &["chip.tiles=0"],
            &["chip.tiles", "at least one tile", ARCH],
        ),
        (
            "macros",
            &["chip.macros_per_tile=0"],
            &["chip.macros_per_tile", ARCH],
        ),
        (
            "bus",
            &["chip.interconnect.bus.width_bits=0"],
            &["chip.interconnect.bus.width_bits", ARCH],
        ),
        (
            "digital",
            &["chip.digital.macs_per_cycle=0"],
            &["chip.digital.macs_per_cycle", ARCH],
        ),
        (
            "banks",
            &["chip.buffers.accumulator_banks=0"],
            &["chip.buffers.accumulator_banks", ARCH],
        ),
        (
            "sample",
            &["timing.sample_cycles=1"],
            &["timing.sample_cycles", "sample_and_hold", ARCH],
        ),
        (
            "early",
            &["timing.early_termination=true"],
            &["timing.early_termination", "ramp", ARCH],
        ),
        (
            "latch",
            &["timing.latch_cycles=0"],
            &["timing.latch_cycles", ARCH],
        ),
        (
            "clock",
            &["timing.clock_ns=0.0"],
            &["timing.clock_ns", ARCH],
        ),
        (
            "unfit",
            &["chip.tiles=1"],
            &["56 macros", "has 8", "chip.weight_writing"],
        ),
        (
            "buffer",
            &["chip.buffers.global_kib=1.0"],
            &["chip.buffers.global_kib"],
        ),
        (
            "copies",
            &["chip.duplication={by_hand={conv3=2}}"],
            &["chip.duplication.by_hand.conv3", "conv2"],
        ),
    ];
    for (name, set, words) in cases {
        let mut arguments = vec![ARCH];
        for one in set {
            arguments.extend(["--set", one]);
        }
        refused(name, &arguments, words);
    }
}

/// conv1 has stored all eight images before conv2 has read one.
#[test]
fn a_pipeline_that_outgrows_the_global_buffer() {
    let set = [
        "chip.schedule.order=pipelined",
        "chip.buffers.global_kib=2.3",
    ];
    let arguments = [ARCH, "--images", "8", "--set", set[0], "--set", set[1]];
    refused(
        "pipeline",
        &arguments,
        &[
            // The digital unit takes 13 cycles for a pixel; the last place is that of pixel (26, 26) of the last image.
            &format!("keep at cycle {}", 13 * (7 * 784 + 26 * 28 + 26)),
            "chip.buffers.global_kib = 2.3: what layers in a pipeline",
            "needs 13.344 KiB (output of conv1 100352 bits, input 6272 bits, output of conv2 2688 bits; images: 8)",
            "run fewer images at once, or use chip.schedule.order = layer_by_layer",
        ],
    );
}

#[test]
fn options_that_cannot_be() {
    refused(
        "images",
        &[ARCH, "--images", "0"],
        &["--images 0", "at least 1"],
    );
    refused("negative", &[ARCH, "--images", "-1"], &["--images"]);
    refused("pixels", &[ARCH, "--pixels", "0"], &["--pixels 0"]);
    refused(
        "layer",
        &[ARCH, "--layer", "conv3"],
        &["--layer conv3", "conv2, fc1", "did you mean `conv2`"],
    );
    refused(
        "digital_layer",
        &[ARCH, "--layer", "conv1"],
        &["--layer conv1", "digital"],
    );
    refused(
        "twice",
        &[ARCH, "--layer", "conv2", "--layer", "conv2"],
        &["--layer conv2 is given twice"],
    );
    refused("arch", &["arch/reram_9wm.toml"], &["reram_9wm"]);
    refused("model", &[ARCH, "--model", "lenett"], &["lenett"]);
}

#[test]
fn files_without_times_or_chip() {
    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(ARCH))
        .expect("is shipped");
    for section in ["timing", "chip"] {
        // Costs stand on times and chip.
        let kept: Vec<&str> = shipped
            .split("\n[")
            .filter(|part| {
                let part = part.trim_start_matches('[');
                ![section, "cost"].iter().any(|gone| {
                    part.starts_with(&format!("{gone}]")) || part.starts_with(&format!("{gone}."))
                })
            })
            .collect();
        let text = kept.join("\n[");
        let gone = |line: &&str| {
            !["timing", "chip", "cost"]
                .iter()
                .any(|s| (*s == section || *s == "cost") && line.starts_with(&format!("\"{s}")))
        };
        let text: Vec<&str> = text.lines().filter(gone).collect();
        let arch = place_of(&format!("without_{section}")).with_extension("toml");
        std::fs::write(&arch, text.join("\n")).expect("written");
        let arch = arch.display().to_string();
        refused(
            &format!("no_{section}"),
            &[&arch],
            &[&format!("[{section}] is missing"), "docs/hardware-keys.md"],
        );
    }
}

#[test]
fn empty_groups_are_left_out_only_where_they_read_zero() {
    // With noise an empty group may read something else.
    let arguments = [ARCH, "--noise", "--set", "timing.skip_zero_groups=true"];
    refused("skip", &arguments, &["skip_zero_groups"]);
}

#[test]
fn folders_that_cannot_be_written() {
    let place = place_of("occupied");
    std::fs::create_dir_all(&place).expect("created");
    std::fs::write(place.join("thesis.tex"), "work").expect("written");
    let out = place.display().to_string();
    let output = imcsim(&["trace", ARCH, "--model", "lenet", "--out", &out]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("occupied"), "{told}");
    let kept: Vec<_> = std::fs::read_dir(&place)
        .expect("there")
        .map(|e| e.expect("entry").file_name())
        .collect();
    assert_eq!(kept, ["thesis.tex"]);
    let output = imcsim(&[
        "trace",
        ARCH,
        "--model",
        "lenet",
        "--out",
        "/proc/imcsim/report",
    ]);
    assert_eq!(output.status.code(), Some(2));
}
