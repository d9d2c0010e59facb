//! The resolved hardware in words: what is built, and what that means for a network of 2-bit weights and 2-bit inputs.
//!
//! Label and value lines for `imcsim show` and for reports; nothing is decided here.

mod cost;
mod number;
mod readout;

use crate::hw::bit_line::Leakage;
use crate::hw::cell::Cell;
use crate::hw::chip::Hardware;
use crate::hw::partial_sum::{SumHistogram, SumRange};
use crate::hw::programming::Programming;
use crate::hw::weight_plane::Conversion;
use crate::hw::weights::{Subtraction, WeightsSpec};
use crate::hw::word_line::RowOrder;
use number::{both, listed, noise, plural, short};

/// Bits of the weights and inputs that the examples are about.
const BITS: u32 = 2;
type Facts = Vec<(String, String)>;

/// Every fact, in the order of the signal chain, then time, chip and cost.
pub fn facts(hardware: &Hardware) -> Facts {
    let mut facts = Vec::new();
    array(hardware, &mut facts);
    cell(&hardware.cell, &mut facts);
    inputs_and_weights(hardware, &mut facts);
    bit_line(hardware, &mut facts);
    readout::readout(hardware, &mut facts);
    readout::accumulator(hardware, &mut facts);
    cost::time_and_cost(hardware, &mut facts);
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
    let order = match hardware.row_order {
        RowOrder::Consecutive => "consecutive rows of a layer (channel, then kernel position)",
        RowOrder::Interleaved => "every G-th row of a layer, of G groups",
    };
    add(facts, "rows of a group", order);
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
    // A network's weights may have other bits; whether their columns are read alone does not depend on that.
    let conversions = hardware.conversions(2, 1).unwrap_or_default();
    let is_subtracted = |conversion: &Conversion| conversion.weight.cells(0).minus.is_some();
    let leakage = match line.leakage {
        _ if !conversions.is_empty() && conversions.iter().all(is_subtracted) => {
            "cancelled where currents are subtracted, whatever bit_line.leakage says"
        }
        Leakage::Uncompensated => "reaches the read-out of a column that is read alone",
        Leakage::ReplicaColumn => "cancelled by a column of off cells",
        Leakage::InputAwareReference => {
            "reaches the read-out, whose references move with the driven inputs"
        }
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
