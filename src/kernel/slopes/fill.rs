//! Gradients of partial sums: which form makes them, and the form in plain Rust, which serves every kind of slope on any machine.
//!
//! Sums of a strip by integer arithmetic, then their slopes, place by place. Not responsible for the forms of the instruction sets
//! (`avx2`, `avx512`, `drawn`).

use super::group::Group;
use super::strip::{Layout, Strip};
use super::table::Slopes;
#[cfg(target_arch = "x86_64")]
use super::{
    avx2, avx512,
    drawn::{Drawn, Numbers},
    table::SumSlopes,
};
use crate::instructions::Instructions;
use crate::kernel::lanes::LANES;
use crate::kernel::stream::NoiseStream;

/// How gradients of partial sums are made.
pub enum Fill<'a> {
    /// By `plain`.
    Plain(&'a Slopes, &'a NoiseStream),
    /// By `avx2`.
    #[cfg(target_arch = "x86_64")]
    Products(&'a SumSlopes, Vec<avx2::Table<'a>>),
    /// By `avx512`.
    #[cfg(target_arch = "x86_64")]
    Dots(&'a SumSlopes, Vec<avx512::Table>),
    /// By `drawn`.
    #[cfg(target_arch = "x86_64")]
    Drawn(Drawn<'a>),
}

impl<'a> Fill<'a> {
    /// The form for these slopes with these instructions.
    pub fn new(instructions: Instructions, slopes: &'a Slopes, stream: &'a NoiseStream) -> Self {
        #[cfg(target_arch = "x86_64")]
        let drawn = match (instructions, slopes) {
            (Instructions::Avx512, Slopes::BySum(by_sum)) => {
                let table = |values: &Vec<f32>| avx512::Table::new(by_sum.s_min, values);
                return Fill::Dots(by_sum, by_sum.tables.iter().map(table).collect());
            }
            (Instructions::Avx2, Slopes::BySum(by_sum)) => {
                let table = |values: &'a Vec<f32>| avx2::Table::new(by_sum.s_min, values);
                let tables: Option<Vec<_>> = by_sum.tables.iter().map(table).collect();
                if let Some(tables) = tables {
                    return Fill::Products(by_sum, tables);
                }
                None
            }
            (Instructions::Plain, Slopes::BySum(_)) => None,
            (_, Slopes::ByLevel(by_level)) => Some(Numbers::by_level(by_level)),
            (_, Slopes::Soft(soft)) => Some(Numbers::soft(soft, &soft.slopes)),
        };
        #[cfg(target_arch = "x86_64")]
        if let Some(drawn) = drawn.and_then(|numbers| Drawn::new(instructions, numbers, stream)) {
            return Fill::Drawn(drawn);
        }
        let _ = instructions;
        Fill::Plain(slopes, stream)
    }

    /// How it wants the codes of a strip.
    pub fn layout(&self) -> Layout {
        match self {
            Fill::Plain(..) => Layout::Quads,
            #[cfg(target_arch = "x86_64")]
            Fill::Products(_, tables) => avx2::layout(tables),
            #[cfg(target_arch = "x86_64")]
            Fill::Dots(..) => Layout::Quads,
            #[cfg(target_arch = "x86_64")]
            Fill::Drawn(drawn) => drawn.layout(),
        }
    }

    /// `to[place] = dy[place] D(s[place])` of one output.
    #[inline(always)]
    pub fn fill(&self, source: (&Strip, &Group), output: usize, dy: &[f32], to: &mut [f32]) {
        match self {
            Fill::Plain(slopes, stream) => plain(slopes, stream, source, output, dy, to),
            #[cfg(target_arch = "x86_64")]
            Fill::Products(slopes, tables) => {
                // SAFETY: the caller saw the instructions; `dy` and `to` hold the strip; slopes cover all sums.
                unsafe { avx2::fill(&tables[slopes.index(output)], source, output, dy, to) }
            }
            #[cfg(target_arch = "x86_64")]
            Fill::Dots(slopes, tables) => {
                // SAFETY: as above.
                unsafe { avx512::fill(&tables[slopes.index(output)], source, output, dy, to) }
            }
            #[cfg(target_arch = "x86_64")]
            Fill::Drawn(drawn) => {
                // SAFETY: as above; `Pass::check` saw that every level and draw has its slope.
                unsafe { drawn.fill(source, output, dy, to) }
            }
        }
    }
}

/// `to[place] = dy[place] D(s[place])` of one output.
#[inline(always)]
fn plain(
    slopes: &Slopes,
    stream: &NoiseStream,
    (strip, group): (&Strip, &Group),
    output: usize,
    dy: &[f32],
    to: &mut [f32],
) {
    let quads = group.quads(output);
    let places = strip.places();
    for (p, pixel) in strip.pixels.clone().enumerate() {
        let mut sums = [0i32; LANES];
        for (quad, weights) in quads.iter().enumerate() {
            let at = (quad * places + p * LANES) * weights.len();
            let bytes = &strip.bytes[at..at + LANES * weights.len()];
            for (s, bytes) in sums.iter_mut().zip(bytes.chunks_exact(weights.len())) {
                for (&w, &a) in weights.iter().zip(bytes) {
                    *s += i32::from(w) * i32::from(a);
                }
            }
        }
        let place = (output as u32, pixel as u32, group.index as u32);
        let slopes = slopes.at(stream, place, &sums);
        let range = p * LANES..(p + 1) * LANES;
        let products = to[range.clone()].iter_mut().zip(&dy[range]);
        for ((to, &dy), slope) in products.zip(slopes) {
            *to = dy * slope;
        }
    }
}
