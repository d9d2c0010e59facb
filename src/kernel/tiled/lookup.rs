//! Weights as small lookup tables: one table per distinct tuple of consecutive weights, shared by the whole layer.
//!
//! With `bits`-bit input codes `taps` of them make one index; entry `i` of a table is `sum_t w_t * digit_t(i)` modulo 256.
//! The first table of every group also holds the offset that makes every group sum non-negative.

use crate::kernel::aligned::Aligned;
use crate::kernel::groups::GroupPlan;
use std::collections::HashMap;

/// Possible group sums the byte index can hold.
pub(in crate::kernel) const BYTE_SUMS: i32 = 256;

/// The lookup form of a layer's weights.
#[derive(Clone)]
pub(in crate::kernel) struct Lookup {
    /// Bits of an input code.
    pub bits: u32,
    /// Input codes per index.
    pub taps: usize,
    /// Lookups per group; short groups are filled with zero tables.
    pub units: usize,
    /// All tables, each `entries` bytes.
    pub tables: Aligned<u8>,
    /// Byte offset of each table, `[output][group][unit]`.
    pub offsets: Vec<u32>,
}

impl Lookup {
    /// Builds tables of `entries` bytes, or `None` if the input codes do not fit an index or the sums a byte.
    pub fn new(
        plan: &GroupPlan,
        codes: &[i8],
        max_input_code: u8,
        (sum_min, sum_max): (i32, i32),
        entries: usize,
    ) -> Option<Self> {
        let bits = (8 - max_input_code.leading_zeros()).max(1);
        let taps = entries.ilog2() / bits;
        if taps == 0 || sum_max - sum_min >= BYTE_SUMS {
            return None;
        }
        let taps = taps as usize;
        let units = plan.active.min(plan.rows).div_ceil(taps);
        let mut lookup = Lookup {
            bits,
            taps,
            units,
            tables: Aligned::zeros(0),
            offsets: Vec::with_capacity(codes.len() / plan.rows.max(1) * plan.groups() * units),
        };
        let mut tables: Vec<u8> = Vec::new();
        let mut known: HashMap<u64, u32> = HashMap::new();
        for row in codes.chunks(plan.rows) {
            for group in row.chunks(plan.active) {
                for unit in 0..units {
                    let start = (unit * taps).min(group.len());
                    let weights = &group[start..(start + taps).min(group.len())];
                    let first = unit == 0;
                    let offset = *known.entry(tuple_key(weights, first)).or_insert_with(|| {
                        let offset = tables.len() as u32;
                        let base = if first { -sum_min } else { 0 };
                        tables.extend((0..entries).map(|i| entry(weights, i, bits, base)));
                        offset
                    });
                    lookup.offsets.push(offset);
                }
            }
        }
        lookup.tables = Aligned::copied(&tables);
        Some(lookup)
    }
}

fn tuple_key(weights: &[i8], first: bool) -> u64 {
    let tuple = weights
        .iter()
        .rev()
        .fold(0, |key, &w| key << 8 | u64::from(w as u8));
    tuple | u64::from(first) << 63
}

fn entry(weights: &[i8], index: usize, bits: u32, base: i32) -> u8 {
    let digit = |tap: usize| (index >> (tap * bits as usize)) as i32 & ((1 << bits) - 1);
    let sum: i32 = weights
        .iter()
        .enumerate()
        .map(|(tap, &w)| i32::from(w) * digit(tap))
        .sum();
    (base + sum) as u8
}
