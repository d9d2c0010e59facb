//! Plans for tests: a small one by hand, and random ones with activities.

use imcsim::cycle::plan::{
    Activity, BetweenPixels, Buffers, Hold, Layer, MacroTiming, MacroWork, Mvm, Network, Order,
    Plan, TileWork, Topology, Work,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// One macro on its own tile, one pixel of one operation, a bus that takes one cycle for everything.
pub fn small() -> Plan {
    Plan {
        timing: MacroTiming {
            front: 3,
            sample: 0,
            sense: 4,
            latch: 1,
            hold: Hold::PerReadout,
        },
        network: Network {
            topology: Topology::Bus,
            width_bits: 8,
            hop_cycles: 0,
        },
        buffers: Buffers {
            input_vectors: 1,
            accumulator_banks: 1,
            output_vectors: 1,
        },
        between_pixels: BetweenPixels::Drain,
        order: Order::Pipelined,
        images: 1,
        tile_of_macro: vec![0],
        layers: vec![macro_layer(1, vec![], 1, 1, part(1), vec![0])],
    }
}

pub fn part(operations: u32) -> TileWork {
    TileWork {
        operations,
        conversions_per_operation: 1,
        load_bits: 8,
        load_bits_next: 8,
        sum_bits: 8,
        merge: 1,
        activate: 2,
        output_bits: 8,
    }
}

/// All tiles alike.
pub fn macro_layer(
    pixels: u32,
    needs: Vec<u32>,
    row_tiles: u32,
    column_tiles: u32,
    part: TileWork,
    macros: Vec<u32>,
) -> Layer {
    Layer {
        pixels,
        row_pixels: 1 + pixels / 2,
        needs,
        work: Work::Macro(MacroWork {
            row_tiles,
            column_tiles,
            tiles: vec![part; (row_tiles * column_tiles) as usize],
            macros,
        }),
    }
}

pub fn digital_layer(pixels: u32, needs: Vec<u32>, cycles_per_pixel: u32) -> Layer {
    Layer {
        pixels,
        row_pixels: 1 + pixels / 2,
        needs,
        work: Work::Digital { cycles_per_pixel },
    }
}

/// Every MVM does something else, by a hash of its place: all as planned, nothing, or a part with conversions that end early.
#[derive(Clone, Debug)]
pub struct Scattered {
    seed: u64,
    sense: u32,
    /// Operations and conversions of each, by layer and tile.
    parts: Vec<Vec<(u32, u32)>>,
}

impl Scattered {
    pub fn new(plan: &Plan, seed: u64) -> Scattered {
        let parts = |layer: &Layer| match &layer.work {
            Work::Macro(work) => {
                let counts = |part: &TileWork| (part.operations, part.conversions_per_operation);
                work.tiles.iter().map(counts).collect()
            }
            Work::Digital { .. } => Vec::new(),
        };
        Scattered {
            seed,
            sense: plan.timing.sense,
            parts: plan.layers.iter().map(parts).collect(),
        }
    }
}

fn mixed(mut value: u64) -> u64 {
    for _ in 0..2 {
        value ^= value >> 31;
        value = value.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    value ^ (value >> 29)
}

impl Activity for Scattered {
    fn senses(&self, mvm: Mvm, senses: &mut Vec<u32>) -> bool {
        let place = [mvm.image, mvm.layer, mvm.pixel, mvm.tile];
        let fold = |key: u64, part: &u32| mixed(key ^ mixed(u64::from(*part) + 1));
        let key = place.iter().fold(mixed(self.seed), fold);
        match key % 4 {
            0 => return false,
            1 => return true,
            _ => {}
        }
        let (most, conversions) = self.parts[mvm.layer as usize][mvm.tile as usize];
        let operations = mixed(key) % (u64::from(most) + 1);
        for conversion in 0..operations * u64::from(conversions) {
            senses.push((mixed(key ^ (conversion + 7)) % u64::from(self.sense)) as u32 + 1);
        }
        true
    }
}

/// A random layer; numbers are made consistent by [`assemble`].
#[derive(Clone, Debug)]
struct Draft {
    digital: bool,
    pixels: u32,
    row_tiles: u32,
    column_tiles: u32,
    copies: u32,
    cycles_per_pixel: u32,
    part: TileWork,
    /// Added to the numbers of the parts, so that tiles differ.
    spread: u32,
    needs: Vec<u32>,
}

fn drafts() -> impl Strategy<Value = Draft> {
    let shape = (
        any::<bool>(),
        1..6_u32,
        1..4_u32,
        1..4_u32,
        1..4_u32,
        1..6_u32,
    );
    let bits = (0..40_u32, 0..40_u32, 0..40_u32);
    let part = (1..4_u32, 1..4_u32, bits, 0..4_u32, 0..4_u32);
    (shape, part, 0..3_u32, vec(0..7_u32, 6)).prop_map(|(shape, part, spread, needs)| {
        let (digital, pixels, row_tiles, column_tiles, copies, cycles_per_pixel) = shape;
        let (operations, conversions_per_operation, bits, merge, activate) = part;
        Draft {
            digital,
            pixels,
            row_tiles,
            column_tiles,
            copies,
            cycles_per_pixel,
            part: TileWork {
                operations,
                conversions_per_operation,
                load_bits: bits.0,
                load_bits_next: bits.0 / 2,
                sum_bits: bits.1,
                output_bits: bits.2,
                merge,
                activate,
            },
            spread,
            needs,
        }
    })
}

impl Draft {
    fn layer(&self, before: Option<u32>, hold: Hold, free_macro: &mut u32) -> Layer {
        let needs = self.needs.iter().take(self.pixels as usize);
        let mut needs: Vec<u32> = needs.map(|need| need % (before.unwrap_or(0) + 1)).collect();
        needs.sort();
        if self.digital {
            return digital_layer(self.pixels, needs, self.cycles_per_pixel);
        }
        let tiles = self.row_tiles * self.column_tiles;
        let macros = *free_macro..*free_macro + tiles * self.copies;
        *free_macro = macros.end;
        let part = |tile: u32| {
            let more = self.spread * tile % 4;
            let conversions = match hold {
                Hold::PerColumn => self.part.conversions_per_operation,
                _ => 1,
            };
            TileWork {
                operations: self.part.operations + more,
                conversions_per_operation: conversions,
                load_bits: self.part.load_bits + 3 * more,
                load_bits_next: self.part.load_bits_next + more,
                sum_bits: self.part.sum_bits + more,
                merge: self.part.merge + more,
                ..self.part
            }
        };
        Layer {
            pixels: self.pixels,
            row_pixels: 1 + self.pixels / 2,
            needs,
            work: Work::Macro(MacroWork {
                row_tiles: self.row_tiles,
                column_tiles: self.column_tiles,
                tiles: (0..tiles).map(part).collect(),
                macros: macros.collect(),
            }),
        }
    }
}

fn timings() -> impl Strategy<Value = MacroTiming> {
    let holds = prop_oneof![
        Just(Hold::None),
        Just(Hold::PerReadout),
        Just(Hold::PerColumn)
    ];
    (1..5_u32, 0..3_u32, 1..7_u32, 1..5_u32, holds).prop_map(
        |(front, sample, sense, latch, hold)| MacroTiming {
            front,
            sample,
            sense,
            latch,
            hold,
        },
    )
}

fn networks() -> impl Strategy<Value = Network> {
    let topologies = prop_oneof![
        Just(Topology::Bus),
        (1..4_u32).prop_map(|columns| Topology::Mesh { columns })
    ];
    (topologies, 1..64_u32, 0..3_u32).prop_map(|(topology, width_bits, hop_cycles)| Network {
        topology,
        width_bits,
        hop_cycles,
    })
}

/// Small plans of every kind, and an activity that fits.
pub fn plans() -> impl Strategy<Value = (Plan, Scattered)> {
    let buffers = (1..4_u32, 1..4_u32, 1..4_u32);
    let modes = (any::<bool>(), any::<bool>(), 1..4_u32, any::<u64>());
    let tiles = (1..9_u32, any::<bool>());
    (
        vec(drafts(), 1..5),
        timings(),
        networks(),
        buffers,
        modes,
        tiles,
    )
        .prop_map(|(drafts, timing, network, buffers, modes, tiles)| {
            let (overlap, by_layer, images, seed) = modes;
            let mut plan = Plan {
                timing,
                network,
                buffers: Buffers {
                    input_vectors: buffers.0,
                    accumulator_banks: buffers.1,
                    output_vectors: buffers.2,
                },
                between_pixels: match overlap {
                    false => BetweenPixels::Drain,
                    true => BetweenPixels::Overlap,
                },
                order: match by_layer {
                    false => Order::Pipelined,
                    true => Order::LayerByLayer,
                },
                images,
                tile_of_macro: Vec::new(),
                layers: Vec::new(),
            };
            assemble(&mut plan, &drafts, tiles);
            let activity = Scattered::new(&plan, seed);
            (plan, activity)
        })
}

fn assemble(plan: &mut Plan, drafts: &[Draft], (tiles, backwards): (u32, bool)) {
    let (mut free_macro, mut before) = (0, None);
    for draft in drafts {
        let layer = draft.layer(before, plan.timing.hold, &mut free_macro);
        before = Some(layer.pixels);
        plan.layers.push(layer);
    }
    // One macro more than there is work; neighbours on different tiles, or the numbers turned round.
    let macros = free_macro + 1;
    plan.tile_of_macro = (0..macros).map(|number| number % tiles).collect();
    for layer in &mut plan.layers {
        if let Work::Macro(work) = &mut layer.work
            && backwards
        {
            let turned = |number: &mut u32| *number = macros - 1 - *number;
            work.macros.iter_mut().for_each(turned);
        }
    }
}

/// One macro, up to 80 operations in a pixel, phases of any proportion.
pub fn long_mvms() -> impl Strategy<Value = Plan> {
    let holds = prop_oneof![
        Just(Hold::None),
        Just(Hold::PerReadout),
        Just(Hold::PerColumn)
    ];
    let phases = (1..24_u32, 0..8_u32, 1..24_u32, 1..24_u32, holds);
    let counts = (1..80_u32, 1..5_u32, 1..4_u32, any::<bool>());
    (phases, counts).prop_map(|(phases, counts)| {
        let (front, sample, sense, latch, hold) = phases;
        let (operations, conversions, pixels, overlap) = counts;
        let mut plan = small();
        plan.timing = MacroTiming {
            front,
            sample,
            sense,
            latch,
            hold,
        };
        plan.buffers.input_vectors = 2;
        plan.buffers.accumulator_banks = 2;
        if overlap {
            plan.between_pixels = BetweenPixels::Overlap;
        }
        let mut part = part(operations);
        if hold == Hold::PerColumn {
            part.conversions_per_operation = conversions;
        }
        plan.layers = vec![macro_layer(pixels, vec![], 1, 1, part, vec![0])];
        plan
    })
}
