//! A network on a chip: layouts in closed form, brute force where it is cheap, and every error that says what to do.

mod activity;
mod duplication;
mod layer;
mod maps;
mod needs;
mod plan;
mod rounds;
#[path = "../support/mod.rs"]
mod support;

use imcsim::hw::chip::Hardware;
use imcsim::net::network::{Geometry, Shape};

/// Times and a chip of 4 x 20 macros around the shipped macro.
const CHIP: &str = r#"
[timing]
clock_ns = 2.0
precharge_cycles = 1
develop_cycles = 2
sample_cycles = 0
sense_setup_cycles = 0
sense_cycles_per_step = 1
latch_cycles = 1
sample_and_hold = "per_readout"
early_termination = false
skip_zero_groups = false

[chip]
tiles = 4
macros_per_tile = 20
buffers = { input_vectors = 2, accumulator_banks = 2, output_vectors = 1, global_kib = 64.0 }
interconnect = { bus = { width_bits = 64 } }
digital = { macs_per_cycle = 64, adds_per_cycle = 16, activations_per_cycle = 10 }
schedule = { order = "pipelined", between_pixels = "overlap", input_reuse = "none" }
duplication = { none = {} }
weight_writing = { row_ns = 100.0, macros_at_once = 2 }
"#;

/// The shipped macro on that chip, with parts of the text replaced.
fn hardware(change: &[(&str, &str)]) -> Hardware {
    let shipped = support::shipped("reram_9wl");
    let (values, own) = shipped.split_once("[timing]").expect("it has times");
    let (_, provenance) = own.split_once("[provenance]").expect("and sources");
    let text = format!("{values}{CHIP}[provenance]{provenance}");
    support::resolved(&text, change)
}

fn geometry(
    (channels, height, width): (usize, usize, usize),
    outputs: usize,
    (kernel, stride, padding): (usize, usize, usize),
) -> Geometry {
    let input = Shape {
        channels,
        height,
        width,
    };
    Geometry {
        input,
        outputs,
        kernel,
        stride,
        padding,
    }
}
