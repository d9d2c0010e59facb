//! Accuracy against ADC bits, full-range and calibrated references, with and without noise; right: close to the ideal.

use super::loss_curves::{Axis, Curve, Place, draw, how_known};
use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::frame;
use crate::report::number;
use crate::report::palette::{BLUE, ORANGE};
use crate::report::picture::Picture;
use crate::results::accuracy::CurvePoint;
use crate::results::run::RunResult;

const HEIGHT: f64 = 400.0;

/// Draws the figure; nothing without a curve.
pub fn figure(result: &RunResult) -> Option<Figure> {
    let curves = curves(&result.adc_curve);
    if curves.is_empty() {
        return None;
    }
    let of_curve = result.adc_curve_ideal.as_ref();
    let ideal = 100.0 * of_curve.unwrap_or(&result.accuracy.ideal).estimate;
    let mut bits: Vec<u32> = result.adc_curve.iter().map(|point| point.bits).collect();
    bits.sort_unstable();
    bits.dedup();
    let axis = Axis {
        scale: Scale::around(bits.iter().copied().map(f64::from), 0.04),
        ticks: bits
            .iter()
            .map(|&b| (f64::from(b), b.to_string()))
            .collect(),
        title: "ADC bits",
    };
    let mut picture = Picture::new(WIDE, HEIGHT);
    let title = "Accuracy against ADC bits";
    frame::headline(&mut picture, title, &subtitle(&curves));
    draw(&mut picture, &curves, &axis, ideal);
    Some(Figure {
        name: "accuracy_adc_bits".into(),
        title: title.into(),
        caption: caption(result),
        picture,
    })
}

fn curves(points: &[CurvePoint]) -> Vec<Curve<'_>> {
    let kinds = [
        ("calibrated", false, "calibrated", BLUE),
        ("calibrated", true, "calibrated, noise", BLUE),
        ("full_range", false, "full range", ORANGE),
        ("full_range", true, "full range, noise", ORANGE),
    ];
    let curve = |(references, noise, name, color)| {
        let empty = Curve {
            name,
            color,
            noise,
            dashed: noise,
            points: Vec::new(),
        };
        let of_this = |point: &&CurvePoint| point.references == references && point.noise == noise;
        empty.through(points.iter().filter(of_this).map(place))
    };
    kinds.into_iter().filter_map(curve).collect()
}

fn place(point: &CurvePoint) -> Place<'_> {
    Place {
        x: f64::from(point.bits),
        accuracy: &point.accuracy,
        lost: &point.lost,
        is_this_macro: point.is_this_macro,
    }
}

fn caption(result: &RunResult) -> String {
    let images = result.adc_curve.iter().map(|point| point.accuracy.images);
    format!(
        "How many ADC bits this network needs on this macro: solid lines without noise, dashed with noise at each read, \
         the ring is this macro's own setting. {} Right: the same, enlarged around the ideal. The network is the same at every \
         point; one that was trained through a read-out may do better there.",
        how_known(images)
    )
}

/// Fewest bits within one point of the ideal, calibrated, with the most noise simulated.
fn subtitle(curves: &[Curve<'_>]) -> String {
    let calibrated = curves.iter().rev().find(|curve| curve.color == BLUE);
    let enough = calibrated.and_then(|curve| {
        let mut points = curve.points.iter();
        points.find(|point| 100.0 * point.lost.estimate <= 1.0)
    });
    let condition = match calibrated {
        Some(curve) if curve.noise => "calibrated references, with noise",
        _ => "calibrated references, without noise",
    };
    match enough {
        Some(point) => format!(
            "{condition}: {} bits lose at most one point, {} (95 % interval)",
            point.x,
            number::loss(point.lost)
        ),
        None => format!("{condition}: no number of bits here comes within one point of the ideal"),
    }
}
