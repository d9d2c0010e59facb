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
#[cfg(target_arch = "x86_64")]
use crate::instructions::Instructions;
use crate::kernel::lanes::LANES;
use crate::kernel::stream::NoiseStream;

/// Instructions that gradients of partial sums are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `plain`.
    Plain,
    /// `avx2` and `drawn`, and `plain` where sums are too large for them.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// `avx512` and `drawn`.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Form {
    /// Those of this processor, the best one last.
    pub fn available() -> Vec<Self> {
        let all = [
            Some(Form::Plain),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2.available().then_some(Form::Avx2),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512.available().then_some(Form::Avx512),
        ];
        all.into_iter().flatten().collect()
    }

    /// The best of this processor.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Form::Plain)
    }
}

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
    /// The form for these slopes on a machine.
    pub fn new(form: Form, slopes: &'a Slopes, stream: &'a NoiseStream) -> Self {
        #[cfg(target_arch = "x86_64")]
        let drawn = match (form, slopes) {
            (Form::Avx512, Slopes::BySum(by_sum)) => {
                let table = |values: &Vec<f32>| avx512::Table::new(by_sum.s_min, values);
                return Fill::Dots(by_sum, by_sum.tables.iter().map(table).collect());
            }
            (Form::Avx2, Slopes::BySum(by_sum)) => {
                let table = |values: &'a Vec<f32>| avx2::Table::new(by_sum.s_min, values);
                let tables: Option<Vec<_>> = by_sum.tables.iter().map(table).collect();
                if let Some(tables) = tables {
                    return Fill::Products(by_sum, tables);
                }
                None
            }
            (Form::Plain, Slopes::BySum(_)) => None,
            (_, Slopes::ByLevel(by_level)) => Some(Numbers::by_level(by_level)),
            (_, Slopes::Soft(soft)) => Some(Numbers::soft(soft, &soft.slopes)),
        };
        #[cfg(target_arch = "x86_64")]
        if let Some(drawn) = drawn.and_then(|numbers| Drawn::new(form, numbers, stream)) {
            return Fill::Drawn(drawn);
        }
        let _ = form;
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
                // SAFETY: `Form` saw the instructions; `dy` and `to` hold the strip; slopes cover all sums.
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
