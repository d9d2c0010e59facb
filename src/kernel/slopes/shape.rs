//! How the groups of a layer are shared out among tasks, and how many of them meet a strip of pixels at once.
//!
//! Consecutive groups that use whole channels of the input together make a task, which then writes a part of the input's gradient of its own.
//! Interleaved groups have rows of any channel: all but the first task of a block add to a copy of the whole gradient. Not responsible for what a task does (`task`).

use super::group::Collected;
use super::strip::PIXELS;
use crate::hw::word_line::RowOrder;
use crate::kernel::groups::{PreparedWeights, Taps};
use crate::kernel::lanes::Lanes;

/// Sums that a task keeps while strips pass, about: half of a second-level cache. Gradients of a strip stay in the other half.
const KEPT: usize = 1 << 16;
/// Groups that meet a strip, at most: there are to be many more tasks than threads.
const MOST_GROUPS: usize = 4;

/// Tasks of a batch, at most about so many, where each needs a copy of its block's input gradient: a number of its own, not that of the
/// threads, because copies are added up.
const SHARING_TASKS: usize = 8;

/// How the groups of a layer are shared out, and where its inputs lie.
pub struct Shape {
    /// Consecutive groups of a task. Those of rows in im2col order together use whole channels.
    pub groups_per_unit: usize,
    /// Those of them that meet a strip one after the other, so that its gradients are near: more than one only where each uses channels
    /// of its own, because sums of a channel's gradients come group by group.
    pub(super) at_once: usize,
    /// Channels of those groups; none of its own for a task whose groups have rows of any channel.
    pub channels_per_unit: Option<usize>,
    pub(super) taps: Taps,
}

impl Shape {
    /// For `blocks` blocks of inputs laid out as `input`.
    pub fn new(weights: &PreparedWeights, input: &Lanes<u8>, blocks: usize) -> Self {
        if weights.plan.order == RowOrder::Interleaved {
            let parts = (SHARING_TASKS / blocks.max(1)).max(1);
            return Shape {
                groups_per_unit: weights.plan.groups().div_ceil(parts).max(1),
                at_once: 1,
                channels_per_unit: None,
                taps: weights.taps(input),
            };
        }
        let kernel = weights.geometry.kernel * weights.geometry.kernel;
        let active = weights.plan.active;
        let common = (1..=kernel)
            .find(|&groups| (groups * active).is_multiple_of(kernel))
            .unwrap_or(kernel);
        let taps = weights.taps(input);
        let room = Collected::room(weights.geometry.outputs, weights.plan.most_rows());
        let at_once = match (common, taps.pixels.len() > PIXELS) {
            (1, true) => (KEPT / room.max(1)).clamp(1, MOST_GROUPS),
            _ => 1,
        };
        let groups_per_unit = common * at_once;
        Shape {
            groups_per_unit,
            at_once,
            channels_per_unit: Some(groups_per_unit * active / kernel),
            taps,
        }
    }
}
