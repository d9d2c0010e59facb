//! What depends on the data, against every group computed from its definition.

use super::hardware;
use imcsim::convert::accumulate::Codes;
use imcsim::convert::codes::{Input, LayerCodes, Tables};
use imcsim::convert::{self};
use imcsim::cycle::plan::{Activity, Mvm};
use imcsim::hw::chip::Hardware;
use imcsim::hw::readout::Readout;
use imcsim::hw::readout::columns::Columns;
use imcsim::hw::readout::table::Decode;
use imcsim::kernel::lanes::Lanes;
use imcsim::kernel::stream::NoiseKey;
use imcsim::kernel::tables::{LevelTable, RandomTable, TOLERANCE};
use imcsim::mapping::activity::{DataActivity, LayerValues};
use imcsim::mapping::plan::{Mapped, map_network};
use imcsim::net::network::{Geometry, Network};
use imcsim::net::spec::parse;
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;

const NETWORK: &str = r#"
name = "small"
input = { channels = 1, height = 4, width = 4 }
classes = 2

[[layers]]
conv = { name = "c1", outputs = 6, kernel = 3, stride = 1, padding = 1, weights = { digital = { bits = 8 } }, activation_bits = 2 }
[[layers]]
conv = { name = "c2", outputs = 21, kernel = 3, stride = 1, padding = 1, weights = { macro = { bits = 2 } }, activation_bits = 2 }
[[layers]]
classifier = { name = "f2", weights = { digital = { bits = 8 } } }
"#;

const RAMP: &[(&str, &str)] = &[
    ("readout.binary_search", "readout.ramp"),
    (
        "references.calibrated]\nstep_resolution_mac = 0.25\n",
        "references.full_range]\n",
    ),
    ("early_termination = false", "early_termination = true"),
    ("skip_zero_groups = false", "skip_zero_groups = true"),
    ("rows = 256\ncolumns = 256", "rows = 20\ncolumns = 32"),
];

struct Case {
    hardware: Hardware,
    network: Network,
    mapped: Mapped,
    weights: Vec<i8>,
    /// `[image][channel][y][x]`.
    inputs: Vec<Vec<u8>>,
}

impl Case {
    fn new(change: &[(&str, &str)]) -> Self {
        let hardware = hardware(change);
        let network = parse(NETWORK, "small.toml").expect("parses");
        let mapped = map_network(&hardware, &network, None, 2).expect("fits");
        let mut rng = keyed(2, Purpose::Weights, &[]);
        let geometry = network.layers[1].geometry;
        let weights = (0..21 * geometry.rows())
            .map(|_| rng.random_range(-1..=1))
            .collect();
        // Mostly zeros, so that whole groups see nothing.
        let mut image = || {
            (0..geometry.input.len())
                .map(|_| rng.random_range(0u8..8).saturating_sub(4))
                .map(|code| if code == 3 { 3 } else { code / 2 })
                .collect()
        };
        let inputs = vec![image(), image()];
        Case {
            hardware,
            network,
            mapped,
            weights,
            inputs,
        }
    }

    fn geometry(&self) -> &Geometry {
        &self.network.layers[1].geometry
    }

    fn conversions(&self) -> Vec<convert::Prepared> {
        convert::prepare(&self.hardware, self.geometry(), &self.weights, 2, 2).expect("fits")
    }

    fn readouts(&self) -> Vec<Readout> {
        let place = |prepared: &convert::Prepared| {
            self.hardware
                .readout
                .place(prepared.range, None)
                .expect("placed")
        };
        self.conversions().iter().map(place).collect()
    }

    fn values(&self, is_noisy: bool, shift: f32) -> Vec<Option<LayerValues<'_>>> {
        let table = |readout: &Readout| {
            let table = if is_noisy {
                readout.table()
            } else {
                readout.noise_free_table()
            };
            let codes = match is_noisy {
                true => Codes::Random(RandomTable::new(&table, TOLERANCE)),
                false => Codes::NoiseFree(LevelTable::new(&table)),
            };
            let base = table.decode.base + shift;
            (
                codes,
                Decode {
                    base,
                    ..table.decode
                },
            )
        };
        let tables: Vec<(Codes, Decode)> = self.readouts().iter().map(table).collect();
        let columns = Columns::alike();
        let alike: Vec<Tables> = tables
            .iter()
            .map(|(codes, decode)| Tables {
                codes: std::slice::from_ref(codes),
                decodes: std::slice::from_ref(decode),
                columns: &columns,
            })
            .collect();
        let conversions = self.conversions();
        let codes = LayerCodes::new(&conversions, &alike);
        let shape = self.geometry().input;
        let mut block = Lanes::<u8>::zeros(shape.channels, shape.height, shape.width, 1);
        for (lane, image) in self.inputs.iter().enumerate() {
            for (at, &code) in image.iter().enumerate() {
                let (c, y, x) = (at / 16, at / 4 % 4, at % 4);
                block.pixel_mut(c, y, x)[lane] = code;
            }
        }
        let key = NoiseKey {
            seed: 1,
            layer: 1,
            block: 0,
            repeat: 0,
            conversion: 0,
        };
        let images = (0..2)
            .map(|lane| {
                (
                    Input::new(&conversions[0].weights, &block, lane),
                    codes.reads(key, lane),
                )
            })
            .collect();
        vec![
            None,
            Some(LayerValues {
                codes,
                weights: conversions[0].weights.plan.on_word_lines(&self.weights),
                images,
            }),
            None,
        ]
    }

    /// Input code of a row of the weight matrix, from the definition of a convolution.
    fn input(&self, image: usize, pixel: usize, row: usize) -> u8 {
        let (channel, dy, dx) = (row / 9, row / 3 % 3, row % 3);
        let (y, x) = (pixel / 4 + dy, pixel % 4 + dx);
        if (1..5).contains(&y) && (1..5).contains(&x) {
            self.inputs[image][channel * 16 + (y - 1) * 4 + x - 1]
        } else {
            0
        }
    }
}

/// 54 rows are 6 groups, 2 on each array; 21 outputs are 16 pairs on one array and 5 on the next, 2 read-outs each.
#[test]
fn a_ramp_stops_at_the_highest_code_and_empty_groups_are_left_out() {
    for (serial, interleaved) in [(false, false), (true, false), (false, true)] {
        let mut change = RAMP.to_vec();
        // Word line 9 g + k holds row 6 k + g.
        let row_on = |line: usize| match interleaved {
            true => 6 * (line % 9) + line / 9,
            false => line,
        };
        if interleaved {
            change.push(("active = 9", "active = 9\norder = \"interleaved\""));
        }
        if serial {
            change.push(("multi_level = { bits_per_read = 2 }", "bit_serial = {}"));
        }
        let case = Case::new(&change);
        let values = case.values(false, 0.0);
        let round = &case.mapped.rounds[0];
        let activity = DataActivity::new(&case.hardware, round, &values).expect("neutral");
        let readouts = case.readouts();
        let (mut skipped, mut early, mut counts) = (0, 0, (0u64, 0u64, 0u64, 0u64, 0.0f64, 0u64));
        for (image, pixel, tile) in
            (0..2).flat_map(|i| (0..16).flat_map(move |p| (0..6).map(move |t| (i, p, t))))
        {
            let (column, row_tile) = (tile / 3, tile % 3);
            let outputs = if column == 0 { 0..16 } else { 16..21 };
            let positions = if column == 0 { 8 } else { 3 };
            let mut expected = Vec::new();
            for group in 2 * row_tile..2 * row_tile + 2 {
                for (read, readout) in readouts.iter().enumerate() {
                    let rows = (9 * group..9 * group + 9).map(row_on);
                    let seen = |row| match serial {
                        true => case.input(image, pixel, row) >> read & 1,
                        false => case.input(image, pixel, row),
                    };
                    if rows.clone().all(|row| seen(row) == 0) {
                        skipped += 1;
                        continue;
                    }
                    let open = rows.clone().filter(|&row| seen(row) > 0).count() as u64;
                    // Pairs: on cells of 10 uA, off cells of 1 uA.
                    let cells = |row: usize| {
                        outputs
                            .clone()
                            .map(|o| {
                                if case.weights[o * 54 + row] == 0 {
                                    2.0
                                } else {
                                    11.0
                                }
                            })
                            .sum::<f64>()
                    };
                    let current: f64 = rows
                        .clone()
                        .map(|row| f64::from(seen(row).count_ones()) * cells(row))
                        .sum::<f64>()
                        / if serial { 1.0 } else { 2.0 };
                    // Every column is read once, whatever the positions.
                    counts.4 += current;
                    let pulses = rows.clone().map(|row| u64::from(seen(row).count_ones()));
                    counts.5 += positions as u64 * pulses.sum::<u64>();
                    for position in 0..positions {
                        // Two read-outs: the first half of the outputs and the second; of five, two and three.
                        let half = outputs.len() / 2;
                        let columns = [
                            (position < half).then_some(position),
                            (half + position < outputs.len()).then_some(half + position),
                        ];
                        let code = |output: usize| {
                            let weight = |row| i32::from(case.weights[output * 54 + row]);
                            let s: i32 = rows
                                .clone()
                                .map(|row| weight(row) * i32::from(seen(row)))
                                .sum();
                            u32::from(readout.code(f64::from(s)))
                        };
                        let converted: Vec<u32> = columns
                            .into_iter()
                            .flatten()
                            .map(|at| code(outputs.start + at))
                            .collect();
                        let highest = converted.iter().copied().max().expect("a column");
                        let most = readout.code_count() as u32 - 1;
                        let steps = (highest + 1).min(most);
                        early += u32::from(steps < 16);
                        expected.push(steps);
                        counts.0 += 1;
                        counts.1 += open;
                        counts.2 += converted.len() as u64;
                        counts.3 += converted.len() as u64 * u64::from(steps);
                    }
                }
            }
            let mvm = Mvm {
                image: image as u32,
                layer: 1,
                pixel: pixel as u32,
                tile: tile as u32,
            };
            let mut senses = Vec::new();
            assert!(activity.senses(mvm, &mut senses));
            assert_eq!(senses, expected, "{mvm:?}");
        }
        assert!(skipped > 20 && early > 1000, "{skipped} {early}");
        let found = activity.counts()[1].clone().expect("on macros");
        let exact = (
            found.operations,
            found.open_rows,
            found.conversions,
            found.comparisons,
            found.word_line_pulses,
        );
        assert_eq!(exact, (counts.0, counts.1, counts.2, counts.3, counts.5));
        assert!(
            (found.mean_current_ua - counts.4 / counts.0 as f64).abs() < 1e-9,
            "{found:?}"
        );
    }
}

#[test]
fn without_either_nothing_depends_on_the_data() {
    let case = Case::new(
        &RAMP
            .iter()
            .copied()
            .filter(|(_, to)| !to.contains("true"))
            .collect::<Vec<_>>(),
    );
    let values = case.values(true, 0.0);
    let activity =
        DataActivity::new(&case.hardware, &case.mapped.rounds[0], &values).expect("fits");
    let mvm = Mvm {
        image: 0,
        layer: 1,
        pixel: 0,
        tile: 0,
    };
    let mut senses = Vec::new();
    assert!(!activity.senses(mvm, &mut senses) && senses.is_empty());
    // 32 pixels of 6 groups at 8 and at 3 positions; every conversion takes all 16 steps.
    let counts = activity.counts()[1].clone().expect("on macros");
    assert_eq!(counts.operations, 32 * 6 * 11);
    assert_eq!(counts.conversions, 32 * 6 * 21);
    assert_eq!(counts.comparisons, 32 * 6 * 21 * 16);
    // Both column tiles take every row's two bits once a pixel, whatever their positions.
    let part = &case.mapped.rounds[0].parts[1];
    let rows = part.mapping.as_ref().expect("on macros").geometry.rows();
    assert_eq!(counts.input_bits, 32 * 2 * 2 * rows as u64);
}

#[test]
fn every_sense_amp_of_a_flash_compares_at_every_conversion() {
    let case = Case::new(&[("readout.binary_search", "readout.flash"), RAMP[1]]);
    let values = case.values(true, 0.0);
    let activity =
        DataActivity::new(&case.hardware, &case.mapped.rounds[0], &values).expect("fits");
    let counts = activity.counts()[1].clone().expect("on macros");
    assert!(counts.conversions > 0);
    assert_eq!(counts.comparisons, 14 * counts.conversions);
}

#[test]
fn early_termination_alone_keeps_every_operation() {
    let change: Vec<_> = RAMP
        .iter()
        .copied()
        .filter(|(from, _)| !from.contains("skip"))
        .collect();
    let case = Case::new(&change);
    let values = case.values(true, 0.0);
    let activity =
        DataActivity::new(&case.hardware, &case.mapped.rounds[0], &values).expect("fits");
    let mvm = Mvm {
        image: 1,
        layer: 1,
        pixel: 5,
        tile: 0,
    };
    let mut senses = Vec::new();
    assert!(activity.senses(mvm, &mut senses));
    assert_eq!(senses.len(), 2 * 8);
    assert!(
        senses.iter().all(|cycles| (1..=14).contains(cycles)),
        "{senses:?}"
    );
}

#[test]
fn empty_groups_are_left_out_only_where_values_stay() {
    let refused = |case: &Case, values: &[Option<LayerValues>]| {
        let activity = DataActivity::new(&case.hardware, &case.mapped.rounds[0], values);
        activity.err().map(|error| error.to_string())
    };
    // Noise of a quarter of a unit never reaches the references beside 0, noise of a unit does.
    let case = Case::new(RAMP);
    assert_eq!(refused(&case, &case.values(true, 0.0)), None);
    let mut loud = RAMP.to_vec();
    loud.push((
        "noise.normal = { sigma_ua = 2.2 }",
        "noise.normal = { sigma_ua = 9.0 }",
    ));
    let noisy = Case::new(&loud);
    let error = refused(&noisy, &noisy.values(true, 0.0)).expect("noise");
    assert!(
        error.contains("layer c2") && error.contains("by chance"),
        "{error}"
    );
    // Without noise the same macro may.
    assert_eq!(refused(&noisy, &noisy.values(false, 0.0)), None);
    // The code of 0 is worth half a unit.
    let error = refused(&case, &case.values(false, 0.5)).expect("no code is 0");
    assert!(
        error.contains("layer c2") && error.contains("worth 0."),
        "{error}"
    );
}

#[test]
fn values_of_something_else_are_refused() {
    let case = Case::new(RAMP);
    let mut values = case.values(false, 0.0);
    if let Some(values) = &mut values[1] {
        values.images.pop();
    }
    let error = DataActivity::new(&case.hardware, &case.mapped.rounds[0], &values)
        .err()
        .expect("one image")
        .to_string();
    assert!(
        error.contains("layer c2: images: expected 2, found 1"),
        "{error}"
    );
    let error = DataActivity::new(&case.hardware, &case.mapped.rounds[0], &[])
        .err()
        .expect("no values")
        .to_string();
    assert!(error.contains("layer c2"), "{error}");
}
