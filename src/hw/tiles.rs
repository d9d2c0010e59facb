//! What stands around the macros of a chip (`[chip]`): tiles, buffers, links, digital units, and how work is spread over them.
//!
//! Not responsible for the macro itself ([`super::timing`] and the signal chain), nor for where layers go (`mapping`).

use super::error::{Checks, HwError};
use super::keyword::keyword;
use serde::Deserialize;
use std::collections::BTreeMap;

keyword! {
    /// How layers follow each other.
    Order {
        /// A layer begins when the one before is complete.
        LayerByLayer = "layer_by_layer",
        /// A pixel begins when the pixels it needs are there.
        Pipelined = "pipelined",
    }
}

keyword! {
    /// Whether an output pixel may begin before the one before has left the macro.
    BetweenPixels {
        /// It may not.
        Drain = "drain",
        /// It may.
        Overlap = "overlap",
    }
}

keyword! {
    /// Which inputs of an output pixel travel to the macro.
    InputReuse {
        /// All.
        None = "none",
        /// Those that the pixel before did not have: the macro keeps the rows of its kernel.
        LineBuffer = "line_buffer",
    }
}

/// `[chip]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipSpec {
    /// Tiles.
    pub tiles: u32,
    /// Macros of each tile.
    pub macros_per_tile: u32,
    /// Buffers.
    pub buffers: BuffersSpec,
    /// Links.
    pub interconnect: InterconnectSpec,
    /// Digital units.
    pub digital: DigitalSpec,
    /// Work over time.
    pub schedule: ScheduleSpec,
    /// Copies of layers.
    pub duplication: DuplicationSpec,
    /// Writing weights while networks run; without it all layers must fit at once.
    #[serde(default)]
    pub weight_writing: Option<WeightWritingSpec>,
}

/// `[chip.buffers]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuffersSpec {
    /// Input vectors each macro holds.
    pub input_vectors: u32,
    /// Accumulator banks of each macro, one output pixel each.
    pub accumulator_banks: u32,
    /// Output pixels each macro holds until they have left.
    pub output_vectors: u32,
    /// Buffer for activations between layers.
    pub global_kib: f64,
}

/// `[chip.interconnect]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterconnectSpec {
    /// One link for all.
    Bus(BusSpec),
    /// A grid of routers.
    Mesh(MeshSpec),
}

/// `[chip.interconnect.bus]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusSpec {
    /// Bits per cycle.
    pub width_bits: u32,
}

/// `[chip.interconnect.mesh]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshSpec {
    /// Tiles per row of the grid.
    pub columns: u32,
    /// Bits per cycle of each link.
    pub width_bits: u32,
    /// Cycles of each link beyond the first.
    pub hop_cycles: u32,
}

/// `[chip.digital]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitalSpec {
    /// Products of the unit for digital layers.
    pub macs_per_cycle: u32,
    /// Sums of other arrays that a macro adds per cycle.
    pub adds_per_cycle: u32,
    /// Outputs (scale, shift, activation) of a macro per cycle.
    pub activations_per_cycle: u32,
}

/// `[chip.schedule]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpec {
    /// Between layers.
    pub order: Order,
    /// Between output pixels.
    pub between_pixels: BetweenPixels,
    /// Inputs that travel.
    pub input_reuse: InputReuse,
}

/// `[chip.duplication]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicationSpec {
    /// One copy of each layer.
    None(NoSpec),
    /// Free macros go to the layer that takes longest, again and again.
    Balanced(NoSpec),
    /// Copies by name of the layer; others have one.
    ByHand(BTreeMap<String, u32>),
}

/// An empty table.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoSpec {}

/// `[chip.weight_writing]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightWritingSpec {
    /// Time to write one row of an array.
    pub row_ns: f64,
    /// Macros written at once.
    pub macros_at_once: u32,
}

/// A checked chip around the macros: the numbers as written.
pub type Chip = ChipSpec;

/// Most of any count: far beyond any chip, and far from overflow.
const MOST: u64 = 1 << 24;
/// Most routers of a mesh.
const MOST_ROUTERS: u64 = 1 << 16;

impl ChipSpec {
    /// Checks the numbers against each other.
    pub fn resolve(&self, checks: &mut Checks) -> Chip {
        let macros = u64::from(self.tiles) * u64::from(self.macros_per_tile);
        let count = |checks: &mut Checks, key: &str, value: u32, advice: &str| {
            checks.within(&format!("chip.{key}"), u64::from(value), 1, MOST, advice);
        };
        count(checks, "tiles", self.tiles, "a chip has at least one tile");
        count(
            checks,
            "macros_per_tile",
            self.macros_per_tile,
            "a tile has at least one macro",
        );
        if macros > MOST {
            checks.push(HwError::new(
                "chip.macros_per_tile",
                self.macros_per_tile,
                format!("at most {MOST} macros in all tiles"),
                "use fewer tiles or macros",
            ));
        }
        let buffers = &self.buffers;
        for (key, value) in [
            ("buffers.input_vectors", buffers.input_vectors),
            ("buffers.accumulator_banks", buffers.accumulator_banks),
            ("buffers.output_vectors", buffers.output_vectors),
            ("digital.macs_per_cycle", self.digital.macs_per_cycle),
            ("digital.adds_per_cycle", self.digital.adds_per_cycle),
            (
                "digital.activations_per_cycle",
                self.digital.activations_per_cycle,
            ),
        ] {
            count(checks, key, value, "without it no work gets through");
        }
        checks.positive("chip.buffers.global_kib", buffers.global_kib);
        self.check_interconnect(checks);
        if let DuplicationSpec::ByHand(copies) = &self.duplication {
            for (layer, &number) in copies {
                count(
                    checks,
                    &format!("duplication.by_hand.{layer}"),
                    number,
                    "a layer has at least one copy",
                );
            }
        }
        if let Some(writing) = &self.weight_writing {
            checks.positive("chip.weight_writing.row_ns", writing.row_ns);
            count(
                checks,
                "weight_writing.macros_at_once",
                writing.macros_at_once,
                "write at least one macro at a time",
            );
        }
        self.clone()
    }

    /// The last row of a mesh is filled up with routers.
    fn check_routers(&self, columns: u32, checks: &mut Checks) {
        let routers = u64::from(self.tiles).next_multiple_of(u64::from(columns.max(1)));
        if routers > MOST_ROUTERS {
            checks.push(HwError::new(
                "chip.interconnect.mesh.columns",
                columns,
                format!(
                    "at most {MOST_ROUTERS} routers, and these rows for {} tiles have {routers}",
                    self.tiles
                ),
                "use fewer columns or tiles",
            ));
        }
    }

    fn check_interconnect(&self, checks: &mut Checks) {
        let width = "a link carries at least one bit per cycle";
        match self.interconnect {
            InterconnectSpec::Bus(bus) => checks.within(
                "chip.interconnect.bus.width_bits",
                u64::from(bus.width_bits),
                1,
                MOST,
                width,
            ),
            InterconnectSpec::Mesh(mesh) => {
                for (key, value, least, advice) in [
                    ("width_bits", mesh.width_bits, 1, width),
                    ("columns", mesh.columns, 1, "a row has at least one tile"),
                    ("hop_cycles", mesh.hop_cycles, 0, "write whole cycles"),
                ] {
                    checks.within(
                        &format!("chip.interconnect.mesh.{key}"),
                        u64::from(value),
                        least,
                        MOST,
                        advice,
                    );
                }
                self.check_routers(mesh.columns, checks);
            }
        }
    }
}
