//! What a margin report says at a glance: the two MAC values a reference keeps apart worst, and sums over the confusion.

use crate::results::margin::{Confusion, MacValue, MarginReport};
use crate::results::run::RunResult;

/// Two neighbouring MAC values that the read-out keeps apart.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The lower value.
    pub low: &'a MacValue,
    /// The next higher value.
    pub high: &'a MacValue,
}

/// Noise-free code of a MAC value, if the report has one.
pub fn hard_code(report: &MarginReport, value: i32) -> Option<u8> {
    let row = report.confusion.values.iter().position(|&v| v == value)?;
    report.confusion.hard.get(row).copied()
}

/// Neighbouring values with different codes; all neighbours where the report has no codes.
pub fn separated_pairs(report: &MarginReport) -> Vec<Pair<'_>> {
    let all = report.values.windows(2).map(|pair| Pair {
        low: &pair[0],
        high: &pair[1],
    });
    let told_apart: Vec<Pair<'_>> = all
        .clone()
        .filter(|pair| hard_code(report, pair.low.value) != hard_code(report, pair.high.value))
        .collect();
    if told_apart.is_empty() {
        all.collect()
    } else {
        told_apart
    }
}

/// Values rarer than this under the pattern policy do not decide which pair is the worst.
const RARE: f64 = 1e-6;

/// The pair with the smallest margin among values that occur (all, if the policy gives none a probability): with z sigma where known, else of the worst pattern, else of the means.
pub fn worst_pair(report: &MarginReport) -> Option<Pair<'_>> {
    let mut pairs = separated_pairs(report);
    if pairs.iter().any(Pair::occurs) {
        pairs.retain(Pair::occurs);
    }
    pairs
        .into_iter()
        .filter_map(|pair| Some((pair.margin()?, pair)))
        .filter(|(margin, _)| margin.is_finite())
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, pair)| pair)
}

impl Pair<'_> {
    fn occurs(&self) -> bool {
        self.low.probability.max(self.high.probability) >= RARE
    }

    /// The most complete margin there is, in µA.
    pub fn margin(&self) -> Option<f64> {
        self.low
            .z_margin_ua
            .or(self.low.worst_margin_ua)
            .or(self.low.mean_gap_ua)
    }

    /// The reference between the two means, in µA.
    pub fn reference(&self, report: &MarginReport) -> Option<f64> {
        let (low, high) = (self.low.mean_ua, self.high.mean_ua);
        let middle = (low + high) / 2.0;
        report
            .references_ua
            .iter()
            .copied()
            .min_by(|a, b| (a - middle).abs().total_cmp(&(b - middle).abs()))
    }
}

/// The margins that decide: those of the layer whose worst pair is the worst of all layers. Without layers that have
/// margins, those of the macro alone under its first pattern policy.
pub fn deciding(result: &RunResult) -> Option<&MarginReport> {
    let margin = |report: &MarginReport| worst_pair(report).and_then(|pair| pair.margin());
    let of_layers = result
        .layers
        .iter()
        .filter_map(|layer| layer.margin.as_ref());
    of_layers
        .filter_map(|report| Some((margin(report)?, report)))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, report)| report)
        .or(result.margins.first())
}

/// What the margins of a report belong to: `layer conv3`, or `macro alone, random patterns`.
pub fn scope(report: &MarginReport) -> String {
    match report.policy.as_str() {
        policy @ ("random" | "exhaustive") => format!("macro alone, {policy} patterns"),
        layer => format!("layer {layer}"),
    }
}

/// Share of all wrong codes that are one code beside the right one.
pub fn one_off_share(confusion: &Confusion) -> Option<f64> {
    let codes = confusion.code_values.len();
    let (mut wrong, mut beside) = (0.0, 0.0);
    for (row, &hard) in confusion.hard.iter().enumerate() {
        let weight = confusion.weight.get(row).copied().unwrap_or(0.0);
        for code in (0..codes).filter(|&code| code != usize::from(hard)) {
            let share = weight * probability(confusion, row, code);
            wrong += share;
            if code.abs_diff(usize::from(hard)) == 1 {
                beside += share;
            }
        }
    }
    (wrong > 0.0).then_some(beside / wrong)
}

/// P(code | value of the row), 0 where the matrix has no entry.
pub fn probability(confusion: &Confusion, row: usize, code: usize) -> f64 {
    let codes = confusion.code_values.len();
    let entry = confusion.probability.get(row * codes + code);
    entry.copied().filter(|p| p.is_finite()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> MarginReport {
        let margins = [Some(5.0), Some(-1.0), Some(2.0), None];
        let value = |(index, z_margin_ua): (usize, Option<f64>)| MacValue {
            value: index as i32,
            mean_ua: 10.0 * index as f64,
            z_margin_ua,
            ..MacValue::default()
        };
        MarginReport {
            references_ua: vec![5.0, 25.0],
            values: margins.into_iter().enumerate().map(value).collect(),
            confusion: Confusion {
                values: vec![0, 1, 2, 3],
                code_values: vec![0.0, 1.5, 3.0],
                probability: vec![0.9, 0.1, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.1, 0.1, 0.8],
                weight: vec![0.25; 4],
                hard: vec![0, 1, 1, 2],
            },
            ..MarginReport::default()
        }
    }

    #[test]
    fn values_of_one_code_are_no_pair() {
        let report = report();
        let worst = worst_pair(&report).map(|pair| (pair.low.value, pair.reference(&report)));
        assert_eq!(worst, Some((2, Some(25.0))));
    }

    #[test]
    fn a_value_that_never_occurs_is_not_the_worst() {
        let mut report = report();
        report.values[0].z_margin_ua = Some(9.0);
        assert_eq!(worst_pair(&report).map(|pair| pair.low.value), Some(2));
        report.values[0].probability = 0.5;
        assert_eq!(worst_pair(&report).map(|pair| pair.low.value), Some(0));
    }

    #[test]
    fn one_off_errors_are_counted_by_weight() {
        let share = one_off_share(&report().confusion);
        assert!((share.unwrap_or(0.0) - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(one_off_share(&Confusion::default()), None);
    }
}
