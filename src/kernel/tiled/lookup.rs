//! Weights as small lookup tables: one table per distinct tuple of consecutive weights, shared by the whole layer.
//!
//! With `bits`-bit input codes `taps` of them make one index; entry `i` of a table is `sum_t w_t * digit_t(i)` modulo 256.
//! The first table of every group also holds the offset that makes every group sum non-negative.

use crate::kernel::aligned::Aligned;
use crate::kernel::groups::GroupPlan;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// Possible group sums the byte index can hold.
pub(in crate::kernel) const BYTE_SUMS: i32 = 256;

/// The lookup form of a layer's weights.
#[derive(Clone)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "only the vectors of x86-64 look weights up")
)]
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
        let tuples = |row: &[i8]| {
            let groups = row.chunks(plan.active);
            let tuples =
                groups.flat_map(|group| (0..units).map(|unit| Tuple::new(group, unit, taps)));
            tuples.collect::<Vec<Tuple>>()
        };
        let rows = codes.par_chunks(plan.rows.max(1)).map(tuples);
        let rows: Vec<Vec<Tuple>> = rows.collect();
        let distinct = distinct(&rows);
        let table = |tuple: &Tuple| {
            let (tuple, base) = (*tuple, if tuple.is_first() { -sum_min } else { 0 });
            (0..entries).map(move |index| tuple.entry(index, bits, base))
        };
        let tables: Vec<u8> = distinct.iter().flat_map(table).collect();
        let places = distinct.iter().enumerate();
        let places: FxHashMap<Tuple, u32> = places
            .map(|(place, &tuple)| (tuple, (place * entries) as u32))
            .collect();
        let offsets = rows
            .par_iter()
            .flat_map_iter(|row| row.iter().map(|tuple| places[tuple]));
        Some(Lookup {
            bits,
            taps,
            units,
            tables: Aligned::copied(&tables),
            offsets: offsets.collect(),
        })
    }
}

/// The different ones of all rows, in order.
fn distinct(rows: &[Vec<Tuple>]) -> Vec<Tuple> {
    let sets = rows.par_iter().map(|row| distinct_of(row));
    let all = sets.reduce(FxHashSet::default, |mut all, some| {
        all.extend(some);
        all
    });
    let mut distinct: Vec<Tuple> = all.into_iter().collect();
    distinct.sort_unstable();
    distinct
}

/// The different ones of a row. A few are met again and again: those seen last are not asked for in the set.
fn distinct_of(row: &[Tuple]) -> FxHashSet<Tuple> {
    let (mut all, mut last) = (FxHashSet::default(), [None; 64]);
    for &tuple in row {
        // The upper bits of a product with an odd number spread any tuples over the places.
        let place = &mut last[(tuple.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize];
        if *place != Some(tuple) {
            *place = Some(tuple);
            all.insert(tuple);
        }
    }
    all
}

/// The weights of one unit, 0 where the group has fewer: a byte each, and a last bit that is set in the first unit of a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Tuple(u64);

impl Tuple {
    /// Of a group's weights.
    fn new(group: &[i8], unit: usize, taps: usize) -> Self {
        let weights = group.iter().skip(unit * taps).take(taps);
        let bytes = weights.enumerate();
        let weights = bytes.fold(0, |key, (tap, &w)| key | u64::from(w as u8) << (8 * tap));
        Tuple(weights | u64::from(unit == 0) << 63)
    }

    fn is_first(self) -> bool {
        self.0 >> 63 == 1
    }

    /// What inputs `index` add, modulo 256.
    fn entry(self, index: usize, bits: u32, base: i32) -> u8 {
        let digit = |tap: u32| (index >> (tap * bits)) as i32 & ((1 << bits) - 1);
        let weight = |tap: u32| i32::from((self.0 >> (8 * tap)) as u8 as i8);
        // Six input codes of one bit make the widest index.
        let sum: i32 = (0..6).map(|tap| weight(tap) * digit(tap)).sum();
        (base + sum) as u8
    }
}
