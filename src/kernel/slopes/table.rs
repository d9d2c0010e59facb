//! What the gradient of every partial sum is multiplied by: one slope per sum, or one per sum and random draw.
//!
//! Built from the law of a read-out by `train`; not responsible for which estimator a table stands for.

use crate::kernel::lanes::LANES;
use crate::kernel::stream::{NoiseKey, NoiseStream};
use crate::kernel::tables::{Grain, RandomTable};

/// Slopes of a read-out.
#[derive(Clone, Debug, PartialEq)]
pub enum Slopes {
    /// By partial sum.
    BySum(SumSlopes),
    /// By partial sum and the level that the forward pass drew.
    ByLevel(LevelSlopes),
    /// By partial sum and a draw of their own.
    Soft(SoftTable),
}

/// A slope for every sum `s_min + index`.
#[derive(Clone, Debug, PartialEq)]
pub struct SumSlopes {
    /// Smallest group sum covered.
    pub s_min: i32,
    /// Tables of slopes.
    pub tables: Vec<Vec<f32>>,
    /// Table of every output; empty if all use the first.
    pub of_output: Vec<u16>,
}

/// A slope for every sum and level, or a pool of slopes of which the forward's place draws one.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelSlopes {
    /// The forward's law: levels are drawn again from the same places.
    pub random: RandomTable,
    /// Slopes per level, 1 or a power of two up to 256.
    pub draws: usize,
    /// `[sum][level above the sum's base][draw]`, as many levels as the forward's law has steps, and one.
    pub values: Vec<f32>,
}

/// A relaxed read-out: a real value for every sum and draw, with its slope.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftTable {
    /// Smallest group sum covered.
    pub s_min: i32,
    /// Draws per sum, a power of two up to 65536.
    pub draws: usize,
    /// `[sum][draw]`, in MAC units.
    pub values: Vec<f32>,
    /// `[sum][draw]`.
    pub slopes: Vec<f32>,
}

impl SumSlopes {
    /// One table for all outputs.
    pub fn shared(s_min: i32, values: Vec<f32>) -> Self {
        SumSlopes {
            s_min,
            tables: vec![values],
            of_output: Vec::new(),
        }
    }

    /// Number of the table of one output.
    pub fn index(&self, output: usize) -> usize {
        usize::from(self.of_output.get(output).copied().unwrap_or(0))
    }

    /// The table of one output.
    pub fn table(&self, output: usize) -> &[f32] {
        &self.tables[self.index(output)]
    }
}

/// Most numbers of a table: their places are 32-bit in a gather.
const MOST: usize = i32::MAX as usize;

/// Draw number of the pool of slopes: the forward's codes use 0 and 1.
pub(super) const POOL_DRAW: u32 = 2;

/// One place of the noise: (output, pixel, group).
pub type Place = (u32, u32, u32);

impl LevelSlopes {
    /// Slopes of the 32 images of one place.
    pub fn slopes(&self, stream: &NoiseStream, place: Place, sums: &[i32; LANES]) -> [f32; LANES] {
        let (output, pixel, group) = place;
        let high = stream.draw(output, pixel, group, 0);
        let low = match self.random.grain {
            Grain::Eight => [0; LANES],
            Grain::Sixteen => stream.draw(output, pixel, group, 1),
        };
        let pool = match self.draws {
            1 => [0; LANES],
            _ => stream.draw(output, pixel, group, POOL_DRAW),
        };
        std::array::from_fn(|lane| {
            let uniform = match self.random.grain {
                Grain::Eight => u32::from(high[lane]),
                Grain::Sixteen => u32::from(high[lane]) << 8 | u32::from(low[lane]),
            };
            let sum = (sums[lane] - self.random.s_min) as usize;
            let above = self.random.level(sums[lane], uniform) - self.random.base[sum];
            let draw = usize::from(pool[lane]) & (self.draws - 1);
            self.values[(sum * self.levels() + usize::from(above)) * self.draws + draw]
        })
    }

    /// Levels kept of every sum.
    pub fn levels(&self) -> usize {
        self.random.thresholds.len() + 1
    }
}

impl SoftTable {
    /// Sums covered.
    pub fn sums(&self) -> usize {
        self.values.len() / self.draws.max(1)
    }

    /// True if every draw of every sum has its value and slope, and draws are a power of two that their bytes can choose from.
    pub fn is_whole(&self) -> bool {
        self.draws.is_power_of_two()
            && self.draws <= 1 << 16
            && self.values.len() == self.slopes.len()
            && self.values.len().is_multiple_of(self.draws)
            && self.values.len() <= MOST
    }

    fn index(&self, stream: &NoiseStream, place: Place, sums: &[i32; LANES]) -> [usize; LANES] {
        let (output, pixel, group) = place;
        let (high, low) = (
            stream.draw(output, pixel, group, 0),
            stream.draw(output, pixel, group, 1),
        );
        std::array::from_fn(|lane| {
            let uniform = usize::from(high[lane]) << 8 | usize::from(low[lane]);
            (sums[lane] - self.s_min) as usize * self.draws + (uniform & (self.draws - 1))
        })
    }

    /// Values of the 32 images of one place.
    pub fn values(&self, stream: &NoiseStream, place: Place, sums: &[i32; LANES]) -> [f32; LANES] {
        self.index(stream, place, sums).map(|at| self.values[at])
    }

    /// Slopes of the 32 images of one place, of the same draw as [`Self::values`].
    pub fn slopes(&self, stream: &NoiseStream, place: Place, sums: &[i32; LANES]) -> [f32; LANES] {
        self.index(stream, place, sums).map(|at| self.slopes[at])
    }
}

impl Slopes {
    /// Smallest group sum covered, and how many.
    pub fn range(&self) -> (i32, usize) {
        match self {
            Slopes::BySum(slopes) => {
                let shortest = slopes.tables.iter().map(Vec::len).min();
                (slopes.s_min, shortest.unwrap_or(0))
            }
            Slopes::ByLevel(slopes) => (slopes.random.s_min, slopes.random.base.len()),
            Slopes::Soft(soft) => (soft.s_min, soft.sums()),
        }
    }

    /// True if every level and draw of every sum has its slope, and draws are a power of two that their bytes can choose from.
    pub fn is_whole(&self) -> bool {
        match self {
            Slopes::BySum(_) => true,
            Slopes::ByLevel(slopes) => {
                let sums = slopes.random.base.len();
                slopes.draws.is_power_of_two()
                    && slopes.draws <= 1 << 8
                    && slopes.random.thresholds.iter().all(|t| t.len() == sums)
                    && (slopes.random.thresholds.iter().flatten())
                        .all(|&t| t < slopes.random.grain.values())
                    && slopes.values.len() == sums * slopes.levels() * slopes.draws
                    && slopes.values.len() <= MOST
            }
            Slopes::Soft(soft) => soft.is_whole(),
        }
    }

    /// Slopes of the 32 images of one place.
    pub fn at(&self, stream: &NoiseStream, place: Place, sums: &[i32; LANES]) -> [f32; LANES] {
        match self {
            Slopes::BySum(slopes) => {
                let table = slopes.table(place.0 as usize);
                sums.map(|s| table[(s - slopes.s_min) as usize])
            }
            Slopes::ByLevel(slopes) => slopes.slopes(stream, place, sums),
            Slopes::Soft(soft) => soft.slopes(stream, place, sums),
        }
    }
}

/// Streams of the blocks of a batch.
pub fn streams(keys: &[NoiseKey]) -> Vec<NoiseStream> {
    keys.iter().map(|&key| NoiseStream::new(key)).collect()
}
