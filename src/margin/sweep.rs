//! Error rate against the number of open word lines, in closed form, for random patterns.
//!
//! Rows are independent, so one pass over the largest number of rows gives the mixture of every smaller one. References are
//! placed anew for each number of rows. Not responsible for accuracy of a network.

use super::closed_form::{by_value, rates};
use super::ensemble::{Entry, product};
use super::policy::{Group, RowCount, SMALLEST};
use super::{MarginOptions, for_codes, place, scene};
use crate::results::margin::ActivePoint;

/// Numbers of open word lines that are looked at, as far as the array has them: every one up to here, then steps of an eighth.
const EVERY: usize = 16;
/// Most open word lines that are looked at.
const MOST: usize = 128;
/// Entries of a mixture in the sweep.
const ENTRIES: usize = 8_000;

/// Error rates. The sweep ends beyond the macro's own number of rows where the limit is exceeded, or where the read-out cannot
/// take the sums.
pub fn sweep(
    group: &Group,
    states: &[(RowCount, f64)],
    limit: f64,
    options: &MarginOptions,
) -> Vec<ActivePoint> {
    let entries = ENTRIES.min(options.entries);
    let row = group.random_row(states, entries);
    let most = group.hardware.array.rows.min(MOST);
    let mut all = vec![Entry::NOTHING];
    let mut points: Vec<ActivePoint> = Vec::new();
    let mut next = 1;
    for active in 1..=most {
        all = product(&all, &row, entries, SMALLEST);
        if active != next && active != group.hardware.word_lines.active {
            continue;
        }
        if active == next {
            next += (active / EVERY * EVERY / 8).max(1);
        }
        let Some(point) = point(&Group { active, ..*group }, &all, options) else {
            break;
        };
        let lost = point.error_rate > limit;
        points.push(point);
        if lost && active >= group.hardware.word_lines.active.max(EVERY) {
            break;
        }
    }
    points
}

fn point(group: &Group, mixture: &[Entry], options: &MarginOptions) -> Option<ActivePoint> {
    let mut sorted = mixture.to_vec();
    sorted.sort_by_key(|entry| (entry.value, entry.stuck));
    let total: f64 = sorted.iter().map(|entry| entry.weight).sum();
    sorted.iter_mut().for_each(|entry| entry.weight /= total);
    let readout = place(group, &sorted).ok()?;
    let scene = scene(group, &readout, options.z);
    let seen = for_codes(&readout, &sorted);
    let (error_rate, mse) = rates(&scene.confusion(&by_value(&seen)));
    Some(ActivePoint {
        active: group.active,
        error_rate,
        mse,
    })
}

/// Most word lines such that neither they nor fewer exceed the limit.
pub fn largest(points: &[ActivePoint], limit: f64) -> Option<usize> {
    let within = points.iter().take_while(|point| point.error_rate <= limit);
    within.last().map(|point| point.active)
}
