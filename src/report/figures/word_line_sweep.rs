//! Errors of one conversion of the macro alone against open word lines: share of wrong codes, and how far values are off.
//!
//! Both, because references are placed anew for every number: a coarser step makes fewer wrong codes and larger errors of the value.

use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::facts;
use crate::report::frame::{self, Frame};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, Color, GREEN, MUTED};
use crate::report::picture::{Picture, Point};
use crate::results::margin::MarginReport;

const HEIGHT: f64 = 340.0;

/// Draws the figure; nothing where no other number of word lines was looked at.
pub fn figure(report: &MarginReport, suffix: &str) -> Option<Figure> {
    let sweep = &report.active_sweep;
    let (first, last) = (sweep.first()?.active as f64, sweep.last()?.active as f64);
    if first == last {
        return None;
    }
    let rates: Vec<Point> = sweep
        .iter()
        .map(|point| (point.active as f64, 100.0 * point.error_rate))
        .collect();
    let errors: Vec<Point> = sweep
        .iter()
        .map(|point| (point.active as f64, point.mse.sqrt()))
        .collect();
    let mut picture = Picture::new(WIDE, HEIGHT);
    let title = format!("Errors against open word lines ({})", facts::scope(report));
    frame::headline(&mut picture, &title, &subtitle(report));
    let limit = report.error_limit.map(|limit| 100.0 * limit);
    legend::entries(&mut picture, (72.0, 68.0), &entries(limit.is_some()));
    let left = Frame {
        left: 72.0,
        top: 92.0,
        right: 520.0,
        bottom: HEIGHT - 50.0,
        x: Scale::Log {
            low: first / 1.1,
            high: last * 1.1,
        },
        y: from_zero(rates.iter().map(|point| point.1).chain(limit)),
    };
    let right = Frame {
        left: 612.0,
        right: WIDE - 20.0,
        y: from_zero(errors.iter().map(|point| point.1)),
        ..left
    };
    left.y_axis(&mut picture, "wrong codes (%)");
    if let Some(limit) = limit {
        left.level(&mut picture, limit, MUTED, 1.4);
    }
    line(&mut picture, &left, &rates, BLUE);
    right.y_axis(&mut picture, "rms error (MAC units)");
    line(&mut picture, &right, &errors, GREEN);
    Some(Figure {
        name: format!("error_rate_word_lines{suffix}"),
        title,
        caption: "One conversion over chips and reads, random patterns, closed form; bits stay, references are placed anew for every \
                  number of word lines. Left: share of codes that are not those of a perfect chip. Right: root mean square error of \
                  the value behind a code, quantization included: where codes are worth more, fewer are wrong and each is \
                  further off."
            .into(),
        picture,
    })
}

fn entries(limit: bool) -> Vec<(Mark, Color, &'static str)> {
    let mut entries = vec![(Mark::Line, BLUE, "wrong codes")];
    if limit {
        entries.push((Mark::Line, MUTED, "limit"));
    }
    entries.push((Mark::Line, GREEN, "rms error of the value"));
    entries
}

fn from_zero(values: impl Iterator<Item = f64>) -> Scale {
    let high = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
    Scale::Linear {
        low: 0.0,
        high: if high > 0.0 { 1.08 * high } else { 1.0 },
    }
}

fn subtitle(report: &MarginReport) -> String {
    let Some(limit) = report.error_limit else {
        return String::new();
    };
    let limit = number::probability(limit);
    match report.largest_active {
        Some(active)
            if report
                .active_sweep
                .last()
                .is_some_and(|last| last.active == active) =>
        {
            format!(
                "at least {active}, the most that were looked at, have at most {limit} wrong codes"
            )
        }
        Some(active) => format!("up to {active} have at most {limit} wrong codes"),
        None => format!("not even one has at most {limit} wrong codes"),
    }
}

fn line(picture: &mut Picture, frame: &Frame, points: &[Point], color: Color) {
    frame.curve(picture, points, color, 2.0);
    for &(active, value) in points {
        picture.dot(frame.at(active, value), 2.8, color, 1.0);
    }
    let mut tick = 1;
    let last = points.last().map_or(0.0, |point| point.0);
    while f64::from(tick) <= last {
        if frame.has_x(f64::from(tick)) {
            frame.x_tick(picture, f64::from(tick), &tick.to_string());
        }
        tick *= 2;
    }
    frame.x_line(picture, "open word lines");
}
