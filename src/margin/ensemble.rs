//! The patterns of a row group as a mixture: per MAC value, how likely which mean current and variance are.
//!
//! Patterns with the same value, mean and variance are one entry, so the mixture is exact and small. Beyond a limit, entries
//! that almost agree are merged; weight, mean and variance of every MAC value are kept exactly, and so are the extremes of the
//! nominal current. Currents are in MAC units. What one row adds is the hardware's business (`hw::row`).

use crate::hw::row::RowOutcome;
use std::collections::HashMap;

/// Patterns that the read-out cannot tell apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// MAC value.
    pub value: i32,
    /// Driven rows that were chosen so far (only while patterns are enumerated).
    pub rows: u32,
    /// Probability, or number of patterns.
    pub weight: f64,
    /// Rows with a stuck cell.
    pub stuck: u32,
    /// Mean current minus the value.
    pub deviation: f64,
    /// The same if no cell is stuck, mean over the patterns.
    pub nominal: f64,
    /// Smallest of it.
    pub low: f64,
    /// Largest of it.
    pub high: f64,
    /// Input that moves the references.
    pub driven: f64,
    /// Variance over chips.
    pub spread: f64,
    /// Variance over reads.
    pub noise: f64,
}

impl Entry {
    /// No row driven.
    pub const NOTHING: Entry = Entry {
        value: 0,
        rows: 0,
        stuck: 0,
        weight: 1.0,
        deviation: 0.0,
        nominal: 0.0,
        low: 0.0,
        high: 0.0,
        driven: 0.0,
        spread: 0.0,
        noise: 0.0,
    };

    /// What one row adds.
    pub fn of_row(outcome: &RowOutcome, probability: f64) -> Self {
        Entry {
            value: outcome.value,
            rows: 0,
            stuck: u32::from(outcome.is_stuck),
            weight: probability * outcome.probability,
            deviation: outcome.deviation,
            nominal: outcome.nominal_deviation,
            low: outcome.nominal_deviation,
            high: outcome.nominal_deviation,
            driven: f64::from(outcome.driven),
            spread: outcome.spread,
            noise: outcome.noise,
        }
    }

    /// Both together.
    pub fn plus(&self, other: &Entry) -> Self {
        Entry {
            value: self.value + other.value,
            rows: self.rows + other.rows,
            stuck: self.stuck + other.stuck,
            weight: self.weight * other.weight,
            deviation: self.deviation + other.deviation,
            nominal: self.nominal + other.nominal,
            low: self.low + other.low,
            high: self.high + other.high,
            driven: self.driven + other.driven,
            spread: self.spread + other.spread,
            noise: self.noise + other.noise,
        }
    }

    /// Several rows in the same state and with the same cells.
    pub fn repeated(&self, rows: u32) -> Self {
        let times = f64::from(rows);
        Entry {
            value: self.value * rows as i32,
            rows,
            stuck: self.stuck * rows,
            weight: self.weight,
            deviation: self.deviation * times,
            nominal: self.nominal * times,
            low: self.low * times,
            high: self.high * times,
            driven: self.driven * times,
            spread: self.spread * times,
            noise: self.noise * times,
        }
    }
}

type Key = (i32, u32, i64, i64, i64);

/// Finest steps of mean and variance: below them lies rounding only.
const EXACT: (f64, f64) = (1e-9, 1e-12);
/// First coarse step of the mean in MAC units; it stays until the variance is coarse, because a stuck cell makes a second
/// hump that must not be smeared.
const FIRST_MEAN: f64 = 1.0 / 512.0;
/// First coarse step of the variance as a share of the largest one.
const FIRST_VARIANCE: f64 = 1.0 / 512.0;
/// Doublings of the step of the variance before the mean gives way.
const VARIANCE_FIRST: u32 = 9;
/// Doublings of the step of the variance at most.
const VARIANCE_LAST: u32 = 9;
/// Coarser than this, every MAC value is one entry.
const COARSEST: u32 = 24;

/// Steps of mean, driven input and variance.
fn steps(coarseness: u32, largest_variance: f64) -> (f64, f64, f64) {
    if coarseness == 0 {
        return (EXACT.0, 1.0, EXACT.1);
    }
    let doubled = |times: u32| f64::from(1u32 << times);
    let variance = FIRST_VARIANCE * doubled((coarseness - 1).min(VARIANCE_LAST));
    let mean = FIRST_MEAN * doubled((coarseness - 1).saturating_sub(VARIANCE_FIRST));
    (
        mean,
        (mean * DRIVEN_PER_MEAN).max(1.0),
        variance * largest_variance.max(EXACT.1),
    )
}

/// Patterns with more rows that are stuck are left out once there are too many entries: they are rarer than a pair of stuck
/// rows by another factor of the (small) probability, and pairs already are a small part of what stuck cells do.
const MOST_STUCK: u32 = 2;

/// Driven inputs that count as much as one MAC unit of current.
const DRIVEN_PER_MEAN: f64 = 8.0;

/// Collects entries, merging what agrees.
pub struct Merger {
    limit: usize,
    coarseness: u32,
    largest_variance: f64,
    places: HashMap<Key, usize>,
    /// Entries with the sum of squares of their deviations.
    sums: Vec<(Entry, f64)>,
}

impl Merger {
    /// An empty collection that merges exactly up to `limit` entries.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            coarseness: 0,
            largest_variance: 0.0,
            places: HashMap::new(),
            sums: Vec::new(),
        }
    }

    fn key(&self, entry: &Entry) -> Key {
        let (mean, driven, variance) = steps(self.coarseness, self.largest_variance);
        let step = |x: f64, unit: f64| (x / unit).round() as i64;
        (
            entry.value,
            entry.rows,
            step(entry.deviation, mean),
            step(entry.driven, driven),
            step(entry.spread + entry.noise, variance),
        )
    }

    /// Adds one entry.
    pub fn add(&mut self, entry: Entry) {
        if self.coarseness > 0 && entry.stuck > MOST_STUCK {
            return;
        }
        let square = entry.deviation * entry.deviation;
        self.insert(entry, entry.weight * square);
        if self.sums.len() > self.limit {
            self.coarsen();
        }
    }

    fn insert(&mut self, entry: Entry, squares: f64) {
        self.largest_variance = self.largest_variance.max(entry.spread + entry.noise);
        let key = self.key(&entry);
        match self.places.get(&key) {
            Some(&at) => {
                let (sum, sum_squares) = &mut self.sums[at];
                let share = if entry.weight > 0.0 {
                    entry.weight / (sum.weight + entry.weight)
                } else {
                    0.0
                };
                let mix = |a: &mut f64, b: f64| *a += share * (b - *a);
                sum.weight += entry.weight;
                mix(&mut sum.deviation, entry.deviation);
                mix(&mut sum.nominal, entry.nominal);
                mix(&mut sum.driven, entry.driven);
                mix(&mut sum.spread, entry.spread);
                mix(&mut sum.noise, entry.noise);
                sum.stuck = sum.stuck.min(entry.stuck);
                sum.low = sum.low.min(entry.low);
                sum.high = sum.high.max(entry.high);
                *sum_squares += squares;
            }
            None => {
                self.places.insert(key, self.sums.len());
                self.sums.push((entry, squares));
            }
        }
    }

    /// Merges what almost agrees until the entries fit the limit.
    fn coarsen(&mut self) {
        while self.sums.len() > self.limit && self.coarseness < COARSEST {
            self.coarseness += 1;
            self.places.clear();
            for (entry, squares) in std::mem::take(&mut self.sums) {
                if entry.stuck <= MOST_STUCK {
                    self.insert(entry, squares);
                }
            }
        }
    }

    /// The entries, in the order in which they first appeared; what is less likely than `smallest` of all is left out.
    pub fn finish(mut self, smallest: f64) -> Vec<Entry> {
        self.coarsen();
        let total: f64 = self.sums.iter().map(|(entry, _)| entry.weight).sum();
        let settle = |(entry, squares): (Entry, f64)| {
            let mean_square = squares / entry.weight;
            let scatter = mean_square - entry.deviation * entry.deviation;
            let rounding = EXACT.1 * mean_square.max(1.0);
            Entry {
                spread: entry.spread + if scatter > rounding { scatter } else { 0.0 },
                ..entry
            }
        };
        let kept = |(entry, _): &(Entry, f64)| entry.weight > smallest * total;
        self.sums.into_iter().filter(kept).map(settle).collect()
    }
}

/// The same mixture with at most about `limit` entries.
pub fn reduced(entries: &[Entry], limit: usize) -> Vec<Entry> {
    let mut merger = Merger::new(limit);
    for entry in entries {
        merger.add(*entry);
    }
    let mut fewer = merger.finish(0.0);
    fewer.sort_by_key(|entry| (entry.value, entry.stuck));
    fewer
}

/// Every pair of both, merged.
pub fn product(left: &[Entry], right: &[Entry], limit: usize, smallest: f64) -> Vec<Entry> {
    let mut merger = Merger::new(limit);
    for a in left {
        for b in right {
            merger.add(a.plus(b));
        }
    }
    merger.finish(smallest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coin(deviation: f64) -> Vec<Entry> {
        let side = |weight: f64, value: i32, deviation: f64| Entry {
            value,
            weight,
            deviation,
            nominal: deviation,
            low: deviation,
            high: deviation,
            spread: 0.001 * f64::from(value) + 0.01 * deviation,
            ..Entry::NOTHING
        };
        vec![
            side(0.5, 0, 0.0),
            side(0.25, 0, deviation),
            side(0.25, 1, 0.0),
        ]
    }

    fn moments(entries: &[Entry], value: i32) -> [f64; 3] {
        let mut sums = [0.0; 3];
        for e in entries.iter().filter(|e| e.value == value) {
            sums[0] += e.weight;
            sums[1] += e.weight * e.deviation;
            sums[2] += e.weight * (e.deviation * e.deviation + e.spread);
        }
        sums
    }

    #[test]
    fn merging_keeps_weight_mean_and_variance() {
        let rows = |limit: usize| {
            let mut all = vec![Entry::NOTHING];
            for _ in 0..20 {
                all = product(&all, &coin(0.11), limit, 0.0);
            }
            all
        };
        let (exact, merged) = (rows(100_000), rows(60));
        assert!(exact.len() > 200 && merged.len() <= 60, "{}", merged.len());
        for value in 0..=20 {
            for (a, b) in moments(&exact, value).iter().zip(moments(&merged, value)) {
                assert!((a - b).abs() <= 1e-12 + 1e-9 * a.abs(), "{value}: {a} {b}");
            }
        }
    }
}
