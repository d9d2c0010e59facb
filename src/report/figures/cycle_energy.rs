//! Energy of one image by layer and part.

use super::Figure;
use super::cycle_parts::stacked;
use crate::report::number;
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
    let title = "Energy of one image, layer by layer";
    let subtitle = format!(
        "{} uJ in all; {} TOPS/W ({} of the macros alone); calibration factor of the macros {}",
        number::significant(cost.energy_uj),
        number::significant(cost.tops_per_w),
        number::significant(cost.macro_tops_per_w),
        number::significant(cost.calibration_factor),
    );
    let axis = ("Energy (nJ per image)", most * 1.04);
    let picture = stacked((title, &subtitle), (&names, &rows), axis);
    Some(Figure {
        name: "cycle_energy".into(),
        title: title.into(),
        caption: "The cost models and their sources stand in the table of cycles and cost; models of ADC energy differ by an \
                  order of magnitude, all that are valid at this resolution are listed there."
            .into(),
        picture,
    })
}
