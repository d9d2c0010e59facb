//! Profiles of all rounds on one axis of time.

use super::{OnChip, Ran};
use crate::cycle::plan::Work;
use crate::results::cycle::Timeline;

/// Bins of the whole run.
const BINS: usize = 240;

/// How busy every layer and the links at the global buffer are over time.
pub(super) fn timeline(chip: &OnChip, ran: &[Ran], cycles: u64, clock_ns: f64) -> Timeline {
    let bins = BINS.min(cycles.max(1) as usize);
    let width = cycles as f64 / bins as f64;
    let mut timeline = Timeline {
        bin_us: width * clock_ns / 1e3,
        layers: Vec::new(),
        link: vec![0.0; bins],
    };
    for name in chip.names() {
        let mut row = vec![0.0; bins];
        for (_, ran, at) in super::parts_of(ran, name) {
            let units = match &ran.round.plan.layers[at].work {
                Work::Macro(work) => work.macros.len(),
                Work::Digital { .. } => 1,
            };
            spread(&mut row, width, ran, ran.profile.layer(at), units as f64);
        }
        timeline.layers.push(row);
    }
    for ran in ran {
        spread(&mut timeline.link, width, ran, &ran.profile.link(), 1.0);
    }
    timeline
}

/// Adds the cycles of a round's bins to the bins of the run that they fall into, as shares of `units`.
fn spread(row: &mut [f64], width: f64, ran: &Ran, from: &[u64], units: f64) {
    let own = ran.profile.width() as f64;
    for (bin, &busy) in from.iter().enumerate() {
        if busy == 0 {
            continue;
        }
        let start = ran.offset as f64 + bin as f64 * own;
        // The last bin may reach beyond the end of the round.
        let end = (start + own).min((ran.offset + ran.outcome.cycles) as f64);
        let per_cycle = busy as f64 / (end - start).max(1.0) / units;
        let (first, last) = ((start / width) as usize, (end / width).ceil() as usize);
        for (at, share) in row.iter_mut().enumerate().take(last).skip(first) {
            let (low, high) = (at as f64 * width, (at + 1) as f64 * width);
            *share += per_cycle * (end.min(high) - start.max(low)).max(0.0) / width;
        }
    }
}
