//! One layer on arrays: row groups, columns of its weight planes, tiles along rows and columns, conversions.
//!
//! ```text
//! rows      K rows in groups of N open word lines; floor(R / N) whole groups per array, the rows left over are wasted
//! columns   every output has those of its weight planes, all on one array; a column of middle levels is shared per array
//! units     what one read-out converts: a column, or a pair whose currents are subtracted
//! read-outs of an array = units it can hold / columns_per_readout;  positions in use = ceil(units on it / read-outs)
//! ```
//! The one arithmetic of a layer's layout: reports (`sim`) and plans ask here. Not responsible for which macros ([`super::rounds`])
//! nor for time.

use crate::hw::accumulator::Accumulator;
use crate::hw::chip::{ArrayShape, Hardware};
use crate::hw::columns_read::ColumnsRead;
use crate::hw::error::HwError;
use crate::hw::timing::SampleAndHold;
use crate::hw::weight_plane::{Conversion, WeightPlane};
use crate::hw::word_line::{InputPlane, RowGroups, RowOrder};
use crate::net::network::Geometry;
use std::ops::Range;

/// What a layer puts on arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    /// Weight planes with their factors.
    pub weights: Vec<(i32, WeightPlane)>,
    /// Reads of the input bits with their factors.
    pub inputs: Vec<(i32, InputPlane)>,
}

/// A layer laid out on arrays.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerMapping {
    /// Shape of the layer.
    pub geometry: Geometry,
    /// Groups of open word lines.
    pub groups: RowGroups,
    /// How rows lie on word lines.
    pub order: RowOrder,
    /// Planes.
    pub planes: Planes,
    /// Size of one array.
    pub array: ArrayShape,
    /// Whole groups on one array.
    pub groups_per_array: usize,
    /// Outputs on one array.
    pub outputs_per_array: usize,
}

impl LayerMapping {
    /// A layer with weights and inputs of these bits on arrays of this hardware.
    ///
    /// # Errors
    /// If the macro cannot hold the weights or take the inputs, or an array has too few columns for one output.
    pub fn new(
        hardware: &Hardware,
        geometry: &Geometry,
        weight_bits: u32,
        input_bits: u32,
    ) -> Result<Self, HwError> {
        let planes = Planes {
            weights: hardware.weights.planes(weight_bits, hardware.cell.top())?,
            inputs: hardware.word_lines.planes(input_bits)?,
        };
        let groups = (hardware.word_lines.active, hardware.row_order);
        Self::with_planes(hardware.array, groups, geometry, planes)
    }

    /// A layer with given planes on arrays that open `active` word lines at once, with rows in this order on them.
    ///
    /// # Errors
    /// If an array has too few columns for one output.
    pub fn with_planes(
        array: ArrayShape,
        (active, order): (usize, RowOrder),
        geometry: &Geometry,
        planes: Planes,
    ) -> Result<Self, HwError> {
        let (own, shared) = columns(&planes.weights);
        let outputs_per_array = array.columns.saturating_sub(shared) / own.max(1);
        if outputs_per_array == 0 {
            return Err(HwError::new(
                "array.columns",
                array.columns,
                format!("at least {} columns for one output", own + shared),
                "use wider arrays or weights of fewer bits",
            ));
        }
        Ok(LayerMapping {
            geometry: *geometry,
            groups: RowGroups {
                rows: geometry.rows(),
                active,
            },
            order,
            groups_per_array: (array.rows / active).max(1),
            outputs_per_array,
            planes,
            array,
        })
    }

    /// Arrays stacked along the rows.
    pub fn row_tiles(&self) -> usize {
        self.groups.count().div_ceil(self.groups_per_array)
    }

    /// Arrays beside each other.
    pub fn column_tiles(&self) -> usize {
        self.geometry.outputs.div_ceil(self.outputs_per_array)
    }

    /// Arrays of one copy.
    pub fn arrays(&self) -> usize {
        self.row_tiles() * self.column_tiles()
    }

    /// Groups on the arrays of a row tile.
    pub fn tile_groups(&self, row_tile: usize) -> Range<usize> {
        let start = row_tile * self.groups_per_array;
        start..(start + self.groups_per_array).min(self.groups.count())
    }

    /// Word lines on the arrays of a row tile, of those of the layer.
    pub fn tile_rows(&self, row_tile: usize) -> Range<usize> {
        let groups = self.tile_groups(row_tile);
        let active = self.groups.active;
        groups.start * active..(groups.end * active).min(self.groups.rows)
    }

    /// Outputs on the arrays of a column tile.
    pub fn tile_outputs(&self, column_tile: usize) -> Range<usize> {
        let start = column_tile * self.outputs_per_array;
        start..(start + self.outputs_per_array).min(self.geometry.outputs)
    }

    /// Physical columns in use on the arrays of a column tile.
    pub fn tile_columns(&self, column_tile: usize) -> usize {
        let (own, shared) = columns(&self.planes.weights);
        self.tile_outputs(column_tile).len() * own + shared
    }

    /// Physical columns of all column tiles.
    pub fn columns(&self) -> usize {
        let (own, shared) = columns(&self.planes.weights);
        self.geometry.outputs * own + self.column_tiles() * shared
    }

    /// Units of one output that are its own.
    pub fn units_per_output(&self) -> usize {
        let planes = self.planes.weights.iter();
        planes.filter(|(_, plane)| !is_shared(plane)).count()
    }

    /// Units that all outputs of one array share.
    pub fn shared_units(&self) -> usize {
        self.planes.weights.len() - self.units_per_output()
    }

    /// Units on the arrays of a column tile.
    pub fn units(&self, column_tile: usize) -> usize {
        self.tile_outputs(column_tile).len() * self.units_per_output() + self.shared_units()
    }

    /// Read-outs of one array.
    pub fn readouts(&self) -> usize {
        let first = self.planes.weights.first();
        let read = first.map_or(ColumnsRead::Alone, |(_, plane)| plane.columns_read());
        self.array.readouts(read)
    }

    /// Positions of the column multiplexer in use on the arrays of a column tile.
    pub fn positions(&self, column_tile: usize) -> usize {
        self.units(column_tile).div_ceil(self.readouts())
    }

    /// Operations of one MVM: groups x reads of the input bits, x positions unless a sample-and-hold in every column serves
    /// them all.
    pub fn operations(&self, hold: SampleAndHold, row_tile: usize, column_tile: usize) -> usize {
        let activations = self.tile_groups(row_tile).len() * self.planes.inputs.len();
        match hold {
            SampleAndHold::PerColumn => activations,
            SampleAndHold::None | SampleAndHold::PerReadout => {
                activations * self.positions(column_tile)
            }
        }
    }

    /// Conversions of one read-out after each operation.
    pub fn conversions_per_operation(&self, hold: SampleAndHold, column_tile: usize) -> usize {
        match hold {
            SampleAndHold::PerColumn => self.positions(column_tile),
            SampleAndHold::None | SampleAndHold::PerReadout => 1,
        }
    }

    /// Conversions of all read-outs for one output pixel.
    pub fn conversions(&self) -> u64 {
        let units = (0..self.column_tiles()).map(|tile| self.units(tile) as u64);
        units.sum::<u64>() * (self.groups.count() * self.planes.inputs.len()) as u64
    }

    /// Inputs on the word lines of a row tile that a pixel needs and the pixel `step` columns of the output map before it did
    /// not have. Rows that are not consecutive also need what was on the word lines of another row tile.
    pub fn new_inputs(&self, row_tile: usize, step: usize) -> usize {
        let Geometry { kernel, stride, .. } = self.geometry;
        let kept = kernel.saturating_sub(stride * step);
        let tile = self.tile_rows(row_tile);
        match self.order {
            RowOrder::Consecutive => tile.filter(|row| row % kernel >= kept).count(),
            RowOrder::Interleaved => {
                let rows = &self.order.rows(self.groups.rows, self.groups.active)[tile];
                let mut here = vec![false; self.groups.rows];
                rows.iter().for_each(|&row| here[row] = true);
                // Its input was that of the row `stride * step` further on in its line of the kernel.
                let is_new = |row: &usize| row % kernel >= kept || !here[row + stride * step];
                rows.iter().copied().filter(is_new).count()
            }
        }
    }

    /// Width of the sum of one output over the groups of a row tile, for codes worth levels up to `highest`.
    pub fn sum_bits(&self, row_tile: usize, highest: u32) -> u32 {
        let groups = self.tile_groups(row_tile).len();
        Accumulator::bits_needed(&self.all_conversions(), groups, highest)
    }

    /// Conversions of one group and output, reads of the input bits outermost.
    fn all_conversions(&self) -> Vec<Conversion> {
        let of = |&(a_factor, input): &(i32, InputPlane)| {
            let weights = self.planes.weights.iter();
            weights.map(move |&(w_factor, weight)| Conversion {
                factor: a_factor * w_factor,
                input,
                weight,
            })
        };
        self.planes.inputs.iter().flat_map(of).collect()
    }

    /// Rows of one array that no whole group fits into.
    pub fn wasted_rows(&self) -> usize {
        self.array.rows - self.groups_per_array * self.groups.active
    }

    /// Share of the rows of its arrays that hold weights.
    pub fn row_utilisation(&self) -> f64 {
        self.groups.rows as f64 / (self.row_tiles() * self.array.rows) as f64
    }

    /// Share of the cells of its arrays that hold weights.
    pub fn cell_utilisation(&self) -> f64 {
        let cells = self.arrays() * self.array.rows * self.array.columns;
        (self.groups.rows * self.columns()) as f64 / cells as f64
    }
}

/// Physical columns of each output, and those that all outputs of an array share.
fn columns(planes: &[(i32, WeightPlane)]) -> (usize, usize) {
    let of = |plane: &WeightPlane| match plane {
        WeightPlane::Signed { .. } | WeightPlane::Differential { .. } => (2, 0),
        WeightPlane::Positive { .. }
        | WeightPlane::Negative { .. }
        | WeightPlane::Raised { .. } => (1, 0),
        WeightPlane::Offset { .. } => (1, 1),
        WeightPlane::Middle { .. } => (0, 1),
    };
    let add = |sum: (usize, usize), (own, shared)| (sum.0 + own, sum.1 + shared);
    planes.iter().map(|(_, plane)| of(plane)).fold((0, 0), add)
}

/// Whether all outputs of an array share the plane's column and its conversion.
pub(super) fn is_shared(plane: &WeightPlane) -> bool {
    matches!(plane, WeightPlane::Middle { .. })
}
