//! Accuracy against ADC bits, full-range and calibrated references, with and without noise; right: close to the ideal.
//!
//! The bars are intervals of the loss against the ideal on the same images, not of the accuracy itself: how far a point
//! lies below the green line is what the figure is about.

use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::frame::{self, Frame, TEXT};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, Color, GREEN, INK, MUTED, ORANGE};
use crate::report::picture::{Label, Picture, Point};
use crate::results::accuracy::CurvePoint;
use crate::results::run::RunResult;

const HEIGHT: f64 = 400.0;

/// One curve, points in order of bits.
struct Curve<'a> {
    color: Color,
    noise: bool,
    points: Vec<&'a CurvePoint>,
}

/// Draws the figure; nothing without a curve.
pub fn figure(result: &RunResult) -> Option<Figure> {
    let curves = curves(&result.adc_curve);
    if curves.is_empty() {
        return None;
    }
    let of_curve = result.adc_curve_ideal.as_ref();
    let ideal = 100.0 * of_curve.unwrap_or(&result.accuracy.ideal).estimate;
    let bits = result.adc_curve.iter().map(|point| f64::from(point.bits));
    let x = Scale::around(bits, 0.04);
    let lowest = result
        .adc_curve
        .iter()
        .map(|point| 100.0 * point.accuracy.low);
    let whole = Frame {
        left: 72.0,
        top: 92.0,
        right: 580.0,
        bottom: HEIGHT - 50.0,
        x,
        y: Scale::around(lowest.chain([ideal]), 0.06),
    };
    let close = Frame {
        left: 664.0,
        right: WIDE - 20.0,
        y: Scale::Linear {
            low: ideal - 4.0,
            high: ideal + above(&result.adc_curve).max(1.2),
        },
        ..whole
    };
    let mut picture = Picture::new(WIDE, HEIGHT);
    let title = "Accuracy against ADC bits";
    frame::headline(&mut picture, title, &subtitle(&curves));
    key(&mut picture, &curves);
    for (frame, name) in [
        (whole, "Accuracy (%)"),
        (close, "Accuracy (%), close to ideal"),
    ] {
        panel(&mut picture, &frame, &curves, ideal, name);
    }
    Some(Figure {
        name: "accuracy_adc_bits".into(),
        title: title.into(),
        caption: caption(result),
        picture,
    })
}

fn curves(points: &[CurvePoint]) -> Vec<Curve<'_>> {
    let mut curves = Vec::new();
    for (references, color) in [("calibrated", BLUE), ("full_range", ORANGE)] {
        for noise in [false, true] {
            let mut of_this: Vec<&CurvePoint> = points
                .iter()
                .filter(|point| point.references == references && point.noise == noise)
                .filter(|point| point.accuracy.estimate.is_finite())
                .collect();
            of_this.sort_by_key(|point| point.bits);
            if !of_this.is_empty() {
                curves.push(Curve {
                    color,
                    noise,
                    points: of_this,
                });
            }
        }
    }
    curves
}

/// How far the points reach above the ideal by chance, in points and with some air.
fn above(points: &[CurvePoint]) -> f64 {
    let won = points.iter().map(|point| -100.0 * point.lost.estimate);
    (won.fold(0.0, f64::max) + 0.3).min(3.0)
}

fn caption(result: &RunResult) -> String {
    let images = result.adc_curve.iter().map(|point| point.accuracy.images);
    let (fewest, most) = (images.clone().min(), images.max());
    let [fewest, most] = [fewest, most].map(|images| number::grouped(images.unwrap_or(0)));
    let looked_at = if fewest == most {
        format!("{most} test images")
    } else {
        format!("the first {fewest} to {most} test images, more where less is clear")
    };
    format!(
        "How many ADC bits this network needs on this macro: solid lines without noise, dashed with noise at each read, \
         the ring is this macro's own setting. Every point is the ideal network's accuracy less what the point loses \
         against it, known from {looked_at}; bars are 95 % intervals of that loss. Right: the same, enlarged around the \
         ideal."
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
            point.bits,
            number::loss(&point.lost)
        ),
        None => format!("{condition}: no number of bits here comes within one point of the ideal"),
    }
}

fn key(picture: &mut Picture, curves: &[Curve<'_>]) {
    let name = |curve: &Curve<'_>| match (curve.color == BLUE, curve.noise) {
        (true, false) => "calibrated",
        (true, true) => "calibrated, noise",
        (false, false) => "full range",
        (false, true) => "full range, noise",
    };
    let mut entries: Vec<(Mark, Color, &str)> = curves
        .iter()
        .map(|curve| {
            let mark = if curve.noise {
                Mark::Dashed
            } else {
                Mark::Line
            };
            (mark, curve.color, name(curve))
        })
        .collect();
    entries.push((Mark::Line, GREEN, "ideal MVM values"));
    entries.push((Mark::Ring, INK, "this macro"));
    legend::entries(picture, (72.0, 68.0), &entries);
}

fn panel(picture: &mut Picture, frame: &Frame, curves: &[Curve<'_>], ideal: f64, title: &str) {
    frame.y_axis(picture, title);
    frame.level(picture, ideal, GREEN, 1.6);
    for (index, curve) in curves.iter().enumerate() {
        let aside = 3.0 * (index as f64 - (curves.len() as f64 - 1.0) / 2.0);
        intervals(picture, frame, curve, aside);
    }
    for curve in curves {
        line(picture, frame, curve);
    }
    let (low, high) = frame.x.ends();
    for bits in low.ceil() as i32..=high.floor() as i32 {
        frame.x_tick(picture, f64::from(bits), &bits.to_string());
    }
    frame.x_line(picture, "ADC bits");
    mark_this_macro(picture, frame, curves);
}

fn at(point: &CurvePoint) -> (f64, f64) {
    (f64::from(point.bits), 100.0 * point.accuracy.estimate)
}

/// Intervals as bars, moved a little aside so that the curves' bars stand next to each other.
fn intervals(picture: &mut Picture, frame: &Frame, curve: &Curve<'_>, aside: f64) {
    for point in &curve.points {
        let (low, high) = (100.0 * point.accuracy.low, 100.0 * point.accuracy.high);
        if frame.has_y(low) || frame.has_y(high) {
            let x = frame.px(f64::from(point.bits)) + aside;
            let ends = vec![(x, frame.py(low)), (x, frame.py(high))];
            picture.line(ends, curve.color, 0.45, 2.0);
        }
    }
}

fn line(picture: &mut Picture, frame: &Frame, curve: &Curve<'_>) {
    let points: Vec<_> = curve.points.iter().map(|point| at(point)).collect();
    if curve.noise {
        frame.dashed_curve(picture, &points, curve.color, 2.0);
    } else {
        frame.curve(picture, &points, curve.color, 2.2);
    }
    for &(bits, accuracy) in points.iter().filter(|point| frame.has_y(point.1)) {
        picture.dot(frame.at(bits, accuracy), 3.2, curve.color, 1.0);
    }
}

/// Rings around this macro's own points, and one label for all of them.
fn mark_this_macro(picture: &mut Picture, frame: &Frame, curves: &[Curve<'_>]) {
    let own = curves.iter().flat_map(|curve| {
        let points = curve.points.iter().filter(|point| point.is_this_macro);
        points.map(|point| (curve.noise, at(point)))
    });
    let own: Vec<(bool, Point)> = own.filter(|(_, point)| frame.has_y(point.1)).collect();
    let Some(&(_, (bits, accuracy))) = own.first() else {
        return;
    };
    for &(_, (bits, accuracy)) in &own {
        picture.ring(frame.at(bits, accuracy), 8.0, INK);
    }
    let value = |&(noise, point): &(bool, Point)| {
        let share = number::percent(point.1 / 100.0, 1);
        if noise {
            format!("with noise {share}")
        } else {
            share
        }
    };
    let values: Vec<String> = own.iter().map(value).collect();
    let text = format!("this macro: {}", values.join(", "));
    let center = frame.at(bits, accuracy);
    let label = Label::new(text, center, TEXT).bold();
    let width = label.bounds()[2] - label.bounds()[0];
    let beside = [10.0, -10.0 - width, -width / 2.0];
    let anchors: Vec<_> = [24.0, -24.0, 48.0, -48.0, 72.0, 96.0, 120.0]
        .iter()
        .flat_map(|row| beside.map(|run| (center.0 + run, center.1 + row)))
        .filter(|at| {
            let inside_x = at.0 > frame.left && at.0 + width < frame.right;
            inside_x && at.1 > frame.top + 8.0 && at.1 < frame.bottom - 8.0
        })
        .collect();
    if let Some(at) = picture.text_where_clear(label, &anchors) {
        leader(picture, center, (at.0 + width / 2.0, at.1));
    }
}

/// A thin line from a ring to a label further away.
fn leader(picture: &mut Picture, ring: Point, label: Point) {
    let down = label.1 - ring.1;
    if down.abs() > 30.0 {
        let edge = label.1 - 10.0 * down.signum();
        let start = ring.1 + 8.0 * down.signum();
        picture.line(vec![(ring.0, start), (label.0, edge)], MUTED, 1.0, 1.0);
    }
}
