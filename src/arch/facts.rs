//! The resolved hardware in words: what is built, and what that means for a network of 2-bit weights and 2-bit inputs.
//!
//! Label and value lines for `imcsim show` and for reports; nothing is decided here.

use crate::hw::accumulator::Accumulator;
use crate::hw::bit_line::Leakage;
use crate::hw::cell::Cell;
use crate::hw::chip::Hardware;
use crate::hw::programming::Programming;
use crate::hw::readout::{Architecture, Converter, Kind};
use crate::hw::reference::{References, Snap, SumHistogram, SumRange};
use crate::hw::variation::{Law, Noise};
use crate::hw::weights::{Conversion, Subtraction, WeightsSpec};

/// Bits of the weights and inputs that the examples are about.
const BITS: u32 = 2;
/// More levels or thresholds than this are shown by their ends.
const MOST_LISTED: usize = 16;
/// Row groups beyond which the accumulator is called wide enough for anything.
const MANY_GROUPS: usize = 1 << 20;

type Facts = Vec<(String, String)>;

/// Every fact, in the order of the signal chain.
pub fn facts(hardware: &Hardware) -> Facts {
    let mut facts = Vec::new();
    array(hardware, &mut facts);
    cell(&hardware.cell, &mut facts);
    inputs_and_weights(hardware, &mut facts);
    bit_line(hardware, &mut facts);
    readout(hardware, &mut facts);
    accumulator(hardware, &mut facts);
    facts
}

/// A histogram in which every sum occurs once: enough to place a read-out when no network is known.
pub fn flat(range: SumRange) -> SumHistogram {
    SumHistogram {
        min: range.min,
        counts: vec![1; range.count()],
    }
}

fn add(facts: &mut Facts, label: &str, value: impl Into<String>) {
    facts.push((label.into(), value.into()));
}

fn array(hardware: &Hardware, facts: &mut Facts) {
    let (array, active) = (hardware.array, hardware.word_lines.active);
    let groups = array.rows / active;
    let wasted = array.rows % active;
    let shared = array.columns_per_readout;
    let size = format!(
        "{} rows x {} columns, one read-out per {}",
        array.rows,
        array.columns,
        plural(shared, "column (or subtracted pair)")
    );
    add(facts, "array", size);
    let open = format!("{active} of {} open at once", array.rows);
    add(facts, "word lines", open);
    let share = 100.0 * wasted as f64 / array.rows as f64;
    let groups = format!(
        "{groups} per array, {} unused ({} %)",
        plural(wasted, "row"),
        short(share)
    );
    add(facts, "row groups", groups);
}

fn cell(cell: &Cell, facts: &mut Facts) {
    let currents: Vec<f64> = (0..=cell.top())
        .map(|level| cell.current_ua(level))
        .collect();
    let levels = format!(
        "{} levels at {} V: {} µA",
        currents.len(),
        short(cell.read_voltage_v),
        listed(&currents)
    );
    add(facts, "cell", levels);
    let unit = cell.unit_ua();
    let step = format!("{} µA, the current step of one level", short(unit));
    add(facts, "MAC unit", step);
    let (off, on) = (currents[0], currents[cell.top()]);
    let ratio = if off > 0.0 {
        format!(
            "{} (an off cell carries {} MAC units)",
            short(on / off),
            short(off / unit)
        )
    } else {
        "infinite (an off cell carries no current)".into()
    };
    add(facts, "on/off ratio", ratio);
    add(facts, "variation of cells", variation(cell));
    let percent = |share: f64| format!("{} %", short(100.0 * share));
    let (off, on) = (percent(cell.stuck_off), percent(cell.stuck_on));
    let stuck = format!("{off} at the off level, {on} at the top level");
    add(facts, "stuck cells", stuck);
    let noise = match cell.read_sigma_relative {
        0.0 => "none".into(),
        sigma => format!(
            "normal, {} of the cell's current, each read",
            percent(sigma)
        ),
    };
    add(facts, "read noise of cells", noise);
}

fn variation(cell: &Cell) -> String {
    let law = match cell.programming {
        Programming::None => return "none".into(),
        Programming::Normal(_) => "normal",
        Programming::Lognormal(_) => "lognormal",
    };
    let sigmas: Vec<f64> = (0..=cell.top()).map(|level| cell.sigma_ua(level)).collect();
    let units: Vec<f64> = sigmas.iter().map(|sigma| sigma / cell.unit_ua()).collect();
    format!(
        "{law}, once per chip; sigma by level {} µA ({} MAC units)",
        listed(&sigmas),
        listed(&units)
    )
}

fn inputs_and_weights(hardware: &Hardware, facts: &mut Facts) {
    add(facts, "weights", mapping(&hardware.weights));
    let per_read = hardware.word_lines.bits_per_read;
    let inputs = format!("{} per read", plural(per_read as usize, "bit"));
    add(facts, "inputs", inputs);
    let conversions = match hardware.conversions(BITS, BITS) {
        Ok(conversions) => conversions,
        Err(error) => return add(facts, "2-bit weights", format!("not possible: {error}")),
    };
    let active = hardware.word_lines.active;
    let reads = BITS.div_ceil(per_read.max(1)) as usize;
    let share = format!(
        "{} for 2-bit weights and inputs: {} x {} over {}",
        short(conversions.len() as f64 / active as f64),
        plural(reads, "read"),
        plural(conversions.len() / reads.max(1), "conversion"),
        plural(active, "row")
    );
    add(facts, "conversions per MAC", share);
    let range = widest(&conversions, active);
    let count = range.count();
    let sums = format!("{} to {} ({count} values)", range.min, range.max);
    add(facts, "partial sums", sums);
    let bits = usize::BITS - (count - 1).leading_zeros();
    let lossless = format!("{count} codes, {}", plural(bits as usize, "bit"));
    add(facts, "lossless read-out", lossless);
}

/// Range of the conversion with the most possible sums.
fn widest(conversions: &[Conversion], active: usize) -> SumRange {
    let ranges = conversions
        .iter()
        .map(|one| one.sum_range(active, BITS, BITS));
    let none = SumRange { min: 0, max: 0 };
    ranges.max_by_key(SumRange::count).unwrap_or(none)
}

fn mapping(weights: &WeightsSpec) -> String {
    let place = |subtraction: Subtraction| match subtraction {
        Subtraction::Analog => "subtracted as currents",
        Subtraction::Digital => "subtracted after the read-out",
    };
    match weights {
        WeightsSpec::SignSplit(spec) => format!(
            "magnitude in a positive or a negative column, {}",
            place(spec.subtraction)
        ),
        WeightsSpec::DifferentialPair(_) => {
            "two complementary cells, subtracted as currents".into()
        }
        WeightsSpec::OffsetColumn(spec) => format!(
            "raised by the middle level, a column of middle levels {}",
            place(spec.subtraction)
        ),
        WeightsSpec::BitSlices(spec) => format!(
            "magnitude in slices of {}, positive and negative columns {}",
            plural(spec.cell_bits as usize, "bit"),
            place(spec.subtraction)
        ),
    }
}

fn bit_line(hardware: &Hardware, facts: &mut Facts) {
    let line = &hardware.bit_line;
    let unit = hardware.unit_ua();
    let leakage = match line.leakage {
        Leakage::Uncompensated => "reaches the read-out of a column that is read alone",
        Leakage::ReplicaColumn => "cancelled by a column of off cells",
    };
    add(facts, "current of off cells", leakage);
    let limit = line.limit.map_or("none".into(), |limit| both(limit, unit));
    add(facts, "current limit", limit);
    let wire = line.ohm_per_cell.map_or("ideal".into(), |ohm| {
        format!("{} ohm per cell, lumped", short(ohm))
    });
    add(facts, "wire", wire);
    let noise = noise(line.read_noise, unit, "each read");
    add(facts, "noise of the bit line", noise);
}

fn readout(hardware: &Hardware, facts: &mut Facts) {
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
            let amp = converter.sense_amp;
            let offset = noise(amp.offset, unit, "once per chip");
            add(facts, "offset of sense amps", offset);
            let comparison = noise(amp.noise, unit, "each comparison");
            add(facts, "noise of sense amps", comparison);
        }
    }
}

fn search(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Flash => "flash",
        Architecture::BinarySearch => "binary search",
        Architecture::Ramp => "ramp",
    }
}

/// How many codes the read-out really has for 2-bit weights and inputs.
fn codes(hardware: &Hardware, converter: &Converter) -> String {
    let Ok(conversions) = hardware.conversions(BITS, BITS) else {
        return format!("{} codes", 1u32 << converter.bits);
    };
    let range = widest(&conversions, hardware.word_lines.active);
    match hardware.readout.place(range, Some(&flat(range))) {
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
        References::List(thresholds) => {
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

fn accumulator(hardware: &Hardware, facts: &mut Facts) {
    let bits = hardware.accumulator.bits;
    let room = hardware
        .conversions(BITS, BITS)
        .ok()
        .and_then(|conversions| {
            let range = widest(&conversions, hardware.word_lines.active);
            let placed = hardware.readout.place(range, Some(&flat(range))).ok()?;
            let top = placed.decode.levels.iter().copied().max().unwrap_or(0);
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

fn noise(noise: Noise, unit: f64, when: &str) -> String {
    let law = match noise.law {
        _ if noise.is_none() => return "none".into(),
        Law::Normal => "normal",
        Law::Logistic => "logistic",
    };
    format!("{law}, sigma {}, {when}", both(noise.sigma, unit))
}

/// A value in MAC units, as a current first.
fn both(units: f64, unit: f64) -> String {
    format!("{} µA ({} MAC units)", short(units * unit), short(units))
}

fn plural(count: usize, what: &str) -> String {
    let many = match what.split_once(' ') {
        _ if count == 1 => what.to_string(),
        Some((noun, rest)) if rest.starts_with('(') => {
            format!("{noun}s {}", rest.replace(')', "s)"))
        }
        _ => format!("{what}s"),
    };
    format!("{count} {many}")
}

fn listed(values: &[f64]) -> String {
    let all = |values: &[f64]| {
        let words: Vec<String> = values.iter().map(|&value| short(value)).collect();
        words.join(", ")
    };
    match values {
        [first, second, .., last] if values.len() > MOST_LISTED => {
            format!("{}, .., {}", all(&[*first, *second]), short(*last))
        }
        _ => all(values),
    }
}

/// Four significant digits, without zeros at the end.
fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if !(-3..=7).contains(&digits) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.*}", digits.max(0) as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown: Vec<String> = [0.0, 9.0, 0.25, 34.714_28, 0.000_12, 1234.5, 100.0]
            .iter()
            .map(|&v| short(v))
            .collect();
        assert_eq!(shown, ["0", "9", "0.25", "34.71", "0.00012", "1234", "100"]);
    }

    #[test]
    fn accumulator_room_is_the_largest_that_fits() {
        use crate::hw::weights::WeightPlane;
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
