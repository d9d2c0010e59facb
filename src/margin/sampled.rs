//! Monte Carlo of one conversion: patterns drawn from the policy, cells programmed and read, references and offsets drawn.
//!
//! Nothing of the closed form is used but the noise-free codes and the bins, so that the two check each other. Every sample is a
//! fresh chip. Draws are keyed by block, so results do not depend on threads.

use super::closed_form::Scene;
use super::policy::{Group, Policy, RowCount};
use crate::results::margin::MacValue;
use crate::rng::{Purpose, keyed};
use rand::Rng;
use rayon::prelude::*;

/// Samples of one key.
const BLOCK: u64 = 2048;
/// Standard deviations that the bins cover beyond the outermost means.
const REACH: f64 = 5.0;

/// What was counted.
pub struct Counted {
    /// Counts `[value][bin]`.
    pub bins: Vec<u64>,
    /// Wrong codes.
    pub errors: u64,
}

/// Edges of `bins` bins over all values.
pub fn edges(values: &[MacValue], bins: usize) -> Vec<f64> {
    let ends = values.iter().map(|v| {
        (
            v.mean_ua - REACH * v.sigma_ua,
            v.mean_ua + REACH * v.sigma_ua,
        )
    });
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |all, one| {
        (all.0.min(one.0), all.1.max(one.1))
    });
    let (low, high) = if high > low {
        (low, high)
    } else {
        (low - 0.5, low + 0.5)
    };
    let step = (high - low) / bins as f64;
    (0..=bins).map(|bin| low + step * bin as f64).collect()
}

/// Everything a sample needs.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The row group.
    pub group: Group<'a>,
    /// The read-out.
    pub scene: Scene<'a>,
    /// The policy.
    pub policy: &'a Policy<'a>,
    /// Values in ascending order.
    pub values: &'a [MacValue],
    /// Noise-free code of each.
    pub hard: &'a [u8],
    /// Bins.
    pub edges: &'a [f64],
}

impl Setup<'_> {
    /// Draws `samples` conversions.
    pub fn run(&self, samples: u64, key: (u64, u64)) -> Counted {
        let states = self.group.states();
        let block = |index: u64| {
            let mut rng = keyed(key.0, Purpose::MonteCarlo, &[key.1, index]);
            let mut counted = self.nothing();
            for _ in 0..BLOCK.min(samples - index * BLOCK) {
                self.one(&states, &mut counted, &mut rng);
            }
            counted
        };
        (0..samples.div_ceil(BLOCK))
            .into_par_iter()
            .map(block)
            .reduce(|| self.nothing(), merge)
    }

    fn nothing(&self) -> Counted {
        Counted {
            bins: vec![0; self.values.len() * (self.edges.len() - 1)],
            errors: 0,
        }
    }

    fn one(&self, states: &[RowCount], counted: &mut Counted, rng: &mut impl Rng) {
        let pattern = self.group.draw(self.policy, states, rng);
        let (hardware, plane) = (self.group.hardware, &self.group.conversion.weight);
        let (mut value, mut current, mut driven) = (0i32, 0.0, 0i32);
        for state in &pattern.states {
            let rows = i32::from(state.rows);
            value += rows * i32::from(state.input) * i32::from(plane.apply(state.weight));
            driven += rows * i32::from(state.input);
            for _ in 0..rows {
                current += hardware.sample_row(plane, state.input, state.weight, rng);
            }
        }
        let readout = self.scene.readout;
        let current = current + readout.sample_line_noise(rng);
        let moved = self.scene.shift * f64::from(driven);
        let reach = self.scene.reach(f64::from(driven));
        let code = readout.sample_over_chips(current, moved, reach, rng);
        let Ok(at) = self.values.binary_search_by_key(&value, |v| v.value) else {
            // Too rare a value for the closed form to list; it has no code of its own.
            return;
        };
        counted.errors += u64::from(code != self.hard[at]);
        let bins = self.edges.len() - 1;
        let ua = current * self.scene.unit_ua;
        let bin = self.edges.partition_point(|&edge| edge <= ua);
        if (1..=bins).contains(&bin) {
            counted.bins[at * bins + bin - 1] += 1;
        }
    }
}

fn merge(mut left: Counted, right: Counted) -> Counted {
    left.errors += right.errors;
    for (into, from) in left.bins.iter_mut().zip(right.bins) {
        *into += from;
    }
    left
}
