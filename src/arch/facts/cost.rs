//! Facts of time, chip, energy and area: one invocation by phase, an array's whole work, what every model of the converter
//! says, and what a macro consists of.
//!
//! Energies are those of the mean pattern (half of the input bits 1, half of the cells on); a network has its own.

use super::number::{plural, short};
use super::{BITS, Facts, add};
use crate::hw::chip::Hardware;
use crate::hw::cost::Cost;
use crate::hw::cost::adc_model::AdcModel;
use crate::hw::cost::invocation::MeanPattern;
use crate::hw::tiles::{Chip, InterconnectSpec};
use crate::hw::timing::{SampleAndHold, Timing};

/// Everything that the file says about time and cost.
pub fn time_and_cost(hardware: &Hardware, facts: &mut Facts) {
    for lacking in &hardware.undetermined {
        let table = lacking.key.split('.').next().unwrap_or_default();
        let text = format!("not known without {}: {}", lacking.key, lacking.advice);
        add(facts, &format!("[{table}]"), text);
    }
    if let Some(timing) = &hardware.timing {
        times(hardware, timing, facts);
    }
    if let Some(chip) = &hardware.chip {
        around(chip, facts);
    }
    if let Some(cost) = &hardware.cost {
        converters(hardware, cost, facts);
        if let Some(timing) = &hardware.timing {
            energy(hardware, timing, cost, facts);
        }
        area(hardware, cost, facts);
    }
}

fn ns(timing: &Timing, cycles: u64) -> String {
    let time = short(cycles as f64 * timing.clock_ns);
    let clock = short(timing.clock_ns);
    format!(
        "{} of {clock} ns = {time} ns",
        plural(cycles as usize, "cycle")
    )
}

fn times(hardware: &Hardware, timing: &Timing, facts: &mut Facts) {
    let phases = format!(
        "{}: precharge {}, develop {}, sample {}, sense {} ({}), latch {}",
        ns(timing, timing.invocation_cycles()),
        timing.precharge_cycles,
        timing.develop_cycles,
        timing.sample_cycles,
        timing.sense_cycles(timing.sense_steps),
        plural(timing.sense_steps as usize, "step"),
        timing.latch_cycles
    );
    add(facts, "one invocation", phases);
    let hold = match timing.sample_and_hold {
        SampleAndHold::None => "none: the array waits for the conversion",
        SampleAndHold::PerReadout => "one in each read-out",
        SampleAndHold::PerColumn => "one in each column",
    };
    add(facts, "sample-and-hold", hold);
    let groups = hardware.groups_per_array();
    let reads = BITS.div_ceil(hardware.word_lines.bits_per_read.max(1)) as usize;
    let shared = hardware.array.columns_per_readout;
    let (activations, each) = match timing.sample_and_hold {
        SampleAndHold::PerColumn => (groups * reads, shared),
        SampleAndHold::None | SampleAndHold::PerReadout => (groups * reads * shared, 1),
    };
    let cycles = timing.slots_cycles(activations as u64, each as u64);
    let whole = format!(
        "{} ({} x {} of {BITS}-bit inputs x {}): {}",
        plural(groups * reads * shared, "invocation"),
        plural(groups, "row group"),
        plural(reads, "read"),
        plural(shared, "column"),
        ns(timing, cycles)
    );
    add(facts, "MVM of a full array", whole);
}

fn around(chip: &Chip, facts: &mut Facts) {
    let macros = u64::from(chip.tiles) * u64::from(chip.macros_per_tile);
    let links = match chip.interconnect {
        InterconnectSpec::Bus(bus) => format!("one bus of {} bits", bus.width_bits),
        InterconnectSpec::Mesh(mesh) => {
            format!(
                "a mesh of {} columns, {} bits",
                mesh.columns, mesh.width_bits
            )
        }
    };
    let text = format!(
        "{} with {} each ({macros} macros), {links}, buffer of {} KiB",
        plural(chip.tiles as usize, "tile"),
        plural(chip.macros_per_tile as usize, "macro"),
        short(chip.buffers.global_kib)
    );
    add(facts, "chip", text);
    let order = format!(
        "{}, between pixels {}, input reuse {}",
        chip.schedule.order.word().replace('_', " "),
        chip.schedule.between_pixels.word(),
        chip.schedule.input_reuse.word().replace('_', " ")
    );
    add(facts, "schedule", order);
}

/// Comparisons of one conversion, where times say them.
fn comparisons(hardware: &Hardware) -> Option<f64> {
    let timing = hardware.timing.as_ref()?;
    Some(f64::from(hardware.comparisons_per_conversion(timing)))
}

fn converters(hardware: &Hardware, cost: &Cost, facts: &mut Facts) {
    let model = &cost.adc.model;
    let text = format!("{} ({})", model.name(), model.source());
    add(facts, "model of conversions", text);
    let energy = |model: &AdcModel| {
        let comparisons = match model {
            AdcModel::SenseAmps(_) => comparisons(hardware)?,
            _ => 0.0,
        };
        model.energy_fj(cost.bits, comparisons).ok()
    };
    let each: Vec<(&str, f64)> = cost
        .adc
        .models()
        .filter_map(|model| Some((model.name(), energy(model)?)))
        .collect();
    let shown: Vec<String> = each
        .iter()
        .map(|(name, energy)| format!("{name} {} fJ", short(*energy)))
        .collect();
    let spread = match (
        each.iter().map(|(_, e)| *e).reduce(f64::min),
        each.iter().map(|(_, e)| *e).reduce(f64::max),
    ) {
        (Some(low), Some(high)) if each.len() > 1 => {
            format!("; they differ by a factor of {}", short(high / low))
        }
        _ => String::new(),
    };
    let bits = plural(cost.bits as usize, "bit");
    let text = format!("at {bits}: {}{spread}", shown.join(", "));
    add(facts, "energy of a conversion", text);
    let factor = match cost.calibration_factor {
        Some(factor) => format!(
            "{} (all energies of the macro are multiplied by it)",
            short(factor)
        ),
        None => "none: energies are as modelled".into(),
    };
    add(facts, "calibration factor", factor);
}

fn energy(hardware: &Hardware, timing: &Timing, cost: &Cost, facts: &mut Facts) {
    let counts = hardware.mean_invocation(timing, MeanPattern::HALF);
    let Ok(energy) = cost.energy(&counts) else {
        return;
    };
    let total = energy.macro_pj();
    let parts = shares(&energy.macro_parts(), total);
    let readouts = hardware.readouts();
    let text = format!(
        "{} pJ with half of the inputs and cells on ({} fJ for each of {}): {parts}",
        short(total),
        short(1e3 * total / readouts as f64),
        plural(readouts, "read-out")
    );
    add(facts, "energy of an invocation", text);
}

fn area(hardware: &Hardware, cost: &Cost, facts: &mut Facts) {
    let Ok(area) = cost.area(&hardware.macro_area_counts()) else {
        return;
    };
    let total = area.total_um2();
    let parts = shares(&area.macro_parts(), total);
    let text = format!("{} mm²: {parts}", short(1e-6 * total));
    add(facts, "area of a macro", text);
}

/// What there is of the parts.
fn shares(parts: &[(&str, f64)], total: f64) -> String {
    let share = |(name, value): &(&str, f64)| {
        let percent = if total > 0.0 {
            100.0 * value / total
        } else {
            0.0
        };
        format!("{name} {percent:.1} %")
    };
    let there = parts.iter().filter(|(_, value)| *value > 0.0);
    there.map(share).collect::<Vec<_>>().join(", ")
}
