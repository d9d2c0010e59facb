//! What a page says where rows that belong together were not trained from the same numbers: on other machines, or by other programs.
//!
//! What was not recorded is not told. Not responsible for which results belong to a row (`cli::experiment::record`).

use super::markdown::line;
use crate::results::experiment::{ExperimentResult, RowResult};
use std::fmt::Write;

/// Seeds whose rows did not start from the same numbers, and trainings of which more than one network was evaluated: done on other
/// machines or by other programs.
pub fn starts(result: &ExperimentResult) -> String {
    let mut text = String::new();
    let mut seeds: Vec<u64> = result.results.iter().map(|one| one.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    for seed in seeds {
        let of_seed = || result.results.iter().filter(|one| one.seed == seed);
        let trained = of_seed().filter(|one| one.epochs > 0);
        let starts = trained.filter_map(|one| Some((one.start_fingerprint.as_deref()?, one)));
        let about = format!(
            "Seed {seed}: rows did not all start from the same numbers; other instructions of a processor, or another program, \
             round otherwise. A difference between rows of different starts has the spread of that in it."
        );
        told(&mut text, &about, starts);
        let mut commands: Vec<&String> = of_seed().filter_map(|one| one.commands.last()).collect();
        commands.sort_unstable();
        commands.dedup();
        for command in commands {
            let same = of_seed().filter(|one| one.commands.last() == Some(command));
            let networks = same.filter_map(|one| {
                let network = one.evaluation.weights_fingerprint.as_deref()?;
                Some((network, one))
            });
            let about = format!(
                "Seed {seed}: these rows are of one training that was done more than once."
            );
            told(&mut text, &about, networks);
        }
    }
    if text.is_empty() {
        return text;
    }
    format!("## Starts\n\n{}\n", text.trim_end())
}

/// Rows by what tells them apart, if anything does.
fn told<'a>(text: &mut String, about: &str, rows: impl Iterator<Item = (&'a str, &'a RowResult)>) {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (key, one) in rows {
        let row = format!("`{}`", one.row);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    if groups.len() < 2 {
        return;
    }
    let _ = writeln!(text, "{about}\n");
    for (key, rows) in &groups {
        let _ = writeln!(text, "- {}: {}", line(key), rows.join(", "));
    }
    text.push('\n');
}
