//! What one chip is to do, in whole cycles and plain numbers: the input of both engines.
//!
//! One plan covers layers whose weights are in the arrays at the same time. The law is in [`super`]. Not responsible for how
//! a network becomes a plan (`mapping`).

/// Where values are held between the array and the read-outs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nowhere: the array is held until the conversion is latched.
    None,
    /// One sample-and-hold per read-out: an operation per position of the column multiplexer.
    PerReadout,
    /// One per column: an operation serves all positions.
    PerColumn,
}

/// Cycles of one operation and its conversions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacroTiming {
    /// Precharge and development; at least 1.
    pub front: u32,
    /// Sampling; may be 0.
    pub sample: u32,
    /// One conversion that does not end early; at least 1.
    pub sense: u32,
    /// Latch, shift and add; at least 1.
    pub latch: u32,
    /// Sample-and-hold.
    pub hold: Hold,
}

/// Whether an output pixel may begin before the one before has left the macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetweenPixels {
    /// It may not.
    Drain,
    /// It may: the array goes on while read-outs finish.
    Overlap,
}

/// How layers follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A layer begins when the one before is stored completely, an image when the one before is.
    LayerByLayer,
    /// A pixel begins as soon as the pixels it needs are stored.
    Pipelined,
}

/// Links between tiles, and to the global buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One link for all.
    Bus,
    /// A grid of routers, one per tile, row by row; the global buffer is at router 0. First along the row, then along the
    /// column. A link for each direction between neighbours.
    Mesh {
        /// Routers per row; at least 1.
        columns: u32,
    },
}

/// How data travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Links.
    pub topology: Topology,
    /// Bits per cycle of every link; at least 1.
    pub width_bits: u32,
    /// Cycles of each link beyond the first.
    pub hop_cycles: u32,
}

/// Places of data on a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// The buffer that holds activations between layers.
    GlobalBuffer,
    /// A tile.
    Tile(u32),
}

/// Buffers of every macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// Input vectors a macro can hold; at least 1.
    pub input_vectors: u32,
    /// Accumulator banks, one output pixel each; at least 1.
    pub accumulator_banks: u32,
    /// Output pixels a macro can hold until they have left; at least 1.
    pub output_vectors: u32,
}

/// One array's part of a layer; for all copies of it and all pixels alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileWork {
    /// Operations of one MVM: open groups of word lines times reads of the input bits (times positions of the column
    /// multiplexer unless every column has a sample-and-hold).
    pub operations: u32,
    /// Conversions after each operation: 1, or the positions of the multiplexer.
    pub conversions_per_operation: u32,
    /// Bits of its inputs where nothing of them is on the macro yet: the first pixel that the copy does in each row of the
    /// output map.
    pub load_bits: u32,
    /// Bits of the inputs of every other pixel: those that the pixel before on the same copy did not have. Equal to
    /// `load_bits` where the macro keeps nothing.
    pub load_bits_next: u32,
    /// Bits of its partial sums (0 for the first along the rows).
    pub sum_bits: u32,
    /// Cycles to add the sums of one other tile to its own.
    pub merge: u32,
    /// Cycles of its activation unit.
    pub activate: u32,
    /// Bits of the codes it sends to the global buffer (first along the rows only).
    pub output_bits: u32,
}

/// A layer on macros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MacroWork {
    /// Arrays stacked along the rows.
    pub row_tiles: u32,
    /// Arrays beside each other.
    pub column_tiles: u32,
    /// Parts `[column tile][row tile]`.
    pub tiles: Vec<TileWork>,
    /// Macros `[copy][column tile][row tile]`; pixel p is done by copy p % copies.
    pub macros: Vec<u32>,
}

/// Who computes a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Macros.
    Macro(MacroWork),
    /// The digital unit.
    Digital {
        /// Cycles of each pixel; at least 1.
        cycles_per_pixel: u32,
    },
}

/// One layer, or those of its column tiles that are in the arrays now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Output pixels (before pooling) of one image.
    pub pixels: u32,
    /// Pixels of one row of the output map; at least 1. Pixel p is the first that its copy does in a row where
    /// `p % row_pixels < copies`.
    pub row_pixels: u32,
    /// For each pixel: how many leading pixels of the layer before in the plan must be stored. Ignored in the first layer.
    pub needs: Vec<u32>,
    /// Who computes it.
    pub work: Work,
}

impl Layer {
    /// Bits that a tile of this layer loads for a pixel.
    pub fn load_bits(&self, part: &TileWork, pixel: u32) -> u32 {
        let Work::Macro(work) = &self.work else {
            return 0;
        };
        let copies = work.macros.len() / work.tiles.len().max(1);
        match (pixel % self.row_pixels.max(1)) as usize {
            place if place < copies => part.load_bits,
            _ => part.load_bits_next,
        }
    }
}

/// What one chip is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Cycles of a macro.
    pub timing: MacroTiming,
    /// Links.
    pub network: Network,
    /// Buffers.
    pub buffers: Buffers,
    /// Between output pixels.
    pub between_pixels: BetweenPixels,
    /// Between layers.
    pub order: Order,
    /// Images.
    pub images: u32,
    /// Tile of each macro of the chip; macros without work are idle.
    pub tile_of_macro: Vec<u32>,
    /// Layers in the order of the data; each macro belongs to one at most.
    pub layers: Vec<Layer>,
}

/// One MVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mvm {
    /// Image.
    pub image: u32,
    /// Layer in the plan.
    pub layer: u32,
    /// Output pixel.
    pub pixel: u32,
    /// Part of the layer: column tile * row tiles + row tile.
    pub tile: u32,
}

/// What an MVM does where that depends on the data: skipped operations are left out, conversions may end early.
pub trait Activity {
    /// Appends, for every operation of this MVM that takes place, in order, the sense cycles (at least 1) of its
    /// conversions to `senses`: `tile.conversions_per_operation` entries per operation. Returns false, and appends nothing,
    /// where the MVM takes `tile.operations` operations of `timing.sense` cycles each.
    fn senses(&self, mvm: Mvm, senses: &mut Vec<u32>) -> bool;
}

/// Nothing depends on the data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uniform;

impl Activity for Uniform {
    fn senses(&self, _: Mvm, _: &mut Vec<u32>) -> bool {
        false
    }
}
