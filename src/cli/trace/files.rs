//! Files beside the report: timeline, events, waveforms and golden vectors of the traced part.
//!
//! Not responsible for their formats (`trace`).

use super::window::Traced;
use crate::cycle::plan::Mvm;
use crate::hw::chip::Hardware;
use crate::hw::readout::Readout;
use crate::hw::readout::columns::ColumnReadouts;
use crate::mapping::activity::DataActivity;
use crate::mapping::slot_values::{ReadoutValue, SlotValues};
use crate::sim::cycles::OnChip;
use crate::trace::golden::{self, Packing, Vector};
use crate::trace::perfetto::Names;
use crate::trace::recorder::{Event, Recorded};
use crate::trace::waveform::{self, Values, Waveform, Widths};
use crate::trace::{events, perfetto, vcd};

/// Codes behind the events.
struct Codes<'a> {
    activity: &'a DataActivity<'a>,
    /// Read-outs of each layer of the network, by conversion.
    readouts: &'a [Vec<ColumnReadouts>],
    /// Layer of the network of each layer of the plan.
    layers: Vec<usize>,
}

impl Values for Codes<'_> {
    fn slots(&self, mvm: Mvm) -> Vec<SlotValues> {
        self.activity.slots(mvm)
    }

    fn decisions(&self, layer: u32, value: &ReadoutValue) -> Vec<bool> {
        let readouts = &self.readouts[self.layers[layer as usize]];
        readouts
            .get(value.conversion as usize)
            .map(|readouts| readouts.of(value.output as usize))
            .map_or_else(Vec::new, |readout| readout.decisions(value.code, value.sum))
    }
}

/// All of them, names relative to the report folder.
///
/// # Errors
/// If a file cannot be put together.
pub fn of(
    chip: &OnChip,
    readouts: &[Vec<ColumnReadouts>],
    hardware: &Hardware,
    traced: &Traced,
    recorded: &Recorded,
) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let round = &chip.mapped.rounds[traced.round];
    let activity = chip.activity(round)?;
    let timing = *activity.timing();
    let codes = Codes {
        activity: &activity,
        readouts,
        layers: round.parts.iter().map(|part| part.layer).collect(),
    };
    let clock_ns = timing.clock_ns;
    let mut files = Vec::new();
    let mut table = Vec::new();
    events::write(&recorded.events, &traced.names, clock_ns, &mut table)?;
    files.push(("trace/events.csv".to_string(), table));
    let names = Names {
        layers: &traced.names,
        tile_of_macro: &round.plan.tile_of_macro,
        clock_ns,
    };
    let mut timeline = Vec::new();
    perfetto::write(&recorded.events, names, &mut timeline)?;
    files.push(("trace/timeline.json".to_string(), timeline));
    let packing = packing(hardware, readouts);
    let widths = Widths {
        word_lines: packing.word_lines,
        input_bits: packing.input_bits,
        readouts: packing.readouts,
        code_bits: packing.code_bits,
        sense_amps: hardware.sense_amps_per_readout(),
        accumulator_bits: hardware.accumulator.bits,
    };
    let drawn = traced.drawn.clone();
    let waveform = Waveform::new(&recorded.events, drawn, &codes, (timing, widths));
    let mut waves = Vec::new();
    let (signals, changes) = (&waveform.signals, &waveform.changes);
    vcd::write(signals, changes, clock_ns, &waveform::remarks(), &mut waves)?;
    files.push(("trace/waveform.vcd".to_string(), waves));
    let vectors = vectors(recorded, traced, &codes);
    for (name, content) in golden::files(&vectors, packing)? {
        files.push((format!("trace/{name}"), content));
    }
    Ok(files)
}

fn packing(hardware: &Hardware, readouts: &[Vec<ColumnReadouts>]) -> Packing {
    let all = readouts.iter().flatten().flat_map(|one| one.classes());
    let most = all.map(Readout::code_count).max();
    let highest = most.unwrap_or(2).saturating_sub(1).max(1) as u32;
    Packing {
        word_lines: hardware.word_lines.active as u32,
        input_bits: hardware.word_lines.bits_per_read,
        readouts: hardware.readouts() as u32,
        code_bits: u32::BITS - highest.leading_zeros(),
    }
}

/// The MVMs of the drawn macros with their values.
fn vectors(recorded: &Recorded, traced: &Traced, codes: &Codes) -> Vec<Vector> {
    let one = |event: &Event| match event {
        Event::Mvm {
            mvm, macro_index, ..
        } if traced.drawn.contains(macro_index) => Some(Vector {
            layer: traced.names[mvm.layer as usize].clone(),
            mvm: *mvm,
            macro_index: *macro_index,
            slots: codes.slots(*mvm),
        }),
        _ => None,
    };
    recorded.events.iter().filter_map(one).collect()
}
