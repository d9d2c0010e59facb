//! ADC confusion as a heat map: how often each MAC value gets each code, on a logarithmic colour scale.

use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::facts;
use crate::report::frame::{self, Frame, SMALL};
use crate::report::number;
use crate::report::palette::{BLUE, Color, GRID, MUTED, VERMILION, log_shade};
use crate::report::picture::{Align, Label, Picture};
use crate::results::margin::{Confusion, MarginReport};

/// Shares below this are not drawn.
const FLOOR: f64 = 1e-6;

/// Draws the figure; nothing without a matrix.
pub fn figure(report: &MarginReport, suffix: &str) -> Option<Figure> {
    let confusion = &report.confusion;
    let (rows, codes) = (confusion.values.len(), confusion.code_values.len());
    if rows == 0 || codes == 0 {
        return None;
    }
    let body = (18.0 * codes as f64).clamp(150.0, 420.0);
    let mut picture = Picture::new(WIDE, body + 200.0);
    let title = format!("ADC confusion ({})", facts::scope(report));
    frame::headline(&mut picture, &title, &subtitle(report));
    let main = Frame {
        left: 84.0,
        top: 146.0,
        right: WIDE - 130.0,
        bottom: 146.0 + body,
        x: Scale::Linear {
            low: -0.5,
            high: rows as f64 - 0.5,
        },
        y: Scale::Linear {
            low: -0.5,
            high: codes as f64 - 0.5,
        },
    };
    weights(&mut picture, &main, confusion);
    cells(&mut picture, &main, confusion);
    axes(&mut picture, &main, confusion);
    colour_key(&mut picture, &main);
    Some(Figure {
        name: format!("confusion_matrix{suffix}"),
        title,
        caption: "Column: the true MAC value; row: the value the ADC reads. Blue is the noise-free code, orange-red \
                  every other one, stronger is more often (logarithmic). The bars above show how often each value occurs."
            .into(),
        picture,
    })
}

fn subtitle(report: &MarginReport) -> String {
    let rate = format!(
        "{} of conversions get a wrong code over chips and reads, weighted by how often each value occurs",
        number::probability(report.error_rate)
    );
    match facts::one_off_share(&report.confusion) {
        Some(share) => format!(
            "{rate}; {} of these are one code off",
            number::percent(share, 1)
        ),
        None => rate,
    }
}

/// Marginal bars above the matrix.
fn weights(picture: &mut Picture, main: &Frame, confusion: &Confusion) {
    let frame = Frame {
        top: 66.0,
        bottom: main.top - 6.0,
        y: Scale::Log {
            low: FLOOR,
            high: 1.0,
        },
        ..*main
    };
    frame.y_axis(picture, "Weight");
    for (row, &weight) in confusion.weight.iter().enumerate() {
        if weight > FLOOR {
            let x = row as f64;
            picture.rect(
                frame.at(x - 0.4, weight),
                (frame.px(x + 0.4), frame.bottom),
                MUTED,
                0.8,
            );
        }
    }
}

fn cells(picture: &mut Picture, frame: &Frame, confusion: &Confusion) {
    let gap = if confusion.values.len() > 150 {
        0.5
    } else {
        0.46
    };
    for row in 0..confusion.values.len() {
        let hard = confusion.hard.get(row).map(|&code| usize::from(code));
        for code in 0..confusion.code_values.len() {
            let share = facts::probability(confusion, row, code);
            if share < FLOOR {
                continue;
            }
            let color = if hard == Some(code) { BLUE } else { VERMILION };
            let (x, y) = (row as f64, code as f64);
            picture.rect(
                frame.at(x - gap, y + gap),
                frame.at(x + gap, y - gap),
                color,
                log_shade(share, FLOOR),
            );
        }
    }
}

fn axes(picture: &mut Picture, frame: &Frame, confusion: &Confusion) {
    let (a, b) = ((frame.left, frame.top), (frame.right, frame.bottom));
    picture.outline(a, b, GRID, 1.0);
    let every = confusion.values.len().div_ceil(28).max(1);
    for (row, value) in confusion.values.iter().enumerate() {
        let is_marked = (value.unsigned_abs() as usize).is_multiple_of(every);
        if is_marked {
            let text = number::fixed(f64::from(*value), 0);
            frame.x_tick(picture, row as f64, &text);
        }
    }
    frame.x_line(picture, "True MAC value");
    for (code, &value) in confusion.code_values.iter().enumerate() {
        let at = (frame.left - 7.0, frame.py(code as f64));
        let label = Label::new(number::short(f64::from(value)), at, SMALL).align(Align::End);
        picture.text_if_free(label);
    }
    let middle = (frame.left, (frame.top + frame.bottom) / 2.0);
    picture.text(
        Label::new("Value read", (middle.0 - 54.0, middle.1), frame::TEXT)
            .align(Align::Middle)
            .upwards(),
    );
}

/// Two ramps with decades beside the matrix.
fn colour_key(picture: &mut Picture, main: &Frame) {
    let height = (main.bottom - main.top).min(170.0);
    let frame = Frame {
        left: main.right + 26.0,
        right: main.right + 58.0,
        bottom: main.top + height,
        y: Scale::Log {
            low: FLOOR,
            high: 1.0,
        },
        ..*main
    };
    let steps = 12;
    for step in 0..steps {
        let share = |s: i32| FLOOR.powf(1.0 - f64::from(s) / f64::from(steps));
        let (low, high) = (frame.py(share(step)), frame.py(share(step + 1)));
        let shade = log_shade(share(step), FLOOR);
        let mut half = |left: f64, color: Color| {
            picture.rect((left, high), (left + 15.0, low), color, shade);
        };
        half(frame.left, BLUE);
        half(frame.left + 17.0, VERMILION);
    }
    for tick in frame.y.ticks(6) {
        let at = (frame.right + 7.0, frame.py(tick.value));
        picture.text_if_free(Label::new(tick.label, at, SMALL));
    }
    let keys = [("right", BLUE), ("wrong", VERMILION)];
    for (line, (text, color)) in keys.into_iter().enumerate() {
        let at = (frame.left, frame.bottom + 16.0 + 17.0 * line as f64);
        picture.text_if_free(Label::new(text, at, SMALL).color(color).bold());
    }
}
