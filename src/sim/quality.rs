//! What a read-out does to one layer's own partial sums: errors, clipping, use of codes, signal to noise.
//!
//! Everything follows from the histogram of sums and the table T[s, code]; nothing is sampled.
//! `SQNR = 10 log10(Var s / E[(v(code) - s)^2])`, as in the ADC literature.

use crate::hw::partial_sum::SumHistogram;
use crate::hw::readout::table::CodeTable;

/// Figures of one conversion.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// Mean of the sums.
    pub mean: f64,
    /// Their standard deviation.
    pub std: f64,
    /// Share of conversions whose code is not the noise-free one.
    pub error_rate: f64,
    /// Share of sums beyond half a code step outside the outermost codes' values.
    pub clipped: f64,
    /// Expected counts of each noise-free code.
    pub code_counts: Vec<u64>,
    /// Mean square of quantization and noise.
    pub error_power: f64,
    /// Mean square of quantization alone.
    pub quantization_power: f64,
}

/// Judges a noisy table against the layer's own sums.
pub fn judge(table: &CodeTable, sums: &SumHistogram) -> Quality {
    let total = sums.total().max(1) as f64;
    let mean = sums
        .iter()
        .map(|(s, n)| f64::from(s) * n as f64)
        .sum::<f64>()
        / total;
    let variance = sums
        .iter()
        .map(|(s, n)| (f64::from(s) - mean).powi(2) * n as f64)
        .sum::<f64>()
        / total;
    let value = |code: usize| f64::from(table.decode.value(code));
    let (mut wrong, mut clipped, mut noisy, mut hard_error) = (0.0, 0.0, 0.0, 0.0);
    let mut code_counts = vec![0; table.codes];
    let (lowest, highest) = (value(0), value(table.codes - 1));
    let edge = if table.codes > 1 {
        0.5 * (value(1) - lowest)
            .abs()
            .max((highest - value(table.codes - 2)).abs())
    } else {
        0.5
    };
    for (s, n) in sums.iter() {
        let (x, weight) = (f64::from(s), n as f64 / total);
        let hard = usize::from(table.hard[(s - table.s_min) as usize]);
        code_counts[hard] += n;
        wrong += weight * (1.0 - table.row(s)[hard]);
        noisy += weight
            * table
                .row(s)
                .iter()
                .enumerate()
                .map(|(k, p)| p * (value(k) - x).powi(2))
                .sum::<f64>();
        hard_error += weight * (value(hard) - x).powi(2);
        if x < lowest - edge || x > highest + edge {
            clipped += weight;
        }
    }
    Quality {
        mean,
        std: variance.sqrt(),
        error_rate: wrong.max(0.0),
        clipped,
        code_counts,
        error_power: noisy,
        quantization_power: hard_error,
    }
}

/// Ratio of two powers in dB; infinite where there is no noise to speak of.
pub fn decibel(signal: f64, noise: f64) -> f64 {
    if noise <= signal * 1e-20 {
        f64::INFINITY
    } else {
        10.0 * (signal / noise).log10()
    }
}
