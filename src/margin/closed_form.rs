//! Margins, confusion and error rates of a mixture of patterns, without sampling.
//!
//! Definitions: with mean mu_k and standard deviation sigma_k of the bit-line current of MAC value k over patterns, chips and
//! reads, gap = mu_(k+1) - mu_k, margin at z = gap - z (sigma_k + sigma_(k+1)), what the sense amp keeps = that minus
//! 2 z (sigma_SA + sigma_reference), d' = gap / (sigma_k + sigma_(k+1)), equal-z reference =
//! (mu_k sigma_(k+1) + mu_(k+1) sigma_k) / (sigma_k + sigma_(k+1)). The noise-free code of a value is that of its mean nominal
//! current. Code probabilities come from `hw::readout` pattern by pattern. Currents of a single column with input-aware
//! references are counted from where these references moved to.

use super::ensemble::Entry;
use crate::hw::readout::{BitLineCurrent, Readout};
use crate::results::margin::{Confusion, MacValue};

/// The entries of one MAC value.
#[derive(Clone, Copy)]
pub struct ValueEntries<'a> {
    /// The value.
    pub value: i32,
    /// Its patterns.
    pub entries: &'a [Entry],
    /// Their weight.
    pub probability: f64,
}

/// Entries grouped by value; they are sorted by it, within a value by stuck rows.
pub fn by_value(entries: &[Entry]) -> Vec<ValueEntries<'_>> {
    entries
        .chunk_by(|a, b| a.value == b.value)
        .map(ValueEntries::new)
        .collect()
}

impl<'a> ValueEntries<'a> {
    fn new(entries: &'a [Entry]) -> Self {
        ValueEntries {
            value: entries[0].value,
            entries,
            probability: entries.iter().map(|entry| entry.weight).sum(),
        }
    }

    /// Those without a stuck cell; all if there are none.
    fn without_stuck(&self) -> Self {
        match self.entries.partition_point(|entry| entry.stuck == 0) {
            0 => *self,
            first => Self::new(&self.entries[..first]),
        }
    }
}

/// What turns entries into currents that a read-out sees.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The placed read-out.
    pub readout: &'a Readout,
    /// Current of one MAC unit in uA.
    pub unit_ua: f64,
    /// How far references move per unit of driven input, in MAC units.
    pub shift: f64,
    /// Largest weight that the conversion sees, if the references are input-aware.
    pub top_weight: Option<i32>,
    /// z of the margins.
    pub z: f64,
}

impl Scene<'_> {
    /// The current of an entry.
    pub fn current(&self, entry: &Entry) -> BitLineCurrent {
        BitLineCurrent {
            mean: f64::from(entry.value) + entry.deviation,
            spread: entry.spread,
            noise: entry.noise,
            moved: self.shift * entry.driven,
            reach: self.reach(entry.driven),
        }
    }

    /// Largest value that driven rows can make, if the read-out knows how many are driven.
    pub fn reach(&self, driven: f64) -> Option<i32> {
        self.top_weight.map(|top| driven.round() as i32 * top)
    }

    /// Noise-free code of a value: that of its mean nominal current.
    pub fn hard(&self, of: &ValueEntries) -> u8 {
        let nominal = mean(of, |entry| entry.nominal);
        self.readout.code(f64::from(of.value) + nominal)
    }

    /// Confusion, rows in the order of the values.
    pub fn confusion(&self, values: &[ValueEntries]) -> Confusion {
        let row = |of: &ValueEntries| {
            let mut row = vec![0.0; self.readout.code_count()];
            for entry in of.entries {
                let of_entry = self.readout.probabilities_over_chips(&self.current(entry));
                for (sum, p) in row.iter_mut().zip(of_entry) {
                    *sum += p * entry.weight / of.probability;
                }
            }
            row
        };
        Confusion {
            values: values.iter().map(|of| of.value).collect(),
            code_values: self.readout.code_values(),
            probability: values.iter().flat_map(row).collect(),
            weight: values.iter().map(|of| of.probability).collect(),
            hard: values.iter().map(|of| self.hard(of)).collect(),
        }
    }

    /// Every value with its margins.
    pub fn values(&self, values: &[ValueEntries], confusion: &Confusion) -> Vec<MacValue> {
        let mut all: Vec<MacValue> = values.iter().map(|of| self.alone(of)).collect();
        let codes = self.readout.code_count();
        for (index, value) in all.iter_mut().enumerate() {
            let row = &confusion.probability[index * codes..(index + 1) * codes];
            let hard = usize::from(confusion.hard[index]);
            value.p_below = row[..hard].iter().sum();
            value.p_above = row[hard + 1..].iter().sum();
            value.p_error = value.p_below + value.p_above;
        }
        for index in 1..all.len() {
            let (low, high) = all.split_at_mut(index);
            self.towards(&mut low[index - 1], &high[0]);
        }
        all
    }

    /// Moments of one value. A stuck cell is far out and rare: it counts in the error rates, not in a standard deviation.
    fn alone(&self, all: &ValueEntries) -> MacValue {
        let of = &all.without_stuck();
        let deviation = mean(of, |entry| entry.deviation);
        let scatter = mean(of, |entry| (entry.deviation - deviation).powi(2));
        let cells = mean(of, |entry| entry.spread + entry.noise);
        let variance = scatter + cells + self.readout.line_sigma().powi(2);
        let extreme = |pick: fn(f64, f64) -> f64, of_entry: fn(&Entry) -> f64, start: f64| {
            all.entries.iter().map(of_entry).fold(start, pick)
        };
        let value = f64::from(of.value);
        MacValue {
            value: all.value,
            probability: all.probability,
            mean_ua: (value + deviation) * self.unit_ua,
            sigma_ua: variance.sqrt() * self.unit_ua,
            pattern_min_ua: (value + extreme(f64::min, |e| e.low, f64::INFINITY)) * self.unit_ua,
            pattern_max_ua: (value + extreme(f64::max, |e| e.high, f64::NEG_INFINITY))
                * self.unit_ua,
            ..MacValue::default()
        }
    }

    /// Margins of a value towards the next higher one.
    fn towards(&self, low: &mut MacValue, high: &MacValue) {
        let gap = high.mean_ua - low.mean_ua;
        let sigmas = low.sigma_ua + high.sigma_ua;
        let z_margin = gap - self.z * sigmas;
        let middle = 0.5 * (low.mean_ua + high.mean_ua) / self.unit_ua;
        let after = self.readout.sense_amp_sigma(middle) + self.readout.reference_sigma(middle);
        low.mean_gap_ua = Some(gap);
        low.worst_margin_ua = Some(high.pattern_min_ua - low.pattern_max_ua);
        low.z_margin_ua = Some(z_margin);
        low.sensing_margin_ua = Some(z_margin - 2.0 * self.z * after * self.unit_ua);
        if sigmas > 0.0 {
            low.d_prime = Some(gap / sigmas);
            let reference = (low.mean_ua * high.sigma_ua + high.mean_ua * low.sigma_ua) / sigmas;
            low.equal_z_reference_ua = Some(reference);
        }
    }

    /// The reference of fewest errors between each two neighbours with different codes, in uA.
    pub fn best_references(&self, values: &[ValueEntries]) -> Vec<f64> {
        values
            .windows(2)
            .filter(|pair| self.hard(&pair[0]) != self.hard(&pair[1]))
            .map(|pair| self.unit_ua * self.best_reference(&pair[0], &pair[1]))
            .collect()
    }

    /// Golden-section search between the two means.
    fn best_reference(&self, low: &ValueEntries, high: &ValueEntries) -> f64 {
        let crossing = |of: &ValueEntries, reference: f64, above: bool| -> f64 {
            let one = |entry: &Entry| {
                let p = self
                    .readout
                    .probability_above(&self.current(entry), reference);
                entry.weight * if above { p } else { 1.0 - p }
            };
            of.entries.iter().map(one).sum()
        };
        let errors =
            |reference: f64| crossing(low, reference, true) + crossing(high, reference, false);
        let center = |of: &ValueEntries| f64::from(of.value) + mean(of, |entry| entry.deviation);
        let (mut from, mut to) = (center(low), center(high));
        let share = 0.5 * (5f64.sqrt() - 1.0);
        for _ in 0..STEPS {
            let (a, b) = (to - share * (to - from), from + share * (to - from));
            if errors(a) <= errors(b) {
                to = b;
            } else {
                from = a;
            }
        }
        0.5 * (from + to)
    }
}

/// Steps of the search for a reference: a thousandth of a gap.
const STEPS: u32 = 16;

fn mean(of: &ValueEntries, quantity: impl Fn(&Entry) -> f64) -> f64 {
    let sum: f64 = of
        .entries
        .iter()
        .map(|entry| entry.weight * quantity(entry))
        .sum();
    sum / of.probability
}

/// Error rate and mean square error of the decoded value, weighted.
pub fn rates(confusion: &Confusion) -> (f64, f64) {
    let codes = confusion.code_values.len();
    let (mut errors, mut squares) = (0.0, 0.0);
    for (row, (&value, &weight)) in confusion.values.iter().zip(&confusion.weight).enumerate() {
        let hard = usize::from(confusion.hard[row]);
        for (code, &worth) in confusion.code_values.iter().enumerate() {
            let p = weight * confusion.probability[row * codes + code];
            squares += p * (f64::from(worth) - f64::from(value)).powi(2);
            if code != hard {
                errors += p;
            }
        }
    }
    (errors, squares)
}
