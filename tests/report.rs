//! The report as a whole: every figure is there and readable, files are well formed, nothing from a user's file becomes
//! markup, results with missing parts do not break it, and its folder takes nothing away (`folder`).

#[path = "report/cycle_fixture.rs"]
mod cycle_fixture;
#[path = "report/fixture.rs"]
mod fixture;
#[path = "report/folder.rs"]
mod folder;

use imcsim::report::figures::{self, Figure};
use imcsim::report::picture::{self, Label, Shape};
use imcsim::report::{self, render};
use imcsim::results::accuracy::Repeats;
use imcsim::results::layer::LayerResult;
use imcsim::results::margin::{Confusion, MacValue, MarginReport};
use imcsim::results::run::RunResult;
use std::fs;
use std::path::{Path, PathBuf};

/// A place of its own for one test, empty.
fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("report")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("temporary folder");
    path
}

/// Points of all shapes of a picture.
fn points(figure: &Figure) -> Vec<(f64, f64)> {
    figure
        .picture
        .shapes
        .iter()
        .flat_map(|shape| match shape {
            Shape::Fill { points, .. } | Shape::Line { points, .. } => points.clone(),
            Shape::Dot { center, .. } => vec![*center],
            Shape::Text(label) => vec![label.at],
        })
        .collect()
}

/// Checks nesting of tags and quoting of attributes; enough XML for what a drawing backend writes.
fn assert_well_formed(name: &str, xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "{name}: stray >");
        let end = rest[start..].find('>').map(|at| start + at);
        let end = end.unwrap_or_else(|| panic!("{name}: tag without end"));
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{name}: quotes in <{tag}>");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{name}: wrong nesting");
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap_or(""));
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{name}: left open {open:?}");
}

fn assert_readable(figure: &Figure) {
    let (width, height) = (figure.picture.width, figure.picture.height);
    for (x, y) in points(figure) {
        assert!(
            (0.0..=width).contains(&x) && (0.0..=height).contains(&y),
            "{}: shape at {x}, {y} leaves the page",
            figure.name
        );
    }
    let labels: Vec<&Label> = figure.picture.labels().collect();
    for (index, label) in labels.iter().enumerate() {
        let [left, top, right, bottom] = label.bounds();
        assert!(
            left >= 0.0 && top >= 0.0 && right <= width && bottom <= height,
            "{}: `{}` is cut off: {:?}",
            figure.name,
            label.text,
            label.bounds()
        );
        assert!(
            label.size >= 10.0,
            "{}: `{}` is tiny",
            figure.name,
            label.text
        );
        for other in &labels[..index] {
            assert!(
                !picture::overlap(label.bounds(), other.bounds()),
                "{}: `{}` covers `{}`",
                figure.name,
                label.text,
                other.text
            );
        }
    }
}

#[test]
fn every_figure_is_written_and_readable() {
    let out = place("whole").join("run");
    let result = fixture::run();
    let files = report::write(&result, &out).expect("report is written");
    assert!(files.iter().all(|file| file.is_file()));
    for name in [
        "margin_histogram",
        "margin_histogram_random",
        "margin_histogram_exhaustive",
        "margin_per_value",
        "confusion_matrix",
        "confusion_matrix_random",
        "accuracy",
        "accuracy_adc_bits",
        "accuracy_word_lines",
        "error_rate_word_lines_random",
        "virtual_chips",
        "partial_sums",
        "layers",
        "code_use",
    ] {
        let svg = fs::read_to_string(out.join(format!("figures/{name}.svg")));
        let svg = svg.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_well_formed(name, &svg);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
        let png = fs::read(out.join(format!("figures/{name}.png"))).expect("PNG");
        assert!(png.starts_with(b"\x89PNG") && png.len() > 5_000, "{name}");
    }
    for figure in figures::of_run(&result) {
        assert_readable(&figure);
    }
    for table in [
        "accuracy",
        "layers",
        "margin_values_random",
        "confusion_layer_conv4",
        "accuracy_word_lines",
        "error_rate_word_lines_random",
        "references",
    ] {
        let text = fs::read_to_string(out.join(format!("tables/{table}.csv"))).expect(table);
        assert!(text.lines().count() > 2, "{table}");
    }
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let result = fixture::run();
    let page = report::html::page(&result, &figures::of_run(&result)).expect("page");
    for outside in [
        "http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link",
    ] {
        assert!(!page.contains(outside), "page holds {outside}");
    }
    for part in [
        "marginal",
        "87.4",
        "What limits it",
        "assumed",
        "3f9c12aa",
        "seed",
    ] {
        assert!(
            page.to_lowercase().contains(&part.to_lowercase()),
            "page lacks {part}"
        );
    }
    assert!(!page.contains("NaN"));
}

#[test]
fn the_summary_comes_back_the_same() {
    let out = place("json").join("run");
    let result = fixture::run();
    report::write(&result, &out).expect("report is written");
    let text = fs::read_to_string(out.join("summary.json")).expect("summary");
    let back: RunResult = serde_json::from_str(&text).expect("summary is a run");
    assert!(back == result, "the summary lost something");
}

#[test]
fn an_infinite_ratio_comes_back_infinite() {
    let mut result = fixture::run();
    result.layers[1].sqnr_db = f64::INFINITY;
    result.layers[1].sqnr_noise_free_db = f64::INFINITY;
    let text = serde_json::to_string(&result).expect("JSON");
    let back: RunResult = serde_json::from_str(&text).expect("summary is a run");
    assert!(back == result, "the summary lost something");
}

/// `a.b[].c` for every value of a JSON tree.
fn keys(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(entries) => {
            for (key, below) in entries {
                let dot = if path.is_empty() { "" } else { "." };
                keys(below, &format!("{path}{dot}{key}"), found);
            }
        }
        serde_json::Value::Array(entries) => match entries.first() {
            Some(first) => keys(first, &format!("{path}[]"), found),
            None => found.push(format!("{path}[]")),
        },
        _ => found.push(path.to_string()),
    }
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let mut result = fixture::run();
    result.layers.remove(0);
    let tree = serde_json::to_value(&result).expect("JSON");
    let mut found = Vec::new();
    keys(&tree, "", &mut found);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/summary-keys.md");
    let text = fs::read_to_string(path).expect("docs/summary-keys.md");
    let documented: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    // Shared subtrees are documented once; see the page's first table.
    let shorten = |key: &str| {
        let mut key = key.to_string();
        for (long, short) in [
            ("before.accuracy.", "accuracy."),
            ("layers[].margin.", "margins[]."),
            ("accuracy.read_noise.", "accuracy.simulated."),
            ("accuracy.chips.", "accuracy.simulated."),
            ("accuracy.noise_free.", "accuracy.ideal."),
            ("accuracy.re_estimated.", "accuracy.ideal."),
            ("accuracy.chips_ideal.", "accuracy.ideal."),
            ("adc_curve_ideal.", "accuracy.ideal."),
            ("accuracy.simulated.runs[].", "accuracy.ideal."),
            ("adc_curve[].accuracy.", "accuracy.ideal."),
            ("adc_curve[].lost.", "accuracy.lost."),
            ("word_line_curve[].accuracy.", "accuracy.ideal."),
            ("word_line_curve[].lost.", "accuracy.lost."),
            ("accuracy.chips_lost.", "accuracy.lost."),
        ] {
            if let Some(rest) = key.strip_prefix(long) {
                key = format!("{short}{rest}");
            }
        }
        key
    };
    let mut used: Vec<String> = found.iter().map(|key| shorten(key)).collect();
    used.sort();
    used.dedup();
    for key in &used {
        assert!(
            documented.contains(&key.as_str()),
            "{key} is not in docs/summary-keys.md"
        );
    }
    for key in documented {
        assert!(
            used.iter().any(|k| k == key),
            "{key} is documented but not written"
        );
    }
}

#[test]
fn users_names_stay_text() {
    let mut result = fixture::run();
    let hostile = "<script>alert('x')</script>&\"";
    result.arch.name = hostile.into();
    result.model.name = hostile.into();
    result.verdict.headline = hostile.into();
    result.layers[1].name = hostile.into();
    result.margins[0].policy = hostile.into();
    result.arch.facts[0].1 = hostile.into();
    let drawn = figures::of_run(&result);
    let page = report::html::page(&result, &drawn).expect("page");
    assert!(!page.contains("<script") && !page.contains("alert('x')</"));
    for figure in drawn {
        assert_well_formed(&figure.name, &render::svg(&figure.picture).expect("SVG"));
        assert!(
            figure
                .name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_')
        );
    }
    let out = place("hostile").join("run");
    report::write(&result, &out).expect("hostile names make harmless files");
}

/// Results with parts missing, empty, zero or without a finite value.
fn degenerate() -> Vec<RunResult> {
    let mut no_layers = fixture::run();
    no_layers.layers.clear();
    no_layers.accuracy.chips = None;
    no_layers.accuracy.read_noise = Some(Repeats::default());
    let mut zero_counts = fixture::run();
    for layer in &mut zero_counts.layers {
        layer.sum_histogram.fill(0);
        layer.code_histogram.fill(0);
        layer.error_rate = 0.0;
        layer.sqnr_db = f64::INFINITY;
        layer.sqnr_noise_free_db = f64::NAN;
        layer.sum_std = 0.0;
    }
    for margin in &mut zero_counts.margins {
        for value in &mut margin.values {
            value.histogram.clear();
        }
        margin.error_rate = f64::NAN;
    }
    let single = MarginReport {
        policy: "single".into(),
        bin_edges_ua: vec![1.0, 1.0],
        values: vec![MacValue {
            mean_ua: 1.0,
            histogram: vec![7],
            ..MacValue::default()
        }],
        confusion: Confusion {
            values: vec![0],
            code_values: vec![0.0],
            ..Confusion::default()
        },
        ..MarginReport::default()
    };
    let one_bin = RunResult {
        margins: vec![single, MarginReport::default()],
        layers: vec![LayerResult {
            on_macro: true,
            sum_histogram: vec![3],
            code_histogram: vec![3],
            ..LayerResult::default()
        }],
        ..RunResult::default()
    };
    let mut ideal = fixture::run();
    for margin in &mut ideal.margins {
        for value in &mut margin.values {
            value.sigma_ua = 0.0;
            value.z_margin_ua = Some(f64::NAN);
        }
        margin.references_ua.clear();
    }
    vec![RunResult::default(), no_layers, zero_counts, one_bin, ideal]
}

#[test]
fn missing_parts_are_left_out() {
    for (index, result) in degenerate().into_iter().enumerate() {
        let out = place(&format!("degenerate{index}")).join("run");
        report::write(&result, &out).expect("degenerate result is reported");
        for figure in figures::of_run(&result) {
            let svg = render::svg(&figure.picture).expect("SVG");
            assert!(!svg.contains("NaN"), "{index}: {}", figure.name);
            assert_well_formed(&figure.name, &svg);
            assert_readable(&figure);
        }
        assert!(report::terminal(&result).lines().count() <= 22);
    }
}

#[test]
fn the_terminal_summary_fits_one_screen() {
    let result = fixture::run();
    let text = report::terminal(&result);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() <= 22, "{} lines:\n{text}", lines.len());
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    for part in [
        "MARGINAL",
        "90.2 %",
        "conv4",
        "margin",
        "calibrated",
        "worst 84.9 %",
        "92.1 %, 1\u{a0}000 images",
        "layer conv4: smallest margin",
        "word lines opened            4      9     16     32     64    128    256",
        "88.8*",
        "virtual chips",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let mut calibrated = result;
    calibrated.accuracy.chips_calibrated = true;
    let text = report::terminal(&calibrated);
    assert!(
        text.contains("calibr. chips") && !text.contains("virtual chips"),
        "{text}"
    );
}

#[test]
fn the_macro_alone_has_a_report_too() {
    let out = place("margin").join("run");
    let about = fixture::run();
    let files = report::write_margin(&about.margins, &about, &out).expect("margin report");
    assert!(files.iter().all(|file| file.is_file()));
    for name in [
        "report.html",
        "summary.json",
        "figures/margin_histogram.svg",
    ] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let summary = fs::read_to_string(out.join("summary.json")).expect("summary");
    let tree: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!(tree["margins"].as_array().map(Vec::len), Some(2));
    let text = report::margin_terminal(&about.margins);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn many_layers_still_fit_one_screen() {
    let mut result = fixture::run();
    let more: Vec<LayerResult> = result.layers[1..7].to_vec();
    result.layers.extend(more);
    result.verdict.headline = "a long headline ".repeat(8);
    let text = report::terminal(&result);
    assert!(text.lines().count() <= 22, "{text}");
    assert!(text.contains("conv4"), "the worst layer is shown:\n{text}");
    assert!(text.contains("better layers, see the report"), "{text}");
}

#[test]
fn columns_never_run_into_each_other() {
    let mut about = fixture::run();
    about.margins[0].mse = 1.23e-7;
    about.margins[0].error_rate_sampled = Some(0.999);
    about.margins[0].policy = "a_policy_with_a_long_name".into();
    let text = report::margin_terminal(&about.margins);
    let line = text.lines().nth(1).expect("first policy");
    assert_eq!(line.split_whitespace().count(), 7, "{text}");
    assert!(line.ends_with(" 0.000000123"), "{text}");
}

#[test]
fn the_margins_of_the_worst_layer_come_first() {
    let result = fixture::run();
    let drawn = figures::of_run(&result);
    let titled = |name: &str| {
        let figure = drawn.iter().find(|figure| figure.name == name);
        figure.expect(name).title.clone()
    };
    assert!(titled("margin_histogram").contains("layer conv4"));
    assert!(titled("margin_histogram_random").contains("macro alone, random patterns"));
    let page = report::html::page(&result, &drawn).expect("page");
    for part in [
        "layer conv4, at 3 σ",
        "ideal on the same 1\u{a0}000 images 92.1 %",
        "ADC errors over chips and reads",
    ] {
        assert!(page.contains(part), "page lacks {part}");
    }
}
