//! Texts beside a plot: legend entries, notes on paper, names of rows, all within the room they have.
//!
//! Not responsible for the plot itself (`frame`).

use super::fonts::text_width;
use super::frame::{Frame, SMALL, TEXT};
use super::palette::{Color, INK, PAPER};
use super::picture::{Align, Label, Picture, Point};

/// From line to line of a text in two.
const LINE: f64 = 1.2 * TEXT;

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

/// Texts down the left side of a frame with one row per item, in two lines where one is too short and there is room for two,
/// shortened to fit; returns the middle of each row.
pub fn row_names(picture: &mut Picture, frame: &Frame, names: &[String]) -> Vec<f64> {
    let height = (frame.bottom - frame.top) / names.len().max(1) as f64;
    names
        .iter()
        .enumerate()
        .map(|(row, name)| {
            let y = frame.top + (row as f64 + 0.5) * height;
            let width = frame.left - 16.0;
            let lines = match height > 3.0 * LINE {
                true => two_lines(name, width),
                false => vec![name.as_str()],
            };
            let first = y - 0.5 * LINE * (lines.len() - 1) as f64;
            for (index, line) in lines.into_iter().enumerate() {
                let place = (frame.left - 9.0, first + LINE * index as f64);
                let label = Label::new(shorten(line, width, TEXT), place, TEXT);
                picture.text_if_free(label.align(Align::End).color(INK));
            }
            y
        })
        .collect()
}

/// A text, or its two parts where it does not fit a width: of about the same length where both fit, else the first as long as whole
/// words fit.
fn two_lines(text: &str, width: f64) -> Vec<&str> {
    let long = |part: &str| text_width(part, TEXT, false);
    if long(text) <= width {
        return vec![text];
    }
    let parts = text
        .match_indices(' ')
        .map(|(at, _)| (&text[..at], &text[at + 1..]));
    let parts: Vec<_> = parts.filter(|(first, _)| long(first) <= width).collect();
    let longer = |(first, second): &(&str, &str)| long(first).max(long(second));
    let even = parts.iter().filter(|both| longer(both) <= width);
    let even = even.min_by(|a, b| longer(a).total_cmp(&longer(b)));
    match even.or(parts.last()) {
        Some(&(first, second)) => vec![first, second],
        None => vec![text],
    }
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
    fn names_are_broken_between_words_where_they_do_not_fit() {
        let name = "trained with ideal MVM values, read with 4 bits";
        let parts = two_lines(name, 250.0);
        assert_eq!(parts.join(" "), name);
        assert_eq!(parts.len(), 2);
        assert!(
            parts
                .iter()
                .all(|part| text_width(part, TEXT, false) <= 250.0)
        );
        assert_eq!(two_lines("conv1", 250.0), ["conv1"]);
        assert_eq!(two_lines("a_very_long_layer_name", 20.0).len(), 1);
    }

    #[test]
    fn long_names_are_shortened() {
        let short = shorten("a_very_long_layer_name_indeed", 60.0, 12.0);
        assert!(short.ends_with('…') && short.starts_with("a_v"));
        assert_eq!(shorten("conv1", 60.0, 12.0), "conv1");
    }
}
