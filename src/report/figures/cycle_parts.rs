//! What is common to figures of shares: the colour of every part, and stacked bars, one per row.

use super::WIDE;
use crate::report::axis::Scale;
use crate::report::frame::{self, Frame, SMALL};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{
    BLUE, Color, GREEN, GRID, INK, MUTED, ORANGE, PAPER, PURPLE, SKY, VERMILION,
};
use crate::report::picture::{Align, Label, Picture};
use crate::results::cycle::Part;

/// Height of a row.
pub const ROW: f64 = 30.0;
/// Colours of parts in the order in which they come.
const COLORS: [(Color, f64); 8] = [
    (BLUE, 0.9),
    (VERMILION, 0.85),
    (GREEN, 0.8),
    (PURPLE, 0.85),
    (ORANGE, 0.85),
    (INK, 0.75),
    (MUTED, 0.8),
    (SKY, 0.9),
];

/// Colour and opacity of every name, in the order of their first appearance; parts that are nothing everywhere have none.
fn colors<'a>(rows: impl IntoIterator<Item = &'a [Part]>) -> Vec<(String, Color, f64)> {
    let mut named: Vec<(String, Color, f64)> = Vec::new();
    let parts = rows.into_iter().flatten();
    for part in parts.filter(|part| part.value > 0.0) {
        let known = named.iter().any(|(name, _, _)| *name == part.name);
        match part.name.as_str() {
            _ if known => {}
            "idle" => named.push((part.name.clone(), GRID, 1.0)),
            _ => {
                let (color, opacity) = COLORS[named.len() % COLORS.len()];
                named.push((part.name.clone(), color, opacity));
            }
        }
    }
    named
}

/// The legend of these colours.
fn legend(picture: &mut Picture, at: (f64, f64), named: &[(String, Color, f64)]) {
    let entries: Vec<(Mark, Color, &str)> = named
        .iter()
        .map(|(name, color, _)| (Mark::Square, *color, name.as_str()))
        .collect();
    // Two lines, where one is too long for the figure.
    for (line, entries) in entries.chunks(6).enumerate() {
        legend::entries(picture, (at.0, at.1 + 18.0 * line as f64), entries);
    }
}

/// A figure of stacked bars, one per row of parts, on an axis from 0 to `high`.
pub fn stacked(
    (title, subtitle): (&str, &str),
    (names, rows): (&[String], &[&[Part]]),
    (axis, high): (&str, f64),
) -> Picture {
    let height = 110.0 + ROW * rows.len() as f64 + 52.0;
    let mut picture = Picture::new(WIDE, height);
    frame::headline(&mut picture, title, subtitle);
    let named = colors(rows.iter().copied());
    legend(&mut picture, (130.0, 66.0), &named);
    let frame = Frame {
        left: 130.0,
        top: 110.0,
        right: WIDE - 30.0,
        bottom: height - 52.0,
        x: Scale::Linear { low: 0.0, high },
        y: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
    };
    frame.x_grid(&mut picture);
    bars(&mut picture, &frame, names, rows, &named);
    frame.x_axis(&mut picture, axis);
    picture
}

/// One stacked bar per row from 0.
fn bars(
    picture: &mut Picture,
    frame: &Frame,
    names: &[String],
    rows: &[&[Part]],
    named: &[(String, Color, f64)],
) {
    let middles = legend::row_names(picture, frame, names);
    for (parts, y) in rows.iter().zip(middles) {
        let mut before = 0.0;
        for (name, color, opacity) in named {
            let value: f64 = parts
                .iter()
                .filter(|part| part.name == *name)
                .map(|part| part.value)
                .sum();
            let (left, right) = (frame.px(before), frame.px(before + value));
            before += value;
            if right - left < 0.2 {
                continue;
            }
            picture.rect((left, y - 10.0), (right, y + 10.0), *color, *opacity);
            share(picture, (left, right, y), value, frame, *color);
        }
    }
}

/// The share inside a bar that is wide enough for it.
fn share(
    picture: &mut Picture,
    (left, right, y): (f64, f64, f64),
    value: f64,
    frame: &Frame,
    color: Color,
) {
    let Scale::Linear { high, .. } = frame.x else {
        return;
    };
    if right - left < 40.0 || (high - 1.0).abs() > 1e-9 {
        return;
    }
    let text = format!("{} %", number::fixed(100.0 * value, 0));
    let ink = if color == GRID { MUTED } else { PAPER };
    let middle = ((left + right) / 2.0, y);
    picture.text(
        Label::new(text, middle, SMALL)
            .align(Align::Middle)
            .color(ink),
    );
}
