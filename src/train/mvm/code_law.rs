//! The law of the code of one partial sum: probabilities, values and scores of the codes that can occur.
//!
//! The score psi_k = d log T\[s, k\] / ds is all that a gradient through a random code needs; its mean is 0. Codes too rare
//! to be drawn are left out, where T is 0 or its logarithm has no slope worth the name. From the read-out's own table, so
//! shared noise, flash, binary search and measured read-outs are all alike here.

use crate::hw::readout::table::CodeTable;

/// Rarest code that counts: at temperatures up to 2 its weight in a softmax stays below a millionth.
const LEAST: f64 = 1e-12;

/// The codes that occur for one sum, ascending; parallel lists.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeLaw {
    /// Codes.
    pub codes: Vec<usize>,
    /// Their probabilities.
    pub pmf: Vec<f64>,
    /// Their values in MAC units.
    pub values: Vec<f64>,
    /// Their scores d log T / ds, per MAC unit.
    pub scores: Vec<f64>,
}

impl CodeLaw {
    /// The law of the sum at `index` (s - s_min).
    pub fn of(table: &CodeTable, index: usize) -> Self {
        let start = index * table.codes;
        let row = &table.pmf[start..start + table.codes];
        let codes: Vec<usize> = (0..table.codes).filter(|&k| row[k] >= LEAST).collect();
        Self {
            pmf: codes.iter().map(|&k| row[k]).collect(),
            values: codes
                .iter()
                .map(|&k| f64::from(table.decode.value(k)))
                .collect(),
            scores: codes
                .iter()
                .map(|&k| table.slope[start + k] / row[k])
                .collect(),
            codes,
        }
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
