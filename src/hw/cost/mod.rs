//! Energy and area (`[cost]`): from counts of what happened to pJ by part, from numbers of parts to um^2.
//!
//! ```text
//! macro: array_read | word_line | adc (adc_model) | digital (accumulation)     times calibration_factor
//! chip:  digital | buffer | wire | weight_write
//! ```
//! Every number is the file's own; only the forms of converters stand here, with their sources. Values never depend on any of
//! it. Not responsible for counting ([`counts`] says what is to be counted) nor for time ([`super::timing`]).

pub mod adc;
pub mod adc_model;
pub mod array_read;
pub mod breakdown;
pub mod buffer;
pub mod counts;
pub mod digital;
pub mod invocation;
pub mod merit;
pub mod sample_and_hold;
pub mod weight_write;
pub mod wire;
pub mod word_line;

#[cfg(test)]
mod tests;

use self::adc::{Adc, AdcSpec};
use self::array_read::{ArrayReadCost, cells_fj};
use self::breakdown::{AreaBreakdown, EnergyBreakdown};
use self::buffer::BufferCost;
use self::counts::EnergyCounts;
use self::digital::{AccumulationCost, DigitalCost};
use self::sample_and_hold::SampleAndHoldCost;
use self::weight_write::WeightWriteCost;
use self::wire::WireCost;
use self::word_line::WordLineCost;
use super::cell::Cell;
use super::error::{Checks, HwError};
use super::readout::ReadoutDesign;
use crate::hw::timing::SampleAndHold;
use serde::Deserialize;

/// `[cost]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostSpec {
    /// Measured over modelled energy of the macro; left out: not calibrated.
    #[serde(default)]
    pub calibration_factor: Option<f64>,
    /// Bits of the converter where the read-out does not say them (ideal, measured); its own bits go first.
    #[serde(default)]
    pub conversion_bits: Option<u32>,
    /// Cells and bit lines.
    pub array_read: ArrayReadCost,
    /// Samples, where values are held.
    #[serde(default)]
    pub sample_and_hold: Option<SampleAndHoldCost>,
    /// Word lines.
    pub word_lines: WordLineCost,
    /// Conversions.
    pub adc: AdcSpec,
    /// Latch, shift and add.
    pub accumulation: AccumulationCost,
    /// What stands around the macros.
    #[serde(default)]
    pub chip: Option<ChipCost>,
}

/// `[cost.chip]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipCost {
    /// Digital units.
    pub digital: DigitalCost,
    /// Buffers.
    pub buffers: BufferCost,
    /// Links and leakage.
    pub wires: WireCost,
    /// Writing weights.
    pub weight_writing: WeightWriteCost,
}

/// Checked costs of one macro and its chip.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Measured over modelled energy of the macro, if the file has it.
    pub calibration_factor: Option<f64>,
    /// Read voltage of the cells.
    pub read_voltage_v: f64,
    /// Bits of one conversion.
    pub bits: u32,
    /// Cells and bit lines.
    pub array_read: ArrayReadCost,
    /// Samples; none where nothing is held.
    pub sample_and_hold: Option<SampleAndHoldCost>,
    /// Word lines.
    pub word_lines: WordLineCost,
    /// Conversions.
    pub adc: Adc,
    /// Latch, shift and add.
    pub accumulation: AccumulationCost,
    /// What stands around the macros.
    pub chip: Option<ChipCost>,
}

/// What an area consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AreaCounts {
    /// Cells.
    pub cells: f64,
    /// Word lines.
    pub word_lines: f64,
    /// Capacitors that hold values.
    pub holds: f64,
    /// Read-outs.
    pub readouts: f64,
    /// Sense amps of each.
    pub sense_amps_each: f64,
    /// Adders of partial sums.
    pub adders: f64,
    /// Activation units.
    pub activation_units: f64,
    /// Multipliers of digital layers.
    pub multipliers: f64,
    /// Bits that buffers hold.
    pub buffer_bits: f64,
    /// Links.
    pub links: f64,
}

impl CostSpec {
    /// Checks the numbers against each other, the cell and the read-out; nothing if they are wrong.
    ///
    /// # Errors
    /// If neither the read-out nor the file says how many bits a conversion has: values are known all the same.
    pub fn resolve(
        &self,
        cell: &Cell,
        readout: &ReadoutDesign,
        (hold, chip): (Option<SampleAndHold>, bool),
        checks: &mut Checks,
    ) -> Result<Option<Cost>, HwError> {
        if let Some(factor) = self.calibration_factor {
            checks.positive("cost.calibration_factor", factor);
        }
        self.array_read.check(checks);
        self.word_lines.check(checks);
        let sample_and_hold = sample_and_hold::of(self.sample_and_hold, hold, checks);
        self.accumulation.check(checks);
        match &self.chip {
            Some(around) => around.check(checks),
            None if chip => checks.push(HwError::new(
                "cost.chip",
                "missing",
                "the costs of what stands around the macros",
                "write [cost.chip.digital], buffers, wires and weight_writing, or leave [chip] out",
            )),
            None => {}
        }
        if let Some(bits) = self.conversion_bits {
            let advice = "write the bits that a converter in this place would have";
            checks.within("cost.conversion_bits", u64::from(bits), 1, 8, advice);
        }
        let bits = readout.bits().or(self.conversion_bits).ok_or_else(|| {
            HwError::new(
                "cost.conversion_bits",
                "missing",
                "bits of one conversion",
                "an ideal or measured read-out does not say how many bits a converter in its place has; write them",
            )
        })?;
        // Wrong bits were reported above; what follows is looked at with legal ones.
        let bits = bits.clamp(1, 8);
        let cost = |adc: Adc| Cost {
            calibration_factor: self.calibration_factor,
            read_voltage_v: cell.read_voltage_v,
            bits,
            array_read: self.array_read,
            sample_and_hold,
            word_lines: self.word_lines,
            adc,
            accumulation: self.accumulation,
            chip: self.chip,
        };
        Ok(self.adc.resolve(bits, checks).map(cost))
    }
}

impl ChipCost {
    fn check(&self, checks: &mut Checks) {
        self.digital.check(checks);
        self.buffers.check(checks);
        self.wires.check(checks);
        self.weight_writing.check(checks);
    }
}

impl Cost {
    /// What the macro's parts are multiplied by.
    pub fn factor(&self) -> f64 {
        self.calibration_factor.unwrap_or(1.0)
    }

    /// Energy of everything counted.
    ///
    /// # Errors
    /// If something outside the macros was counted and the file has no `[cost.chip]`, or the converter's model is not valid
    /// at the macro's bits.
    pub fn energy(&self, counts: &EnergyCounts) -> Result<EnergyBreakdown, HwError> {
        let chip = self.around(counts.beyond_macros())?;
        let each = if counts.conversions > 0.0 {
            counts.comparisons / counts.conversions
        } else {
            0.0
        };
        let conversion_fj = self.adc.model.energy_fj(self.bits, each)?;
        let pj = 1e-3;
        let factor = self.factor() * pj;
        let [adds, activations, macs, buffers, wires, leakage, writing] =
            chip.map_or([0.0; 7], |chip| chip.energies_fj(counts));
        Ok(EnergyBreakdown {
            calibration_factor: self.factor(),
            cells_pj: factor * cells_fj(self.read_voltage_v, counts.cell_charge_fc),
            bit_lines_pj: factor * self.array_read.precharge_fj(counts.precharged_bit_lines),
            word_lines_pj: factor * self.word_lines.pulses_fj(counts.word_line_pulses),
            samples_pj: factor
                * self
                    .sample_and_hold
                    .map_or(0.0, |hold| hold.samples_fj(counts.samples)),
            conversions_pj: factor * counts.conversions * conversion_fj,
            accumulation_pj: factor * counts.latches * self.accumulation.latch_energy_fj,
            adds_pj: pj * adds,
            activations_pj: pj * activations,
            macs_pj: pj * macs,
            buffers_pj: pj * buffers,
            wires_pj: pj * wires,
            leakage_pj: pj * leakage,
            weight_writing_pj: pj * writing,
        })
    }

    /// Area of these parts.
    ///
    /// # Errors
    /// As for [`Cost::energy`].
    pub fn area(&self, counts: &AreaCounts) -> Result<AreaBreakdown, HwError> {
        let beyond = [
            counts.adders,
            counts.activation_units,
            counts.multipliers,
            counts.buffer_bits,
            counts.links,
        ];
        let chip = self.around(beyond.iter().any(|count| *count != 0.0))?;
        let converter = self.adc.model.area_um2(self.bits, counts.sense_amps_each)?;
        let [digital, buffers, wires] = chip.map_or([0.0; 3], |chip| chip.areas_um2(counts));
        Ok(AreaBreakdown {
            cells_um2: counts.cells * self.array_read.cell_area_um2,
            word_lines_um2: counts.word_lines * self.word_lines.driver_area_um2,
            holds_um2: counts.holds * self.sample_and_hold.map_or(0.0, |hold| hold.area_um2),
            converters_um2: counts.readouts * converter,
            accumulation_um2: counts.readouts * self.accumulation.area_um2,
            digital_um2: digital,
            buffers_um2: buffers,
            wires_um2: wires,
        })
    }

    fn around(&self, needed: bool) -> Result<Option<&ChipCost>, HwError> {
        match (&self.chip, needed) {
            (None, true) => Err(HwError::new(
                "cost.chip",
                "missing",
                "the costs of what stands around the macros",
                "write [cost.chip.digital], buffers, wires and weight_writing",
            )),
            (chip, _) => Ok(chip.as_ref()),
        }
    }
}

impl ChipCost {
    /// Sums of other arrays, activations, digital layers, buffers, wires, leakage, writing weights.
    fn energies_fj(&self, counts: &EnergyCounts) -> [f64; 7] {
        let (digital, wires) = (&self.digital, &self.wires);
        let leakage = counts.link_time_ns * wires.link_leakage_uw
            + counts.macro_time_ns * wires.macro_leakage_uw;
        [
            counts.adds * digital.add_energy_fj,
            counts.activations * digital.activation_energy_fj,
            counts.macs * digital.mac_energy_fj,
            self.buffers
                .traffic_fj(counts.buffer_read_bits, counts.buffer_written_bits),
            counts.link_bits * wires.bit_energy_fj,
            leakage,
            counts.cells_written * self.weight_writing.cell_energy_fj,
        ]
    }

    /// Digital units, buffers, wires.
    fn areas_um2(&self, counts: &AreaCounts) -> [f64; 3] {
        let digital = counts.adders * self.digital.add_area_um2
            + counts.activation_units * self.digital.activation_area_um2
            + counts.multipliers * self.digital.mac_area_um2;
        [
            digital,
            counts.buffer_bits * self.buffers.bit_area_um2,
            counts.links * self.wires.link_area_um2,
        ]
    }
}
