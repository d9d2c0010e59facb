//! Speed of the grouped convolution: partial sums per second of every implementation and images per second of the VGG-7
//! stack (layers 2 to 6 and the first fully connected layer; 9 open rows, ternary weights, 2-bit inputs, 15 levels).
//!
//! Each figure is the fastest of many runs, because other work on the machine only ever adds time. `cargo bench --bench
//! reconv`, optionally followed by a word that a line must contain.

use imcsim::hw::readout::table::{CodeTable, Decode};
use imcsim::hw::word_line::RowOrder;
use imcsim::kernel::groups::{Backend, PreparedWeights, prepare};
use imcsim::kernel::lanes::{LANES, Lanes};
use imcsim::kernel::reconv::{reconv, reconv_random};
use imcsim::kernel::stream::NoiseKey;
use imcsim::kernel::tables::{Grain, LevelTable, RandomTable};
use imcsim::net::network::{Geometry, Shape};
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;
use rayon::prelude::*;
use std::time::{Duration, Instant};

const ROWS: usize = 9;
const TOP: u8 = 3;
const KEY: NoiseKey = NoiseKey {
    seed: 1,
    layer: 0,
    block: 0,
    repeat: 0,
    conversion: 0,
};

struct Layer {
    name: String,
    geometry: Geometry,
    codes: Vec<i8>,
    input: Lanes<u8>,
}

impl Layer {
    fn new(channels: usize, outputs: usize, side: usize, kernel: usize, max_weight: i8) -> Self {
        let geometry = Geometry {
            input: Shape {
                channels,
                height: side,
                width: side,
            },
            outputs,
            kernel,
            stride: 1,
            padding: kernel / 2,
        };
        let mut random = keyed(1, Purpose::Pattern, &[channels as u64, outputs as u64]);
        let codes = (0..outputs * geometry.rows())
            .map(|_| random.random_range(-max_weight..=max_weight))
            .collect();
        let mut input = Lanes::<u8>::zeros(channels, side, side, 0);
        input
            .values
            .iter_mut()
            .for_each(|code| *code = random.random_range(0..=TOP));
        Layer {
            name: format!("{channels:>4} ->{outputs:>5} @{side:>2} {kernel}x{kernel}"),
            geometry,
            codes,
            input: input.with_border(kernel / 2),
        }
    }

    fn sums(&self) -> Lanes<i32> {
        let map = self.geometry.output();
        Lanes::zeros(map.channels, map.height, map.width, 0)
    }

    /// Partial sums of one block of images.
    fn partial_sums(&self, active: usize) -> f64 {
        (self.geometry.output().len() * self.geometry.rows().div_ceil(active) * LANES) as f64
    }
}

/// A read-out of 15 levels whose rows spread over `span` adjacent codes.
fn law(weights: &PreparedWeights, span: usize) -> CodeTable {
    let (s_min, s_max) = (weights.sum_min, weights.sum_max);
    let sums = (s_max - s_min + 1) as usize;
    let mut pmf = vec![0.0; sums * 15];
    let mut hard = vec![0; sums];
    for (index, row) in pmf.chunks_mut(15).enumerate() {
        let first = index * (15 - span) / sums;
        hard[index] = first as u8;
        let weight = |code: usize| 1.0 + ((index * 7 + code * 3) % 5) as f64;
        let total: f64 = (0..span).map(weight).sum();
        (0..span).for_each(|code| row[first + code] = weight(code) / total);
    }
    CodeTable {
        s_min,
        s_max,
        codes: 15,
        hard,
        log_pmf: vec![0.0; pmf.len()],
        slope: vec![0.0; pmf.len()],
        pmf,
        decode: Decode {
            base: 0.0,
            step: 1.0,
            levels: (0..15).collect(),
        },
        offset: 0.0,
    }
}

/// Fastest of as many runs as fit into the time, at least three.
fn fastest(time: Duration, mut run: impl FnMut()) -> f64 {
    let (start, mut best, mut runs) = (Instant::now(), f64::INFINITY, 0);
    while runs < 3 || start.elapsed() < time {
        let begin = Instant::now();
        run();
        best = best.min(begin.elapsed().as_secs_f64());
        runs += 1;
    }
    best
}

fn line(name: &str, partial_sums: f64, seconds: f64) {
    println!("{name:64} {:8.3} Gps/s/core", partial_sums / seconds / 1e9);
}

fn single_kernels(backend: Backend, wanted: &dyn Fn(&str) -> bool) {
    let time = Duration::from_millis(400);
    let (together, apart) = (RowOrder::Consecutive, RowOrder::Interleaved);
    for (what, channels, outputs, side, kernel, active, order, max_weight) in [
        ("3x3, 9 rows, ternary", 64, 32, 16, 3, 9, together, 1),
        (
            "3x3, 9 interleaved rows, ternary",
            64,
            32,
            16,
            3,
            9,
            apart,
            1,
        ),
        ("3x3, 9 rows, weights -2..2", 64, 32, 16, 3, 9, together, 2),
        ("3x3, 18 rows, ternary", 64, 32, 16, 3, 18, together, 1),
        ("3x3, 64 rows, ternary", 64, 32, 16, 3, 64, together, 1),
        ("5x5, 9 rows, ternary", 24, 32, 16, 5, 9, together, 1),
        (
            "fully connected, 9 rows, ternary",
            8192,
            64,
            1,
            1,
            9,
            together,
            1,
        ),
    ] {
        let layer = Layer::new(channels, outputs, side, kernel, max_weight);
        let weights =
            prepare(&layer.geometry, &layer.codes, (active, order), TOP).with_backend(backend);
        let mut sums = layer.sums();
        let partial_sums = layer.partial_sums(active);
        let name = format!("{backend:?}: {what}, noise-free");
        if wanted(&name) {
            let table = LevelTable::new(&law(&weights, 1));
            let seconds = fastest(time, || reconv(&layer.input, &weights, &table, &mut sums));
            line(&name, partial_sums, seconds);
        }
        for (span, grain) in [(2, Grain::Eight), (4, Grain::Eight), (4, Grain::Sixteen)] {
            let name = format!("{backend:?}: {what}, {span} codes per row, {grain:?} bits");
            if wanted(&name) {
                let table = RandomTable::rounded(&law(&weights, span), grain);
                let run = || reconv_random(&layer.input, &weights, &table, KEY, &mut sums);
                line(&name, partial_sums, fastest(time, run));
            }
        }
    }
}

fn stack(backend: Backend, threads: usize, wanted: &dyn Fn(&str) -> bool) {
    let shapes = [
        (128, 128, 32, 3),
        (128, 256, 16, 3),
        (256, 256, 16, 3),
        (256, 512, 8, 3),
        (512, 512, 8, 3),
        (8192, 1024, 1, 1),
    ];
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a thread pool");
    for span in [1, 2] {
        let name = format!("VGG-7 {backend:?}, {threads} threads, {span} codes per row");
        if !wanted(&name) {
            continue;
        }
        let mut total = 0.0;
        for (channels, outputs, side, kernel) in shapes {
            let layer = Layer::new(channels, outputs, side, kernel, 1);
            let weights = prepare(
                &layer.geometry,
                &layer.codes,
                (ROWS, RowOrder::Consecutive),
                TOP,
            )
            .with_backend(backend);
            let law = law(&weights, span);
            let (fixed, random) = (
                LevelTable::new(&law),
                RandomTable::rounded(&law, Grain::Eight),
            );
            let mut blocks: Vec<_> = (0..threads).map(|_| layer.sums()).collect();
            let seconds = pool.install(|| {
                fastest(Duration::from_millis(600), || {
                    blocks.par_iter_mut().for_each(|sums| match span {
                        1 => reconv(&layer.input, &weights, &fixed, sums),
                        _ => reconv_random(&layer.input, &weights, &random, KEY, sums),
                    })
                })
            });
            let rate = layer.partial_sums(ROWS) / seconds / 1e9;
            println!("  {} {rate:8.2} Gps/s/core", layer.name);
            total += seconds;
        }
        println!(
            "{name:64} {:8.1} images/s",
            (threads * LANES) as f64 / total
        );
    }
}

fn main() {
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |name: &str| filter.as_ref().is_none_or(|word| name.contains(word));
    let fast = [Backend::Avx2, Backend::Avx512];
    for backend in [Backend::Scalar, Backend::Portable].into_iter().chain(fast) {
        if backend.available() {
            single_kernels(backend, &wanted);
        }
    }
    for backend in fast.into_iter().filter(|backend| backend.available()) {
        for threads in [1, 2] {
            stack(backend, threads, &wanted);
        }
    }
}
