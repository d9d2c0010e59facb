//! Four margins towards the next MAC value: of the means, of the worst pattern, with z sigma, and what the sense amp keeps.

use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::facts;
use crate::report::frame::{self, Frame, SMALL};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, Color, GREEN, INK, PURPLE, VERMILION};
use crate::report::picture::{Label, Picture};
use crate::results::margin::{MacValue, MarginReport};

const HEIGHT: f64 = 360.0;

type Margin = fn(&MacValue) -> Option<f64>;

/// Draws the figure; nothing where no value has a neighbour.
pub fn figure(report: &MarginReport, suffix: &str) -> Option<Figure> {
    let z_name = format!("at {} σ", report.z);
    let sensing_name = format!("left for the sense amp at {} σ", report.z);
    let mut series: Vec<(&str, Color, Margin)> = vec![
        ("between means", BLUE, |v| v.mean_gap_ua),
        ("worst pattern, no variation", GREEN, |v| v.worst_margin_ua),
        (&z_name, VERMILION, |v| v.z_margin_ua),
        (&sensing_name, PURPLE, |v| v.sensing_margin_ua),
    ];
    if patterns_agree(report) {
        series.remove(1);
        series[0].0 = "between means (the same for every pattern)";
    }
    let known: Vec<_> = series
        .into_iter()
        .filter(|(_, _, margin)| neighbours(report).any(|v| finite(margin(v)).is_some()))
        .collect();
    let all = known
        .iter()
        .flat_map(|(_, _, margin)| neighbours(report).filter_map(|v| finite(margin(v))))
        .chain([0.0]);
    if known.is_empty() {
        return None;
    }
    let title = format!("Margin to the next MAC value ({})", facts::scope(report));
    let mut picture = Picture::new(WIDE, HEIGHT);
    let frame = Frame {
        left: 72.0,
        top: 92.0,
        right: WIDE - 20.0,
        bottom: HEIGHT - 50.0,
        x: Scale::around(report.values.iter().map(|v| f64::from(v.value)), 0.02),
        y: Scale::around(all, 0.08),
    };
    frame::headline(&mut picture, &title, &subtitle(report));
    let entries: Vec<_> = known
        .iter()
        .map(|&(name, color, _)| (Mark::Line, color, name))
        .chain([(Mark::Dot, INK, "a reference lies between the two values")])
        .collect();
    legend::entries(&mut picture, (72.0, 68.0), &entries);
    draw(&mut picture, &frame, report, &known);
    Some(Figure {
        name: format!("margin_per_value{suffix}"),
        title,
        caption: "Distance to the next higher MAC value; below zero the two values overlap and no reference can tell \
                  them apart. Only the dots matter to the read-out: there a reference has to fit between. A line breaks \
                  where a value was never seen."
            .into(),
        picture,
    })
}

/// True if the worst pattern leaves as much as the means, so that one line would hide the other.
fn patterns_agree(report: &MarginReport) -> bool {
    report.values.iter().all(|v| {
        let both = (finite(v.mean_gap_ua), finite(v.worst_margin_ua));
        matches!(both, (None, None))
            || matches!(both, (Some(a), Some(b)) if (a - b).abs() <= 0.02 * a.abs())
    })
}

/// Values whose next higher integer was seen too.
fn neighbours(report: &MarginReport) -> impl Iterator<Item = &MacValue> {
    let pairs = report.values.windows(2);
    pairs
        .filter(|pair| pair[1].value == pair[0].value + 1)
        .map(|pair| &pair[0])
}

fn finite(margin: Option<f64>) -> Option<f64> {
    margin.filter(|value| value.is_finite())
}

fn subtitle(report: &MarginReport) -> String {
    let pairs = facts::separated_pairs(report);
    let below = pairs
        .iter()
        .filter(|pair| pair.margin().is_some_and(|margin| margin < 0.0))
        .count();
    format!(
        "{below} of {} neighbours that a reference separates overlap at {} σ; one MAC unit is {} µA",
        pairs.len(),
        report.z,
        number::significant(report.unit_ua)
    )
}

fn draw(
    picture: &mut Picture,
    frame: &Frame,
    report: &MarginReport,
    known: &[(&str, Color, Margin)],
) {
    frame.y_axis(picture, "Margin (µA)");
    let zero = frame.py(0.0);
    if zero < frame.bottom - 1.0 {
        picture.rect(
            (frame.left, zero),
            (frame.right, frame.bottom),
            VERMILION,
            0.08,
        );
    }
    frame.level(picture, 0.0, INK, 1.4);
    let separated: Vec<i32> = facts::separated_pairs(report)
        .iter()
        .map(|pair| pair.low.value)
        .collect();
    for (_, color, margin) in known {
        let points: Vec<_> = neighbours(report)
            .filter_map(|v| Some((f64::from(v.value), finite(margin(v))?)))
            .collect();
        // A value that no pattern showed breaks the line: there is nothing to be told apart from.
        for run in points.chunk_by(|a, b| b.0 - a.0 < 1.5) {
            frame.curve(picture, run, *color, 1.8);
        }
        for &(x, y) in points.iter().filter(|p| separated.contains(&(p.0 as i32))) {
            picture.dot(frame.at(x, y), 3.2, *color, 1.0);
        }
    }
    if zero < frame.bottom - 1.0 {
        let label = Label::new("overlap", (0.0, 0.0), SMALL).color(VERMILION);
        let (left, right) = (frame.left + 8.0, frame.right - 60.0);
        let (low, high) = (frame.bottom - 11.0, zero + 12.0);
        picture.text_where_clear(
            label,
            &[(left, high), (right, high), (left, low), (right, low)],
        );
    }
    frame.x_axis(picture, "MAC value (lower one of the pair)");
}
