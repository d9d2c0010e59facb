//! Overlapping histograms of the bit-line current per MAC value, references drawn in, worst margin enlarged beside.
//!
//! Values the read-out gives the same code share a colour, so a tail in the other colour's zone is a wrong code.

use super::{Figure, WIDE};
use crate::report::axis::{Scale, range};
use crate::report::facts::{self, Pair};
use crate::report::frame::{self, Frame, SMALL, TEXT};
use crate::report::number;
use crate::report::palette::{BLUE, Color, GRID, INK, MUTED, ORANGE, VERMILION};
use crate::report::picture::{Align, Label, Picture, Point};
use crate::results::margin::{MacValue, MarginReport};

const HEIGHT: f64 = 410.0;
/// More values than this are thinned to every k-th.
const MOST_VALUES: usize = 80;
/// A histogram with fewer samples is replaced by the normal distribution of its mean and sigma.
const FEWEST_SAMPLES: u64 = 300;

/// Density of one value: points from left to right, as counts or shares.
type Curve = Vec<Point>;

/// Draws the figure; nothing without values.
pub fn figure(report: &MarginReport, suffix: &str) -> Option<Figure> {
    let curves: Vec<(&MacValue, Curve)> = thinned(report)
        .into_iter()
        .filter_map(|value| Some((value, policy_curve(report, value)?)))
        .collect();
    let (low, high) = range(
        curves
            .iter()
            .flat_map(|(_, curve)| curve.iter().map(|p| p.0)),
    )?;
    let peak = range(
        curves
            .iter()
            .flat_map(|(_, curve)| curve.iter().map(|p| p.1)),
    )?
    .1;
    let mut picture = Picture::new(WIDE, HEIGHT);
    let worst = facts::worst_pair(report);
    let title = format!("Bit-line current per MAC value ({})", facts::scope(report));
    frame::headline(&mut picture, &title, &subtitle(report, worst));
    let main = Frame {
        left: 72.0,
        top: 108.0,
        right: if worst.is_some() { 760.0 } else { WIDE - 20.0 },
        bottom: HEIGHT - 50.0,
        x: Scale::around([low, high], 0.01),
        y: Scale::decades(lowest(report, peak), peak * 1.3),
    };
    overview(&mut picture, &main, report, &curves, worst);
    if let Some(pair) = worst {
        zoom(&mut picture, report, pair);
    }
    Some(Figure {
        name: format!("margin_histogram{suffix}"),
        title,
        caption: "Each hump is one MAC value, vertical lines are the references; values with the same ADC code share \
                  a colour, so a tail that crosses into the other colour is a wrong code (tails beyond 4.5 σ are not drawn). Right: the pair that a \
                  reference keeps apart worst."
            .into(),
        picture,
    })
}

fn subtitle(report: &MarginReport, worst: Option<Pair<'_>>) -> String {
    let rate = format!(
        "{} of conversions get a wrong code over chips and reads",
        number::probability(report.error_rate)
    );
    match worst.and_then(|pair| Some((pair, pair.margin()?))) {
        Some((pair, margin)) => format!(
            "{rate}; smallest margin at a reference: {} µA at {} σ, between {} and {}; one MAC unit is {} µA",
            number::significant(margin),
            report.z,
            number::fixed(f64::from(pair.low.value), 0),
            number::fixed(f64::from(pair.high.value), 0),
            number::significant(report.unit_ua),
        ),
        None => rate,
    }
}

/// Every k-th value where there are too many to draw.
fn thinned(report: &MarginReport) -> Vec<&MacValue> {
    let step = report.values.len().div_ceil(MOST_VALUES).max(1);
    report.values.iter().step_by(step).collect()
}

fn is_sampled(report: &MarginReport) -> bool {
    report.values.iter().any(|value| samples(value) > 0)
}

fn samples(value: &MacValue) -> u64 {
    value.histogram.iter().sum()
}

fn lowest(report: &MarginReport, peak: f64) -> f64 {
    if is_sampled(report) { 0.7 } else { peak * 1e-7 }
}

/// Counts of a value as a step curve, or its normal density weighted by its probability.
fn policy_curve(report: &MarginReport, value: &MacValue) -> Option<Curve> {
    if is_sampled(report) {
        steps(&report.bin_edges_ua, &value.histogram, 1.0)
    } else {
        normal(value, value.probability)
    }
}

/// Share of the value's own samples per bin; the normal density where too few were drawn.
fn own_curve(report: &MarginReport, value: &MacValue) -> Option<Curve> {
    let drawn = samples(value);
    if drawn < FEWEST_SAMPLES {
        let width = report.bin_edges_ua.windows(2).next();
        return normal(value, width.map_or(1.0, |edges| edges[1] - edges[0]));
    }
    steps(&report.bin_edges_ua, &value.histogram, 1.0 / drawn as f64)
}

fn steps(edges: &[f64], counts: &[u64], factor: f64) -> Option<Curve> {
    let first = counts.iter().position(|&count| count > 0)?;
    let last = counts.iter().rposition(|&count| count > 0)?;
    let drawn = edges.windows(2).zip(counts);
    let curve = drawn
        .skip(first)
        .take(last + 1 - first)
        .flat_map(|(bin, &count)| {
            let height = count as f64 * factor;
            [(bin[0], height), (bin[1], height)]
        });
    Some(curve.collect())
}

fn normal(value: &MacValue, weight: f64) -> Option<Curve> {
    let (mean, sigma) = (value.mean_ua, value.sigma_ua);
    if !(mean.is_finite() && sigma > 0.0 && weight > 0.0) {
        return None;
    }
    let density = |t: f64| weight / (sigma * std::f64::consts::TAU.sqrt()) * (-t * t / 2.0).exp();
    let points = (-54..=54).map(|step| f64::from(step) / 10.0);
    Some(points.map(|t| (mean + t * sigma, density(t))).collect())
}

fn color_of(report: &MarginReport, value: &MacValue) -> Color {
    let code = facts::hard_code(report, value.value).map_or(value.value, i32::from);
    if code.rem_euclid(2) == 0 {
        BLUE
    } else {
        ORANGE
    }
}

fn overview(
    picture: &mut Picture,
    frame: &Frame,
    report: &MarginReport,
    curves: &[(&MacValue, Curve)],
    worst: Option<Pair<'_>>,
) {
    let y_title = if is_sampled(report) {
        "Samples per bin"
    } else {
        "Probability density (1/µA)"
    };
    frame.y_axis(picture, y_title);
    for (value, curve) in curves {
        hump(
            picture,
            frame,
            &core(value, curve),
            color_of(report, value),
            0.28,
        );
    }
    references(picture, frame, report, worst);
    frame.x_axis(picture, "Bit-line current (µA)");
    value_row(picture, frame, report);
}

/// Standard deviations of a hump that are drawn; what lies beyond is stuck cells, single counts of which hide the rest.
const CORE: f64 = 4.5;

fn core(value: &MacValue, curve: &[Point]) -> Curve {
    if value.sigma_ua <= 0.0 || value.sigma_ua.is_nan() {
        return curve.to_vec();
    }
    let inside = |point: &&Point| (point.0 - value.mean_ua).abs() <= CORE * value.sigma_ua;
    curve.iter().filter(inside).copied().collect()
}

fn hump(picture: &mut Picture, frame: &Frame, curve: &[Point], color: Color, opacity: f64) {
    let inside: Vec<Point> = curve.iter().map(|&(x, y)| frame.at(x, y)).collect();
    let (Some(first), Some(last)) = (inside.first(), inside.last()) else {
        return;
    };
    let mut area = vec![(first.0, frame.bottom)];
    area.extend(&inside);
    area.push((last.0, frame.bottom));
    picture.fill(area.clone(), color, opacity);
    frame.curve(picture, curve, color, 1.2);
}

/// Reference lines, and above the plot a strip with the value each code stands for.
fn references(
    picture: &mut Picture,
    frame: &Frame,
    report: &MarginReport,
    worst: Option<Pair<'_>>,
) {
    let critical = worst.and_then(|pair| pair.reference(report));
    let mut edges: Vec<f64> = report.references_ua.clone();
    edges.sort_by(f64::total_cmp);
    for &edge in &edges {
        let (color, width) = if Some(edge) == critical {
            (VERMILION, 2.0)
        } else {
            (INK, 1.0)
        };
        frame.upright(picture, edge, color, width);
    }
    let (low, high) = frame.x.ends();
    edges.insert(0, low);
    edges.push(high);
    let (top, bottom) = (frame.top - 43.0, frame.top - 24.0);
    picture.text(
        Label::new("reads as", (frame.left - 7.0, (top + bottom) / 2.0), SMALL)
            .align(Align::End)
            .color(MUTED),
    );
    for (code, zone) in edges.windows(2).enumerate() {
        let (left, right) = (frame.px(zone[0]), frame.px(zone[1]));
        let color = if code % 2 == 0 { BLUE } else { ORANGE };
        picture.rect((left, top), (right, bottom), color, 0.25);
        let Some(&value) = report.confusion.code_values.get(code) else {
            continue;
        };
        let text = number::short(f64::from(value));
        let label = Label::new(text, ((left + right) / 2.0, (top + bottom) / 2.0), SMALL)
            .align(Align::Middle);
        let bounds = label.bounds();
        if bounds[2] - bounds[0] < right - left {
            picture.text_if_free(label);
        }
    }
}

/// A second row above the plot: which MAC value stands where, as many as there is room for.
fn value_row(picture: &mut Picture, frame: &Frame, report: &MarginReport) {
    let y = frame.top - 14.0;
    picture.text(
        Label::new("MAC value", (frame.left - 7.0, y), SMALL)
            .align(Align::End)
            .color(MUTED),
    );
    let room = (frame.right - frame.left) / 30.0;
    let visible = || {
        report
            .values
            .iter()
            .filter(|value| frame.has_x(value.mean_ua))
    };
    let every = (visible().count() as f64 / room).ceil().max(1.0) as i32;
    for value in visible().filter(|value| value.value % every == 0) {
        let text = number::fixed(f64::from(value.value), 0);
        let at = (frame.px(value.mean_ua), y);
        picture.text_if_free(Label::new(text, at, SMALL).align(Align::Middle));
    }
}

/// Just below one sample of the value that was drawn less often.
fn lowest_share(pair: Pair<'_>, peak: f64) -> f64 {
    match samples(pair.low).min(samples(pair.high)) {
        drawn if drawn >= FEWEST_SAMPLES => (0.7 / drawn as f64).max(peak * 1e-5),
        _ => peak * 1e-5,
    }
}

/// The worst pair alone, each value on its own scale of shares.
fn zoom(picture: &mut Picture, report: &MarginReport, pair: Pair<'_>) {
    let curves = [pair.low, pair.high].map(|value| own_curve(report, value).unwrap_or_default());
    let reach = |value: &MacValue| (report.z + 1.5) * value.sigma_ua;
    let ends = [
        pair.low.mean_ua - reach(pair.low),
        pair.high.mean_ua + reach(pair.high),
    ];
    let peak = range(curves.iter().flatten().map(|point| point.1)).map_or(1.0, |ends| ends.1);
    let frame = Frame {
        left: 846.0,
        top: 108.0,
        right: WIDE - 20.0,
        bottom: HEIGHT - 50.0,
        x: Scale::around(ends, 0.0),
        y: Scale::decades(lowest_share(pair, peak), peak * 12.0),
    };
    frame.y_axis(picture, "Share of the value's samples");
    for (value, curve) in [pair.low, pair.high].iter().zip(&curves) {
        hump(picture, &frame, curve, color_of(report, value), 0.35);
        let height = curve.iter().map(|point| point.1).fold(0.0, f64::max);
        let at = (frame.px(value.mean_ua), frame.py(height) - 11.0);
        let text = number::fixed(f64::from(value.value), 0);
        picture.text_if_free(Label::new(text, at, TEXT).align(Align::Middle).bold());
    }
    for &reference in &report.references_ua {
        let critical = pair.reference(report) == Some(reference);
        let color = if critical { VERMILION } else { GRID };
        frame.upright(picture, reference, color, 2.0);
    }
    frame.x_axis(picture, "Bit-line current (µA)");
    let text = format!(
        "{} and {}, kept apart worst",
        number::fixed(f64::from(pair.low.value), 0),
        number::fixed(f64::from(pair.high.value), 0)
    );
    let middle = (frame.left + frame.right) / 2.0;
    picture.text(
        Label::new(text, (middle, frame.top - 26.0), TEXT)
            .align(Align::Middle)
            .bold(),
    );
    bracket(picture, &frame, report, pair);
}

/// From the lower value's upper z-sigma point to the upper value's lower one; a negative margin runs backwards.
fn bracket(picture: &mut Picture, frame: &Frame, report: &MarginReport, pair: Pair<'_>) {
    let Some(margin) = pair.margin() else {
        return;
    };
    let from = frame.px(pair.low.mean_ua + report.z * pair.low.sigma_ua);
    let to = frame.px(pair.high.mean_ua - report.z * pair.high.sigma_ua);
    let y = frame.top + 14.0;
    picture.line(vec![(from, y), (to, y)], VERMILION, 1.0, 2.0);
    for x in [from, to] {
        picture.line(vec![(x, y - 5.0), (x, y + 5.0)], VERMILION, 1.0, 2.0);
    }
    let text = format!("margin {} µA", number::significant(margin));
    let middle = (frame.left + frame.right) / 2.0;
    let label = Label::new(text, (middle, frame.top - 9.0), TEXT)
        .align(Align::Middle)
        .color(VERMILION)
        .bold();
    picture.text(label);
}
