//! How long one activation of word lines and one conversion take, in cycles of the macro's clock (`[timing]`).
//!
//! ```text
//! precharge, develop | sample | sense: setup + steps x cycles per step | latch, shift and add
//! steps: flash 1, binary search `bits`, ramp 2^bits, or as written (`sense_steps`)
//! ```
//! Not responsible for what overlaps (`cycle`), for codes ([`super::readout`]), nor for parts beside the macro
//! ([`super::tiles`]).

use super::error::{Checks, HwError};
use super::keyword::keyword;
use super::readout::{Architecture, Kind, ReadoutDesign};
use serde::Deserialize;

keyword! {
    /// Where a bit line's value is held while it is converted.
    SampleAndHold {
        /// Nowhere: the array is held until the conversion is latched.
        None = "none",
        /// In each read-out.
        PerReadout = "per_readout",
        /// In each column: one activation serves all positions of the column multiplexer.
        PerColumn = "per_column",
    }
}

/// `[timing]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimingSpec {
    /// Clock period.
    pub clock_ns: f64,
    /// Precharge of the bit lines.
    pub precharge_cycles: u32,
    /// Word lines open until the bit-line current has settled.
    pub develop_cycles: u32,
    /// Sampling.
    pub sample_cycles: u32,
    /// Before the first comparison of a conversion.
    pub sense_setup_cycles: u32,
    /// One comparison.
    pub sense_cycles_per_step: u32,
    /// Comparisons of a conversion, where the kind of read-out does not say it or the macro differs from it.
    #[serde(default)]
    pub sense_steps: Option<u32>,
    /// Latch, shift and add.
    pub latch_cycles: u32,
    /// Sample-and-hold.
    pub sample_and_hold: SampleAndHold,
    /// A ramp stops when every read-out of the macro has found its code.
    pub early_termination: bool,
    /// Groups of word lines whose inputs are all zero are not opened.
    pub skip_zero_groups: bool,
}

/// Resolved times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Clock period.
    pub clock_ns: f64,
    /// Precharge of the bit lines.
    pub precharge_cycles: u32,
    /// Word lines open until the bit-line current has settled.
    pub develop_cycles: u32,
    /// Sampling.
    pub sample_cycles: u32,
    /// Before the first comparison of a conversion.
    pub sense_setup_cycles: u32,
    /// One comparison.
    pub sense_cycles_per_step: u32,
    /// Comparisons of a conversion that does not end early.
    pub sense_steps: u32,
    /// Latch, shift and add.
    pub latch_cycles: u32,
    /// Sample-and-hold.
    pub sample_and_hold: SampleAndHold,
    /// A ramp stops when every read-out of the macro has found its code.
    pub early_termination: bool,
    /// Groups of word lines whose inputs are all zero are not opened.
    pub skip_zero_groups: bool,
}

/// Most cycles of any phase: far beyond any macro, and far from overflow.
const MOST_CYCLES: u64 = 1 << 20;

impl TimingSpec {
    /// Checks the numbers against each other and against the read-out.
    pub fn resolve(&self, readout: &ReadoutDesign, checks: &mut Checks) -> Timing {
        checks.positive("timing.clock_ns", self.clock_ns);
        for (key, value, least) in [
            ("precharge_cycles", self.precharge_cycles, 0),
            ("develop_cycles", self.develop_cycles, 1),
            ("sample_cycles", self.sample_cycles, 0),
            ("sense_setup_cycles", self.sense_setup_cycles, 0),
            ("sense_cycles_per_step", self.sense_cycles_per_step, 1),
            ("sense_steps", self.sense_steps.unwrap_or(1), 1),
            ("latch_cycles", self.latch_cycles, 1),
        ] {
            let advice = "write whole cycles of timing.clock_ns";
            checks.within(
                &format!("timing.{key}"),
                u64::from(value),
                least,
                MOST_CYCLES,
                advice,
            );
        }
        self.check_early_termination(readout, checks);
        if self.sample_and_hold == SampleAndHold::None && self.sample_cycles > 0 {
            checks.push(HwError::new(
                "timing.sample_cycles",
                self.sample_cycles,
                "0 where timing.sample_and_hold = \"none\"",
                "nothing is sampled without a sample-and-hold",
            ));
        }
        let steps = self.sense_steps.or_else(|| natural_steps(readout));
        if steps.is_none() {
            checks.push(HwError::new(
                "timing.sense_steps",
                "missing",
                "comparisons of one conversion",
                "an ideal or measured read-out does not say how many comparisons it takes; write them",
            ));
        }
        Timing {
            clock_ns: self.clock_ns,
            precharge_cycles: self.precharge_cycles,
            develop_cycles: self.develop_cycles,
            sample_cycles: self.sample_cycles,
            sense_setup_cycles: self.sense_setup_cycles,
            sense_cycles_per_step: self.sense_cycles_per_step,
            sense_steps: steps.unwrap_or(1),
            latch_cycles: self.latch_cycles,
            sample_and_hold: self.sample_and_hold,
            early_termination: self.early_termination,
            skip_zero_groups: self.skip_zero_groups,
        }
    }

    fn check_early_termination(&self, readout: &ReadoutDesign, checks: &mut Checks) {
        let ramp = architecture(readout) == Some(Architecture::Ramp);
        if self.early_termination && !ramp {
            checks.push(HwError::new(
                "timing.early_termination",
                true,
                "false unless the read-out is a ramp",
                "flash and binary search take all their steps whatever the code",
            ));
        }
    }
}

fn architecture(readout: &ReadoutDesign) -> Option<Architecture> {
    match &readout.kind {
        Kind::Converter(converter) => Some(converter.architecture),
        Kind::Ideal | Kind::Measured(_) => None,
    }
}

/// Comparisons of one conversion by the kind of read-out.
fn natural_steps(readout: &ReadoutDesign) -> Option<u32> {
    Some(match architecture(readout)? {
        Architecture::Flash => 1,
        Architecture::BinarySearch => readout.bits()?,
        Architecture::Ramp => 1 << readout.bits()?,
    })
}

impl Timing {
    /// Precharge and development.
    pub fn front_cycles(&self) -> u32 {
        self.precharge_cycles + self.develop_cycles
    }

    /// A conversion of this many comparisons.
    pub fn sense_cycles(&self, steps: u32) -> u32 {
        self.sense_setup_cycles + steps * self.sense_cycles_per_step
    }
}
