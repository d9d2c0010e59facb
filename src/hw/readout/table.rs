//! The table form of a read-out: everything the ADC does to an integer partial sum, as small tables.
//!
//! A group of N open word lines has few possible integer sums `s`, so the law of the read-out is fully described by
//! the noise-free code of every `s`, the probability T[s, code] of every code, and the value every code stands for
//! (knowledge: T[s, code] carries the forward, the noise and every gradient). Built by [`super`]; read by the kernels,
//! the simulator and the trainer.

/// What a code is worth in MAC units: `value(q) = base + step * level[q]`.
///
/// Levels are small integers, so a sum of any number of codes is exact and independent of the order of summation:
/// this is what makes trainer, simulator and every kernel agree bit for bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Decode {
    /// Value of level 0, in MAC units.
    pub base: f32,
    /// Value of one level, in MAC units.
    pub step: f32,
    /// Level of each code.
    pub levels: Vec<u8>,
}

impl Decode {
    /// Value of a code in MAC units.
    pub fn value(&self, code: usize) -> f32 {
        self.base + self.step * f32::from(self.levels[code])
    }

    /// Value of a sum of `conversions` levels, the one expression used by simulator and trainer alike.
    pub fn sum_value(&self, level_sum: i32, conversions: usize) -> f32 {
        self.base * conversions as f32 + self.step * level_sum as f32
    }
}

/// A resolved read-out for partial sums `s_min ..= s_max`.
#[derive(Clone, Debug)]
pub struct CodeTable {
    /// Smallest possible partial sum.
    pub s_min: i32,
    /// Largest possible partial sum.
    pub s_max: i32,
    /// Number of codes.
    pub codes: usize,
    /// Noise-free code of each sum, index `s - s_min`.
    pub hard: Vec<u8>,
    /// T[s, code], row-major, rows sum to one.
    pub pmf: Vec<f64>,
    /// Natural logarithm of T, computed stably, floored at `LOG_FLOOR`.
    pub log_pmf: Vec<f64>,
    /// dT/ds, row-major, rows sum to zero.
    pub slope: Vec<f64>,
    /// What the codes are worth.
    pub decode: Decode,
    /// Static offset of the current that all of it is for, in MAC units ([`super::Readout::with_offset`]).
    pub offset: f64,
}

/// Smallest logarithm of a probability that is kept.
pub const LOG_FLOOR: f64 = -700.0;

impl CodeTable {
    /// Number of possible sums.
    pub fn sums(&self) -> usize {
        (self.s_max - self.s_min + 1) as usize
    }

    /// Probabilities of the codes for one sum.
    pub fn row(&self, s: i32) -> &[f64] {
        let at = (s - self.s_min) as usize * self.codes;
        &self.pmf[at..at + self.codes]
    }

    /// Noise-free level of each sum, index `s - s_min`.
    pub fn hard_levels(&self) -> Vec<u8> {
        self.hard
            .iter()
            .map(|&code| self.decode.levels[usize::from(code)])
            .collect()
    }

    /// True if no sum has more than one possible code.
    pub fn is_noise_free(&self) -> bool {
        self.pmf.iter().all(|&p| p == 0.0 || p == 1.0)
    }
}
