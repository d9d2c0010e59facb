//! How long one activation of word lines and one conversion take, in cycles of the macro's clock (`[timing]`).
//!
//! ```text
//! precharge, develop | sample | sense: setup + steps x cycles per step | latch, shift and add
//! steps: flash 1, binary search `bits`, ramp 2^bits, or as written (`sense_steps`)
//! ```
//! Not responsible for the keys and what they must fulfil (`spec`), for what overlaps (`cycle`), for codes ([`super::readout`]), nor for parts beside the macro
//! ([`super::tiles`]).

mod spec;

pub use spec::TimingSpec;

use super::keyword::keyword;

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

impl Timing {
    /// Precharge and development.
    pub fn front_cycles(&self) -> u32 {
        self.precharge_cycles + self.develop_cycles
    }

    /// A conversion of this many comparisons.
    pub fn sense_cycles(&self, steps: u32) -> u32 {
        self.sense_setup_cycles + steps * self.sense_cycles_per_step
    }

    /// Cycles in which word lines are open and cells conduct: until the value is sampled, or converted where nothing holds it.
    pub fn open_cycles(&self) -> u32 {
        self.develop_cycles
            + match self.sample_and_hold {
                SampleAndHold::None => self.sense_cycles(self.sense_steps),
                SampleAndHold::PerReadout | SampleAndHold::PerColumn => self.sample_cycles,
            }
    }

    /// One activation of word lines and one conversion, alone.
    pub fn invocation_cycles(&self) -> u64 {
        self.slots_cycles(1, 1)
    }

    /// A train of activations, each followed by this many conversions of each read-out (1, or with a sample-and-hold in each
    /// column the positions of its multiplexer), none of which ends early: what the law of `cycle` gives for one macro whose
    /// inputs are all there. 0 without activations.
    pub fn slots_cycles(&self, activations: u64, conversions_each: u64) -> u64 {
        let Some(further) = activations.checked_sub(1) else {
            return 0;
        };
        let front = u64::from(self.front_cycles());
        let sample = u64::from(self.sample_cycles);
        let sense = u64::from(self.sense_cycles(self.sense_steps));
        let latch = u64::from(self.latch_cycles);
        let more = conversions_each.saturating_sub(1) * sense.max(latch);
        let alone = front + sample + sense + more + latch;
        let interval = match self.sample_and_hold {
            SampleAndHold::None => alone,
            SampleAndHold::PerReadout | SampleAndHold::PerColumn => {
                (front + sample).max(more + (sample + sense).max(latch))
            }
        };
        alone + further * interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(hold: SampleAndHold, sense_steps: u32) -> Timing {
        Timing {
            clock_ns: 1.0,
            precharge_cycles: 1,
            develop_cycles: 2,
            sample_cycles: 0,
            sense_setup_cycles: 0,
            sense_cycles_per_step: 1,
            sense_steps,
            latch_cycles: 1,
            sample_and_hold: hold,
            early_termination: false,
            skip_zero_groups: false,
        }
    }

    /// 14 groups, 4 serial bits, 8 columns: 448 slots of flash, 5 steps and ramp.
    #[test]
    fn trains_take_the_cycles_of_the_worked_example() {
        for (steps, alone, serial, held) in
            [(1, 5, 2240, 1346), (5, 9, 4032, 2244), (16, 20, 8960, 7172)]
        {
            let none = timing(SampleAndHold::None, steps);
            assert_eq!(none.invocation_cycles(), alone);
            assert_eq!(none.slots_cycles(448, 1), serial);
            let one = timing(SampleAndHold::PerReadout, steps);
            assert_eq!(one.slots_cycles(448, 1), held);
            assert_eq!(one.slots_cycles(0, 1), 0);
        }
    }

    /// The law of `cycle`, step by step.
    fn by_law(timing: &Timing, activations: u64, conversions: u64) -> u64 {
        let front = u64::from(timing.front_cycles());
        let sample = u64::from(timing.sample_cycles);
        let sense = u64::from(timing.sense_cycles(timing.sense_steps));
        let latch = u64::from(timing.latch_cycles);
        let (mut array, mut hold, mut readout, mut latched) = (0, 0, 0, 0);
        for _ in 0..activations {
            let sampled = u64::max(array + front, hold) + sample;
            array = sampled;
            for _ in 0..conversions {
                let sensed = u64::max(sampled, readout) + sense;
                readout = u64::max(sensed, latched);
                latched = readout + latch;
            }
            hold = readout;
            if timing.sample_and_hold == SampleAndHold::None {
                array = latched;
            }
        }
        latched
    }

    #[test]
    fn closed_form_and_law_agree() {
        let kinds = [
            SampleAndHold::None,
            SampleAndHold::PerReadout,
            SampleAndHold::PerColumn,
        ];
        for hold in kinds {
            for (front, sample, sense, latch) in [
                (1, 0, 1, 1),
                (3, 2, 5, 1),
                (9, 1, 4, 2),
                (2, 1, 1, 7),
                (4, 3, 2, 5),
            ] {
                let mut timing = timing(hold, sense);
                (timing.precharge_cycles, timing.develop_cycles) = (0, front);
                timing.latch_cycles = latch;
                if hold != SampleAndHold::None {
                    timing.sample_cycles = sample;
                }
                let most = if hold == SampleAndHold::PerColumn {
                    4
                } else {
                    1
                };
                for activations in 1..6 {
                    for conversions in 1..=most {
                        assert_eq!(
                            timing.slots_cycles(activations, conversions),
                            by_law(&timing, activations, conversions),
                            "{timing:?}, {activations} of {conversions}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn cells_conduct_until_their_value_is_held() {
        assert_eq!(timing(SampleAndHold::None, 4).open_cycles(), 6);
        assert_eq!(timing(SampleAndHold::PerReadout, 4).open_cycles(), 2);
    }
}
