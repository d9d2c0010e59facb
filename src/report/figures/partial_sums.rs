//! Partial sums of each layer against the range of the ADC codes: what is clipped, and which sums share a code.

use super::{Figure, WIDE};
use crate::report::axis::{Scale, range};
use crate::report::frame::{self, Frame, SMALL, TEXT};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, INK, MUTED, VERMILION};
use crate::report::picture::{Align, Label, Picture};
use crate::results::layer::LayerResult;

const COLUMNS: usize = 3;
const PANEL_HEIGHT: f64 = 212.0;
const HEAD: f64 = 84.0;
/// Smallest share of sums drawn.
const FLOOR: f64 = 1e-6;

/// Draws one panel per layer on the macro; nothing where no layer has a histogram.
pub fn figure(layers: &[LayerResult]) -> Option<Figure> {
    let shown: Vec<&LayerResult> = layers
        .iter()
        .filter(|layer| layer.on_macro && layer.sum_histogram.iter().any(|&count| count > 0))
        .collect();
    if shown.is_empty() {
        return None;
    }
    let rows = shown.len().div_ceil(COLUMNS);
    let mut picture = Picture::new(WIDE, HEAD + rows as f64 * PANEL_HEIGHT);
    let title = "Partial sums against the ADC's range, layer by layer";
    let subtitle = "share of all partial sums, ideal inputs of the calibration images";
    frame::headline(&mut picture, title, subtitle);
    let entries = [
        (
            Mark::Square,
            BLUE,
            "inside the range (shade changes with the code)",
        ),
        (Mark::Square, VERMILION, "clipped"),
        (Mark::Line, INK, "thresholds"),
    ];
    legend::entries(&mut picture, (14.0, 66.0), &entries);
    let width = WIDE / COLUMNS as f64;
    for (index, layer) in shown.iter().enumerate() {
        let left = (index % COLUMNS) as f64 * width;
        let top = HEAD + (index / COLUMNS) as f64 * PANEL_HEIGHT;
        panel(&mut picture, layer, left, top, width);
    }
    Some(Figure {
        name: "partial_sums".into(),
        title: title.into(),
        caption: "Bars are how often each partial sum occurs (logarithmic); ticks under the bars are the ADC \
                  thresholds. Orange-red sums lie beyond the outermost code and are clipped; a wide empty margin inside \
                  the range means codes are wasted."
            .into(),
        picture,
    })
}

fn panel(picture: &mut Picture, layer: &LayerResult, left: f64, top: f64, width: f64) {
    let frame = Frame {
        left: left + 62.0,
        top: top + 34.0,
        right: left + width - 14.0,
        bottom: top + PANEL_HEIGHT - 48.0,
        x: Scale::Linear {
            low: f64::from(layer.sum_min) - 1.0,
            high: f64::from(layer.sum_max) + 1.0,
        },
        y: Scale::Log {
            low: FLOOR,
            high: 1.0,
        },
    };
    heading(picture, &frame, layer);
    frame.y_axis(picture, "");
    let (low, high) = code_range(layer);
    for (a, b) in [
        (f64::from(layer.sum_min) - 1.0, low),
        (high, f64::from(layer.sum_max) + 1.0),
    ] {
        if b > a {
            picture.rect(
                (frame.px(a), frame.top),
                (frame.px(b), frame.bottom),
                VERMILION,
                0.07,
            );
        }
    }
    bars(picture, &frame, layer, (low, high));
    frame.x_axis(picture, "Partial sum (MAC units)");
    for &threshold in layer.thresholds.iter().filter(|t| frame.has_x(**t)) {
        let x = frame.px(threshold);
        picture.line(
            vec![(x, frame.bottom - 9.0), (x, frame.bottom)],
            INK,
            1.0,
            1.0,
        );
    }
}

fn heading(picture: &mut Picture, frame: &Frame, layer: &LayerResult) {
    let y = frame.top - 16.0;
    let clipped = Label::new(
        format!("clipped {}", number::share(layer.clipped)),
        (frame.right, y),
        SMALL,
    )
    .align(Align::End)
    .color(if layer.clipped >= 0.01 {
        VERMILION
    } else {
        MUTED
    });
    let room = clipped.bounds()[0] - frame.left - 90.0;
    let name = Label::new(
        legend::shorten(&layer.name, room.max(40.0), TEXT),
        (frame.left, y),
        TEXT,
    )
    .bold();
    let sigma = format!("σ = {}", number::significant(layer.sum_std));
    let beside = (name.bounds()[2] + 10.0, y);
    picture.text(name);
    picture.text(clipped);
    picture.text_if_free(Label::new(sigma, beside, SMALL).color(MUTED));
}

/// Sums between the outermost code values, half a step added on both sides; everything without codes.
fn code_range(layer: &LayerResult) -> (f64, f64) {
    let values = || layer.code_values.iter().map(|&value| f64::from(value));
    let Some((low, high)) = range(values()) else {
        return (f64::NEG_INFINITY, f64::INFINITY);
    };
    let steps = layer.code_values.len().saturating_sub(1).max(1) as f64;
    let half = (high - low) / steps / 2.0;
    (low - half, high + half)
}

fn bars(picture: &mut Picture, frame: &Frame, layer: &LayerResult, (low, high): (f64, f64)) {
    let total: u64 = layer.sum_histogram.iter().sum();
    for (index, &count) in layer.sum_histogram.iter().enumerate() {
        let share = count as f64 / total as f64;
        if share < FLOOR {
            continue;
        }
        let sum = f64::from(layer.sum_min) + index as f64;
        let code = layer.thresholds.iter().filter(|&&t| t <= sum).count();
        let (color, opacity) = if sum < low || sum > high {
            (VERMILION, 0.95)
        } else {
            (BLUE, if code.is_multiple_of(2) { 0.95 } else { 0.55 })
        };
        picture.rect(
            frame.at(sum - 0.45, share),
            (frame.px(sum + 0.45), frame.bottom),
            color,
            opacity,
        );
    }
}
