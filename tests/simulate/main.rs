//! A small network through the simulator: the ideal macro is the integer network bit for bit, a lossless or error-free macro
//! agrees with it, noise does not depend on threads, and non-idealities have influence.

mod re_estimated;
mod row_order;
#[path = "../support/mod.rs"]
mod support;

use imcsim::hw::readout::columns::ColumnReadouts;
use imcsim::hw::trim::Trim;
use imcsim::net::network::{
    Geometry, Inputs, IntLayer, IntNetwork, Layer, Network, PIXEL_ZERO, Shape, Weights,
    activation_code,
};
use imcsim::net::references::LayerReferences;
use imcsim::results::layer::LayerResult;
use imcsim::rng::{Purpose, keyed};
use imcsim::sim::accuracy::{Images, classify_block, evaluate};
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::condition::Condition;
use imcsim::sim::forward::{Seen, forward};
use imcsim::sim::layers::layer_results;
use imcsim::sim::patterns::sample_patterns;
use imcsim::sim::prepare::Prepared;
use rand::{Rng, RngExt};
use support::{conv, full, hardware};

const INPUT: Shape = Shape {
    channels: 2,
    height: 6,
    width: 6,
};
const IMAGES: usize = 45;

fn layer(
    name: &str,
    geometry: Geometry,
    weights: Weights,
    bits: Option<u32>,
    pool: Option<usize>,
    seed: u64,
) -> IntLayer {
    let mut rng = keyed(seed, Purpose::Weights, &[0]);
    let top = weights.max_code();
    let codes = (0..geometry.outputs * geometry.rows())
        .map(|_| (rng.random_range(-top..=top)) as i8)
        .collect();
    let spread = if top > 1 { 2e-4 } else { 0.2 };
    let scale = (0..geometry.outputs)
        .map(|_| spread * (0.5 + rng.random::<f32>()))
        .collect();
    let shift = (0..geometry.outputs)
        .map(|_| rng.random::<f32>() + 0.5)
        .collect();
    let layer = Layer {
        name: name.into(),
        geometry,
        linear: geometry.kernel == 1,
        weights,
        activation_bits: bits,
        pool,
    };
    IntLayer {
        layer,
        codes,
        scale,
        shift,
        statistics: None,
        references: LayerReferences::Calibrated,
    }
}

/// Digital 3x3, macro 3x3 with pooling, macro fully connected, digital fully connected.
fn network() -> IntNetwork {
    let (eight, two) = (Weights::Digital { bits: 8 }, Weights::Macro { bits: 2 });
    let map = Shape {
        channels: 5,
        ..INPUT
    };
    let layers = vec![
        layer("conv1", conv(INPUT, 5), eight, Some(2), None, 1),
        layer("conv2", conv(map, 7), two, Some(2), Some(2), 2),
        layer("fc1", full(7 * 9, 11), two, Some(2), None, 3),
        layer("fc2", full(11, 4), eight, None, None, 4),
    ];
    let shapes = layers.iter().map(|layer| layer.layer.clone()).collect();
    IntNetwork {
        network: Network {
            name: "small".into(),
            input: INPUT,
            inputs: Inputs::Images,
            classes: 4,
            layers: shapes,
        },
        layers,
    }
}

fn pixels() -> Vec<u8> {
    let mut pixels = vec![0; IMAGES * INPUT.len()];
    keyed(5, Purpose::Data, &[]).fill_bytes(&mut pixels);
    pixels
}

/// The integer network of one image, written as plainly as possible.
fn oracle(network: &IntNetwork, image: &[u8]) -> Vec<f32> {
    let mut codes: Vec<i32> = image
        .iter()
        .map(|&byte| i32::from(byte) - PIXEL_ZERO)
        .collect();
    for layer in &network.layers {
        let geometry = &layer.layer.geometry;
        let (input, map) = (geometry.input, geometry.output());
        let mut values = vec![0.0f32; map.len()];
        for (index, value) in values.iter_mut().enumerate() {
            let (output, y, x) = (
                index / (map.height * map.width),
                index / map.width % map.height,
                index % map.width,
            );
            let mut sum = 0;
            for row in 0..geometry.rows() {
                let edge = geometry.kernel;
                let (channel, ky, kx) = (row / (edge * edge), row / edge % edge, row % edge);
                let (iy, ix) = (y + ky, x + kx);
                let inside =
                    |at: usize, size: usize| at >= geometry.padding && at < size + geometry.padding;
                if inside(iy, input.height) && inside(ix, input.width) {
                    let at = (channel * input.height + iy - geometry.padding) * input.width + ix
                        - geometry.padding;
                    sum += i32::from(layer.codes[output * geometry.rows() + row]) * codes[at];
                }
            }
            *value = sum as f32 * layer.scale[output] + layer.shift[output];
        }
        let Some(bits) = layer.layer.activation_bits else {
            return values;
        };
        let active: Vec<i32> = values
            .iter()
            .map(|&x| i32::from(activation_code(x, (1 << bits) - 1)))
            .collect();
        let edge = layer.layer.pool.unwrap_or(1);
        let small = layer.layer.output();
        codes = (0..small.len())
            .map(|index| {
                let (c, y, x) = (
                    index / (small.height * small.width),
                    index / small.width % small.height,
                    index % small.width,
                );
                let tap = |t: usize| {
                    active[(c * map.height + y * edge + t / edge) * map.width + x * edge + t % edge]
                };
                (0..edge * edge).map(tap).max().unwrap_or(0)
            })
            .collect();
    }
    Vec::new()
}

fn logits(prepared: &Prepared, condition: &Condition, images: Images) -> Vec<Vec<f32>> {
    let mut all = Vec::new();
    for block in 0..images.blocks() {
        let classes = forward(
            prepared,
            condition,
            images.block(block),
            block as u64,
            &mut |_: Seen| (),
        );
        for lane in 0..32.min(images.labels.len() - block * 32) {
            all.push(classes.iter().map(|class| class[lane]).collect());
        }
    }
    all
}

fn conditions(
    file: &str,
    change: &[(&str, &str)],
    make: impl Fn(&Prepared, &[Vec<ColumnReadouts>]) -> Condition,
) -> Vec<Vec<f32>> {
    conditions_of(&network(), file, change, make)
}

fn conditions_of(
    network: &IntNetwork,
    file: &str,
    change: &[(&str, &str)],
    make: impl Fn(&Prepared, &[Vec<ColumnReadouts>]) -> Condition,
) -> Vec<Vec<f32>> {
    let (hardware, pixels) = (hardware(file, change), pixels());
    let images = Images {
        pixels: &pixels,
        labels: &[0; IMAGES],
        shape: INPUT,
    };
    let prepared = Prepared::new(network, &hardware).expect("the network fits");
    let sums = count_sums(&prepared, images, 1).expect("the images fit");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("the read-out fits");
    logits(&prepared, &make(&prepared, &readouts), images)
}

fn expected() -> Vec<Vec<f32>> {
    let (network, pixels) = (network(), pixels());
    pixels
        .chunks(INPUT.len())
        .map(|image| oracle(&network, image))
        .collect()
}

#[test]
fn ideal_macro_is_the_integer_network_bit_for_bit() {
    let expected = expected();
    assert!(
        expected.iter().any(|logits| logits != &expected[0]),
        "the images differ"
    );
    assert_eq!(
        conditions("ideal", &[], |_, _| Condition::ideal()),
        expected
    );
    assert_eq!(
        conditions("ideal", &[], |_, readouts| Condition::noise_free(readouts)),
        expected
    );
    assert_eq!(
        conditions("ideal", &[], |_, readouts| Condition::read_noise(
            readouts, 1, 0
        )),
        expected
    );
    assert_eq!(
        conditions("ideal", &[], |prepared, readouts| Condition::chip(
            prepared, readouts, 1, 0
        )),
        expected
    );
}

#[test]
fn every_mapping_of_the_ideal_macro_is_exact() {
    let split = "[weights.sign_split]\nsubtraction = \"analog\"";
    let serial = (
        "inputs.multi_level = { bits_per_read = 2 }",
        "inputs.bit_serial = {}",
    );
    let mappings = [
        "[weights.sign_split]\nsubtraction = \"digital\"",
        "[weights.differential_pair]",
        "[weights.bit_slices]\ncell_bits = 1\nsubtraction = \"digital\"",
    ];
    for mapping in mappings {
        for inputs in [serial, (serial.0, serial.0)] {
            let change = [(split, mapping), inputs];
            let run = conditions("ideal", &change, |_, readouts| {
                Condition::noise_free(readouts)
            });
            assert_eq!(run, expected(), "{mapping} {}", inputs.1);
        }
    }
    let offset = [
        (split, "[weights.offset_column]\nsubtraction = \"digital\""),
        ("bits = 1\n", "bits = 2\n"),
    ];
    assert_eq!(
        conditions("ideal", &offset, |_, readouts| Condition::noise_free(
            readouts
        )),
        expected()
    );
}

#[test]
fn word_lines_do_not_matter_to_an_exact_macro() {
    for active in [
        "active = 1",
        "active = 4",
        "active = 16",
        "active = 41",
        "active = 7\norder = \"interleaved\"",
        "active = 9\norder = \"interleaved\"",
    ] {
        let change = [("active = 9", active)];
        assert_eq!(
            conditions("ideal", &change, |_, readouts| Condition::noise_free(
                readouts
            )),
            expected(),
            "{active}"
        );
    }
}

const EXACT_CHIP: [(&str, &str); 5] = [
    (
        "sigma_relative = [0.05, 0.05]",
        "sigma_relative = [0.0, 0.0]",
    ),
    (
        "stuck_off_probability = 0.001, stuck_on_probability = 0.001",
        "stuck_off_probability = 0.0, stuck_on_probability = 0.0",
    ),
    (
        "column_sigma_relative = 0.02",
        "column_sigma_relative = 0.0",
    ),
    ("offset.normal = { sigma_ua = 0.5 }", "offset.none = {}"),
    ("noise.normal = { sigma_ua = 2.2 }", "noise.none = {}"),
];

#[test]
fn a_chip_without_variation_is_the_table_path() {
    let table = conditions("reram_9wl", &EXACT_CHIP, |_, readouts| {
        Condition::noise_free(readouts)
    });
    let chip = conditions("reram_9wl", &EXACT_CHIP, |prepared, readouts| {
        Condition::chip(prepared, readouts, 3, 1)
    });
    assert_eq!(table, chip);
}

/// The network with a trained step for every layer on the macro, and one register of a trim for each of its columns, in turn.
fn with_column_steps(step: f32, registers: &[u8]) -> IntNetwork {
    let mut network = network();
    for layer in &mut network.layers {
        if matches!(layer.layer.weights, Weights::Macro { .. }) {
            let outputs = layer.layer.geometry.outputs;
            let trims = (0..outputs).map(|output| registers[output % registers.len()]);
            let trims = trims.map(|register| Trim::new(register).expect("a register"));
            layer.references = LayerReferences::StepPerColumn {
                step,
                trims: trims.collect(),
            };
        }
    }
    network
}

#[test]
fn a_chip_without_variation_reads_every_column_with_its_own_step() {
    // Codes with the same levels in all columns, and codes whose levels differ between them.
    let integers = ("decode = \"centre\"", "decode = \"nearest_integer\"");
    let aware = (
        "leakage = \"replica_column\"",
        "leakage = \"input_aware_reference\"",
    );
    let single = (
        "[weights.sign_split]\nsubtraction = \"analog\"",
        "[weights.sign_split]\nsubtraction = \"digital\"",
    );
    for more in [&[][..], &[integers], &[aware, single]] {
        let change = [&EXACT_CHIP[..], more].concat();
        let both = |network: &IntNetwork| {
            let table = conditions_of(network, "reram_9wl", &change, |_, readouts| {
                Condition::noise_free(readouts)
            });
            let chip = conditions_of(network, "reram_9wl", &change, |prepared, readouts| {
                Condition::chip(prepared, readouts, 3, 1)
            });
            (table, chip)
        };
        let (table, chip) = both(&with_column_steps(1.6, &[16, 11, 24]));
        assert_eq!(table, chip, "{more:?}");
        let (alike, _) = both(&with_column_steps(1.6, &[16]));
        assert_ne!(table, alike, "{more:?}");
    }
}

#[test]
fn a_column_reads_as_in_a_layer_that_is_all_of_its_step() {
    // Sums of the layer with columns of two steps: each column has those of the layer with its step, noise included.
    let (hardware, pixels) = (hardware("reram_9wl", &[]), pixels());
    let images = Images {
        pixels: &pixels,
        labels: &[0; IMAGES],
        shape: INPUT,
    };
    let sums_of_layer = |network: &IntNetwork, chip: bool| {
        let prepared = Prepared::new(network, &hardware).expect("the network fits");
        let counted = count_sums(&prepared, images, 1).expect("the images fit");
        let readouts = place(&prepared, &hardware.readout, &counted).expect("fits");
        let condition = match chip {
            true => Condition::chip(&prepared, &readouts, 3, 1),
            false => Condition::read_noise(&readouts, 3, 1),
        };
        let mut sums = Vec::new();
        let mut look = |seen: Seen| {
            if seen.layer == 1 {
                let stride = seen.sums.channel_stride();
                sums = seen
                    .sums
                    .values
                    .chunks(stride)
                    .map(<[f32]>::to_vec)
                    .collect();
            }
        };
        forward(&prepared, &condition, images.block(0), 0, &mut look);
        sums
    };
    for chip in [false, true] {
        let mixed = sums_of_layer(&with_column_steps(1.6, &[16, 20]), chip);
        let alike = [16, 20].map(|one| sums_of_layer(&with_column_steps(1.6, &[one]), chip));
        assert!(mixed.len() > 2);
        for (output, sums) in mixed.iter().enumerate() {
            let (own, other) = (&alike[output % 2][output], &alike[1 - output % 2][output]);
            assert!(sums == own, "output {output}");
            assert!(sums != other, "output {output}");
        }
    }
}

#[test]
fn errors_of_a_layer_are_means_over_its_columns() {
    let (hardware, pixels) = (hardware("reram_9wl", &[]), pixels());
    let images = Images {
        pixels: &pixels,
        labels: &[0; IMAGES],
        shape: INPUT,
    };
    let of_layer = |registers: &[u8]| {
        let network = with_column_steps(1.6, registers);
        let prepared = Prepared::new(&network, &hardware).expect("the network fits");
        let sums = count_sums(&prepared, images, 1).expect("the images fit");
        let readouts = place(&prepared, &hardware.readout, &sums).expect("fits");
        let mut all = layer_results(&prepared, &readouts, &sums, images, 1).expect("fits");
        (all.swap_remove(1), network.layers[1].layer.geometry.outputs)
    };
    let (mixed, outputs) = of_layer(&[10, 24, 10]);
    let [(fine, _), (coarse, _)] = [10, 24].map(|one| of_layer(&[one]));
    let share = (0..outputs).filter(|output| output % 3 == 1).count() as f64 / outputs as f64;
    for part in [
        |layer: &LayerResult| layer.error_rate,
        |layer: &LayerResult| layer.clipped,
        |layer: &LayerResult| 10f64.powf(-0.1 * layer.sqnr_db),
        |layer: &LayerResult| 10f64.powf(-0.1 * layer.sqnr_noise_free_db),
    ] {
        let mean = (1.0 - share) * part(&fine) + share * part(&coarse);
        assert!((part(&mixed) - mean).abs() < 1e-9 * mean, "{mean}");
        assert!(part(&fine) != part(&coarse));
    }
    // Most columns have the finer step.
    assert_eq!(mixed.thresholds, fine.thresholds);
    assert_eq!(
        (mixed.code_values, mixed.code_histogram),
        (fine.code_values, fine.code_histogram)
    );
}

#[test]
fn every_non_ideality_changes_the_result() {
    let noise_free = conditions("reram_9wl", &[], |_, readouts| {
        Condition::noise_free(readouts)
    });
    let noisy = |repeat| {
        conditions("reram_9wl", &[], move |_, readouts| {
            Condition::read_noise(readouts, 1, repeat)
        })
    };
    assert_ne!(noisy(0), noise_free);
    assert_eq!(noisy(0), noisy(0));
    assert_ne!(noisy(0), noisy(1));
    let exact = conditions("reram_9wl", &EXACT_CHIP, |prepared, readouts| {
        Condition::chip(prepared, readouts, 3, 1)
    });
    // On exact cells a half-integer reference forgives half a unit, and one stuck cell in a thousand is rare in a small
    // network: these are made large enough to be seen.
    let stronger = [
        EXACT_CHIP[0].0,
        "stuck_off_probability = 0.2, stuck_on_probability = 0.001",
        "column_sigma_relative = 0.2",
        "offset.normal = { sigma_ua = 20.0 }",
    ];
    for (left_in, strong) in stronger.into_iter().enumerate() {
        let mut change = EXACT_CHIP.to_vec();
        change[left_in].1 = strong;
        let chip = conditions("reram_9wl", &change, |prepared, readouts| {
            Condition::chip(prepared, readouts, 3, 1)
        });
        assert!(chip != exact, "{strong} has influence");
    }
    let limited = [(
        "saturation.none = {}",
        "saturation.clamp = { limit_ua = 10.0 }",
    )];
    let wires = [("wire.ideal = {}", "wire.lumped = { ohm_per_cell = 50.0 }")];
    for change in [&limited, &wires] {
        let change = [&EXACT_CHIP[..], &change[..]].concat();
        let chip = conditions("reram_9wl", &change, |prepared, readouts| {
            Condition::chip(prepared, readouts, 3, 1)
        });
        assert!(chip != exact, "{} has influence", change[5].1);
    }
}

#[test]
fn the_rows_of_an_array_matter_where_its_read_outs_differ() {
    let chip = |rows, changes: &[(&str, &str)]| {
        let change = [&[("rows = 256", rows)], changes].concat();
        conditions("reram_9wl", &change, |prepared, readouts| {
            Condition::chip(prepared, readouts, 3, 1)
        })
    };
    // The layers of five and seven groups of nine rows lie on one array, or on several.
    let (one, also_one, several) = ("rows = 256", "rows = 63", "rows = 27");
    assert_eq!(chip(one, &EXACT_CHIP), chip(several, &EXACT_CHIP));
    let mut offsets = EXACT_CHIP.to_vec();
    offsets[3].1 = "offset.normal = { sigma_ua = 20.0 }";
    assert_eq!(chip(one, &offsets), chip(also_one, &offsets));
    assert_ne!(chip(one, &offsets), chip(several, &offsets));
}

#[test]
fn accuracy_does_not_depend_on_threads() {
    let (network, hardware, pixels) = (network(), hardware("reram_9wl", &[]), pixels());
    let labels: Vec<u8> = (0..IMAGES).map(|index| (index % 4) as u8).collect();
    let images = Images {
        pixels: &pixels,
        labels: &labels,
        shape: INPUT,
    };
    let prepared = Prepared::new(&network, &hardware).expect("the network fits");
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| {
            let sums = count_sums(&prepared, images, 2).expect("images");
            let readouts = place(&prepared, &hardware.readout, &sums).expect("placed");
            let condition = Condition::read_noise(&readouts, 9, 0);
            (
                sums,
                evaluate(&prepared, &condition, images, &|_| ()).expect("evaluated"),
            )
        })
    };
    assert_eq!(run(1), run(4));
}

#[test]
fn blocks_by_themselves_are_those_of_the_whole() {
    let (network, hardware, pixels) = (network(), hardware("reram_9wl", &[]), pixels());
    let labels: Vec<u8> = (0..IMAGES).map(|index| (index % 4) as u8).collect();
    let images = Images {
        pixels: &pixels,
        labels: &labels,
        shape: INPUT,
    };
    let prepared = Prepared::new(&network, &hardware).expect("the network fits");
    let sums = count_sums(&prepared, images, 2).expect("images");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("placed");
    let condition = Condition::read_noise(&readouts, 9, 0);
    let whole = evaluate(&prepared, &condition, images, &|_| ()).expect("evaluated");
    assert!(images.blocks() > 1);
    for block in (0..images.blocks()).rev() {
        let right = classify_block(&prepared, &condition, images, block);
        let place = 32 * block..32 * block + images.in_block(block);
        assert_eq!(right, whole.right()[place]);
    }
    let fewer = evaluate(&prepared, &condition, images.first(40), &|_| ()).expect("evaluated");
    assert_eq!(fewer, whole.first(40));
}

#[test]
fn observed_patterns_do_not_depend_on_threads_and_stay_within_bounds() {
    let (network, hardware, pixels) = (network(), hardware("reram_9wl", &[]), pixels());
    let prepared = Prepared::new(&network, &hardware).expect("the network fits");
    let labels = [0; IMAGES];
    let images = Images {
        pixels: &pixels,
        labels: &labels,
        shape: INPUT,
    };
    let sample = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads start");
        pool.install(|| sample_patterns(&prepared, images, 301, 7).expect("images fit"))
    };
    let one = sample(1);
    assert_eq!(one, sample(3));
    let counts: Vec<usize> = one.iter().map(Vec::len).collect();
    assert_eq!(counts, [0, 301, 301, 0]);
    for pattern in one.iter().flatten() {
        let rows: u16 = pattern.states.iter().map(|state| state.rows).sum();
        assert!(rows <= 9);
        assert!(pattern.states.iter().all(|s| (1..=3).contains(&s.input)));
    }
    assert!(one[1].iter().any(|pattern| pattern.states.len() > 3));
}

#[test]
fn cells_read_without_noise_leave_the_read_out_as_designed() {
    let quiet = [(
        "[cell.on_off.read_noise.normal]\nsigma_relative = 0.01",
        "[cell.on_off.read_noise.none]",
    )];
    let (network, pixels) = (network(), pixels());
    let images = Images {
        pixels: &pixels,
        labels: &[0; IMAGES],
        shape: INPUT,
    };
    for (change, same) in [(&quiet[..], true), (&[], false)] {
        let hardware = hardware("reram_9wl", change);
        let prepared = Prepared::new(&network, &hardware).expect("the network fits");
        let sums = count_sums(&prepared, images, 1).expect("the images fit");
        let readouts = place(&prepared, &hardware.readout, &sums).expect("placed");
        let (range, seen) = (prepared.layers[1].conversions[0].range, &sums[1][0]);
        let designed = hardware.readout.place(range, Some(&seen.histogram));
        let designed = designed.expect("placed");
        let placed = readouts[1][0].of(0);
        assert_eq!(*placed == designed, same);
        assert_eq!(placed.table().pmf == designed.table().pmf, same);
    }
}
