//! The memory of a pass through a macro: nothing of size groups x outputs x pixels is kept, forward or backward, so that a layer takes
//! as much whether its 144 rows are summed in groups of 36 or of four.

#[path = "support/mod.rs"]
mod support;

use imcsim::kernel::lanes::{LANES, Lanes};
use imcsim::net::network::{Geometry, Shape};
use imcsim::rng::{Purpose, keyed};
use imcsim::train::mvm::Estimator;
use imcsim::train::ops::reconv;
use peak_alloc::PeakAlloc;
use rand::RngExt;
use support::{conv, hardware, layer_reading};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const OUTPUTS: usize = 64;
const EDGE: usize = 24;

fn geometry() -> Geometry {
    let input = Shape {
        channels: 16,
        height: EDGE,
        width: EDGE,
    };
    conv(input, OUTPUTS)
}

/// Weight codes of the layer.
fn codes() -> Vec<i8> {
    let mut rng = keyed(2, Purpose::Pattern, &[]);
    let count = geometry().rows() * OUTPUTS;
    (0..count).map(|_| rng.random_range(-1..=1)).collect()
}

/// Most bytes beyond what was there before while two blocks pass forward and backward, and bytes that lie between the passes beside
/// what the forward pass gave.
fn bytes(active: usize, estimator: Estimator) -> (usize, usize) {
    let active = format!("\nactive = {active}\n");
    let hardware = hardware("reram_9wl", &[("\nactive = 9\n", &active)]);
    let reading = layer_reading(&hardware, &geometry(), &codes(), (estimator, true));
    let weights: Vec<f32> = codes().into_iter().map(f32::from).collect();
    let geometry = geometry();
    let mut input = Lanes::<f32>::zeros(16, EDGE, EDGE, 1);
    let stride = input.channel_stride();
    for (at, value) in input.values.iter_mut().enumerate() {
        *value = (at / stride % 4) as f32;
    }
    let inputs = vec![input; 2];
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let (value, saved) = reconv::f(&inputs, &weights, &geometry, reading);
    let given = value.iter().map(|block| block.values.len() * 4);
    let kept = (MEMORY.current_usage() - before).saturating_sub(given.sum());
    let (grad_weights, grad_inputs) = reconv::df(&saved, &value);
    assert!(grad_weights.iter().any(|&g| g != 0.0) && grad_inputs.len() == 2);
    (MEMORY.peak_usage() - before, kept)
}

#[test]
fn groups_of_word_lines_take_no_memory() {
    let partial_sums = geometry().rows() / 4 * OUTPUTS * EDGE * EDGE * 2 * LANES;
    for estimator in [
        Estimator::Lattice,
        Estimator::SampledGumbel { temperature: 0.5 },
    ] {
        // Buffers of blocks are lent again, so the first run stands for all.
        bytes(36, estimator);
        let (most, kept) = bytes(36, estimator);
        let (most_by_four, kept_by_four) = bytes(4, estimator);
        let told = format!("{estimator:?}: {most} {most_by_four}, {kept} {kept_by_four} bytes");
        // A byte for every partial sum would be that much more.
        assert!(most_by_four < most + partial_sums / 20, "{told}");
        assert!(kept_by_four < kept + partial_sums / 20, "{told}");
        // Codes of the inputs are what the backward pass needs, and weights.
        assert!(kept_by_four < partial_sums / 20, "{told}");
    }
}
