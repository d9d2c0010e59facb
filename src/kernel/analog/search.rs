//! Every read-out's thresholds in the order in which permutation instructions bisect them.
//!
//! [`Form::Tree`]: node 1 is the middle threshold, node `2 k + (threshold <= x)` follows node `k`, and after `depth` steps
//! `k - 2^depth` is the number of thresholds `<= x`. [`Form::Ascending`]: ascending and padded to twice the length, so that
//! the table of every step is the same memory read from another start. Not responsible for the instructions. Read-outs with more codes than a table holds are counted threshold by threshold.

use super::ChipReadout;

/// Order of the thresholds in a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Breadth-first tree.
    Tree,
    /// Sorted.
    Ascending,
}

/// Thresholds of all outputs in all row tiles and what each code adds.
pub(super) struct Search {
    /// Steps of the bisection; 0 if thresholds are compared one by one.
    pub depth: u32,
    /// Entries of one output in one row tile in `nodes`.
    pub width: usize,
    /// Nodes, or ascending thresholds, `[row tile][output][width]`.
    pub nodes: Vec<f32>,
    /// Level of each code; if compared one by one, what each threshold adds.
    pub levels: Vec<i32>,
    /// Level below all thresholds, if compared one by one.
    pub lowest: i32,
    /// The level of every code is its number.
    pub is_identity: bool,
}

impl Search {
    /// Bisection in tables of up to `entries` nodes if the codes fit, otherwise one by one.
    pub fn new(readout: &ChipReadout, entries: usize, form: Form) -> Self {
        let steps = readout.levels.len() - 1;
        let depth = (readout.levels.len().next_power_of_two().ilog2()).max(4);
        let sorted = readout.thresholds.chunks(steps.max(1)).map(ascending);
        let levels: Vec<i32> = readout.levels.iter().map(|&level| level.into()).collect();
        let is_identity = (0..).zip(&levels).all(|(code, &level)| code == level);
        if 1 << depth > entries || steps == 0 {
            return Search {
                depth: 0,
                width: steps,
                nodes: sorted.flatten().collect(),
                lowest: levels[0],
                levels: levels.windows(2).map(|pair| pair[1] - pair[0]).collect(),
                is_identity,
            };
        }
        let (mut padded, table) = (levels, 1 << depth);
        padded.resize(2 * table, 0);
        let nodes = |sorted: Vec<f32>| match form {
            Form::Tree => tree(&sorted, depth),
            Form::Ascending => {
                let mut long = sorted;
                long.resize(2 * table, f32::NAN);
                long
            }
        };
        Search {
            depth,
            width: if form == Form::Tree { table } else { 2 * table },
            nodes: sorted.flat_map(nodes).collect(),
            levels: padded,
            lowest: 0,
            is_identity,
        }
    }

    /// Nodes or thresholds of one read-out, `row tile * outputs + output`.
    pub fn of(&self, number: usize) -> &[f32] {
        &self.nodes[number * self.width..(number + 1) * self.width]
    }
}

/// A threshold that is no number is never reached, not even by an infinite sum: it comes last, as those do that fill a table.
fn ascending(thresholds: &[f32]) -> Vec<f32> {
    let last = |&t: &f32| if t.is_nan() { f32::NAN } else { t };
    let mut sorted: Vec<f32> = thresholds.iter().map(last).collect();
    sorted.sort_by(f32::total_cmp);
    sorted
}

/// Node 0 is unused; missing thresholds are never reached.
fn tree(sorted: &[f32], depth: u32) -> Vec<f32> {
    let node = |k: u32| {
        let level = k.checked_ilog2().unwrap_or(0);
        let place = k.saturating_sub(1 << level);
        let index = (2 * place + 1) * (1 << (depth - 1 - level)) - 1;
        sorted.get(index as usize).copied().unwrap_or(f32::NAN)
    };
    (0..1 << depth).map(node).collect()
}
