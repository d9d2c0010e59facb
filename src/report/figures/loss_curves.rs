//! Accuracy curves of losses against the ideal, in two panels: all of it, and enlarged around the ideal.
//!
//! The bars are intervals of the loss against the ideal on the same images, not of the accuracy itself: how far a point
//! lies below the green line is what such a figure is about. Not responsible for what is varied (`adc_bits`, `word_lines`).

use super::WIDE;
use crate::report::axis::Scale;
use crate::report::frame::{Frame, TEXT};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{Color, GREEN, INK, MUTED};
use crate::report::picture::{Label, Picture, Point};
use crate::results::accuracy::{Accuracy, Loss};

/// One point: where it stands, its accuracy, and whether it is the macro's own.
pub struct Place<'a> {
    /// Place on the horizontal axis.
    pub x: f64,
    /// Accuracy with the interval of the loss.
    pub accuracy: &'a Accuracy,
    /// The loss that it comes from.
    pub lost: &'a Loss,
    /// True if this is the macro's own setting.
    pub is_this_macro: bool,
}

/// One curve, points in the order of the axis.
pub struct Curve<'a> {
    /// Name in the key.
    pub name: &'static str,
    /// Colour.
    pub color: Color,
    /// True if it is with noise at each read.
    pub noise: bool,
    /// True if it is dashed.
    pub dashed: bool,
    /// Points.
    pub points: Vec<Place<'a>>,
}

impl<'a> Curve<'a> {
    /// This curve through those of `places` whose accuracy is known, in the order of the axis; nothing where there is none.
    pub fn through(self, places: impl Iterator<Item = Place<'a>>) -> Option<Self> {
        let known = places.filter(|place| place.accuracy.estimate.is_finite());
        let mut points: Vec<Place<'a>> = known.collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        (!points.is_empty()).then_some(Self { points, ..self })
    }
}

/// The horizontal axis.
pub struct Axis {
    /// Scale.
    pub scale: Scale,
    /// Places and texts of its ticks.
    pub ticks: Vec<(f64, String)>,
    /// Title.
    pub title: &'static str,
}

/// How the points are known, for the caption: `images` are those that each of them looked at.
pub fn how_known(images: impl Iterator<Item = u64> + Clone) -> String {
    let ends = [images.clone().min(), images.max()];
    let [fewest, most] = ends.map(|images| number::grouped(images.unwrap_or(0)));
    let looked_at = if fewest == most {
        format!("{most} test images")
    } else {
        format!("the first {fewest} to {most} test images, more where less is clear")
    };
    format!(
        "Every point is the ideal network's accuracy less what the point loses against it, known from {looked_at}; bars are \
         95 % intervals of that loss."
    )
}

/// Draws both panels below a headline; `ideal` in percent.
pub fn draw(picture: &mut Picture, curves: &[Curve<'_>], axis: &Axis, ideal: f64) {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let lowest = points().map(|point| 100.0 * point.accuracy.low);
    let highest = points().map(|point| 100.0 * point.accuracy.estimate - ideal);
    let above = (highest.fold(0.0, f64::max) + 0.3).min(3.0);
    let whole = Frame {
        left: 72.0,
        top: 92.0,
        right: 580.0,
        bottom: picture.height - 50.0,
        x: axis.scale,
        y: Scale::around(lowest.chain([ideal]), 0.06),
    };
    let close = Frame {
        left: 664.0,
        right: WIDE - 20.0,
        y: Scale::Linear {
            low: ideal - 4.0,
            high: ideal + above.max(1.2),
        },
        ..whole
    };
    key(picture, curves);
    for (frame, name) in [
        (whole, "Accuracy (%)"),
        (close, "Accuracy (%), close to ideal"),
    ] {
        frame.y_axis(picture, name);
        panel(picture, &frame, curves, axis, ideal);
    }
}

fn key(picture: &mut Picture, curves: &[Curve<'_>]) {
    let mark = |curve: &Curve<'_>| match curve.dashed {
        true => Mark::Dashed,
        false => Mark::Line,
    };
    let mut entries: Vec<(Mark, Color, &str)> = curves
        .iter()
        .map(|curve| (mark(curve), curve.color, curve.name))
        .collect();
    entries.push((Mark::Line, GREEN, "ideal MVM values"));
    entries.push((Mark::Ring, INK, "this macro"));
    legend::entries(picture, (72.0, 68.0), &entries);
}

fn panel(picture: &mut Picture, frame: &Frame, curves: &[Curve<'_>], axis: &Axis, ideal: f64) {
    frame.level(picture, ideal, GREEN, 1.6);
    for (index, curve) in curves.iter().enumerate() {
        let aside = 3.0 * (index as f64 - (curves.len() as f64 - 1.0) / 2.0);
        intervals(picture, frame, curve, aside);
    }
    for curve in curves {
        line(picture, frame, curve);
    }
    for (value, text) in &axis.ticks {
        frame.x_tick(picture, *value, text);
    }
    frame.x_line(picture, axis.title);
    mark_this_macro(picture, frame, curves);
}

fn at(point: &Place) -> (f64, f64) {
    (point.x, 100.0 * point.accuracy.estimate)
}

/// Intervals as bars, moved a little aside so that the curves' bars stand next to each other.
fn intervals(picture: &mut Picture, frame: &Frame, curve: &Curve<'_>, aside: f64) {
    for point in &curve.points {
        let (low, high) = (100.0 * point.accuracy.low, 100.0 * point.accuracy.high);
        if frame.has_y(low) || frame.has_y(high) {
            let x = frame.px(point.x) + aside;
            let ends = vec![(x, frame.py(low)), (x, frame.py(high))];
            picture.line(ends, curve.color, 0.45, 2.0);
        }
    }
}

fn line(picture: &mut Picture, frame: &Frame, curve: &Curve<'_>) {
    let points: Vec<_> = curve.points.iter().map(at).collect();
    if curve.dashed {
        frame.dashed_curve(picture, &points, curve.color, 2.0);
    } else {
        frame.curve(picture, &points, curve.color, 2.2);
    }
    for &(x, accuracy) in points.iter().filter(|point| frame.has_y(point.1)) {
        picture.dot(frame.at(x, accuracy), 3.2, curve.color, 1.0);
    }
}

/// Rings around this macro's own points, and one label for all of them.
fn mark_this_macro(picture: &mut Picture, frame: &Frame, curves: &[Curve<'_>]) {
    let own = curves.iter().flat_map(|curve| {
        let points = curve.points.iter().filter(|point| point.is_this_macro);
        points.map(|point| (curve.noise, at(point)))
    });
    let own: Vec<(bool, Point)> = own.filter(|(_, point)| frame.has_y(point.1)).collect();
    let Some(&(_, (x, accuracy))) = own.first() else {
        return;
    };
    for &(_, (x, accuracy)) in &own {
        picture.ring(frame.at(x, accuracy), 8.0, INK);
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
    let center = frame.at(x, accuracy);
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
