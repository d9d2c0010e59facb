//! Accuracy against open word lines with noise at each read, full-range and calibrated references; right: close to the ideal.

use super::loss_curves::{Axis, Curve, Place, draw, how_known};
use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::frame;
use crate::report::number;
use crate::report::palette::{BLUE, ORANGE};
use crate::report::picture::Picture;
use crate::results::accuracy::WordLinePoint;
use crate::results::run::RunResult;

const HEIGHT: f64 = 400.0;
/// Room at both ends of the axis, as a factor.
const ROOM: f64 = 1.2;

/// Draws the figure; nothing without two numbers of word lines.
pub fn figure(result: &RunResult) -> Option<Figure> {
    let points = &result.word_line_curve;
    let mut active: Vec<usize> = points.iter().map(|point| point.active).collect();
    active.sort_unstable();
    active.dedup();
    let (Some(&first), Some(&last)) = (active.first(), active.last()) else {
        return None;
    };
    let curves = curves(points);
    if first == last || curves.is_empty() {
        return None;
    }
    let axis = Axis {
        scale: Scale::Log {
            low: first as f64 / ROOM,
            high: last as f64 * ROOM,
        },
        ticks: active.iter().map(|&n| (n as f64, n.to_string())).collect(),
        title: "open word lines",
    };
    let of_curve = result.adc_curve_ideal.as_ref();
    let ideal = 100.0 * of_curve.unwrap_or(&result.accuracy.ideal).estimate;
    let mut picture = Picture::new(WIDE, HEIGHT);
    let title = "Accuracy against open word lines";
    frame::headline(&mut picture, title, &subtitle(points));
    draw(&mut picture, &curves, &axis, ideal);
    Some(Figure {
        name: "accuracy_word_lines".into(),
        title: title.into(),
        caption: caption(points),
        picture,
    })
}

fn curves(points: &[WordLinePoint]) -> Vec<Curve<'_>> {
    let kinds = [
        ("calibrated", "calibrated, noise", BLUE),
        ("full_range", "full range, noise", ORANGE),
    ];
    let curve = |(references, name, color)| {
        let empty = Curve {
            name,
            color,
            noise: true,
            dashed: false,
            points: Vec::new(),
        };
        empty.through(of(points, references).map(place))
    };
    kinds.into_iter().filter_map(curve).collect()
}

fn place(point: &WordLinePoint) -> Place<'_> {
    Place {
        x: point.active as f64,
        accuracy: &point.accuracy,
        lost: &point.lost,
        is_this_macro: point.is_this_macro,
    }
}

fn of<'a>(
    points: &'a [WordLinePoint],
    references: &'static str,
) -> impl Iterator<Item = &'a WordLinePoint> {
    let finite = points
        .iter()
        .filter(|point| point.accuracy.estimate.is_finite());
    finite.filter(move |point| point.references == references)
}

/// Most word lines within one point of the ideal, calibrated.
fn subtitle(points: &[WordLinePoint]) -> String {
    let enough = |point: &&WordLinePoint| 100.0 * point.lost.estimate <= 1.0;
    let most = of(points, "calibrated")
        .filter(enough)
        .max_by_key(|point| point.active);
    match most {
        Some(point) => format!(
            "calibrated references, with noise: {} lose at most one point, {} (95 % interval), and need {} conversions an image",
            point.active,
            number::loss(&point.lost),
            number::count(point.conversions)
        ),
        None => "calibrated references, with noise: no number of word lines here comes within one point of the ideal".into(),
    }
}

fn caption(points: &[WordLinePoint]) -> String {
    let mut counts: Vec<(usize, u64)> = points
        .iter()
        .map(|point| (point.active, point.conversions))
        .collect();
    counts.sort_unstable();
    counts.dedup();
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(active, conversions)| format!("{active}: {}", number::count(conversions)))
        .collect();
    let images = points.iter().map(|point| point.accuracy.images);
    format!(
        "How many word lines this network can stand to have opened together, at this macro's bits, references placed anew for each \
         number; the ring is this macro's own setting. {} Conversions of one image: {}. The network is the same at every point; \
         one that was trained through so many word lines may do better. Resistance of wires is not in it.",
        how_known(images),
        counts.join(", ")
    )
}
