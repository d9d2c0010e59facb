//! The weights of one group of all outputs, as the strips want them, and the sums they collect.
//!
//! Not responsible for which group comes when.

use super::strip::{QUAD, ROW_TILE, TRIPLE, combination};
use crate::kernel::aligned::Aligned;
use crate::kernel::float::vector::Vector;
use crate::kernel::groups::PreparedWeights;
use std::ops::Range;

/// Widest vector register in numbers; sums over places are kept as vectors of this many.
pub const WIDEST: usize = 16;

/// One group.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "only the vectors of x86-64 ask for triples")
)]
pub struct Group {
    /// Number of the group.
    pub index: usize,
    /// Its word lines.
    pub rows: Range<usize>,
    /// Rows up to the next whole tile; those beyond the group are 0.
    pub padded: usize,
    /// `[output][padded row]`.
    pub values: Vec<f32>,
    /// `[output][quad of rows]`, four codes in an integer.
    pub quads: Vec<[i8; QUAD]>,
    /// `[output][triple of rows]`, their [`combination`], if all are -1, 0 or 1.
    triples: Option<Vec<u8>>,
}

/// Sums of products of a group's rows and some outputs, still spread over a vector.
pub struct Collected {
    /// `[output][padded row][WIDEST]`.
    pub sums: Aligned<f32>,
}

impl Group {
    /// Group `index` of all outputs, nothing collected.
    pub fn new(weights: &PreparedWeights, index: usize) -> Self {
        let range = weights.plan.range(index);
        let rows = range.len();
        let outputs = weights.geometry.outputs;
        let padded = rows.next_multiple_of(ROW_TILE);
        let mut values = Vec::with_capacity(outputs * padded);
        let mut quads = Vec::with_capacity(outputs * rows.div_ceil(QUAD));
        let mut triples = Some(Vec::with_capacity(outputs * rows.div_ceil(TRIPLE)));
        for output in 0..outputs {
            let codes = weights.group_codes(output, index);
            values.extend(codes.iter().map(|&code| f32::from(code)));
            values.resize((output + 1) * padded, 0.0);
            let are_signs = codes.iter().all(|code| (-1..=1).contains(code));
            triples = triples.filter(|_| are_signs);
            if let Some(triples) = &mut triples {
                triples.extend(codes.chunks(TRIPLE).map(combination));
            }
            for part in codes.chunks(QUAD) {
                let mut quad = [0; QUAD];
                quad[..part.len()].copy_from_slice(part);
                quads.push(quad);
            }
        }
        Group {
            index,
            rows: range,
            padded,
            values,
            quads,
            triples,
        }
    }

    /// Quads of one output.
    pub fn quads(&self, output: usize) -> &[[i8; QUAD]] {
        let count = self.rows.len().div_ceil(QUAD);
        &self.quads[output * count..(output + 1) * count]
    }
}

#[cfg(target_arch = "x86_64")]
impl Group {
    /// True if all weights are -1, 0 or 1.
    pub fn has_triples(&self) -> bool {
        self.triples.is_some()
    }

    /// Combinations of one output's weights, if all of the group are -1, 0 or 1.
    pub fn triples(&self, output: usize) -> Option<&[u8]> {
        let count = self.rows.len().div_ceil(TRIPLE);
        Some(&self.triples.as_deref()?[output * count..][..count])
    }

    /// Weights of one output.
    pub fn weights(&self, output: usize) -> &[f32] {
        &self.values[output * self.padded..][..self.rows.len()]
    }
}

impl Collected {
    /// Room for up to `outputs` outputs, filled up to whole tiles of `O`, of groups of up to `rows` rows.
    pub fn new<const O: usize>(outputs: usize, rows: usize) -> Self {
        Collected {
            sums: Aligned::zeros(Self::room(outputs.next_multiple_of(O), rows)),
        }
    }

    /// Numbers that so many outputs take.
    pub fn room(outputs: usize, rows: usize) -> usize {
        outputs * rows.next_multiple_of(ROW_TILE) * WIDEST
    }

    /// Adds the sums of the outputs `first..first + count` to `to`, `[row][output]` of `outputs` outputs, and forgets them.
    ///
    /// # Safety
    /// The machine runs `V`.
    #[inline(always)]
    pub unsafe fn finish<V: Vector, const O: usize>(
        &mut self,
        group: &Group,
        (first, count, outputs): (usize, usize, usize),
        to: &mut [f32],
    ) {
        for output in 0..count {
            for row in 0..group.rows.len() {
                let at = (output * group.padded + row) * WIDEST;
                let sums = &self.sums[at..at + WIDEST];
                // SAFETY: a vector is at most the widest.
                to[row * outputs + first + output] += unsafe { V::load(sums.as_ptr()).sum() };
            }
        }
        let used = count.next_multiple_of(O) * group.padded * WIDEST;
        self.sums[..used].fill(0.0);
    }
}
