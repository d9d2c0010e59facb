//! Facts of the read-out and the accumulator: what the bits mean for sums of 2-bit weights and inputs.

use super::number::{both, law, listed, noise, plural, short};
use super::{BITS, Facts, add, flat, widest};
use crate::hw::accumulator::Accumulator;
use crate::hw::chip::Hardware;
use crate::hw::comparison_noise::ComparisonNoise;
use crate::hw::error::HwError;
use crate::hw::partial_sum::SumRange;
use crate::hw::readout::{Architecture, Converter, Kind, Readout};
use crate::hw::reference::{References, Snap};
use crate::hw::weight_plane::Conversion;

/// Row groups beyond which the accumulator is called wide enough for anything.
const MANY_GROUPS: usize = 1 << 20;

/// Kind, codes, references and their errors.
pub fn readout(hardware: &Hardware, facts: &mut Facts) {
    let unit = hardware.unit_ua();
    match &hardware.readout.kind {
        Kind::Ideal => add(facts, "read-out", "ideal: every sum has its own exact code"),
        Kind::Measured(matrix) => {
            let size = format!(
                "measured: {} for sums {} to {}",
                plural(matrix.code_values.len(), "code"),
                matrix.smallest_sum,
                matrix.largest_sum()
            );
            add(facts, "read-out", size);
        }
        Kind::Converter(converter) => {
            let kind = format!(
                "{}, {}: {}",
                search(converter.architecture),
                plural(converter.bits as usize, "bit"),
                codes(hardware, converter)
            );
            add(facts, "read-out", kind);
            let placing = references(hardware, &converter.references);
            add(facts, "references", placing);
            add(facts, "errors of references", errors(converter, unit));
            add(
                facts,
                "value of a code",
                converter.decode.word().replace('_', " "),
            );
            let amp = &converter.sense_amp;
            let offset = noise(amp.offset, unit, "once per chip");
            add(facts, "offset of sense amps", offset);
            let comparison = comparison_noise(&amp.noise, unit);
            add(facts, "noise of sense amps", comparison);
        }
    }
}

fn comparison_noise(noises: &ComparisonNoise, unit: f64) -> String {
    let ComparisonNoise::PerReference(list) = noises else {
        return noise(noises.at(0), unit, "each comparison");
    };
    let currents: Vec<f64> = list.iter().map(|noise| noise.sigma * unit).collect();
    let law = law(noises.at(0).law);
    format!(
        "{law}, sigma {} µA at the references from the lowest, each comparison",
        listed(&currents)
    )
}

fn search(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Flash => "flash",
        Architecture::BinarySearch => "binary search",
        Architecture::Ramp => "ramp",
    }
}

/// The read-out on sums in `range`, without a search for the best step: the number of codes does not depend on it.
fn placed(hardware: &Hardware, range: SumRange) -> Result<Readout, HwError> {
    let design = match hardware.readout.references() {
        Some(References::Calibrated { .. }) => hardware.readout.with_full_range(),
        _ => hardware.readout.clone(),
    };
    let design = design.with_common_noise();
    design.place(range, Some(&flat(range)))
}

/// How many codes the read-out really has for 2-bit weights and inputs.
fn codes(hardware: &Hardware, converter: &Converter) -> String {
    let Ok(conversions) = hardware.conversions(BITS, BITS) else {
        return format!("{} codes", 1u32 << converter.bits);
    };
    let range = widest(&conversions, hardware.word_lines.active);
    match placed(hardware, range) {
        Ok(readout) => {
            let count = plural(readout.code_count(), "code");
            let shape = if range.is_signed() && readout.code_count() % 2 == 1 {
                ", symmetric about 0"
            } else {
                ""
            };
            format!("{count}{shape}, for {} sums", range.count())
        }
        Err(error) => format!("not possible: {error}"),
    }
}

fn references(hardware: &Hardware, references: &References) -> String {
    let unit = hardware.unit_ua();
    let snapped = |snap: &Snap| match snap {
        Snap::Free => "where the step puts them",
        Snap::HalfInteger => "moved to the middle between two sums",
    };
    match references {
        References::FullRange(snap) => {
            format!("uniform over every possible sum, {}", snapped(snap))
        }
        References::Calibrated { resolution, snap } => format!(
            "uniform, step calibrated per layer in multiples of {}, {}",
            both(*resolution, unit),
            snapped(snap)
        ),
        References::List { thresholds, .. } => {
            let currents: Vec<f64> = thresholds.iter().map(|t| t * unit).collect();
            format!(
                "{} MAC units ({} µA)",
                listed(thresholds),
                listed(&currents)
            )
        }
    }
}

fn errors(converter: &Converter, unit: f64) -> String {
    let error = converter.reference_error;
    if error.shared == 0.0 && error.column == 0.0 && error.single == 0.0 {
        return "none".into();
    }
    format!(
        "gain {} % per macro and {} % per read-out, each reference {}; once per chip",
        short(100.0 * error.shared),
        short(100.0 * error.column),
        both(error.single, unit)
    )
}

/// Width, and the layers it is enough for.
pub fn accumulator(hardware: &Hardware, facts: &mut Facts) {
    let bits = hardware.accumulator.bits;
    let room = hardware
        .conversions(BITS, BITS)
        .ok()
        .and_then(|conversions| {
            let range = widest(&conversions, hardware.word_lines.active);
            let readout = placed(hardware, range).ok()?;
            let top = readout.decode.levels.iter().copied().max().unwrap_or(0);
            Some(groups_that_fit(&conversions, u32::from(top), bits))
        });
    let room = match room {
        None => String::new(),
        Some(MANY_GROUPS) => ", wide enough for any layer".into(),
        Some(groups) => {
            let rows = groups.saturating_mul(hardware.word_lines.active);
            format!(
                ", wide enough for {} ({rows} inputs)",
                plural(groups, "row group")
            )
        }
    };
    add(facts, "accumulator", format!("{bits} bits{room}"));
}

fn groups_that_fit(conversions: &[Conversion], top: u32, bits: u32) -> usize {
    let fits = |groups: usize| Accumulator::bits_needed(conversions, groups, top) <= bits;
    let (mut low, mut high) = (0, MANY_GROUPS);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accumulator_room_is_the_largest_that_fits() {
        use crate::hw::weight_plane::WeightPlane;
        use crate::hw::word_line::InputPlane;
        let conversion = Conversion {
            factor: 1,
            input: InputPlane { shift: 0, mask: 3 },
            weight: WeightPlane::Signed { shift: 0, mask: 1 },
        };
        // 36 groups of level 14 make 504, 37 make 518; ten bits with the sign hold 511.
        assert_eq!(groups_that_fit(&[conversion], 14, 10), 36);
        assert_eq!(groups_that_fit(&[conversion], 14, 32), MANY_GROUPS);
    }
}
