//! The read-out re-based to the byte index of the fast kernel: entry `i` belongs to group sum `sum_min + i`.

use crate::kernel::groups::PreparedWeights;
use crate::kernel::tables::{Grain, LevelTable, RandomTable};

/// High and low byte of one threshold per index; with [`Grain::Eight`] only `high` is used.
#[derive(Clone, Debug)]
pub(in crate::kernel) struct Step {
    /// High byte, compared with draw 0.
    pub high: [u8; 256],
    /// Low byte, compared with draw 1.
    pub low: [u8; 256],
}

/// A level, and thresholds that may raise it, for every byte index.
#[derive(Clone, Debug)]
pub(in crate::kernel) struct ByteReadout {
    /// Number of indices in use.
    pub entries: usize,
    /// Largest level.
    pub max_level: u8,
    /// Level, or smallest level.
    pub base: [u8; 256],
    /// Random thresholds; none if noise-free.
    pub steps: Vec<Step>,
    /// Bits of the random integer.
    pub grain: Grain,
}

impl ByteReadout {
    /// Re-bases a noise-free table.
    pub fn fixed(table: &LevelTable, weights: &PreparedWeights) -> Self {
        let shift = (weights.sum_min - table.s_min) as usize;
        let entries = (weights.sum_max - weights.sum_min + 1) as usize;
        let mut base = [0; 256];
        base[..entries].copy_from_slice(&table.levels[shift..shift + entries]);
        ByteReadout {
            entries,
            max_level: base.iter().copied().max().unwrap_or(0),
            base,
            steps: Vec::new(),
            grain: Grain::Eight,
        }
    }

    /// Re-bases a random table, dropping thresholds no reachable sum uses.
    pub fn random(table: &RandomTable, weights: &PreparedWeights) -> Self {
        let shift = (weights.sum_min - table.s_min) as usize;
        let entries = (weights.sum_max - weights.sum_min + 1) as usize;
        let reachable = shift..shift + entries;
        let mut base = [0; 256];
        base[..entries].copy_from_slice(&table.base[reachable.clone()]);
        let used = |step: &&Vec<u32>| step[reachable.clone()].iter().any(|&t| t > 0);
        let steps = table.thresholds.iter().filter(used).map(|step| {
            let mut bytes = Step {
                high: [0; 256],
                low: [0; 256],
            };
            for (i, &t) in step[reachable.clone()].iter().enumerate() {
                let whole = match table.grain {
                    Grain::Eight => t << 8,
                    Grain::Sixteen => t,
                };
                (bytes.high[i], bytes.low[i]) = ((whole >> 8) as u8, whole as u8);
            }
            bytes
        });
        ByteReadout {
            entries,
            max_level: table.max_level(),
            base,
            steps: steps.collect(),
            grain: table.grain,
        }
    }

    /// True if two indices are answered alike.
    pub fn is_same(&self, one: usize, other: usize) -> bool {
        let is_same = |bytes: &[u8; 256]| bytes[one] == bytes[other];
        let mut steps = self.steps.iter();
        is_same(&self.base) && steps.all(|step| is_same(&step.high) && is_same(&step.low))
    }
}
