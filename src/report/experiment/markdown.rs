//! results.md: the table of an experiment and the commands that reproduce it, ready to be kept beside a program's sources.

use crate::report::number::{fixed, grouped};
use crate::results::experiment::{ExperimentResult, OverSeeds, RowResult, RowSummary};
use std::fmt::Write;

/// The page.
pub fn page(result: &ExperimentResult) -> String {
    let mut page = format!("# {}\n\n", line(&result.title));
    for paragraph in [
        about(result),
        accuracies(result),
        drops(result),
        missing(result),
        commands(result),
    ] {
        if !paragraph.is_empty() {
            page.push_str(&paragraph);
            page.push('\n');
        }
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// What was evaluated, with how many images, repeats and chips.
fn about(result: &ExperimentResult) -> String {
    let Some(first) = result.results.first() else {
        return "No row has a result yet.\n".into();
    };
    let evaluation = &first.evaluation;
    format!(
        "Experiment `{}`: `{}` on {}. M1: the ADC without noise, M2: noise at each read ({}), both on {} test images; M3: {}. \
         Every cell: batch norm as trained, then / re-estimated for that mode on {} training images ({} for every chip). ± is \
         the standard deviation over seeds. References are placed on {} training images.\n",
        result.name,
        result.model,
        result.data,
        match evaluation.repeats {
            0 => "not asked for".to_string(),
            1 => "one repeat".to_string(),
            repeats => format!("mean of {repeats} repeats"),
        },
        grouped(evaluation.images),
        match evaluation.chips {
            0 => "static virtual chips (not asked for)".to_string(),
            chips => format!(
                "{chips} static virtual chip{} on {} test images",
                if chips == 1 { "" } else { "s" },
                grouped(evaluation.chip_images)
            ),
        },
        grouped(evaluation.calibration_images),
        grouped(evaluation.chip_calibration_images),
        grouped(evaluation.reference_images),
    )
}

fn accuracies(result: &ExperimentResult) -> String {
    let mut text = String::from(
        "## Accuracy (%)\n\n| row | seeds | epochs | ideal MVM values | M1 | M2 | M3 | M3, worst chip |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in done(result) {
        let cell = |mode: &str| {
            let one = |again: bool| {
                let found = super::mode(row, mode, again);
                found.map_or("n/a".into(), |found| points(&found.accuracy))
            };
            format!("{} / {}", one(false), one(true))
        };
        let worst = |again: bool| {
            let mode = super::mode(row, "m3", again);
            mode.map_or("n/a".into(), |mode| fixed(100.0 * mode.worst, 1))
        };
        let ideal = super::mode(row, "ideal", false);
        let ideal = ideal.map_or(String::new(), |mode| points(&mode.accuracy));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {ideal} | {} | {} | {} | {} / {} |",
            line(&row.label),
            row.seeds.len(),
            row.epochs,
            cell("m1"),
            cell("m2"),
            cell("m3"),
            worst(false),
            worst(true)
        );
    }
    text
}

fn drops(result: &ExperimentResult) -> String {
    let mut text = format!(
        "## Drop against ideal MVM values of `{}` (points)\n\nSame seeds, same images. In brackets the 95 % interval of the figure \
         before it: over seeds, or for a single seed over images, both networks compared image by image. A star: the answers of one \
         of them were not kept, and the interval is that of two independent networks (too wide).\n\n\
         | row | ideal MVM values | M1 | M2 | M3 |\n|---|---|---|---|---|\n",
        result.baseline
    );
    for row in done(result) {
        let cell = |mode: &str| {
            let one = |again: bool| {
                let mode = super::mode(row, mode, again);
                let drop = mode.and_then(|mode| Some((mode.drop?, mode.paired)));
                drop.map_or("n/a".into(), |(drop, paired)| interval(&drop, paired))
            };
            format!("{} / {}", one(false), one(true))
        };
        let ideal = super::mode(row, "ideal", false).and_then(|mode| mode.drop);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            line(&row.label),
            ideal.map_or("n/a".into(), |drop| points(&drop)),
            cell("m1"),
            cell("m2"),
            cell("m3")
        );
    }
    text
}

fn missing(result: &ExperimentResult) -> String {
    let rows = result.rows.iter().filter(|row| !row.missing.is_empty());
    let lines: Vec<String> = rows
        .map(|row| {
            let seeds: Vec<String> = row.missing.iter().map(u64::to_string).collect();
            format!("- {}: seed {}\n", line(&row.label), seeds.join(", "))
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("## Still missing\n\n{}", lines.concat())
}

fn commands(result: &ExperimentResult) -> String {
    let mut text = String::from(
        "## Commands\n\nOUT is the folder of results, DIR that of the images as their publisher ships them. A command stands \
         where it is needed first.",
    );
    if !result.command.is_empty() {
        let _ = write!(
            text,
            " All of them, and this page:\n\n```sh\n{}\n```",
            result.command
        );
    }
    text.push('\n');
    let mut shown: Vec<&String> = Vec::new();
    for one in &result.results {
        let label = result.rows.iter().find(|row| row.name == one.row);
        let label = label.map_or(&one.row, |row| &row.label);
        let _ = write!(text, "\n### {}, seed {}\n\n", line(label), one.seed);
        let news = one
            .commands
            .iter()
            .filter(|command| !shown.contains(command));
        let news: Vec<&String> = news.collect();
        if !news.is_empty() {
            text.push_str("```sh\n");
            for command in &news {
                let _ = writeln!(text, "{command}");
            }
            text.push_str("```\n");
        }
        shown.extend(news);
        let _ = writeln!(text, "{}", evaluation(one));
    }
    text
}

fn evaluation(one: &RowResult) -> String {
    let set: Vec<String> = one
        .evaluation
        .set
        .iter()
        .map(|set| format!("`{set}`"))
        .collect();
    let with = if set.is_empty() {
        String::new()
    } else {
        format!(" with {}", set.join(", "))
    };
    let trained_by = match &one.trained_by[..] {
        [] => "not recorded".to_string(),
        programs => programs.join(", then "),
    };
    format!(
        "Network `{}`: trained by {trained_by}; evaluated on `{}`{with} by {}, commit {}.",
        one.evaluation.weights,
        one.evaluation.arch,
        one.program,
        one.commit.as_deref().unwrap_or("not recorded")
    )
}

fn done(result: &ExperimentResult) -> impl Iterator<Item = &RowSummary> {
    result.rows.iter().filter(|row| !row.seeds.is_empty())
}

/// A drop with its interval; a star where a single seed's is not that of pairs.
fn interval(drop: &OverSeeds, paired: bool) -> String {
    let ends = [drop.low, drop.high].map(|end| fixed(100.0 * end, 2));
    let star = if paired || drop.std.is_some() {
        ""
    } else {
        "*"
    };
    format!("{} [{}, {}]{star}", points(drop), ends[0], ends[1])
}

fn points(value: &OverSeeds) -> String {
    let mean = fixed(100.0 * value.mean, 2);
    match value.std {
        Some(std) => format!("{mean} ± {}", fixed(100.0 * std, 2)),
        None => mean,
    }
}

/// A text of the file as part of one line of a table.
fn line(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
