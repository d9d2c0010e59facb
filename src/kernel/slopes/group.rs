//! The weights of one group of all outputs, as the strips want them, and the sums they collect.
//!
//! Not responsible for which group comes when.

use super::strip::QUAD;
use crate::kernel::aligned::Aligned;
use crate::kernel::groups::PreparedWeights;

/// Widest vector register in numbers; sums over places are kept as vectors of this many.
pub const WIDEST: usize = 16;

/// One group.
pub struct Group {
    /// Number of the group.
    pub index: usize,
    /// Rows of it.
    pub rows: usize,
    /// `[output][row]`.
    pub values: Vec<f32>,
    /// `[output][quad of rows]`, four codes in an integer.
    pub quads: Vec<[i8; QUAD]>,
    /// `[output][row][WIDEST]`: sums of products, still spread over a vector.
    pub collected: Aligned<f32>,
}

impl Group {
    /// Group `index` of all outputs, nothing collected.
    pub fn new(weights: &PreparedWeights, index: usize) -> Self {
        let rows = weights.plan.range(index).len();
        let outputs = weights.geometry.outputs;
        let mut values = Vec::with_capacity(outputs * rows);
        let mut quads = Vec::with_capacity(outputs * rows.div_ceil(QUAD));
        for output in 0..outputs {
            let codes = weights.group_codes(output, index);
            values.extend(codes.iter().map(|&code| f32::from(code)));
            for part in codes.chunks(QUAD) {
                let mut quad = [0; QUAD];
                quad[..part.len()].copy_from_slice(part);
                quads.push(quad);
            }
        }
        Group {
            index,
            rows,
            values,
            quads,
            collected: Aligned::zeros(outputs * rows * WIDEST),
        }
    }

    /// Quads of one output.
    pub fn quads(&self, output: usize) -> &[[i8; QUAD]] {
        let count = self.rows.div_ceil(QUAD);
        &self.quads[output * count..(output + 1) * count]
    }

    /// What was collected, `[row][output]`, added to `to`.
    pub fn finish(&self, to: &mut [f32]) {
        let outputs = self.values.len() / self.rows;
        for (at, sums) in self.collected.chunks(WIDEST).enumerate() {
            let (output, row) = (at / self.rows, at % self.rows);
            to[row * outputs + output] += sums.iter().sum::<f32>();
        }
    }
}
