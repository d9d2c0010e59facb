//! Numbers of partial sums that depend on a random draw, by the instruction sets that have a form for them: slopes of a drawn level,
//! and slopes and values of a relaxed read-out.
//!
//! Draws of the forward pass and of the pool come again by the processor's AES instruction; the level of a sum is the number of its
//! thresholds above them. Not responsible for what the tables hold (`table`), nor for the form in plain Rust, which is their own.

mod avx2;
mod avx512;

use super::group::Group;
use super::strip::{Layout, Strip};
use super::table::{LevelSlopes, POOL_DRAW, SoftTable};
use crate::instructions::Instructions;
use crate::kernel::stream::NoiseStream;
use crate::kernel::stream::aes::Keys;
use crate::kernel::tables::Grain;

/// Which bytes choose among the numbers of a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// There is one.
    None,
    /// A draw of their own.
    Pool,
    /// Those that a level would be drawn with.
    Same,
}

/// Numbers `[sum][level above the first][draw]` with what leads to them.
#[derive(Clone, Copy)]
pub struct Numbers<'a> {
    s_min: i32,
    sums: usize,
    grain: Grain,
    choice: Choice,
    /// Power of two of the numbers that a draw chooses from.
    draw_bits: u32,
    /// `[step][sum]`: below which draw a sum has a level more.
    steps: &'a [Vec<u32>],
    values: &'a [f32],
}

impl<'a> Numbers<'a> {
    /// Slopes by level.
    pub fn by_level(slopes: &'a LevelSlopes) -> Self {
        let random = &slopes.random;
        Numbers {
            s_min: random.s_min,
            sums: random.base.len(),
            grain: random.grain,
            choice: match slopes.draws {
                1 => Choice::None,
                _ => Choice::Pool,
            },
            draw_bits: slopes.draws.ilog2(),
            steps: &random.thresholds,
            values: &slopes.values,
        }
    }

    /// Slopes of a relaxed read-out, or its values.
    pub fn soft(soft: &'a SoftTable, values: &'a [f32]) -> Self {
        Numbers {
            s_min: soft.s_min,
            sums: soft.sums(),
            grain: Grain::Sixteen,
            choice: Choice::Same,
            draw_bits: soft.draws.ilog2(),
            steps: &[],
            values,
        }
    }

    /// Levels of a sum.
    fn levels(&self) -> usize {
        self.steps.len() + 1
    }
}

/// Numbers as an instruction set reads them.
pub struct Drawn<'a> {
    table: Table<'a>,
    keys: Keys,
}

enum Table<'a> {
    Avx2(avx2::Table<'a>),
    Avx512(avx512::Table<'a>),
}

impl<'a> Drawn<'a> {
    /// `None` if these instructions have no form for these numbers.
    pub fn new(
        instructions: Instructions,
        numbers: Numbers<'a>,
        stream: &NoiseStream,
    ) -> Option<Self> {
        let table = match instructions {
            Instructions::Plain => return None,
            Instructions::Avx2 => Table::Avx2(avx2::Table::new(numbers)?),
            Instructions::Avx512 => Table::Avx512(avx512::Table::new(numbers)),
        };
        Some(Drawn {
            table,
            keys: Keys::new(stream),
        })
    }

    /// How it wants the codes of a strip.
    pub fn layout(&self) -> Layout {
        match &self.table {
            Table::Avx2(table) => table.layout(),
            Table::Avx512(_) => Layout::Quads,
        }
    }

    /// `to[place] = dy[place] D(s[place], draw)` of one output.
    ///
    /// # Safety
    /// The processor has the instructions of the form; `dy` and `to` hold all places of the strip, every sum is one of the numbers',
    /// these are there for every level and draw, and the strip has the layout of the form.
    #[inline]
    pub unsafe fn fill(&self, source: (&Strip, &Group), output: usize, dy: &[f32], to: &mut [f32]) {
        // SAFETY: handed on to the caller.
        unsafe {
            match &self.table {
                Table::Avx2(table) => avx2::fill((table, &self.keys), source, output, dy, to),
                Table::Avx512(table) => avx512::fill((table, &self.keys), source, output, dy, to),
            }
        }
    }

    /// `to[place] += factor y(s[place], draw)` of one output, for numbers that are values.
    ///
    /// # Safety
    /// As for [`Self::fill`].
    #[inline]
    pub unsafe fn add(&self, source: (&Strip, &Group), output: usize, factor: f32, to: &mut [f32]) {
        // SAFETY: handed on to the caller.
        unsafe {
            match &self.table {
                Table::Avx2(table) => avx2::add((table, &self.keys), source, output, factor, to),
                Table::Avx512(table) => {
                    avx512::add((table, &self.keys), source, output, factor, to);
                }
            }
        }
    }
}
