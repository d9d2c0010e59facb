//! Texts beside a plot: legend entries, notes on paper, names of rows, all within the room they have.
//!
//! Not responsible for the plot itself (`frame`).

use super::fonts::text_width;
use super::frame::{Frame, SMALL, TEXT};
use super::palette::{Color, INK, PAPER};
use super::picture::{Align, Label, Picture, Point};

/// The mark in front of a legend entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A filled square.
    Square,
    /// A line.
    Line,
    /// A dashed line.
    Dashed,
    /// A filled dot.
    Dot,
    /// A ring.
    Ring,
}

/// Writes a row of legend entries from `start` to the right, above the plot and never on it.
pub fn entries(picture: &mut Picture, start: Point, entries: &[(Mark, Color, &str)]) {
    let (mut x, y) = start;
    for &(mark, color, text) in entries {
        let middle = (x + 9.0, y);
        match mark {
            Mark::Square => picture.rect((x + 3.0, y - 6.0), (x + 15.0, y + 6.0), color, 1.0),
            Mark::Line => picture.line(vec![(x, y), (x + 18.0, y)], color, 1.0, 2.0),
            Mark::Dashed => picture.dashed((x, y), (x + 19.0, y), color, 1.5),
            Mark::Dot => picture.dot(middle, 4.0, color, 1.0),
            Mark::Ring => picture.ring(middle, 4.0, color),
        }
        let label = Label::new(text, (x + 23.0, y), SMALL);
        x = label.bounds()[2] + 16.0;
        picture.text(label);
    }
}

/// A text on a patch of paper, readable on top of curves.
pub fn note(picture: &mut Picture, label: Label) {
    let [left, top, right, bottom] = label.bounds();
    picture.rect(
        (left - 3.0, top - 1.0),
        (right + 3.0, bottom + 1.0),
        PAPER,
        1.0,
    );
    picture.text(label);
}

/// Texts down the left side of a frame with one row per item, shortened to fit; returns the middle of each row.
pub fn row_names(picture: &mut Picture, frame: &Frame, names: &[String]) -> Vec<f64> {
    let height = (frame.bottom - frame.top) / names.len().max(1) as f64;
    names
        .iter()
        .enumerate()
        .map(|(row, name)| {
            let y = frame.top + (row as f64 + 0.5) * height;
            let text = shorten(name, frame.left - 16.0, TEXT);
            picture.text_if_free(
                Label::new(text, (frame.left - 9.0, y), TEXT)
                    .align(Align::End)
                    .color(INK),
            );
            y
        })
        .collect()
}

/// The longest beginning of a text that fits a width, with an ellipsis if something is left out.
pub fn shorten(text: &str, width: f64, size: f64) -> String {
    let fits = |candidate: &str| text_width(candidate, size, false) <= width;
    if fits(text) {
        return text.to_string();
    }
    let mut kept: Vec<char> = text.chars().take(200).collect();
    while !kept.is_empty() {
        kept.pop();
        let candidate: String = kept.iter().chain(&['…']).collect();
        if fits(&candidate) {
            return candidate;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened() {
        let short = shorten("a_very_long_layer_name_indeed", 60.0, 12.0);
        assert!(short.ends_with('…') && short.starts_with("a_v"));
        assert_eq!(shorten("conv1", 60.0, 12.0), "conv1");
    }
}
