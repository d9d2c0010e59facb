//! How often every layer uses each ADC code: wasted codes and pile-ups at the ends, as a heat map.

use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::frame::{self, Frame, SMALL};
use crate::report::legend;
use crate::report::number;
use crate::report::palette::{BLUE, GRID, INK, MUTED, PAPER, VERMILION, log_shade};
use crate::report::picture::{Align, Label, Picture};
use crate::results::layer::LayerResult;

const ROW: f64 = 30.0;
const TOP: f64 = 84.0;
const FLOOR: f64 = 1e-6;

/// Draws the figure; nothing where no layer has a code histogram.
pub fn figure(layers: &[LayerResult]) -> Option<Figure> {
    let shown: Vec<&LayerResult> = layers
        .iter()
        .filter(|layer| layer.on_macro && layer.code_histogram.iter().any(|&count| count > 0))
        .collect();
    let codes = shown.iter().map(|layer| layer.code_histogram.len()).max()?;
    let height = TOP + ROW * shown.len() as f64 + 52.0;
    let mut picture = Picture::new(WIDE, height);
    let title = "Use of the ADC codes, layer by layer";
    frame::headline(
        &mut picture,
        title,
        "share of conversions per code, noise-free; stronger is more often (logarithmic), a cross is a code never used",
    );
    let frame = Frame {
        left: 130.0,
        top: TOP,
        right: WIDE - 180.0,
        bottom: height - 52.0,
        x: Scale::Linear {
            low: -0.5,
            high: codes as f64 - 0.5,
        },
        y: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
    };
    for (column, text) in [(0.0, "clipped"), (88.0, "unused")] {
        let at = (frame.right + 16.0 + column, TOP - 13.0);
        picture.text(Label::new(text, at, SMALL).color(MUTED));
    }
    let names: Vec<String> = shown.iter().map(|layer| layer.name.clone()).collect();
    let middles = legend::row_names(&mut picture, &frame, &names);
    for (layer, y) in shown.iter().zip(middles) {
        row(&mut picture, &frame, layer, y);
    }
    for code in 0..codes {
        frame.x_tick(&mut picture, code as f64, &code.to_string());
    }
    frame.x_line(&mut picture, "ADC code");
    Some(Figure {
        name: "code_use".into(),
        title: title.into(),
        caption: "A good setting spreads a layer over many codes; strong ends with clipping mean the range is too \
                  small, crosses at the ends mean it is too large."
            .into(),
        picture,
    })
}

fn row(picture: &mut Picture, frame: &Frame, layer: &LayerResult, y: f64) {
    let total: u64 = layer.code_histogram.iter().sum();
    for (code, &count) in layer.code_histogram.iter().enumerate() {
        let share = count as f64 / total as f64;
        let (left, right) = (frame.px(code as f64 - 0.47), frame.px(code as f64 + 0.47));
        let (a, b) = ((left, y - 13.0), (right, y + 13.0));
        if count == 0 {
            picture.outline(a, b, GRID, 1.0);
            let middle = (left + right) / 2.0;
            for slope in [-4.0, 4.0] {
                let cross = vec![(middle - 4.0, y - slope), (middle + 4.0, y + slope)];
                picture.line(cross, MUTED, 1.0, 1.2);
            }
            continue;
        }
        let shade = log_shade(share, FLOOR);
        picture.rect(a, b, BLUE, shade);
        let color = if shade > 0.8 { PAPER } else { INK };
        let label = Label::new(compact(share), ((left + right) / 2.0, y), 10.0)
            .align(Align::Middle)
            .color(color);
        let bounds = label.bounds();
        if bounds[2] - bounds[0] < right - left - 2.0 {
            picture.text(label);
        }
    }
    let clipped = Label::new(number::share(layer.clipped), (frame.right + 16.0, y), SMALL);
    let is_much = layer.clipped >= 0.01;
    picture.text(clipped.color(if is_much { VERMILION } else { INK }));
    let unused = format!("{} of {}", layer.unused_codes, layer.code_histogram.len());
    picture.text(Label::new(unused, (frame.right + 104.0, y), SMALL));
}

/// Percent short enough for a cell.
fn compact(share: f64) -> String {
    if share >= 0.0995 {
        number::percent(share, 0).replace(' ', "")
    } else if share >= 0.001 {
        number::percent(share, 1).replace(' ', "")
    } else {
        "<0.1%".into()
    }
}
