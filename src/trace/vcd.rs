//! Value changes as a VCD file, which waveform viewers open.
//!
//! Not responsible for what the signals are (`waveform`).

use std::io::{self, Write};
use vcd::{IdCode, TimescaleUnit, Value};

/// One signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Module it is in.
    pub module: String,
    /// Name, unique in the module.
    pub name: String,
    /// Bits.
    pub width: u32,
}

/// A signal takes a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Cycle.
    pub cycle: u64,
    /// Number of the signal.
    pub signal: usize,
    /// Bits, most significant first; `None`: unknown.
    pub value: Option<Vec<bool>>,
}

/// An unsigned number as bits.
pub fn bits(value: u64, width: u32) -> Option<Vec<bool>> {
    let bit = |at: u32| at < 64 && value >> at & 1 == 1;
    Some((0..width).rev().map(bit).collect())
}

/// A signed number as bits in two's complement.
pub fn signed_bits(value: i64, width: u32) -> Option<Vec<bool>> {
    let bit = |at: u32| value >> at.min(63) & 1 == 1;
    Some((0..width).rev().map(bit).collect())
}

/// Writes changes in the order of time; of several changes of a signal in one cycle the last one stays.
///
/// # Errors
/// If it cannot be written.
pub fn write(
    signals: &[Signal],
    changes: &[Change],
    clock_ns: f64,
    remarks: &[String],
    to: impl Write,
) -> io::Result<()> {
    let (unit, per_cycle) = timescale(clock_ns);
    let mut writer = vcd::Writer::new(to);
    writer.comment("cycles of an in-memory-computing chip, by imcsim")?;
    for remark in remarks {
        writer.comment(remark)?;
    }
    writer.timescale(1, unit)?;
    writer.add_module("chip")?;
    let codes = declare(&mut writer, signals)?;
    writer.upscope()?;
    writer.enddefinitions()?;
    let mut order: Vec<usize> = (0..changes.len()).collect();
    order.sort_by_key(|&at| (changes[at].cycle, changes[at].signal, at));
    writer.timestamp(0)?;
    writer.begin(vcd::SimulationCommand::Dumpvars)?;
    for (signal, &code) in signals.iter().zip(&codes) {
        set(&mut writer, signal, code, None)?;
    }
    writer.end()?;
    let mut now = 0;
    let mut shown: Vec<Option<&Change>> = vec![None; signals.len()];
    for (place, &at) in order.iter().enumerate() {
        let change = &changes[at];
        let overwritten = order.get(place + 1).is_some_and(|&next| {
            (changes[next].cycle, changes[next].signal) == (change.cycle, change.signal)
        });
        let same = shown[change.signal].is_some_and(|before| before.value == change.value);
        if overwritten || same {
            continue;
        }
        if change.cycle != now {
            now = change.cycle;
            writer.timestamp(now * per_cycle)?;
        }
        let code = codes[change.signal];
        set(
            &mut writer,
            &signals[change.signal],
            code,
            change.value.as_deref(),
        )?;
        shown[change.signal] = Some(change);
    }
    writer.flush()
}

/// Signals come module by module.
fn declare<W: Write>(writer: &mut vcd::Writer<W>, signals: &[Signal]) -> io::Result<Vec<IdCode>> {
    let mut codes = Vec::with_capacity(signals.len());
    let mut open: Option<&str> = None;
    for signal in signals {
        if open != Some(&signal.module) {
            if open.is_some() {
                writer.upscope()?;
            }
            writer.add_module(&signal.module)?;
            open = Some(&signal.module);
        }
        codes.push(writer.add_wire(signal.width, &signal.name)?);
    }
    if open.is_some() {
        writer.upscope()?;
    }
    Ok(codes)
}

fn set<W: Write>(
    writer: &mut vcd::Writer<W>,
    signal: &Signal,
    code: IdCode,
    value: Option<&[bool]>,
) -> io::Result<()> {
    let of = |bit: &bool| if *bit { Value::V1 } else { Value::V0 };
    match value {
        None if signal.width == 1 => writer.change_scalar(code, Value::X),
        None => writer.change_vector(code, (0..signal.width).map(|_| Value::X)),
        Some(bits) if signal.width == 1 => {
            writer.change_scalar(code, bits.first().map_or(Value::X, of))
        }
        Some(bits) => writer.change_vector(code, bits.iter().map(of)),
    }
}

/// The coarsest unit in which the clock is a whole number, and that number.
fn timescale(clock_ns: f64) -> (TimescaleUnit, u64) {
    let units = [(TimescaleUnit::NS, 1.0), (TimescaleUnit::PS, 1e3)];
    for (unit, scale) in units {
        let cycles = clock_ns * scale;
        if cycles >= 1.0 && (cycles - cycles.round()).abs() < 1e-6 * cycles {
            return (unit, cycles.round() as u64);
        }
    }
    (TimescaleUnit::FS, (clock_ns * 1e6).round().max(1.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_keeps_its_length() {
        assert_eq!(timescale(2.0), (TimescaleUnit::NS, 2));
        assert_eq!(timescale(1.25), (TimescaleUnit::PS, 1250));
        assert_eq!(timescale(0.2), (TimescaleUnit::PS, 200));
        assert_eq!(timescale(0.00025), (TimescaleUnit::FS, 250));
    }

    #[test]
    fn numbers_as_bits() {
        assert_eq!(bits(5, 4), Some(vec![false, true, false, true]));
        assert_eq!(signed_bits(-2, 3), Some(vec![true, true, false]));
    }
}
