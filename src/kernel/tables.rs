//! The read-out as the kernels see it: a level for every group sum, or a random level for every group sum.
//!
//! Built from [`CodeTable`]; not responsible for the law of the read-out. The random form rounds probabilities to 8 or
//! 16 bits: `level = base[s] + number of k with u < threshold[k][s]`, u a uniform integer of that many bits (high byte
//! from draw 0, low byte from draw 1 of [`super::stream`]). The total-variation error of every row is at most the
//! tolerance asked for and a small share of the row's probability of a wrong level, or that of 16-bit rounding if that is
//! larger.

use crate::hw::readout::table::CodeTable;

/// Default bound on the total-variation distance between a row of the law and its rounded form.
pub const TOLERANCE: f64 = 1.0 / 256.0;

/// Largest error of a row as a share of its probability of a wrong level: an absolute bound alone lets 8 bits round rare
/// errors away altogether.
const WRONG_SHARE: f64 = 0.05;

/// Row error below which 8 bits are as good as 16: half a grain of the finer form, which rounds such a tail to 0 as well.
const INVISIBLE: f64 = 0.5 / (1 << 16) as f64;

/// A noise-free read-out: level of every group sum `s_min + index`.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelTable {
    /// Smallest group sum covered.
    pub s_min: i32,
    /// Level of each sum.
    pub levels: Vec<u8>,
}

impl LevelTable {
    /// The noise-free codes of a read-out.
    pub fn new(table: &CodeTable) -> Self {
        LevelTable {
            s_min: table.s_min,
            levels: table.hard_levels(),
        }
    }

    /// Level of one sum.
    pub fn level(&self, s: i32) -> u8 {
        self.levels[(s - self.s_min) as usize]
    }
}

/// Bits of the uniform integer a random level is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// One random byte per partial sum.
    Eight,
    /// Two random bytes per partial sum.
    Sixteen,
}

impl Grain {
    /// Number of values of the uniform integer.
    pub fn values(self) -> u32 {
        match self {
            Grain::Eight => 1 << 8,
            Grain::Sixteen => 1 << 16,
        }
    }
}

/// A random read-out, probabilities rounded to the grain.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomTable {
    /// Smallest group sum covered.
    pub s_min: i32,
    /// Bits of the random integer.
    pub grain: Grain,
    /// Smallest level each sum can have.
    pub base: Vec<u8>,
    /// `[step][sum]`, each below `grain.values()`: the level is above `base + step` when the integer is below it.
    pub thresholds: Vec<Vec<u32>>,
}

impl RandomTable {
    /// The cheapest rounded form within `tolerance` (total variation per row) that also keeps the probability of a wrong
    /// level of every row.
    pub fn new(table: &CodeTable, tolerance: f64) -> Self {
        let coarse = Self::rounded(table, Grain::Eight);
        let is_faithful = |s: i32| {
            let kept = (WRONG_SHARE * wrong(table, s)).max(INVISIBLE);
            coarse.row_error(table, s) <= tolerance.min(kept)
        };
        if (table.s_min..=table.s_max).all(is_faithful) {
            coarse
        } else {
            Self::rounded(table, Grain::Sixteen)
        }
    }

    /// The form with a given grain.
    pub fn rounded(table: &CodeTable, grain: Grain) -> Self {
        let rows: Vec<(u8, Vec<u32>)> = (table.s_min..=table.s_max)
            .map(|s| threshold_row(&level_law(table, s), grain))
            .collect();
        let steps = rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
        let thresholds = (0..steps)
            .map(|step| {
                rows.iter()
                    .map(|row| row.1.get(step).copied().unwrap_or(0))
                    .collect()
            })
            .collect();
        RandomTable {
            s_min: table.s_min,
            grain,
            base: rows.iter().map(|row| row.0).collect(),
            thresholds,
        }
    }

    /// Level of one sum for one value of the uniform integer.
    pub fn level(&self, s: i32, uniform: u32) -> u8 {
        let index = (s - self.s_min) as usize;
        let steps = self
            .thresholds
            .iter()
            .filter(|step| uniform < step[index])
            .count();
        self.base[index] + steps as u8
    }

    /// Largest level that can occur.
    pub fn max_level(&self) -> u8 {
        (0..self.base.len())
            .map(|index| {
                self.base[index]
                    + self
                        .thresholds
                        .iter()
                        .filter(|step| step[index] > 0)
                        .count() as u8
            })
            .max()
            .unwrap_or(0)
    }

    /// Probability of each level 0..=255 of one sum under the rounded law.
    pub fn law(&self, s: i32) -> Vec<f64> {
        let index = (s - self.s_min) as usize;
        let values = self.grain.values();
        let mut law = vec![0.0; 256];
        let mut above = values;
        let mut level = usize::from(self.base[index]);
        for step in &self.thresholds {
            law[level] = f64::from(above - step[index]) / f64::from(values);
            above = step[index];
            if above == 0 {
                return law;
            }
            level += 1;
        }
        law[level] = f64::from(above) / f64::from(values);
        law
    }

    /// Largest total-variation distance of a row from the law of the read-out.
    pub fn error(&self, table: &CodeTable) -> f64 {
        (table.s_min..=table.s_max)
            .map(|s| self.row_error(table, s))
            .fold(0.0, f64::max)
    }

    fn row_error(&self, table: &CodeTable, s: i32) -> f64 {
        let exact = level_law(table, s);
        let differences = self
            .law(s)
            .into_iter()
            .zip(exact)
            .map(|(p, q)| (p - q).abs());
        differences.sum::<f64>() / 2.0
    }
}

/// Probability that one sum gets another level than without noise; summed over the others, because 1 - p has no tail.
fn wrong(table: &CodeTable, s: i32) -> f64 {
    let hard = usize::from(table.hard[(s - table.s_min) as usize]);
    let levels = &table.decode.levels;
    let others = table.row(s).iter().enumerate();
    others
        .filter(|(code, _)| levels[*code] != levels[hard])
        .map(|(_, p)| p)
        .sum()
}

/// Probability of each level 0..=255 of one sum.
fn level_law(table: &CodeTable, s: i32) -> Vec<f64> {
    let mut law = vec![0.0; 256];
    for (code, &p) in table.row(s).iter().enumerate() {
        law[usize::from(table.decode.levels[code])] += p;
    }
    law
}

/// Base level and thresholds of one row: P(level > base + step), rounded, certain steps moved into the base.
fn threshold_row(law: &[f64], grain: Grain) -> (u8, Vec<u32>) {
    let values = grain.values();
    let mut above = 0.0;
    let mut survival = vec![0u32; law.len()];
    for level in (0..law.len()).rev() {
        survival[level] = (above * f64::from(values))
            .round()
            .clamp(0.0, f64::from(values)) as u32;
        above += law[level];
    }
    let base = survival.iter().take_while(|&&t| t == values).count();
    let row = survival[base..]
        .iter()
        .copied()
        .take_while(|&t| t > 0)
        .collect();
    (base as u8, row)
}
