//! results.md: the table of an experiment and the commands that reproduce it, ready to be kept beside a program's sources.

use super::starts::starts;
use super::{FIGURES, drawn, of_seeds};
use crate::report::figures::Figure;
use crate::report::number::{fixed, grouped};
use crate::results::experiment::{Comparison, ExperimentResult, OverSeeds, RowResult, RowSummary};
use std::fmt::Write;

/// The page.
pub fn page(result: &ExperimentResult) -> String {
    let mut page = format!("# {}\n\n", line(&result.title));
    for paragraph in [
        about(result),
        accuracies(result),
        drops(result),
        figures(result),
        comparisons(result),
        starts(result),
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

/// How many rows there are and how many of them are trainings, then what was evaluated, with how many images, repeats and
/// chips.
fn about(result: &ExperimentResult) -> String {
    let Some(first) = result.results.first() else {
        return "No row has a result yet.\n".into();
    };
    let evaluation = &first.evaluation;
    format!(
        "Experiment `{}`: `{}` on {}. {} M1: the ADC without noise, M2: noise at each read ({}), both on {} test images; M3: {}: \
         static offsets only (and what else differs from chip to chip), no noise at each read, so noise of the sense amp alone \
         cannot change it. Every cell: batch norm as trained, then / re-estimated for that mode on {} training images ({} for every \
         chip). ± is the standard deviation over seeds{}. References are placed on {} training images.\n",
        result.name,
        result.model,
        result.data,
        counts(result),
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
        match starts_shipped(first) {
            true => ", which share the trained network that they start from",
            false => "",
        },
        grouped(evaluation.reference_images),
    )
}

/// True if a seed does not begin at full precision, but where all others do.
fn starts_shipped(result: &RowResult) -> bool {
    let first = result.commands.first();
    first.is_some_and(|command| command.contains(" --init shipped "))
}

/// Rows, trainings and copies.
fn counts(result: &ExperimentResult) -> String {
    let number = |is: fn(&&RowSummary) -> bool| result.rows.iter().filter(is).count();
    let all = number(|_| true);
    let trained = number(|row| row.trained);
    let evaluated = number(|row| !row.seeds.is_empty());
    let networks = number(|row| !row.seeds.is_empty() && row.trained);
    let copies = number(|row| row.same_as.is_some());
    let same = if copies == 0 {
        String::new()
    } else {
        format!(
            " Rows that say `=` and a name ({copies} of them) are the same network on the same hardware as that row: one \
             measurement, not two."
        )
    };
    format!(
        "{all} rows, of which {trained} trainings; the others read one of these networks, or the one that all start from. Results \
         so far: {evaluated} rows, of which {networks} trainings.{same}"
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
            named(row),
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
         before it: that of the images, both networks compared image by image, and for several seeds the spread between them beside \
         it. A star: the answers of one of them were not kept, and the interval is that of two independent networks (too wide).\n\n\
         | row | ideal MVM values | M1 | M2 | M3 |\n|---|---|---|---|---|\n",
        result.baseline
    );
    for row in done(result) {
        let cell = |mode: &str| {
            let one = |again: bool| {
                let mode = super::mode(row, mode, again);
                let drop = mode.and_then(|mode| Some((mode.drop?, mode)));
                drop.map_or("n/a".into(), |(drop, mode)| {
                    let text = interval(&drop, mode.paired);
                    match mode.drops.len() {
                        count if count == row.seeds.len() => text,
                        count => format!("{text} {}", of_seeds(count)),
                    }
                })
            };
            format!("{} / {}", one(false), one(true))
        };
        let ideal = super::mode(row, "ideal", false).and_then(|mode| mode.drop);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            named(row),
            ideal.map_or("n/a".into(), |drop| points(&drop)),
            cell("m1"),
            cell("m2"),
            cell("m3")
        );
    }
    text
}

/// The figures that lie beside the page.
fn figures(result: &ExperimentResult) -> String {
    let one = |figure: Figure| {
        let (title, caption) = (line(&figure.title), line(&figure.caption));
        format!(
            "![{title}]({FIGURES}/{}.svg)\n\n{title}. {caption}\n",
            figure.name
        )
    };
    let lines: Vec<String> = drawn(result).into_iter().map(one).collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("## Figures\n\n{}", lines.join("\n")),
    }
}

fn comparisons(result: &ExperimentResult) -> String {
    let done = result
        .comparisons
        .iter()
        .filter(|one| !one.modes.is_empty());
    let lines: Vec<String> = done.map(comparison).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "## Rows against each other (points)\n\nAccuracy of the first row less that of the second, same seeds, same images: above 0 \
         the first is better. Brackets and stars as above.\n\n| rows | M1 | M2 | M3 |\n|---|---|---|---|\n{}",
        lines.concat()
    )
}

fn comparison(one: &Comparison) -> String {
    let cell = |mode: &str| {
        let of = |again: bool| {
            let mut modes = one.modes.iter();
            let found = modes.find(|found| found.mode == mode && found.re_estimated == again);
            found.map_or("n/a".into(), |found| {
                interval(&found.difference, found.paired)
            })
        };
        format!("{} / {}", of(false), of(true))
    };
    let (label, row, against) = (line(&one.label), &one.row, &one.against);
    format!(
        "| {label} (`{row}` less `{against}`) | {} | {} | {} |\n",
        cell("m1"),
        cell("m2"),
        cell("m3")
    )
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
        "## Commands\n\nOUT is the folder of results, DIR that of the images, laid out as by their publisher. A command stands \
         where it is needed first.",
    );
    if !result.command.is_empty() {
        let _ = write!(
            text,
            " `imcsim experiment` runs all of them, and what is still missing, and makes this page and the learning curves in `curves.csv`:\n\n```sh\n{}\n```",
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
    let programs: Vec<String> = one.trained_by.iter().map(|program| line(program)).collect();
    let trained_by = match &programs[..] {
        [] => "not recorded".to_string(),
        [first, rest @ ..] if first == "not recorded" => {
            let start = "a program that did not record itself".to_string();
            let rest: Vec<String> = rest.iter().map(|next| format!("then {next}")).collect();
            [vec![start], rest].concat().join(", ")
        }
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

/// A difference with its interval; a star where it is not that of pairs.
fn interval(drop: &OverSeeds, paired: bool) -> String {
    let ends = [drop.low, drop.high].map(|end| fixed(100.0 * end, 2));
    let star = if paired { "" } else { "*" };
    format!("{} [{}, {}]{star}", points(drop), ends[0], ends[1])
}

fn points(value: &OverSeeds) -> String {
    let mean = fixed(100.0 * value.mean, 2);
    match value.std {
        Some(std) => format!("{mean} ± {}", fixed(100.0 * std, 2)),
        None => mean,
    }
}

/// A row by its label, with the row that it is a copy of.
fn named(row: &RowSummary) -> String {
    match &row.same_as {
        Some(other) => format!("{} (= `{other}`)", line(&row.label)),
        None => line(&row.label),
    }
}

/// A text of the file as part of one line of a table.
pub(super) fn line(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
