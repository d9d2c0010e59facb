//! The codes that the cycle engine works with are those of the functional path: their levels, accumulated one by one, are the
//! simulator's sums bit for bit, on every macro layer of the built-in LeNet and VGG and on layers at random, with noise and
//! without.

mod support;

use imcsim::convert::accumulate::{Codes, levels_by_class, plane};
use imcsim::convert::codes::{Input, LayerCodes, Reads, Tables};
use imcsim::convert::{self};
use imcsim::data::{DataSource, Dataset};
use imcsim::hw::readout::columns::Columns;
use imcsim::hw::readout::table::Decode;
use imcsim::kernel::lanes::{LANES, Lanes};
use imcsim::kernel::stream::NoiseKey;
use imcsim::kernel::tables::{LevelTable, RandomTable, TOLERANCE};
use imcsim::net::network::{Geometry, Shape};
use imcsim::net::shipped::load_network;
use imcsim::net::weights;
use imcsim::rng::{Purpose, keyed};
use imcsim::sim::accuracy::Images;
use imcsim::sim::calibrate::{count_sums, place};
use imcsim::sim::condition::{Condition, Conversions};
use imcsim::sim::forward::{Seen, forward};
use imcsim::sim::prepare::Prepared;
use imcsim::sim::values::image_values;
use rand::RngExt;
use support::hardware;

/// The sums of one image from its codes, and the number of conversions.
fn accumulated(
    codes: &LayerCodes,
    (input, reads): (&Input, &Reads),
    outputs: usize,
    groups: usize,
) -> (Vec<f32>, u64) {
    let size = outputs * input.pixels();
    let mut sums_of_levels = vec![vec![0i32; size]; codes.conversions.len()];
    let mut conversions = 0;
    codes.each(input, reads, |c, place, _, found| {
        let into = &mut sums_of_levels[c][place.pixel * outputs..][..outputs];
        for (output, (sum, &code)) in into.iter_mut().zip(found).enumerate() {
            let levels = &codes.conversions[c].lookup(output).decode.levels;
            *sum += i32::from(levels[usize::from(code)]);
        }
        conversions += outputs as u64;
    });
    let mut sums = vec![0.0f32; size];
    for (conversion, levels) in codes.conversions.iter().zip(&sums_of_levels) {
        let factor = conversion.conversion.factor as f32;
        for (at, (sum, &level)) in sums.iter_mut().zip(levels).enumerate() {
            let decode = &conversion.lookup(at % outputs).decode;
            *sum += factor * decode.sum_value(level, groups);
        }
    }
    (sums, conversions)
}

/// Compares every macro layer for one image of a block; conversions seen.
fn compare(prepared: &Prepared, condition: &Condition, images: Images, lane: usize) -> u64 {
    let block = 0;
    let mut conversions = 0;
    let mut macro_layers = 0;
    forward(
        prepared,
        condition,
        images.block(0),
        block,
        &mut |seen: Seen| {
            let readouts = condition
                .layers
                .get(seen.layer)
                .map_or(&[][..], Vec::as_slice);
            if readouts.is_empty() {
                return;
            }
            let tables: Vec<Tables> = readouts
                .iter()
                .map(|readout| match &readout.conversions {
                    Conversions::Table(codes) => Tables {
                        codes,
                        decodes: &readout.decodes,
                        columns: &readout.columns,
                    },
                    Conversions::Chip(_) => panic!("codes are those of the table path"),
                })
                .collect();
            let layer = &prepared.layers[seen.layer];
            let codes = LayerCodes::new(&layer.conversions, &tables);
            let geometry = &prepared.network.layers[seen.layer].layer.geometry;
            let input = Input::new(&layer.conversions[0].weights, seen.input, lane);
            let key = NoiseKey {
                seed: condition.seed,
                layer: seen.layer as u64,
                block,
                repeat: condition.repeat,
                conversion: 0,
            };
            let outputs = geometry.outputs;
            let (sums, count) = accumulated(
                &codes,
                (&input, &codes.reads(key, lane)),
                outputs,
                layer.groups,
            );
            conversions += count;
            macro_layers += 1;
            for (index, sum) in sums.iter().enumerate() {
                let (pixel, output) = (index / outputs, index % outputs);
                let width = seen.sums.width;
                let expected = seen.sums.pixel(output, pixel / width, pixel % width)[lane];
                assert_eq!(
                    sum.to_bits(),
                    expected.to_bits(),
                    "layer {} output {output} pixel {pixel}: {sum} against {expected}",
                    seen.layer
                );
            }
        },
    );
    assert_eq!(macro_layers, prepared.macro_layers().count());
    conversions
}

fn first_images<'a>(data: &'a Dataset, split: &'a imcsim::data::Split, count: usize) -> Images<'a> {
    Images {
        pixels: &split.pixels,
        labels: &split.labels,
        shape: data.shape,
    }
    .first(count)
}

fn network_agrees(name: &str, changes: &[(&str, &str)], conversions: u64) {
    let network = load_network(name).expect("shipped");
    let data = imcsim::data::load(&DataSource::Builtin, network.input).expect("built in");
    let hardware = hardware("reram_9wl", changes);
    let trained = weights::shipped(&network, &data.name, &data.fingerprint, "none");
    let trained = trained.expect("weights are shipped").trained;
    let prepared = Prepared::new(&trained.network, &hardware).expect("fits");
    let sums = count_sums(&prepared, first_images(&data, &data.train, 32), 7).expect("counted");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("placed");
    let images = first_images(&data, &data.test, 32);
    let noise_free = Condition::noise_free(&readouts);
    assert_eq!(compare(&prepared, &noise_free, images, 3), conversions);
    let noisy = Condition::read_noise(&readouts, 5, 2);
    assert_eq!(compare(&prepared, &noisy, images, 21), conversions);
}

#[test]
fn lenet_on_the_shipped_weights() {
    // 14 x 14 pixels of 89 groups and 64 outputs; 349 groups and 512 outputs.
    let conversions = 14 * 14 * 89 * 64 + 349 * 512;
    network_agrees("lenet", &[], conversions);
    let interleaved = ("active = 9", "active = 9\norder = \"interleaved\"");
    network_agrees("lenet", &[interleaved], conversions);
}

#[test]
fn vgg_on_the_shipped_weights() {
    let conv = |edge: u64, groups: u64, outputs: u64| edge * edge * groups * outputs;
    let all = conv(32, 64, 64) + conv(16, 64, 128) + conv(16, 128, 128);
    let all = all + conv(8, 128, 256) + conv(8, 256, 256) + conv(1, 456, 512);
    network_agrees("vgg", &[], all);
}

/// Layers at random: several conversions, other strides and kernels, table by table against the kernels' sums of levels.
#[test]
fn layers_at_random_agree_with_the_kernels() {
    let offset = ("weights.sign_split]", "weights.offset_column]");
    let digital = ("subtraction = \"analog\"", "subtraction = \"digital\"");
    let serial = ("multi_level = { bits_per_read = 2 }", "bit_serial = {}");
    let levels_of_cell = ("bits = 1\nread", "bits = 3\nread");
    let one_sigma = ("sigma_relative = [0.05, 0.05]", "sigma_relative = [0.05]");
    let full = (
        "references.calibrated]\nstep_resolution_mac = 0.25\n",
        "references.full_range]\n",
    );
    let macros = [
        vec![full],
        vec![full, serial, digital],
        vec![full, serial, offset, digital, levels_of_cell, one_sigma],
        vec![
            full,
            ("active = 9", "active = 4"),
            ("readout.binary_search", "readout.ramp"),
        ],
    ];
    let shapes = [
        (3, 7, 5, 4, 3, 1, 1),
        (2, 8, 8, 20, 3, 2, 1),
        (17, 3, 3, 33, 1, 1, 0),
        (5, 6, 6, 9, 5, 1, 2),
    ];
    let mut tested = 0;
    for (number, change) in macros.iter().enumerate() {
        let hardware = hardware("reram_9wl", change);
        for (channels, height, width, outputs, kernel, stride, padding) in shapes {
            let input = Shape {
                channels,
                height,
                width,
            };
            let geometry = Geometry {
                input,
                outputs,
                kernel,
                stride,
                padding,
            };
            let mut rng = keyed(7, Purpose::Weights, &[number as u64, outputs as u64]);
            let weights: Vec<i8> = (0..outputs * geometry.rows())
                .map(|_| rng.random_range(-1..=1))
                .collect();
            let mut block = Lanes::<u8>::zeros(channels, height, width, padding);
            for place in 0..channels * height * width {
                let (c, at) = (place / (height * width), place % (height * width));
                let pixel = block.pixel_mut(c, at / width, at % width);
                pixel
                    .iter_mut()
                    .for_each(|code| *code = rng.random_range(0..4));
            }
            let conversions = convert::prepare(&hardware, &geometry, &weights, 2, 2).expect("fits");
            for is_noisy in [false, true] {
                let tables: Vec<(Codes, Decode)> = conversions
                    .iter()
                    .map(|conversion| {
                        let readout = hardware
                            .readout
                            .place(conversion.range, None)
                            .expect("placed");
                        let table = if is_noisy {
                            readout.table()
                        } else {
                            readout.noise_free_table()
                        };
                        let codes = match is_noisy {
                            true => Codes::Random(RandomTable::new(&table, TOLERANCE)),
                            false => Codes::NoiseFree(LevelTable::new(&table)),
                        };
                        (codes, table.decode)
                    })
                    .collect();
                tested += check_levels((&geometry, &block), &conversions, &tables);
            }
        }
    }
    assert!(tested > 10_000, "{tested} sums compared");
}

fn check_levels(
    (geometry, block): (&Geometry, &Lanes<u8>),
    conversions: &[convert::Prepared],
    tables: &[(Codes, Decode)],
) -> usize {
    let map = geometry.output();
    // Every third column reads by a class of its own, whose codes are those of the sums one lower.
    let columns = Columns::new((0..map.channels).map(|o| u16::from(o % 3 == 2)).collect());
    let classes: Vec<(Vec<Codes>, Vec<Decode>)> = tables
        .iter()
        .map(|(codes, decode)| {
            let own = vec![codes.clone(), shifted(codes)];
            (own, vec![decode.clone(), decode.clone()])
        })
        .collect();
    let of = |(codes, decodes): &'_ (Vec<Codes>, Vec<Decode>)| -> (Vec<Codes>, Vec<Decode>) {
        let used = columns.members().len().max(1);
        (codes[..used].to_vec(), decodes[..used].to_vec())
    };
    let classes: Vec<(Vec<Codes>, Vec<Decode>)> = classes.iter().map(of).collect();
    let by_class: Vec<Tables> = classes
        .iter()
        .map(|(codes, decodes)| Tables {
            codes,
            decodes,
            columns: &columns,
        })
        .collect();
    let layer = LayerCodes::new(conversions, &by_class);
    let key = NoiseKey {
        seed: 1,
        layer: 4,
        block: 2,
        repeat: 3,
        conversion: 0,
    };
    let mut fast = Vec::new();
    for (c, (conversion, (codes, _))) in conversions.iter().zip(&classes).enumerate() {
        let mut sums = Lanes::<i32>::zeros(map.channels, map.height, map.width, 0);
        let seen = plane(block, &conversion.conversion, 2);
        let key = NoiseKey {
            conversion: c as u64,
            ..key
        };
        levels_by_class(
            &seen,
            conversion,
            &columns,
            |class| &codes[class],
            key,
            &mut sums,
        );
        fast.push(sums);
    }
    let mut tested = 0;
    for lane in [0, 15, 16, LANES - 1] {
        let input = Input::new(&conversions[0].weights, block, lane);
        let mut own = vec![vec![0i32; map.len()]; conversions.len()];
        layer.each(&input, &layer.reads(key, lane), |c, place, _, codes| {
            for (output, &code) in codes.iter().enumerate() {
                let level = layer.conversions[c].lookup(output).decode.levels[usize::from(code)];
                own[c][output * map.height * map.width + place.pixel] += i32::from(level);
            }
        });
        for (own, fast) in own.iter().zip(&fast) {
            let of_lane: Vec<i32> = fast
                .values
                .iter()
                .skip(lane)
                .step_by(LANES)
                .copied()
                .collect();
            assert_eq!(*own, of_lane, "lane {lane}");
            tested += own.len();
        }
    }
    tested
}

/// Images of the second block have its noise and their own lane: every layer's inputs and codes give the simulator's sums.
#[test]
fn values_of_images_are_those_of_their_block() {
    let network = load_network("lenet").expect("shipped");
    let data = imcsim::data::load(&DataSource::Builtin, network.input).expect("built in");
    let hardware = hardware("reram_9wl", &[]);
    let trained = weights::shipped(&network, &data.name, &data.fingerprint, "none");
    let trained = trained.expect("weights are shipped").trained;
    let prepared = Prepared::new(&trained.network, &hardware).expect("fits");
    let sums = count_sums(&prepared, first_images(&data, &data.train, 32), 7).expect("counted");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("placed");
    let images = first_images(&data, &data.test, 35);
    let condition = Condition::read_noise(&readouts, 5, 2);
    let values = image_values(&prepared, &condition, images).expect("by table");
    assert_eq!(
        values.iter().map(Option::is_some).collect::<Vec<_>>(),
        [false, true, true, false]
    );
    let mut compared = 0;
    forward(
        &prepared,
        &condition,
        images.block(1),
        1,
        &mut |seen: Seen| {
            let Some(values) = &values[seen.layer] else {
                return;
            };
            assert_eq!(values.images.len(), 35);
            assert_eq!(values.weights, trained.network.layers[seen.layer].codes);
            for lane in 0..3 {
                let (input, reads) = &values.images[LANES + lane];
                let (outputs, groups) = (seen.sums.channels, prepared.layers[seen.layer].groups);
                let (own, _) = accumulated(&values.codes, (input, reads), outputs, groups);
                for (index, sum) in own.iter().enumerate() {
                    let (pixel, output) = (index / outputs, index % outputs);
                    let width = seen.sums.width;
                    let expected = seen.sums.pixel(output, pixel / width, pixel % width)[lane];
                    assert_eq!(sum.to_bits(), expected.to_bits());
                    compared += 1;
                }
            }
        },
    );
    assert_eq!(compared, 3 * (14 * 14 * 64 + 512));
    let ideal = image_values(&prepared, &Condition::ideal(), images);
    let error = ideal.err().expect("ideal values have no codes").to_string();
    assert!(error.contains("layer conv2 has no codes"), "{error}");
}

/// Other codes of the same sums: each table is read one sum further up.
fn shifted(codes: &Codes) -> Codes {
    match codes {
        Codes::NoiseFree(table) => {
            let mut table = table.clone();
            table.levels.rotate_left(1);
            Codes::NoiseFree(table)
        }
        Codes::Random(table) => Codes::Random(table.clone()),
    }
}
