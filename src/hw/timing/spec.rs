//! The keys of `[timing]`, held against each other and against the read-out.
//!
//! Not responsible for what the times amount to ([`super`]).

use super::{SampleAndHold, Timing};
use crate::hw::error::{Checks, HwError};
use crate::hw::readout::{Architecture, Kind, ReadoutDesign};
use serde::Deserialize;

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

/// Most cycles of any phase: far beyond any macro, and far from overflow.
const MOST_CYCLES: u64 = 1 << 20;
/// A femtosecond: shorter than any clock, and cycles of a run still fit their counters.
const SHORTEST_NS: f64 = 1e-6;

impl TimingSpec {
    /// Checks the numbers against each other and against the read-out.
    ///
    /// # Errors
    /// If neither the read-out nor the file says how many comparisons a conversion takes: values are known all the same.
    pub fn resolve(&self, readout: &ReadoutDesign, checks: &mut Checks) -> Result<Timing, HwError> {
        checks.positive("timing.clock_ns", self.clock_ns);
        if self.clock_ns > 0.0 && self.clock_ns < SHORTEST_NS {
            checks.push(HwError::new(
                "timing.clock_ns",
                self.clock_ns,
                format!("at least {SHORTEST_NS}"),
                "look at the unit: nanoseconds",
            ));
        }
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
        self.check_steps(readout, checks);
        if self.sample_and_hold == SampleAndHold::None && self.sample_cycles > 0 {
            checks.push(HwError::new(
                "timing.sample_cycles",
                self.sample_cycles,
                "0 where timing.sample_and_hold = \"none\"",
                "nothing is sampled without a sample-and-hold",
            ));
        }
        let steps = self.sense_steps.or_else(|| natural_steps(readout));
        let sense_steps = steps.ok_or_else(|| {
            HwError::new(
                "timing.sense_steps",
                "missing",
                "comparisons of one conversion",
                "an ideal or measured read-out does not say how many comparisons it takes; write them",
            )
        })?;
        Ok(Timing {
            clock_ns: self.clock_ns,
            precharge_cycles: self.precharge_cycles,
            develop_cycles: self.develop_cycles,
            sample_cycles: self.sample_cycles,
            sense_setup_cycles: self.sense_setup_cycles,
            sense_cycles_per_step: self.sense_cycles_per_step,
            sense_steps,
            latch_cycles: self.latch_cycles,
            sample_and_hold: self.sample_and_hold,
            early_termination: self.early_termination,
            skip_zero_groups: self.skip_zero_groups,
        })
    }

    /// A conversion cannot be done with fewer comparisons than tell its codes apart, nor take more cycles than any phase.
    fn check_steps(&self, readout: &ReadoutDesign, checks: &mut Checks) {
        let natural = natural_steps(readout);
        let steps = u64::from(self.sense_steps.or(natural).unwrap_or(1));
        // The last code of a ramp is what is left, and mirrored codes are one fewer.
        let least = match architecture(readout) {
            Some(Architecture::Ramp) => natural.map_or(1, |steps| steps.saturating_sub(2).max(1)),
            _ => natural.unwrap_or(1),
        };
        if self.sense_steps.is_some() && steps < u64::from(least) {
            checks.push(HwError::new(
                "timing.sense_steps",
                steps,
                format!("at least {least}, to tell apart the codes of this read-out"),
                "write the comparisons of a whole conversion, or change the read-out's kind or bits",
            ));
        }
        let (setup, each) = (self.sense_setup_cycles, self.sense_cycles_per_step);
        let sense = u64::from(setup) + steps * u64::from(each);
        if sense > MOST_CYCLES && steps <= MOST_CYCLES && u64::from(each) <= MOST_CYCLES {
            checks.push(HwError::new(
                "timing.sense_cycles_per_step",
                each,
                format!("at most {MOST_CYCLES} cycles for setup and all {steps} comparisons"),
                "write whole cycles of timing.clock_ns",
            ));
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
