//! Energy of one image by layer and part.

use super::cycle_parts::{ROW, bars, colors, legend};
use super::{Figure, WIDE};
use crate::report::axis::Scale;
use crate::report::frame::{self, Frame};
use crate::report::number;
use crate::report::picture::Picture;
use crate::results::cycle::{CycleResult, Part};

/// What is drawn as one: more parts than colours would not be told apart.
fn group(part: &str) -> &str {
    match part {
        "bit lines" | "word lines" => "lines of the array",
        "sums of other arrays" | "activations" | "digital layers" => "digital",
        other => other,
    }
}

/// Draws the figure; nothing without cost models.
pub fn figure(cycle: &CycleResult) -> Option<Figure> {
    let cost = cycle.cost.as_ref()?;
    let images = cycle.images.max(1) as f64;
    let in_nj = |parts: &[Part]| -> Vec<Part> {
        let mut grouped: Vec<Part> = Vec::new();
        for part in parts {
            let (name, value) = (group(&part.name), part.value / images / 1e3);
            match grouped.iter_mut().find(|other| other.name == name) {
                Some(other) => other.value += value,
                None => grouped.push(Part {
                    name: name.into(),
                    value,
                }),
            }
        }
        grouped
    };
    let (names, amounts): (Vec<String>, Vec<Vec<Part>>) = cycle
        .layers
        .iter()
        .map(|layer| (layer.name.clone(), in_nj(&layer.energy_pj)))
        .unzip();
    let rows: Vec<&[Part]> = amounts.iter().map(Vec::as_slice).collect();
    let total = |parts: &&[Part]| parts.iter().map(|part| part.value).sum::<f64>();
    let most = rows.iter().map(total).fold(0.0, f64::max);
    if most <= 0.0 {
        return None;
    }
    let height = 110.0 + ROW * rows.len() as f64 + 52.0;
    let mut picture = Picture::new(WIDE, height);
    let title = "Energy of one image, layer by layer";
    let subtitle = format!(
        "{} uJ in all; {} TOPS/W ({} of the macros alone); calibration factor of the macros {}",
        number::significant(cost.energy_uj),
        number::significant(cost.tops_per_w),
        number::significant(cost.macro_tops_per_w),
        number::significant(cost.calibration_factor),
    );
    frame::headline(&mut picture, title, &subtitle);
    let named = colors(rows.iter().copied());
    legend(&mut picture, (130.0, 66.0), &named);
    let frame = Frame {
        left: 130.0,
        top: 110.0,
        right: WIDE - 30.0,
        bottom: height - 52.0,
        x: Scale::Linear {
            low: 0.0,
            high: most * 1.04,
        },
        y: Scale::Linear {
            low: 0.0,
            high: 1.0,
        },
    };
    frame.x_grid(&mut picture);
    bars(&mut picture, &frame, &names, &rows, &named);
    frame.x_axis(&mut picture, "Energy (nJ per image)");
    Some(Figure {
        name: "cycle_energy".into(),
        title: title.into(),
        caption: "The cost models and their sources stand in the table of cycles and cost; models of ADC energy differ by an \
                  order of magnitude, all that are valid at this resolution are listed there."
            .into(),
        picture,
    })
}
