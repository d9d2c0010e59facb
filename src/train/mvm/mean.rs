//! Slopes without draws: of the mean value m(s) of the codes, of its differences between sums, of the clipped identity, and
//! the second-order slope of a drawn code.
//!
//! With pi = T\[s, .\], values v and scores psi: m' = sum v pi psi where all codes with a slope occur, which is exact for a loss linear in this read (E1, also the
//! slope of the categorical straight-through estimator, because sum pi psi = 0). ReinMax is 2 Cov_{(pi + e_q) / 2}(v, psi) -
//! Cov_pi(v, psi) / 2 for the drawn code q (Liu et al. 2023), exact for quadratic losses. Scores hold the noise of the cells
//! fixed while the sum moves (it grows with the rows behind a sum, not with the sum); the lattice slope and the
//! secant, differences of whole rows, have its change in them.
//! Codes of a measured read-out that only the neighbours of a sum have ([`super::code_law`]) have no score: ReinMax takes the
//! codes that occur and adds sum t_k (v_k - m) over the others to each. Its mean is m' again, exact for linear losses; because all
//! codes get the same, it lacks sum t_k ((v_k - m)^2 - Var v) / 2 where the loss is v^2 / 2.

use super::code_law::CodeLaw;
use crate::hw::readout::table::CodeTable;

/// Room for values kept as f32, in steps.
const ROUNDING: f64 = 1e-4;

/// Mean value m(s) of the codes, in MAC units.
pub fn mean_values(table: &CodeTable) -> Vec<f64> {
    weighted(table, &table.pmf)
}

/// Slope m'(s) of the mean value.
pub fn mean_slopes(table: &CodeTable) -> Vec<f64> {
    weighted(table, &table.slope)
}

/// Sum of the values with the weights of each row.
fn weighted(table: &CodeTable, weights: &[f64]) -> Vec<f64> {
    let values: Vec<f64> = (0..table.codes)
        .map(|k| f64::from(table.decode.value(k)))
        .collect();
    let row = |row: &[f64]| row.iter().zip(&values).map(|(w, v)| w * v).sum();
    weights.chunks(table.codes.max(1)).map(row).collect()
}

/// (m(s + 1) - m(s - 1)) / 2, one-sided at the ends of the range.
pub(super) fn lattice_slopes(table: &CodeTable) -> Vec<f64> {
    differences(table, 1.0)
}

/// (m(s + h) - m(s - h)) / 2h over one step of the codes, 2h, with m drawn straight between sums. A step of 2 or less gives the lattice
/// slope; over more, differences of neighbours are 0 at most sums and several at the others, and this is still 1 within the range.
pub(super) fn secant_slopes(table: &CodeTable) -> Vec<f64> {
    differences(table, (0.5 * mean_step(table)).max(1.0))
}

/// Mean distance of neighbouring codes' values.
fn mean_step(table: &CodeTable) -> f64 {
    let last = table.codes.saturating_sub(1);
    let whole = table.decode.value(last) - table.decode.value(0);
    f64::from(whole.abs()) / last.max(1) as f64
}

/// (m(s + reach) - m(s - reach)) / (2 reach), one-sided at the ends of the range.
fn differences(table: &CodeTable, reach: f64) -> Vec<f64> {
    let mean = mean_values(table);
    let last = mean.len().saturating_sub(1);
    let mean_at = |place: f64| {
        let below = place as usize;
        let above = (below + 1).min(last);
        mean[below] + (place - below as f64) * (mean[above] - mean[below])
    };
    let slope = |at: usize| {
        let low = (at as f64 - reach).max(0.0);
        let high = (at as f64 + reach).min(last as f64);
        (mean_at(high) - mean_at(low)) / (high - low).max(1.0)
    };
    (0..mean.len()).map(slope).collect()
}

/// 1 where the noise-free read-out is not clipped, else 0: a sum read as the first (last) code that the range reaches is
/// clipped if it lies, with the offset of its column, more than half a step below (above) that code's value. A limit of the
/// current clips alike.
pub(super) fn clipped_slopes(table: &CodeTable) -> Vec<f64> {
    let (Some(&bottom), Some(&top)) = (table.hard.first(), table.hard.last()) else {
        return Vec::new();
    };
    let highest = value(table, top) + half_step(table, usize::from(top).saturating_sub(1));
    let lowest = value(table, bottom) - half_step(table, usize::from(bottom));
    let inside = |(s, &code): (i32, &u8)| {
        let s = f64::from(s) + table.offset;
        let clipped = (code == top && s > highest) || (code == bottom && s < lowest);
        f64::from(u8::from(!clipped))
    };
    (table.s_min..).zip(&table.hard).map(inside).collect()
}

fn value(table: &CodeTable, code: u8) -> f64 {
    f64::from(table.decode.value(usize::from(code)))
}

/// Half the distance between a code's value and the next one's; without bound if there is one code only.
fn half_step(table: &CodeTable, code: usize) -> f64 {
    if table.codes < 2 {
        return f64::INFINITY;
    }
    let low = code.min(table.codes - 2);
    let step = f64::from(table.decode.value(low + 1) - table.decode.value(low));
    step.abs() * (0.5 + ROUNDING)
}

/// Second-order slope of every code, index `s` then code; codes that do not occur get the slope of the mean.
pub(super) fn reinmax_slopes(table: &CodeTable) -> Vec<f64> {
    let mean_slopes = mean_slopes(table);
    let rows = mean_slopes.iter().enumerate();
    let row = |(index, &slope): (usize, &f64)| {
        let mut row = vec![slope; table.codes];
        let law = CodeLaw::of(table, index);
        let mean = law.mean();
        let added = law.left_out_slope(mean);
        for (k, &code) in law.codes.iter().enumerate() {
            // The mean score is 0 and Cov_pi(v, psi) is the slope of the mean less what is added, so half the law and half
            // the drawn code leave half of that and (v - mean) psi / 2; all that is added comes back whole.
            let (v, psi) = (law.values[k], law.scores[k]);
            row[code] = 0.5 * (slope + added) + 0.5 * (v - mean) * psi;
        }
        row
    };
    rows.flat_map(row).collect()
}
