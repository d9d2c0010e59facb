//! Pages and figures of experiments from results made by hand: what axes show, which rows are copies, rows against each other.

use super::support::Scratch;
use imcsim::experiment::{self, summary};
use imcsim::report::experiment::{drawn, tables};
use imcsim::report::number::fixed;
use imcsim::report::picture::{Picture, Shape, overlap};
use imcsim::results::accuracy::Loss;
use imcsim::results::answers::Answers;
use imcsim::results::experiment::{Evaluated, ExperimentResult, Mode, Modes, RowResult};
use imcsim::sim::interval::{repeats, wilson};

const HEAD: &str = r#"name = "by_hand"
title = "By hand"
model = "lenet"
data = "builtin"
seeds = [1, 2, 3, 4, 5]
baseline = "base"
[pretrain]
float = "--epochs 1"
qat = "--epochs 1"
[train]
common = "--epochs 1"
[evaluate]
repeats = 1
chips = 1
chip_images = 100
calibration_images = 64
"#;

/// A row of the file; `more` are further keys.
fn row(name: &str, more: &str) -> String {
    format!("[[row]]\nname = \"{name}\"\nlabel = \"row {name}\"\narch = \"reram_9wl\"\n{more}\n")
}

/// Everything there is of these rows of a file.
fn summarized(file: &str, results: Vec<RowResult>) -> ExperimentResult {
    let scratch = Scratch::new();
    scratch.write("plan.toml", format!("{HEAD}{file}"));
    let plan = experiment::load(&scratch.at("plan.toml").display().to_string());
    summary::summarize(&plan.expect("a right file"), results)
}

const IMAGES: u64 = 1000;

fn answers(right: u64) -> Vec<u32> {
    (0..IMAGES).map(|image| u32::from(image < right)).collect()
}

fn mode(trained: u64, again: u64) -> Mode {
    let of = |right| Evaluated {
        accuracy: repeats(vec![wilson(right, IMAGES)]),
        lost: Loss::default(),
    };
    Mode {
        as_trained: of(trained),
        re_estimated: of(again),
    }
}

/// How many of the images a row has right: ideal, then M1, M2 and M3 as trained and re-estimated.
type Right = (u64, [(u64, u64); 3]);

/// A row of a seed that has the first so many images right.
fn result(row: &str, seed: u64, (ideal, [m1, m2, m3]): Right) -> RowResult {
    let both = |(trained, again): (u64, u64)| [answers(trained), answers(again)];
    let mut result = RowResult {
        row: row.into(),
        seed,
        commands: vec![format!("train {row}")],
        modes: Modes {
            ideal: wilson(ideal, IMAGES),
            chips_ideal: wilson(ideal, IMAGES),
            noise_free: mode(m1.0, m1.1),
            read_noise: Some(mode(m2.0, m2.1)),
            chips: Some(mode(m3.0, m3.1)),
        },
        answers: Some(Answers {
            ideal: answers(ideal),
            chips_ideal: answers(ideal),
            noise_free: both(m1),
            read_noise: Some(both(m2)),
            chips: Some(both(m3)),
        }),
        ..RowResult::default()
    };
    result.evaluation.weights = row.into();
    result
}

fn all(right: u64) -> Right {
    (right, [(right, right); 3])
}

fn page(result: &ExperimentResult) -> String {
    let files = tables(result, &[]).expect("tables");
    let page = files.iter().find(|(name, _)| name == "results.md");
    String::from_utf8(page.expect("a page").1.clone()).expect("text")
}

/// Numbers among the texts.
fn numbers(picture: &Picture) -> Vec<f64> {
    let texts = picture.labels().map(|label| label.text.replace('−', "-"));
    texts.filter_map(|text| text.parse().ok()).collect()
}

#[test]
fn axes_of_lines_end_where_what_is_drawn_ends() {
    let base = row("base", "train = \"--method qat\"\ngroup = \"g\"");
    let on = |name, axis| {
        let keys = format!("train = \"--method imcq\"\ngroup = \"g\"\naxis = {axis}");
        row(name, &keys)
    };
    let far = row("far", "train = \"--method imcaq\"\ngroup = \"g\"");
    let rows = format!("{base}{}{}{far}", on("one", 0.25), on("two", 0.5));
    let described = "[group.g]\ntitle = \"G\"\naxis = \"Noise\"\npanels = [\"m1\", \"m2\"]\n";
    let results = || {
        // Far away: ideal MVM values, batch norm re-estimated, M3, and a row beside the axis.
        let drawn = |m1, m2| (300, [(m1, 300), (m2, 300), (300, 300)]);
        vec![
            result("base", 1, all(900)),
            result("one", 1, drawn(898, 896)),
            result("two", 1, drawn(890, 880)),
            result("far", 1, all(200)),
        ]
    };
    let lines = |result: &ExperimentResult| {
        let figures = drawn(result);
        let found = figures.into_iter().find(|one| one.name == "g_lines");
        found.expect("a figure of lines").picture
    };
    let two = lines(&summarized(&format!("{described}{rows}"), results()));
    let highest = numbers(&two).into_iter().fold(0.0, f64::max);
    assert!((1.0..6.0).contains(&highest), "{highest}");
    let titles = |picture: &Picture, title: &str| picture.labels().any(|one| one.text == title);
    assert!(titles(&two, "noise at each read"));
    assert!(!titles(&two, "static chips, no read noise"));
    let three = lines(&summarized(&rows, results()));
    assert!(titles(&three, "static chips, no read noise"));
    assert!(numbers(&three).into_iter().fold(0.0, f64::max) >= 50.0);
}

#[test]
fn bars_show_what_they_draw_and_numbers_stand_beside_it() {
    let base = row("base", "train = \"--method qat\"");
    let own = row("own", "train = \"--method imcq\"\ngroup = \"g\"");
    let mut results: Vec<_> = (1..=5).map(|seed| result("base", seed, all(900))).collect();
    // One seed far out: its dot lies a little beyond the whisker, where the number would stand. Ideal MVM values are no bar.
    for (seed, right) in [(1, 900), (2, 900), (3, 900), (4, 750), (5, 700)] {
        results.push(result("own", seed, (100, [(right, right); 3])));
    }
    let summary = summarized(&format!("{base}{own}"), results);
    let drop = summary.rows[1].modes[1].drop.expect("a drop");
    assert!(
        (drop.mean - 0.07).abs() < 1e-9 && drop.high < 0.195,
        "{drop:?}"
    );
    let figures = drawn(&summary);
    let bars = figures.iter().find(|one| one.name == "g_drop");
    let picture = &bars.expect("a figure of bars").picture;
    // As trained and re-estimated, one behind the other.
    let number = format!("{0} / {0}", fixed(7.0, 2));
    let shown = picture.labels().filter(|label| label.text == number);
    assert_eq!(shown.count(), 3);
    for label in picture.labels() {
        for shape in &picture.shapes {
            if let Shape::Dot { center, radius, .. } = shape {
                let (x, y) = *center;
                let dot = [x - radius, y - radius, x + radius, y + radius];
                assert!(!overlap(label.bounds(), dot), "{}", label.text);
            }
        }
    }
    assert!(numbers(picture).into_iter().fold(0.0, f64::max) < 30.0);
}

#[test]
fn a_bar_far_beyond_its_ring_is_broken_off_and_the_others_can_be_read() {
    let base = row("base", "train = \"--method qat\"");
    let own = row("own", "train = \"--method imcq\"\ngroup = \"g\"");
    let figure = |chips: (u64, u64)| {
        let right = (900, [(890, 880), (885, 880), chips]);
        let results = vec![result("base", 1, all(900)), result("own", 1, right)];
        let figures = drawn(&summarized(&format!("{base}{own}"), results));
        let found = figures.into_iter().find(|one| one.name == "g_drop");
        found.expect("a figure of bars").picture
    };
    let said = |picture: &Picture, words: &str| {
        picture
            .labels()
            .any(|label| label.text.to_string().contains(words))
    };
    let highest = |picture: &Picture| numbers(picture).into_iter().fold(0.0, f64::max);
    // At chance as trained, 1.5 points lost with batch norm of its own.
    let broken = figure((100, 885));
    assert!(highest(&broken) < 10.0);
    assert!(said(&broken, "broken bars go on"));
    assert!(said(
        &broken,
        &format!("{} / {}", fixed(80.0, 2), fixed(1.5, 2))
    ));
    // As bad with batch norm of its own: that is what the row is, and the axis shows it.
    let whole = figure((100, 300));
    assert!(highest(&whole) > 70.0);
    assert!(!said(&whole, "broken bars go on"));
    // A row that is lost in every mode, beside one that is not.
    let lost = row("lost", "train = \"--method imcq\"\ngroup = \"g\"");
    let results = vec![
        result("base", 1, all(900)),
        result("own", 1, all(885)),
        result("lost", 1, all(400)),
    ];
    let figures = drawn(&summarized(&format!("{base}{own}{lost}"), results));
    let picture = &figures.iter().find(|one| one.name == "g_drop");
    let picture = &picture.expect("a figure of bars").picture;
    assert!(highest(picture) < 10.0);
    assert!(said(picture, "broken bars go on"));
    let numbers = format!("{} / {}", fixed(50.0, 2), fixed(50.0, 2));
    assert!(said(picture, &numbers));
}

#[test]
fn pages_tell_copies_trainings_and_rows_against_each_other() {
    let base = row("base", "train = \"--method qat\"");
    let own = row("own", "train = \"--method imcq\"");
    let again = row("again", "from = \"own\"");
    let noisier = row("noisier", "from = \"own\"");
    let compare = "[[compare]]\nrow = \"own\"\nagainst = \"base\"\nlabel = \"own way\"\n";
    let file = format!("{base}{own}{again}{noisier}{compare}");
    let mut results = Vec::new();
    for seed in [1, 2] {
        results.push(result("base", seed, all(900)));
        results.push(result("own", seed, (900, [(950, 940); 3])));
        for (name, macro_) in [("again", "x"), ("noisier", "y")] {
            let mut copy = result("own", seed, (900, [(950, 940); 3]));
            copy.row = name.into();
            copy.evaluation.arch = "named otherwise".into();
            copy.evaluation.arch_fingerprint = if macro_ == "x" { "" } else { "other" }.into();
            results.push(copy);
        }
    }
    let summary = summarized(&file, results);
    let copies: Vec<_> = summary.rows.iter().map(|row| row.same_as.clone()).collect();
    assert_eq!(copies, [None, None, Some("own".into()), None]);
    let page = page(&summary);
    for said in [
        "4 rows, of which 2 trainings",
        "(1 of them) are the same network",
        "| row again (= `own`) |",
        "| row noisier |",
        "no noise at each read",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Fifty of 1000 images more: centre 50/1002, variance (51/1002 - centre^2)/1002; two seeds that agree are no more.
    let interval = |more: f64| {
        let centre = more / 1002.0;
        let half = 1.959_964 * (((more + 1.0) / 1002.0 - centre * centre) / 1002.0).sqrt();
        let [low, high] = [centre - half, centre + half].map(|end| fixed(100.0 * end, 2));
        format!("{} ± 0.00 [{low}, {high}]", fixed(more / 10.0, 2))
    };
    let cell = format!("{} / {}", interval(50.0), interval(40.0));
    // M3 is one chip, and its images are all that is left open too.
    let line = format!("| own way (`own` less `base`) | {cell} | {cell} | {cell} |");
    assert!(page.contains(&line), "{line}: {page}");
    assert!(!page.contains("[0.00, 0.00]"), "{page}");
}

#[test]
fn answers_that_were_not_kept_leave_a_star_with_several_seeds_too() {
    let base = row("base", "train = \"--method qat\"");
    let own = row("own", "train = \"--method imcq\"");
    let results = |kept: bool| {
        let of = |seed| {
            [
                result("base", seed, all(900)),
                result("own", seed, all(890)),
            ]
        };
        let mut results: Vec<_> = [1, 2].into_iter().flat_map(of).collect();
        if !kept {
            results[3].answers = None;
        }
        results
    };
    let cells = |kept| page(&summarized(&format!("{base}{own}"), results(kept)));
    assert!(!cells(true).contains("]*"));
    assert!(cells(false).contains("]*"));
}
