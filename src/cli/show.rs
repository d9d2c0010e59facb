//! `imcsim show`: the resolved hardware, what it implies, and where its numbers come from, the assumed ones first.
//!
//! Not responsible for the facts themselves (`arch::facts`).

use super::input;
use super::output::print;
use crate::arch;
use crate::results::run::{ArchSummary, Provenance};
use clap::Args;

/// Options of `imcsim show`.
#[derive(Args, Debug)]
pub struct ShowArguments {
    /// Hardware: a shipped name (ideal, reram_9wl, reram_64wl, worked_schedule, or a published macro) or a TOML file.
    #[arg(value_name = "ARCH")]
    pub arch: String,
    /// Change a value of the hardware, for example word_lines.active=16.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Print the keys `arch` of summary.json.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// If the hardware is wrong (exit code 2) or standard output cannot be written.
pub fn run(arguments: &ShowArguments) -> anyhow::Result<()> {
    let loaded = arch::load(&arguments.arch, &arguments.overrides).map_err(input)?;
    let text = if arguments.json {
        serde_json::to_string_pretty(&loaded.summary)? + "\n"
    } else {
        page(&loaded.file, &loaded.summary)
    };
    print(&text)
}

/// Columns of the screen.
const WIDTH: usize = 80;
/// Room that text must have beside the beginning of its entry; otherwise it goes on the next line.
const ROOM: usize = 24;
/// Indentation of such a line.
const INDENT: usize = 6;

/// The hardware on a screen.
pub fn page(file: &str, summary: &ArchSummary) -> String {
    let mut text = String::new();
    entry(
        &mut text,
        &format!("{}: ", summary.name),
        &summary.description,
    );
    entry(
        &mut text,
        "",
        &format!("{file}, fingerprint {}", summary.fingerprint),
    );
    text.push('\n');
    let label = width(summary.facts.iter().map(|(label, _)| label));
    for (name, value) in &summary.facts {
        entry(&mut text, &format!("{name:label$}  "), value);
    }
    let (assumed, sourced): (Vec<_>, Vec<_>) =
        summary.provenance.iter().partition(|number| number.assumed);
    let all = summary.provenance.len();
    text.push_str(&format!(
        "\n{} of {all} numbers are assumed\n",
        assumed.len()
    ));
    numbers(&mut text, &assumed);
    text.push_str(&format!(
        "\n{} of {all} numbers have a source\n",
        sourced.len()
    ));
    numbers(&mut text, &sourced);
    text
}

/// Numbers of one source stand together, with the source below them.
fn numbers(text: &mut String, numbers: &[&Provenance]) {
    for group in numbers.chunk_by(|one, next| one.source == next.source) {
        for number in group {
            let value = shortened(&number.value);
            entry(text, &format!("  {} = ", number.key), &value);
        }
        entry(text, "      ", &group[0].source);
    }
}

/// Longest value that is shown whole.
const LONGEST_VALUE: usize = 60;

fn shortened(value: &str) -> String {
    match value.char_indices().nth(LONGEST_VALUE) {
        Some((cut, _)) => format!("{}..", &value[..cut]),
        None => value.into(),
    }
}

fn width<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

/// One entry, its text broken at words (at letters where a word is wider than the screen) and indented below its own
/// beginning.
fn entry(page: &mut String, start: &str, text: &str) {
    let mut indent = start.chars().count();
    let mut line = start.to_string();
    if indent + ROOM > WIDTH {
        finish(page, &line);
        indent = INDENT;
        line = " ".repeat(indent);
    }
    let mut used = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(WIDTH - indent) {
            if used > 0 && indent + used + 1 + piece.len() > WIDTH {
                finish(page, &line);
                line = " ".repeat(indent);
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.extend(piece);
            used += piece.len();
        }
    }
    finish(page, &line);
}

fn finish(page: &mut String, line: &str) {
    page.push_str(line.trim_end());
    page.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_screen() {
        for name in arch::names() {
            let loaded = arch::load(name, &[]).expect("shipped");
            let wide = page("a/long/path/".repeat(20).as_str(), &loaded.summary);
            for line in wide.lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
    }
}
