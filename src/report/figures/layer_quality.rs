//! Error rate and signal-to-noise ratio layer by layer: which layer suffers most from the read-out, and from what.

use super::{Figure, WIDE};
use crate::report::axis::{Scale, range};
use crate::report::frame::{self, Frame, SMALL};
use crate::report::legend::{self, Mark};
use crate::report::number;
use crate::report::palette::{BLUE, Color, GREEN, GRID, PAPER, PURPLE, VERMILION};
use crate::report::picture::{Align, Label, Picture};
use crate::results::layer::LayerResult;

const ROW: f64 = 30.0;
const TOP: f64 = 92.0;
/// Error rates below this are drawn at the axis.
const FLOOR: f64 = 1e-6;

/// Draws the figure; nothing where no layer is on the macro.
pub fn figure(layers: &[LayerResult]) -> Option<Figure> {
    let shown: Vec<&LayerResult> = layers.iter().filter(|layer| layer.on_macro).collect();
    if shown.is_empty() {
        return None;
    }
    let height = TOP + ROW * shown.len() as f64 + 52.0;
    let mut picture = Picture::new(WIDE, height);
    let title = "Error rate and SQNR, layer by layer";
    let subtitle =
        "SQNR: signal to quantization-and-noise ratio of one partial sum; higher is better";
    frame::headline(&mut picture, title, subtitle);
    let rates = Frame {
        left: 130.0,
        top: TOP,
        right: 540.0,
        bottom: height - 52.0,
        x: rate_scale(&shown),
        y: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
    };
    let ratios = Frame {
        left: 600.0,
        right: WIDE - 24.0,
        x: ratio_scale(&shown),
        ..rates
    };
    error_rates(&mut picture, &rates, &shown);
    signal_ratios(&mut picture, &ratios, &shown);
    Some(Figure {
        name: "layers".into(),
        title: title.into(),
        caption: "Left: share of conversions whose code differs from the noise-free code, weighted by the layer's own \
                  partial sums: bars with noise at each read alone, rings over chips and reads (static cells, offsets and \
                  references vary too); the numbers in this order. Right: the gap between the two dots of a layer is what noise costs, the distance of \
                  the blue dot from infinity is what quantization costs."
            .into(),
        picture,
    })
}

fn rate_scale(layers: &[&LayerResult]) -> Scale {
    let over_chips = |layer: &LayerResult| layer.margin.as_ref().map(|margin| margin.error_rate);
    let rates = layers
        .iter()
        .flat_map(|layer| [Some(layer.error_rate), over_chips(layer)])
        .flatten()
        .map(|rate| rate.max(FLOOR));
    let (low, high) = range(rates).unwrap_or((1e-3, 1.0));
    Scale::decades(10f64.powf((low / 1.5).log10().floor()), high)
}

fn ratio_scale(layers: &[&LayerResult]) -> Scale {
    let ratios = layers.iter().flat_map(|layer| {
        [
            layer.sqnr_db,
            layer.sqnr_noise_free_db,
            layer.output_sqnr_db.unwrap_or(layer.sqnr_db),
        ]
    });
    let (low, high) = range(ratios.chain([0.0])).unwrap_or((0.0, 1.0));
    Scale::Linear {
        low: low - if low < 0.0 { 1.0 } else { 0.0 },
        high: high.max(1.0) * 1.08,
    }
}

fn error_rates(picture: &mut Picture, frame: &Frame, layers: &[&LayerResult]) {
    let mut entries = vec![(Mark::Line, VERMILION, "noise at each read alone")];
    if layers.iter().any(|layer| layer.margin.is_some()) {
        entries.push((Mark::Ring, PURPLE, "over chips and reads"));
    }
    legend::entries(picture, (frame.left, TOP - 22.0), &entries);
    frame.x_grid(picture);
    let names: Vec<String> = layers.iter().map(|layer| layer.name.clone()).collect();
    let middles = legend::row_names(picture, frame, &names);
    for (layer, y) in layers.iter().zip(middles) {
        let end = frame.px(layer.error_rate.max(FLOOR));
        picture.rect((frame.left, y - 8.0), (end, y + 8.0), VERMILION, 0.85);
        let over_chips = layer.margin.as_ref().map(|margin| margin.error_rate);
        let over_chips = over_chips.filter(|rate| rate.is_finite());
        let ring = over_chips.map(|rate| frame.px(rate.max(FLOOR)));
        if let Some(x) = ring {
            picture.ring((x, y), 5.0, PURPLE);
        }
        let text = [Some(layer.error_rate), over_chips]
            .into_iter()
            .flatten()
            .map(number::probability)
            .collect::<Vec<_>>()
            .join(", ");
        let label = rate_label(frame, text, (end, ring.unwrap_or(end)), y);
        picture.text(label);
    }
    frame.x_axis(picture, "ADC error rate");
}

/// The rates of one layer: right of bar and ring if there is room, else inside the bar, else between bar and ring.
fn rate_label(frame: &Frame, text: String, (bar, ring): (f64, f64), y: f64) -> Label {
    let far = bar.max(ring + 6.0);
    let outside = Label::new(text.clone(), (far + 6.0, y), SMALL);
    let [left, _, right, _] = outside.bounds();
    if right < frame.right + 30.0 {
        return outside;
    }
    let room = right - left + 12.0;
    let before = |x: f64| Label::new(text.clone(), (x, y), SMALL).align(Align::End);
    if bar - frame.left > room || ring - 10.0 - bar < room {
        before(bar - 6.0).color(PAPER)
    } else {
        before(ring - 12.0)
    }
}

fn signal_ratios(picture: &mut Picture, frame: &Frame, layers: &[&LayerResult]) {
    let has_output = layers.iter().any(|layer| layer.output_sqnr_db.is_some());
    let mut entries = vec![
        (Mark::Dot, BLUE, "quantization only"),
        (Mark::Dot, VERMILION, "with noise"),
    ];
    if has_output {
        entries.push((Mark::Ring, GREEN, "layer output"));
    }
    legend::entries(picture, (frame.left, TOP - 22.0), &entries);
    frame.x_grid(picture);
    let height = (frame.bottom - frame.top) / layers.len() as f64;
    for (row, layer) in layers.iter().enumerate() {
        let y = frame.top + (row as f64 + 0.5) * height;
        picture.line(vec![(frame.left, y), (frame.right, y)], GRID, 1.0, 1.0);
        let (noisy, clean) = (layer.sqnr_db, layer.sqnr_noise_free_db);
        if noisy.is_finite() && clean.is_finite() {
            let gap = vec![(frame.px(noisy), y), (frame.px(clean), y)];
            picture.line(gap, VERMILION, 0.5, 4.0);
        }
        let mut dot = |value: f64, color: Color| {
            if value.is_finite() {
                picture.dot((frame.px(value), y), 5.0, color, 1.0);
            }
        };
        dot(clean, BLUE);
        dot(noisy, VERMILION);
        if let Some(output) = layer.output_sqnr_db.filter(|value| value.is_finite()) {
            picture.ring((frame.px(output), y), 5.0, GREEN);
        }
    }
    frame.x_axis(picture, "SQNR (dB)");
}
