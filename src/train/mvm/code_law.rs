//! The law of the code of one partial sum: probabilities, values and scores of the codes that can occur.
//!
//! The score psi_k = d log T\[s, k\] / ds (where codes are left out that have slopes, with tau below) is all that a gradient through a random code needs; its mean is 0. Codes too rare
//! to be drawn are left out, where T is 0 or its logarithm has no slope worth the name. From the read-out's own table, so
//! shared noise, flash, binary search and measured read-outs are all alike here.
//!
//! Slopes of a measured read-out are differences of rows: t_k = dT\[s, k\] / ds can be large for a code that the neighbours of
//! a sum have and the sum itself has not, and no score tells. With tau the sum of t_k over the codes left out,
//! d E\[f\] / ds = sum f t over all codes = E\[f psi\] + sum t_k (f(v_k) - E\[f\]) over those left out, where psi_k = t_k / T + tau:
//! the probability that goes to a code left out is taken from all codes that occur in proportion, tau makes up for it, and the
//! mean score is 0 again. So for f = v what is left out adds sum t_k (v_k - m) to the slope of the mean, counted from the
//! mean value m that it takes over: wherever values have their zero, that is the same.

use crate::hw::readout::table::CodeTable;

/// Highest temperature of a relaxed code.
pub const HOTTEST: f64 = 2.0;
/// Rarest code that counts: up to [`HOTTEST`] its weight in a softmax stays below a millionth.
const LEAST: f64 = 1e-12;
/// Slopes of the codes left out that sum up to no more are those of the tails of a continuous law: codes rarer than [`LEAST`] take
/// noise below a ten-thousandth of a MAC unit to reach it, and one count in a million measured reads is more.
const TAILS: f64 = 1e-7;

/// The codes that occur for one sum, ascending; parallel lists.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeLaw {
    /// Codes.
    pub codes: Vec<usize>,
    /// Their probabilities.
    pub pmf: Vec<f64>,
    /// Their values in MAC units.
    pub values: Vec<f64>,
    /// Their scores per MAC unit, with mean 0: d log T / ds, and tau where codes are left out that have slopes.
    pub scores: Vec<f64>,
    /// Value and slope dT / ds of the codes left out; none where their slopes count for nothing.
    pub left_out: Vec<(f64, f64)>,
}

impl CodeLaw {
    /// The law of the sum at `index` (s - s_min).
    pub fn of(table: &CodeTable, index: usize) -> Self {
        let places = index * table.codes..(index + 1) * table.codes;
        let (row, slopes) = (&table.pmf[places.clone()], &table.slope[places]);
        let value = |k: usize| f64::from(table.decode.value(k));
        let codes: Vec<usize> = (0..table.codes).filter(|&k| row[k] >= LEAST).collect();
        let left_out = left_out(row, slopes, value);
        let tau: f64 = left_out.iter().map(|(_, slope)| slope).sum();
        Self {
            pmf: codes.iter().map(|&k| row[k]).collect(),
            values: codes.iter().map(|&k| value(k)).collect(),
            scores: codes.iter().map(|&k| slopes[k] / row[k] + tau).collect(),
            codes,
            left_out,
        }
    }

    /// Mean value of the code.
    pub fn mean(&self) -> f64 {
        self.pmf.iter().zip(&self.values).map(|(p, v)| p * v).sum()
    }

    /// What the codes left out add to the slope of the mean, where what they take over is worth `reference` in the mean.
    pub fn left_out_slope(&self, reference: f64) -> f64 {
        let each = self.left_out.iter();
        each.map(|(value, slope)| (value - reference) * slope).sum()
    }

    /// Place of the most likely code in the lists.
    pub fn most_likely(&self) -> usize {
        let better = |best: usize, k: usize| {
            if self.pmf[k] > self.pmf[best] {
                k
            } else {
                best
            }
        };
        (0..self.pmf.len()).fold(0, better)
    }
}

/// Value and slope of the codes too rare to be drawn; nothing where these are the slopes of tails.
fn left_out(row: &[f64], slopes: &[f64], value: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let rare = (0..row.len()).filter(|&k| row[k] < LEAST);
    let rare: Vec<(f64, f64)> = rare.map(|k| (value(k), slopes[k])).collect();
    let total: f64 = rare.iter().map(|(_, slope)| slope.abs()).sum();
    if total > TAILS { rare } else { Vec::new() }
}
