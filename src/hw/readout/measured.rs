//! A read-out known by measurement only: P(code | sum) as a confusion matrix of the macro.
//!
//! The noise-free code of a sum is its most likely code; it must not fall with the sum, so that a threshold exists between
//! codes. Noise at each read (of cells, bit line and comparisons) and static errors of the read-out are in the matrix and are not
//! drawn again. Cells as the file describes them are drawn on top wherever chips are looked at: a matrix that was measured with its
//! cells goes with `programming.none` and no faults.

use crate::hw::error::{Checks, HwError};
use crate::hw::variation::Law;
use serde::Deserialize;

/// `[readout.measured]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredSpec {
    /// Partial sum of the first row.
    pub smallest_sum: i32,
    /// Value of each code in MAC units.
    pub code_values_mac: Vec<f64>,
    /// One row per partial sum: probability of each code.
    pub probabilities: Vec<Vec<f64>>,
}

/// A checked confusion matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    /// Partial sum of the first row.
    pub smallest_sum: i32,
    /// Value of each code in MAC units.
    pub code_values: Vec<f64>,
    /// P(code | sum), rows sum to one.
    pub rows: Vec<Vec<f64>>,
}

impl MeasuredSpec {
    /// Checks shape, row sums and monotone codes; normalises the rows.
    pub fn resolve(&self, checks: &mut Checks) -> ConfusionMatrix {
        let key = "readout.measured";
        let codes = self.code_values_mac.len();
        checks.within(
            &format!("{key}.code_values_mac"),
            codes as u64,
            2,
            256,
            "list one value per code",
        );
        if self.code_values_mac.iter().any(|v| !v.is_finite()) {
            checks.push(HwError::new(
                format!("{key}.code_values_mac"),
                format!("{:?}", self.code_values_mac),
                "finite numbers",
                "write what each code is worth",
            ));
        }
        checks.none_huge(&format!("{key}.code_values_mac"), &self.code_values_mac);
        if i32::try_from(self.probabilities.len())
            .ok()
            .and_then(|rows| self.smallest_sum.checked_add(rows))
            .is_none()
        {
            checks.push(HwError::new(
                format!("{key}.smallest_sum"),
                self.smallest_sum,
                "sums that can be counted in 32 bits",
                "write the partial sum that the first row was measured at",
            ));
        }
        if self.probabilities.is_empty() {
            let advice = "list one row per partial sum";
            checks.push(HwError::new(
                format!("{key}.probabilities"),
                "no row",
                "at least one row",
                advice,
            ));
        }
        for (index, row) in self.probabilities.iter().enumerate() {
            let sum: f64 = row.iter().sum();
            let legal = row.iter().all(|p| (0.0..=1.0).contains(p));
            if row.len() != codes || !legal || (sum - 1.0).abs() > 1e-6 {
                checks.push(HwError::new(
                    format!("{key}.probabilities"),
                    format!("row {index} with {} numbers of sum {sum}", row.len()),
                    format!("{codes} probabilities of sum 1"),
                    "normalise the measured counts of that row",
                ));
            }
        }
        let matrix = ConfusionMatrix {
            smallest_sum: self.smallest_sum,
            code_values: self.code_values_mac.clone(),
            rows: self
                .probabilities
                .iter()
                .map(|row| normalised(row))
                .collect(),
        };
        let hard = matrix.hard_codes();
        if hard.windows(2).any(|pair| pair[0] > pair[1]) {
            checks.push(HwError::new(
                format!("{key}.probabilities"),
                "most likely codes that fall with the sum",
                "a most likely code that never falls when the sum rises",
                "check the order of rows and codes",
            ));
        }
        matrix
    }
}

fn normalised(row: &[f64]) -> Vec<f64> {
    let sum: f64 = row.iter().sum();
    row.iter().map(|p| p / sum).collect()
}

impl ConfusionMatrix {
    /// Largest partial sum measured.
    pub fn largest_sum(&self) -> i32 {
        self.smallest_sum.saturating_add(self.rows.len() as i32 - 1)
    }

    /// Most likely code of each row (the lowest on ties).
    pub fn hard_codes(&self) -> Vec<usize> {
        let best = |row: &Vec<f64>| {
            (0..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best })
        };
        self.rows.iter().map(best).collect()
    }

    /// The matrix where only this share of the reads (0 to 1; beyond: the nearer of them) is as measured and the others give the
    /// most likely code.
    pub fn with_noisy_share(&self, share: f64) -> Self {
        let share = if share > 0.0 { share.min(1.0) } else { 0.0 };
        let mut mixed = self.clone();
        for (row, hard) in mixed.rows.iter_mut().zip(self.hard_codes()) {
            row.iter_mut().for_each(|p| *p *= share);
            row[hard] += 1.0 - share;
        }
        mixed
    }

    /// Probabilities for a current: the row of the nearest measured sum.
    pub fn row(&self, x: f64) -> &[f64] {
        let nearest = (x + 0.5).floor() - f64::from(self.smallest_sum);
        &self.rows[nearest.clamp(0.0, (self.rows.len() - 1) as f64) as usize]
    }

    /// Mean of the rows over a normal current with this mean and standard deviation; `limited` is what the read-out sees of a current.
    pub fn row_over(&self, mean: f64, sigma: f64, limited: impl Fn(f64) -> f64) -> Vec<f64> {
        if sigma <= 0.0 {
            return self.row(limited(mean)).to_vec();
        }
        let share_below = |x: f64| Law::Normal.cdf((x - mean) / sigma);
        let mut all = vec![0.0; self.code_values.len()];
        let mut below = 0.0;
        for index in 0..self.rows.len() {
            let sum = f64::from(self.smallest_sum) + index as f64;
            let last = index + 1 == self.rows.len();
            let up_to = if last { 1.0 } else { share_below(sum + 0.5) };
            for (into, p) in all.iter_mut().zip(self.row(limited(sum))) {
                *into += (up_to - below) * p;
            }
            below = up_to;
        }
        all
    }

    /// Thresholds of the noise-free code.
    pub fn thresholds(&self) -> Vec<f64> {
        let hard = self.hard_codes();
        let crossing = |code: usize| match hard.iter().position(|&h| h >= code) {
            Some(0) => f64::NEG_INFINITY,
            Some(index) => f64::from(self.smallest_sum) + index as f64 - 0.5,
            None => f64::INFINITY,
        };
        (1..self.code_values.len()).map(crossing).collect()
    }
}
