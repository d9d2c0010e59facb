//! Gradients of what a read-out may learn: its step, its thresholds, its noise.
//!
//! All on the mean value m(s) of the codes, at every sum of the range. Values, thresholds and noise that grow together
//! scale m with the sum (it is homogeneous of degree 1), which gives the gradient of the step from slopes already there. A limit
//! of the current would have to grow with them, and values of codes that are no multiples of the step do not: `settings` refuses both.
//! Not responsible for which parameters are learned, nor for the sums over a batch.

use super::mean::mean_values;
use crate::hw::readout::Readout;
use crate::hw::readout::table::CodeTable;

/// Move of a threshold in MAC units.
const THRESHOLD_STEP: f64 = 1e-4;
/// Relative change of the noise.
const NOISE_STEP: f64 = 1e-3;

/// Delta dE\[y\] / dDelta for every sum, where thresholds and values are multiples of Delta: m(s) - s D(s) - sigma dm/dsigma.
///
/// `noise_slope` is sigma dm/dsigma ([`noise_slopes`]; `None` without noise), `d` the slope D(s) in use. Exact with D = m'.
/// Without noise m(s) is the hard value v(s), and v(s) - s D(s) is the rule of learned step sizes (Esser et al. 2020): with D = 1
/// inside and 0 outside, the rounding error inside and the outermost value outside. Where references snap to half integers the
/// rule is that of the references before they do (straight-through). Not for read-outs with a limit L of the current: this gives
/// v(s) for sums that L clips, where the rule is the rounding error of L. Sums beyond `d` or `noise_slope` count as 0.
pub fn step_slopes(table: &CodeTable, noise_slope: Option<&[f64]>, d: &[f64]) -> Vec<f64> {
    let at = |list: &[f64], index: usize| list.get(index).copied().unwrap_or(0.0);
    let slope = |(index, mean): (usize, f64)| {
        let s = f64::from(table.s_min) + index as f64;
        mean - s * at(d, index) - noise_slope.map_or(0.0, |list| at(list, index))
    };
    mean_values(table)
        .into_iter()
        .enumerate()
        .map(slope)
        .collect()
}

/// dE\[y\] / dt for threshold `which`, every sum, by central difference; values of codes stay.
///
/// In a binary search that decides the sign first, the mirrored threshold is the same reference and moves along. Thresholds
/// do not move past each other. 0 without noise (but where a threshold meets an integer), for read-outs without thresholds
/// of their own (ideal, measured), and for a threshold that does not exist.
pub fn threshold_slopes(readout: &Readout, which: usize) -> Vec<f64> {
    let difference = moved_threshold(readout, which);
    difference.unwrap_or_else(|| vec![0.0; readout.range.count()])
}

fn moved_threshold(readout: &Readout, which: usize) -> Option<Vec<f64>> {
    readout.converter()?;
    let threshold = *readout.thresholds.get(which)?;
    let mirror = readout.mirror(which);
    let neighbour = |at: Option<usize>| match at {
        Some(_) if at == mirror => Some(0.0),
        Some(at) => readout.thresholds.get(at).copied(),
        None => None,
    };
    let below = neighbour(which.checked_sub(1)).unwrap_or(f64::NEG_INFINITY);
    let above = neighbour(Some(which + 1)).unwrap_or(f64::INFINITY);
    let low = (threshold - THRESHOLD_STEP).max(below);
    let high = (threshold + THRESHOLD_STEP).min(above);
    let moved = |to: f64| {
        let mut thresholds = readout.thresholds.clone();
        if let Some(mirror) = mirror {
            thresholds[mirror] = -to;
        }
        thresholds[which] = to;
        readout.with_thresholds(thresholds)
    };
    let is_free = high - low >= THRESHOLD_STEP;
    is_free.then_some(())?;
    Some(difference(&moved(high)?, &moved(low)?, high - low))
}

/// sigma dm/dsigma for every sum: change of the mean value per relative change of all noise at each read.
pub fn noise_slopes(readout: &Readout) -> Vec<f64> {
    let scaled = |factor: f64| readout.with_noise_scale(factor);
    difference(
        &scaled(1.0 + NOISE_STEP),
        &scaled(1.0 - NOISE_STEP),
        2.0 * NOISE_STEP,
    )
}

fn difference(up: &Readout, down: &Readout, width: f64) -> Vec<f64> {
    let (up, down) = (mean_values(&up.table()), mean_values(&down.table()));
    up.iter().zip(down).map(|(a, b)| (a - b) / width).collect()
}
