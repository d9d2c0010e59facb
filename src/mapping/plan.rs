//! A network on a chip as input of the cycle engine: rounds of layers, each with its plan, and a plain description.
//!
//! Not responsible for how a plan runs (`cycle`), nor for what depends on the data ([`super::activity`]).

use super::buffer;
use super::duplication::{Demand, Named, balanced};
use super::error::MappingError;
use super::layer::LayerMapping;
use super::needs::needs;
use super::rounds::{Placed, Size, weight_cycles};
use super::work::{cells_of, rows_of};
use crate::cycle::plan::{Layer, Plan};
use crate::hw::chip::Hardware;
use crate::hw::tiles::{Chip, DuplicationSpec};
use crate::hw::timing::Timing;
use crate::net::network::{Network, Weights};
use crate::results::mapping::ChipMapping;
use std::ops::Range;

/// A layer of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Number in the network.
    pub layer: usize,
    /// Its name.
    pub name: String,
    /// Its column tiles that are in the arrays; empty for a digital layer.
    pub column_tiles: Range<usize>,
    /// Copies.
    pub copies: u32,
    /// Layout of the whole layer; `None` for a digital layer.
    pub mapping: Option<LayerMapping>,
}

/// Layers that are in the arrays together.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// What the chip is to do.
    pub plan: Plan,
    /// Cycles of writing the weights before it.
    pub weight_cycles: u64,
    /// Rows written before it, on all macros.
    pub rows_written: u64,
    /// Cells in use in these rows.
    pub cells_written: u64,
    /// What the layers of the plan are, in its order.
    pub parts: Vec<Part>,
}

/// A network on a chip.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// Rounds, one after the other.
    pub rounds: Vec<Round>,
    /// The same for reports.
    pub description: ChipMapping,
}

/// Lays a network on a chip for so many images. `highest` is the highest level of each layer's codes, which says how wide
/// partial sums are; without it they travel at the accumulator's width.
///
/// # Errors
/// If the hardware says nothing of time or chip, or the network does not fit. Whether the global buffer holds what layers in a
/// pipeline keep is known after they have run ([`super::maps::check_peak`]).
pub fn map_network(
    hardware: &Hardware,
    network: &Network,
    highest: Option<&[u32]>,
    images: u32,
) -> Result<Mapped, MappingError> {
    let missing = |section| MappingError::Missing {
        hardware: hardware.name.clone(),
        section,
    };
    let timing = hardware.timing.as_ref().ok_or(missing("timing"))?;
    let chip = hardware.chip.as_ref().ok_or(missing("chip"))?;
    if images == 0 {
        return Err(MappingError::NoImages);
    }
    let builder = Builder {
        hardware,
        timing,
        chip,
        network,
        highest,
        images,
        mappings: layer_mappings(hardware, network)?,
    };
    builder.check_counts()?;
    builder.build()
}

/// The layout of every layer on macros.
fn layer_mappings(
    hardware: &Hardware,
    network: &Network,
) -> Result<Vec<Option<LayerMapping>>, MappingError> {
    let mut mappings = Vec::with_capacity(network.layers.len());
    for (index, layer) in network.layers.iter().enumerate() {
        let input_bits = network.input_bits(index);
        mappings.push(match layer.weights {
            Weights::Digital { .. } => None,
            Weights::Macro { bits } => {
                let wrap = |error| MappingError::Hardware {
                    layer: layer.name.clone(),
                    error,
                };
                let mapping = LayerMapping::new(hardware, &layer.geometry, bits, input_bits);
                Some(mapping.map_err(wrap)?)
            }
        });
    }
    Ok(mappings)
}

/// Most of any count in a plan, far from overflow.
const MOST: u64 = 1 << 31;

/// What a network is laid on, and the layout of its layers.
pub(super) struct Builder<'a> {
    pub hardware: &'a Hardware,
    pub timing: &'a Timing,
    pub chip: &'a Chip,
    pub network: &'a Network,
    /// Highest level of each layer's codes.
    pub highest: Option<&'a [u32]>,
    pub images: u32,
    /// By layer; none for digital ones.
    pub mappings: Vec<Option<LayerMapping>>,
}

impl Builder<'_> {
    pub(super) fn macros(&self) -> usize {
        self.chip.tiles as usize * self.chip.macros_per_tile as usize
    }

    pub(super) fn pixels(&self, layer: usize) -> u32 {
        let map = self.network.layers[layer].geometry.output();
        (map.height * map.width) as u32
    }

    pub(super) fn input_bits(&self, layer: usize) -> u32 {
        self.network.input_bits(layer)
    }

    /// Everything that a plan counts in 32 bits.
    fn check_counts(&self) -> Result<(), MappingError> {
        for (index, layer) in self.network.layers.iter().enumerate() {
            let map = layer.geometry.output();
            let products = (layer.geometry.rows() * layer.geometry.outputs) as u64;
            let counts = [
                ("output pixels", (map.height * map.width) as u64),
                ("products per output pixel", products),
                ("bits per input", 8 * layer.geometry.rows() as u64),
                (
                    "operations per output pixel",
                    self.mappings[index].as_ref().map_or(0, |m| m.conversions()),
                ),
            ];
            for (what, found) in counts {
                if found >= MOST {
                    return Err(MappingError::TooMany {
                        layer: layer.name.clone(),
                        what,
                        found,
                        most: MOST,
                    });
                }
            }
        }
        Ok(())
    }

    fn build(&self) -> Result<Mapped, MappingError> {
        let macros = self.macros();
        let names = self.network.layers.iter().map(|layer| layer.name.as_str());
        let demands: Vec<Named> = names
            .clone()
            .enumerate()
            .map(|(index, name)| Named {
                name,
                demand: self.mappings[index]
                    .as_ref()
                    .map(|m| self.demand(index, m, 0..m.column_tiles())),
            })
            .collect();
        let written = self.written(&demands, macros)?;
        let sizes = self
            .mappings
            .iter()
            .zip(&written)
            .map(|(mapping, &copies)| {
                mapping.as_ref().map(|mapping| Size {
                    row_tiles: mapping.row_tiles(),
                    column_tiles: mapping.column_tiles(),
                    copies: copies as usize,
                })
            });
        let sized: Vec<_> = names.zip(sizes).collect();
        let placed = self.placed(&sized, macros)?;
        let buffer_bits = buffer::check(self.network, &placed, self.images, self.chip)?;
        let rounds: Vec<Round> = placed
            .iter()
            .map(|round| self.round(round, &written, self.takes_turns(&placed, round)))
            .collect();
        let description = self.describe(&rounds, buffer_bits);
        Ok(Mapped {
            rounds,
            description,
        })
    }

    /// What one copy of these column tiles needs.
    fn demand(&self, layer: usize, mapping: &LayerMapping, tiles: Range<usize>) -> Demand {
        Demand {
            macros: mapping.row_tiles() * tiles.len(),
            pixels: self.pixels(layer),
            cycles: self.slowest(mapping, &tiles).2,
        }
    }

    /// Copies of the layers of a round: those by hand, or free macros to the slowest.
    fn copies(&self, placed: &[Placed], written: &[u32]) -> Vec<u32> {
        let DuplicationSpec::Balanced(_) = self.chip.duplication else {
            return placed.iter().map(|part| written[part.layer]).collect();
        };
        let mut copies = vec![1; placed.len()];
        let on_macros: Vec<(usize, Demand)> = placed
            .iter()
            .enumerate()
            .filter_map(|(at, part)| {
                let mapping = self.mappings[part.layer].as_ref()?;
                Some((
                    at,
                    self.demand(part.layer, mapping, part.column_tiles.clone()),
                ))
            })
            .collect();
        let demands: Vec<Demand> = on_macros.iter().map(|(_, demand)| *demand).collect();
        let numbers = balanced(&demands, self.macros());
        for ((at, _), number) in on_macros.iter().zip(numbers) {
            copies[*at] = number;
        }
        copies
    }

    fn round(&self, placed: &[Placed], written: &[u32], takes_turns: bool) -> Round {
        let copies = self.copies(placed, written);
        let mut next_macro = 0;
        let mut layers = Vec::with_capacity(placed.len());
        let mut parts: Vec<Part> = Vec::with_capacity(placed.len());
        let mut rows = Vec::new();
        for (place, &copies) in placed.iter().zip(&copies) {
            let shape = &self.network.layers[place.layer];
            let part = Part {
                layer: place.layer,
                name: shape.name.clone(),
                column_tiles: place.column_tiles.clone(),
                copies,
                mapping: self.mappings[place.layer].clone(),
            };
            let pixels = self.pixels(place.layer);
            let needs = match parts.last() {
                Some(before) => needs(&self.network.layers[before.layer], shape),
                None => vec![0; pixels as usize],
            };
            layers.push(Layer {
                pixels,
                row_pixels: shape.geometry.output().width as u32,
                needs,
                work: self.work(&part, &mut next_macro),
            });
            rows.extend(rows_of(&part));
            parts.push(part);
        }
        let writing = self.chip.weight_writing.as_ref().filter(|_| takes_turns);
        Round {
            plan: self.plan(layers),
            weight_cycles: writing.map_or(0, |writing| {
                weight_cycles(&rows, writing, self.timing.clock_ns)
            }),
            rows_written: writing.map_or(0, |_| rows.iter().sum::<usize>() as u64),
            cells_written: writing.map_or(0, |_| parts.iter().map(cells_of).sum()),
            parts,
        }
    }
}
