//! Which layers are in the arrays together, and what it takes to write their weights.
//!
//! Layers in order take macros as long as they fit; one that does not fit any more begins the next round. A layer larger than
//! the whole chip is cut by column tiles: its outputs do not depend on each other. A network that fits at once is written
//! before it runs, and writing does not count; otherwise every round is written before each batch. Not responsible for copies
//! ([`super::duplication`]).

use super::error::MappingError;
use crate::hw::tiles::WeightWritingSpec;
use std::ops::Range;

/// Arrays of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Arrays stacked along the rows.
    pub row_tiles: usize,
    /// Arrays beside each other.
    pub column_tiles: usize,
    /// Copies.
    pub copies: usize,
}

impl Size {
    /// Macros of all copies.
    pub fn macros(&self) -> usize {
        self.row_tiles * self.column_tiles * self.copies
    }
}

/// A layer of a network as far as rounds know it; no size for a digital one.
pub type Sized<'a> = (&'a str, Option<Size>);

/// A layer in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Number in the network.
    pub layer: usize,
    /// Column tiles that are in the arrays; empty for a digital layer.
    pub column_tiles: Range<usize>,
}

/// Cuts a network into rounds.
///
/// # Errors
/// If it takes more than one and weights cannot be written, or a column tile is larger than the chip.
pub fn cut(
    layers: &[Sized],
    macros: usize,
    writing: Option<&WeightWritingSpec>,
) -> Result<Vec<Vec<Placed>>, MappingError> {
    let needed: usize = layers.iter().filter_map(|l| l.1).map(|s| s.macros()).sum();
    if needed > macros && writing.is_none() {
        return Err(MappingError::NoWriting { needed, macros });
    }
    let mut rounds = Rounds {
        all: vec![Vec::new()],
        free: macros,
        macros,
    };
    for (layer, (name, size)) in layers.iter().enumerate() {
        let Some(size) = size else {
            rounds.push(layer, 0..0, 0);
            continue;
        };
        if size.macros() <= macros {
            rounds.make_room(size.macros());
            rounds.push(layer, 0..size.column_tiles, size.macros());
        } else {
            rounds.push_cut(layer, name, size)?;
        }
    }
    Ok(rounds.all)
}

struct Rounds {
    all: Vec<Vec<Placed>>,
    free: usize,
    macros: usize,
}

impl Rounds {
    /// Begins another round unless `needed` macros are free.
    fn make_room(&mut self, needed: usize) {
        if needed > self.free {
            self.all.push(Vec::new());
            self.free = self.macros;
        }
    }

    fn push(&mut self, layer: usize, column_tiles: Range<usize>, macros: usize) {
        self.free -= macros;
        let placed = Placed {
            layer,
            column_tiles,
        };
        if let Some(round) = self.all.last_mut() {
            round.push(placed);
        }
    }

    /// A layer larger than the chip, as many column tiles at a time as fit.
    fn push_cut(&mut self, layer: usize, name: &str, size: &Size) -> Result<(), MappingError> {
        let one = size.row_tiles * size.copies;
        if one > self.macros {
            return Err(MappingError::TooLarge {
                layer: name.into(),
                needed: one,
                whole: size.macros(),
                macros: self.macros,
            });
        }
        self.make_room(self.macros);
        let mut start = 0;
        while start < size.column_tiles {
            self.make_room(one);
            let end = (start + self.free / one).min(size.column_tiles);
            self.push(layer, start..end, (end - start) * one);
            start = end;
        }
        Ok(())
    }
}

/// Cycles of writing arrays of these numbers of rows, `macros_at_once` at a time, the fullest first.
pub fn weight_cycles(rows: &[usize], writing: &WeightWritingSpec, clock_ns: f64) -> u64 {
    let mut rows = rows.to_vec();
    rows.sort_unstable_by(|a, b| b.cmp(a));
    let turns = rows.chunks(writing.macros_at_once.max(1) as usize);
    let one_after_the_other: usize = turns.filter_map(|turn| turn.first()).sum();
    (one_after_the_other as f64 * writing.row_ns / clock_ns).ceil() as u64
}
