//! Cycles of one matrix-vector multiplication whose operations are all alike, without running it.
//!
//! Derivation. Let `f, s, q, l` be front, sample, sense and latch cycles, `P` the conversions of an operation, and
//! `b = (P - 1) max(q, l)`: within an operation a conversion follows the one before when both read-out and latch are done.
//! Of operation `k` let `a(k)` be the end of its sample and `h(k)` the start of its last latch, which frees the
//! sample-and-hold. The law of [`super`] says
//! ```text
//! a(k) = max(a(k-1) + f, h(k-1)) + s        a(0) = f + s
//! h(k) = max(a(k) + q, h(k-1) + l) + b      h(0) = f + s + q + b
//! ```
//! Every way back from operation `k` to operation 0 adds, per step, `f + s` (along the array), `s + q + b` (hold, then
//! read-out) or `l + b` (along the latch); a step from hold to array and one back add `(f + s) + (s + q + b)` together. So
//! `h(k) = h(0) + k II` with `II = max(f + s, max(s + q, l) + b)`, and the MVM of `n` operations ends at
//! `h(n - 1) + l = n II + (f + s + q + b + l - II)`. Without sample-and-hold nothing overlaps: `n (f + s + q + b + l)`.
//! Not responsible for what happens between MVMs.

use super::plan::{Hold, MacroTiming};

/// Cycles between the operations of a long MVM.
pub fn initiation_interval(timing: &MacroTiming, conversions_per_operation: u32) -> u64 {
    within(interval(timing, conversions_per_operation))
}

/// Cycles of an MVM on a macro that was at rest, from its start to the last latch; 0 without operations. `u64::MAX` where
/// there are more.
pub fn mvm_cycles(timing: &MacroTiming, operations: u32, conversions_per_operation: u32) -> u64 {
    let Some(further) = operations.checked_sub(1) else {
        return 0;
    };
    let interval = interval(timing, conversions_per_operation);
    let alone = alone(timing, conversions_per_operation);
    within((u128::from(further) * interval).saturating_add(alone))
}

fn interval(timing: &MacroTiming, conversions_per_operation: u32) -> u128 {
    let further = further_conversions(timing, conversions_per_operation);
    let [front, sample, sense, latch] = cycles(timing);
    match timing.hold {
        Hold::None => alone(timing, conversions_per_operation),
        Hold::PerReadout | Hold::PerColumn => {
            (front + sample).max((sample + sense).max(latch) + further)
        }
    }
}

/// One operation and its conversions.
fn alone(timing: &MacroTiming, conversions_per_operation: u32) -> u128 {
    cycles(timing).iter().sum::<u128>() + further_conversions(timing, conversions_per_operation)
}

/// Conversions of an operation beyond its first.
fn further_conversions(timing: &MacroTiming, conversions_per_operation: u32) -> u128 {
    let further = conversions_per_operation.saturating_sub(1);
    u128::from(further) * u128::from(timing.sense.max(timing.latch))
}

fn cycles(timing: &MacroTiming) -> [u128; 4] {
    [timing.front, timing.sample, timing.sense, timing.latch].map(u128::from)
}

fn within(cycles: u128) -> u64 {
    u64::try_from(cycles).unwrap_or(u64::MAX)
}
