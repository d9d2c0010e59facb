//! Speed of the cycle engine on a network of the size of VGG-7 at half width: operations of macros per second and simulated
//! cycles per second. `cargo bench --bench cycle`, optionally followed by a number of images (4).
//!
//! 9 open rows of 128x128 arrays, 2-bit inputs, ternary weights, 4 columns per ADC; first and last layer digital. One line
//! each: all operations alike, operations that depend on the data, and alike but told one by one. Each figure is the fastest
//! of several rounds, because other work on the machine only ever adds time.

use imcsim::cycle::engine::run;
use imcsim::cycle::observer::{Blind, Conversion, Observer, Operation};
use imcsim::cycle::plan::{
    Activity, BetweenPixels, Buffers, Hold, Layer, MacroTiming, MacroWork, Mvm, Network, Order,
    Plan, TileWork, Topology, Uniform, Work,
};
use std::time::Instant;

const ROUNDS: usize = 5;
const GROUPS_PER_ARRAY: u32 = 14;
/// Reads of the input bits times positions of the multiplexer.
const READS: u32 = 2 * 4;

/// Leading pixels of a map of `from` x `from` that a 3x3 window around each pixel of `to` x `to` needs (2x2 pooling between
/// maps of different sizes), and never fewer than a pixel before: at the lower edge the window ends at the same row twice.
fn needs(from: u32, to: u32) -> Vec<u32> {
    let scale = from / to;
    let last = |at: u32| (scale * (at + 2)).min(from) - 1;
    let need = |pixel: u32| last(pixel / to) * from + last(pixel % to) + 1;
    let running = |most: &mut u32, pixel| {
        *most = need(pixel).max(*most);
        Some(*most)
    };
    (0..to * to).scan(0, running).collect()
}

/// A 3x3 layer (1x1 maps: fully connected over `inputs`).
fn layer(inputs: u32, outputs: u32, side: u32, needs: Vec<u32>, next_macro: &mut u32) -> Layer {
    let rows = if side == 1 { inputs } else { 9 * inputs };
    let groups = rows.div_ceil(9);
    let (row_tiles, column_tiles) = (
        groups.div_ceil(GROUPS_PER_ARRAY),
        (2 * outputs).div_ceil(128),
    );
    let part = |row: u32| TileWork {
        operations: READS * GROUPS_PER_ARRAY.min(groups - row * GROUPS_PER_ARRAY),
        conversions_per_operation: 1,
        load_bits: 2 * 126,
        load_bits_next: 2 * 126,
        sum_bits: if row == 0 { 0 } else { 64 * 12 },
        merge: 1,
        activate: 1,
        output_bits: if row == 0 { 64 * 2 } else { 0 },
    };
    let tiles = row_tiles * column_tiles;
    let macros = *next_macro..*next_macro + tiles;
    *next_macro = macros.end;
    Layer {
        pixels: side * side,
        row_pixels: side,
        needs,
        work: Work::Macro(MacroWork {
            row_tiles,
            column_tiles,
            tiles: (0..tiles).map(|tile| part(tile % row_tiles)).collect(),
            macros: macros.collect(),
        }),
    }
}

fn digital(side: u32, needs: Vec<u32>) -> Layer {
    Layer {
        pixels: side * side,
        row_pixels: side,
        needs,
        work: Work::Digital {
            cycles_per_pixel: 64,
        },
    }
}

fn vgg(images: u32, topology: Topology) -> Plan {
    let mut macros = 0;
    let mut layers = vec![digital(32, Vec::new())];
    let mut before = 32;
    for (inputs, outputs, side) in [
        (64, 64, 32),
        (64, 128, 16),
        (128, 128, 16),
        (128, 256, 8),
        (256, 256, 8),
    ] {
        layers.push(layer(
            inputs,
            outputs,
            side,
            needs(before, side),
            &mut macros,
        ));
        before = side;
    }
    layers.push(layer(4096, 512, 1, vec![64], &mut macros));
    layers.push(digital(1, vec![1]));
    Plan {
        timing: MacroTiming {
            front: 3,
            sample: 1,
            sense: 5,
            latch: 1,
            hold: Hold::PerReadout,
        },
        network: Network {
            topology,
            width_bits: 128,
            hop_cycles: 1,
        },
        buffers: Buffers {
            input_vectors: 2,
            accumulator_banks: 2,
            output_vectors: 2,
        },
        between_pixels: BetweenPixels::Overlap,
        order: Order::Pipelined,
        images,
        tile_of_macro: (0..macros).map(|number| number / 8).collect(),
        layers,
    }
}

/// Seven of eight operations take place, conversions end after 1 to 5 cycles.
struct Scattered<'a>(&'a Plan);

impl Activity for Scattered<'_> {
    fn senses(&self, mvm: Mvm, senses: &mut Vec<u32>) -> bool {
        let Work::Macro(work) = &self.0.layers[mvm.layer as usize].work else {
            return false;
        };
        let operations = work.tiles[mvm.tile as usize].operations * 7 / 8;
        let mut state = mvm.pixel.wrapping_mul(0x9E37_79B9) ^ mvm.tile;
        senses.extend((0..operations).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            1 + (state >> 24) % 5
        }));
        true
    }
}

/// Is told everything, adds up a little of it.
#[derive(Default)]
struct Told(u64);

impl Observer for Told {
    fn operation(&mut self, operation: &Operation) {
        self.0 = self.0.wrapping_add(operation.front.start);
    }
    fn conversion(&mut self, conversion: &Conversion) {
        self.0 = self.0.wrapping_add(conversion.sense.start);
    }
}

fn measure<A: Activity, O: Observer>(name: &str, plan: &Plan, activity: &A, mut observer: O) {
    let (mut seconds, mut cycles, mut operations, mut mvms) = (f64::INFINITY, 0, 0, 0);
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let outcome = run(plan, activity, &mut observer).expect("the plan is right");
        seconds = seconds.min(begin.elapsed().as_secs_f64());
        cycles = outcome.cycles;
        operations = outcome
            .macros
            .iter()
            .map(|counted| counted.operations)
            .sum();
        mvms = outcome.macros.iter().map(|counted| counted.mvms).sum();
    }
    println!(
        "{name:<26} {:>8.1} M operations/s {:>8.1} M cycles/s {:>7.2} M MVMs/s   ({operations} operations, {mvms} MVMs, {cycles} cycles, {:.1} ms)",
        operations as f64 / seconds / 1e6,
        cycles as f64 / seconds / 1e6,
        mvms as f64 / seconds / 1e6,
        seconds * 1e3,
    );
}

fn main() {
    let mut words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'));
    let images = words.next().and_then(|word| word.parse().ok()).unwrap_or(4);
    for (name, topology) in [
        ("bus", Topology::Bus),
        ("mesh", Topology::Mesh { columns: 5 }),
    ] {
        let plan = vgg(images, topology);
        println!(
            "{name}, {} macros, {images} images",
            plan.tile_of_macro.len()
        );
        measure("  alike", &plan, &Uniform, Blind);
        measure("  depend on the data", &plan, &Scattered(&plan), Blind);
        measure("  alike, told one by one", &plan, &Uniform, Told::default());
    }
}
