//! Which patterns a row group shows: random, exhaustive, or observed in a network.
//!
//! A pattern is how many rows are in which state (input value on the word line, weight code); rows that are not driven do
//! not matter. Each policy gives the mixture of its patterns and draws single ones for the Monte Carlo. A stuck cell is a
//! pattern of its own weight. Not responsible for currents (`hw::row`).

use super::ensemble::{Entry, Merger, product};
use crate::hw::chip::Hardware;
use crate::hw::weight_plane::Conversion;
use rand::{Rng, RngExt};

/// Rows of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCount {
    /// Input value on the word line of this conversion (not 0).
    pub input: u8,
    /// Weight code.
    pub weight: i8,
    /// How many rows.
    pub rows: u16,
}

/// One observed pattern: the driven rows of one group, states in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// Rows per state.
    pub states: Vec<RowCount>,
}

/// How often which pattern occurs.
#[derive(Clone, Debug)]
pub enum Policy<'a> {
    /// Every row independent: states of one row with their probabilities.
    Random(Vec<(RowCount, f64)>),
    /// Every multiset of row states once.
    Exhaustive,
    /// A sample of patterns, all equally likely.
    Observed(&'a [Pattern]),
}

/// Rows of more blocks than this are enumerated in blocks of rows that share a state.
const MOST_BLOCKS: usize = 64;
/// Entries of a mixture of random patterns.
const MOST_RANDOM: usize = 20_000;
/// Patterns less likely than this are left out.
pub const SMALLEST: f64 = 1e-16;
/// Combinations of stuck cells less likely than this within their pattern are left out.
const SMALLEST_FAULT: f64 = 1e-9;

/// The macro as seen by one conversion.
#[derive(Clone, Copy)]
pub struct Group<'a> {
    /// The macro.
    pub hardware: &'a Hardware,
    /// The conversion.
    pub conversion: &'a Conversion,
    /// Open word lines.
    pub active: usize,
    /// Bits of a weight.
    pub weight_bits: u32,
    /// Bits of an input code.
    pub input_bits: u32,
}

impl Group<'_> {
    /// One row in this state.
    fn one(&self, state: RowCount) -> Vec<Entry> {
        let outcomes =
            self.hardware
                .row_outcomes(&self.conversion.weight, state.input, state.weight);
        outcomes
            .iter()
            .map(|outcome| Entry::of_row(outcome, 1.0))
            .collect()
    }

    /// Several rows in this state; each cell may be stuck on its own.
    fn several(&self, state: RowCount, limit: usize) -> Vec<Entry> {
        let one = self.one(state);
        let rows = u32::from(state.rows);
        if let [only] = one.as_slice() {
            return vec![only.repeated(rows)];
        }
        let mut all = vec![Entry::NOTHING];
        for _ in 0..rows {
            all = product(&all, &one, limit, SMALLEST_FAULT);
        }
        all.iter_mut().for_each(|entry| entry.rows = rows);
        all
    }

    /// Driven states that differ in input value or cells.
    pub fn states(&self) -> Vec<RowCount> {
        let top = crate::hw::weights::max_code(self.weight_bits);
        let mut states = Vec::new();
        let mut seen = Vec::new();
        for input in 1..=self.conversion.input.max(self.input_bits) as u8 {
            for weight in -top..=top {
                let cells = (input, self.conversion.weight.cells(weight));
                if !seen.contains(&cells) {
                    seen.push(cells);
                    states.push(RowCount {
                        input,
                        weight,
                        rows: 1,
                    });
                }
            }
        }
        states
    }

    /// Random rows: probabilities of the input codes `0 ..` and of the weight codes `-max ..= max`.
    pub fn random(&self, inputs: &[f64], weights: &[f64]) -> Vec<(RowCount, f64)> {
        let top = crate::hw::weights::max_code(self.weight_bits);
        let mut states: Vec<(RowCount, f64)> = Vec::new();
        for (code, p) in inputs.iter().enumerate() {
            for (weight, q) in (-top..=top).zip(weights) {
                let input = self.conversion.input.apply(code as u8);
                let state = RowCount {
                    input,
                    weight,
                    rows: 1,
                };
                match states.iter_mut().find(|(known, _)| *known == state) {
                    Some((_, known)) => *known += p * q,
                    None => states.push((state, p * q)),
                }
            }
        }
        states.retain(|(_, probability)| *probability > 0.0);
        states
    }

    fn blocks(&self) -> (usize, u16) {
        let block = self.active.div_ceil(MOST_BLOCKS);
        (self.active / block, block as u16)
    }

    /// The mixture of a policy's patterns, weights of sum 1.
    pub fn mixture(&self, policy: &Policy, limit: usize) -> Vec<Entry> {
        let mut entries = match policy {
            Policy::Random(states) => {
                let limit = limit.min(MOST_RANDOM);
                let row = self.random_row(states, limit);
                let mut all = vec![Entry::NOTHING];
                for _ in 0..self.active {
                    all = product(&all, &row, limit, SMALLEST);
                }
                all
            }
            Policy::Exhaustive => self.every(limit),
            Policy::Observed(patterns) => self.observed(patterns, limit),
        };
        let total: f64 = entries.iter().map(|entry| entry.weight).sum();
        entries.iter_mut().for_each(|entry| entry.weight /= total);
        entries.sort_by_key(|entry| (entry.value, entry.stuck));
        entries
    }

    /// One random row.
    pub fn random_row(&self, states: &[(RowCount, f64)], limit: usize) -> Vec<Entry> {
        let mut merger = Merger::new(limit);
        for (state, probability) in states {
            for entry in self.one(*state) {
                merger.add(Entry {
                    weight: entry.weight * probability,
                    ..entry
                });
            }
        }
        merger.finish(0.0)
    }

    /// Every multiset of row states once: state by state, any number of the rows that are left.
    fn every(&self, limit: usize) -> Vec<Entry> {
        let (blocks, block) = self.blocks();
        let mut all = vec![Entry::NOTHING];
        for state in self.states() {
            let of = |n: usize| {
                let rows = n as u16 * block;
                self.several(RowCount { rows, ..state }, limit)
            };
            let added: Vec<Vec<Entry>> = (0..=blocks).map(of).collect();
            let mut merger = Merger::new(limit);
            for entry in &all {
                let left = blocks - entry.rows as usize / usize::from(block);
                for more in added[..=left].iter().flatten() {
                    merger.add(entry.plus(more));
                }
            }
            all = merger.finish(SMALLEST);
        }
        let mut merger = Merger::new(limit);
        for entry in all {
            merger.add(Entry { rows: 0, ..entry });
        }
        merger.finish(SMALLEST)
    }

    fn observed(&self, patterns: &[Pattern], limit: usize) -> Vec<Entry> {
        let mut known: Vec<(RowCount, Vec<Entry>)> = Vec::new();
        let mut merger = Merger::new(limit);
        for pattern in patterns {
            let mut all = vec![Entry::NOTHING];
            for &state in &pattern.states {
                let at = known.iter().position(|(seen, _)| *seen == state);
                let at = at.unwrap_or_else(|| {
                    known.push((state, self.several(state, limit)));
                    known.len() - 1
                });
                let smallest = SMALLEST_FAULT;
                all = if all.len() == 1 && known[at].1.len() == 1 {
                    vec![all[0].plus(&known[at].1[0])]
                } else {
                    product(&all, &known[at].1, limit, smallest)
                };
            }
            for entry in all {
                merger.add(Entry { rows: 0, ..entry });
            }
        }
        merger.finish(0.0)
    }

    /// Draws one pattern; `states` are those of [`Self::states`].
    pub fn draw(&self, policy: &Policy, states: &[RowCount], rng: &mut impl Rng) -> Pattern {
        match policy {
            Policy::Random(all) => Pattern {
                states: (0..self.active).map(|_| pick(all, rng)).collect(),
            },
            Policy::Observed(patterns) => patterns[rng.random_range(0..patterns.len())].clone(),
            Policy::Exhaustive => self.draw_multiset(states, rng),
        }
    }

    /// A uniform multiset: each further block takes a state with a chance of one more than how often it was taken.
    fn draw_multiset(&self, states: &[RowCount], rng: &mut impl Rng) -> Pattern {
        let (blocks, block) = self.blocks();
        let mut taken: Vec<u16> = vec![0; states.len() + 1];
        for drawn in 0..blocks {
            let mut ticket = rng.random_range(0..taken.len() + drawn);
            let mut state = 0;
            while ticket > usize::from(taken[state]) {
                ticket -= usize::from(taken[state]) + 1;
                state += 1;
            }
            taken[state] += 1;
        }
        let driven = states.iter().zip(&taken).filter(|(_, n)| **n > 0);
        Pattern {
            states: driven
                .map(|(state, n)| RowCount {
                    rows: n * block,
                    ..*state
                })
                .collect(),
        }
    }
}

fn pick(states: &[(RowCount, f64)], rng: &mut impl Rng) -> RowCount {
    let mut ticket: f64 = rng.random();
    for (state, probability) in states {
        if ticket < *probability {
            return *state;
        }
        ticket -= probability;
    }
    states[states.len() - 1].0
}
