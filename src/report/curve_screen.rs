//! Accuracy against ADC bits and against open word lines as lines of text, for the one screen of a run.

use super::number;
use crate::results::accuracy::{CurvePoint, WordLinePoint};

/// One line per reference setting, with noise and where it is asked for without, one column per number of bits, percent; last how far
/// the points may be off.
pub(super) fn adc_table(curve: &[CurvePoint], noise_free: bool) -> Vec<String> {
    let mut bits: Vec<u32> = curve.iter().map(|point| point.bits).collect();
    bits.sort_unstable();
    bits.dedup();
    bits.truncate(8);
    if bits.is_empty() {
        return Vec::new();
    }
    let mut head = format!("{:<24}", "accuracy (%), ADC bits");
    for b in &bits {
        head += &format!("{b:>6} ");
    }
    let mut lines = vec![head];
    for references in ["calibrated", "full_range"] {
        let without = noise_free.then_some(false);
        for noise in without.into_iter().chain([true]) {
            let of_this = |b: u32| {
                curve
                    .iter()
                    .find(|p| p.bits == b && p.references == references && p.noise == noise)
            };
            if !bits.iter().any(|&b| of_this(b).is_some()) {
                continue;
            }
            let name = references.replace('_', " ") + if noise { ", noise" } else { "" };
            let mut line = format!("{name:<24}");
            for &b in &bits {
                let text = of_this(b).map_or("–".into(), |point| {
                    number::fixed(100.0 * point.accuracy.estimate, 1)
                });
                let mark = if of_this(b).is_some_and(|point| point.is_this_macro) {
                    '*'
                } else {
                    ' '
                };
                line += &format!("{text:>6}{mark}");
            }
            lines.push(line);
        }
    }
    let mut open = format!("{:<24}", "± at most (95 %)");
    for &b in &bits {
        open += &format!("{:>6} ", widest(curve, b));
    }
    lines.push(open);
    lines
}

/// Numbers of open word lines, the accuracy with calibrated references in percent, and how far it may be off.
pub(super) fn word_line_table(curve: &[WordLinePoint]) -> Vec<String> {
    let calibrated = || {
        curve
            .iter()
            .filter(|point| point.references == "calibrated")
    };
    if calibrated().count() < 2 {
        return Vec::new();
    }
    let names = ["word lines opened", "calibrated, noise", "± (95 %)"];
    let mut lines = names.map(|name| format!("{name:<24}"));
    for point in calibrated().take(8) {
        let mark = if point.is_this_macro { '*' } else { ' ' };
        let accuracy = number::fixed(100.0 * point.accuracy.estimate, 1);
        let half = number::fixed(50.0 * (point.lost.high - point.lost.low), 1);
        lines[0] += &format!("{:>6} ", point.active);
        lines[1] += &format!("{accuracy:>6}{mark}");
        lines[2] += &format!("{half:>6} ");
    }
    lines.to_vec()
}

/// Half the widest interval of the loss at this number of bits, in points.
fn widest(curve: &[CurvePoint], bits: u32) -> String {
    let points = curve.iter().filter(|point| point.bits == bits);
    let widths = points.map(|point| point.lost.high - point.lost.low);
    number::fixed(50.0 * widths.fold(0.0, f64::max), 1)
}
