//! Values of slots are those of the functional path: their levels are the simulator's sums bit for bit, and what is accumulated
//! is the sum of what was converted until then, in the order of time.

use super::{Subject, hardware, images, lenet, on_chip, subject};
use imcsim::cycle::plan::Mvm;
use imcsim::sim::forward::forward;

/// Compares all pixels of the macro layers (or of one) of image `image`; conversions seen.
fn agrees(
    subject: &Subject,
    set: &[&str],
    (image, noise): (usize, bool),
    only: Option<&str>,
) -> usize {
    on_chip(
        subject,
        &hardware(set),
        (image + 1, noise),
        |chip, prepared, _, condition| {
            let block = images(&subject.data, &subject.data.test, image + 1).block(0);
            let mut expected: Vec<Vec<f32>> = vec![Vec::new(); prepared.layers.len()];
            forward(prepared, condition, block, 0, &mut |seen| {
                let outputs = prepared.network.layers[seen.layer].layer.geometry.outputs;
                let (height, width) = (seen.sums.height, seen.sums.width);
                for pixel in 0..height * width {
                    let (y, x) = (pixel / width, pixel % width);
                    expected[seen.layer]
                        .extend((0..outputs).map(|o| seen.sums.pixel(o, y, x)[image]));
                }
            });
            let mut conversions = 0;
            let [round] = &chip.mapped.rounds[..] else {
                panic!("one round");
            };
            let activity = chip.activity(round).expect("has values");
            for (at, part) in round.parts.iter().enumerate() {
                let Some(mapping) = &part.mapping else {
                    continue;
                };
                if only.is_some_and(|name| name != part.name) {
                    continue;
                }
                let values = chip.values[part.layer].as_ref().expect("on macros");
                let (outputs, groups) = (mapping.geometry.outputs, mapping.groups.count());
                let planes = mapping.planes.weights.len();
                let shared = mapping.shared_units();
                for pixel in 0..round.plan.layers[at].pixels {
                    // Levels by conversion and output.
                    let mut levels = vec![vec![0i32; outputs]; values.codes.conversions.len()];
                    let mut totals = vec![0i64; outputs];
                    for tile in 0..(mapping.row_tiles() * mapping.column_tiles()) as u32 {
                        let on_array = mapping.tile_outputs(tile as usize / mapping.row_tiles());
                        let mut running = vec![0i64; outputs];
                        let mut last = vec![0i64; outputs];
                        let mvm = Mvm {
                            image: image as u32,
                            layer: at as u32,
                            pixel,
                            tile,
                        };
                        let mut before = None;
                        for slot in activity.slots(mvm) {
                            let now = (slot.operation, slot.position_in_operation);
                            assert!(before < Some(now), "slots in the order of time");
                            before = Some(now);
                            let mut readouts = Vec::new();
                            for value in &slot.readouts {
                                conversions += 1;
                                readouts.push(value.readout);
                                let to = match value.conversion as usize % planes {
                                    plane if plane >= planes - shared => on_array.clone(),
                                    _ => value.output as usize..value.output as usize + 1,
                                };
                                for output in to {
                                    levels[value.conversion as usize][output] += value.level;
                                    running[output] += i64::from(value.level * value.factor);
                                }
                                last[value.output as usize] = value.accumulated;
                                assert_eq!(value.accumulated, running[value.output as usize]);
                            }
                            assert!(readouts.is_sorted_by(|a, b| a < b), "one conversion each");
                        }
                        for output in on_array {
                            if shared == 0 {
                                assert_eq!(last[output], running[output], "the last says it all");
                            }
                            totals[output] += running[output];
                        }
                    }
                    for output in 0..outputs {
                        let mut sum = 0.0f32;
                        for (conversion, levels) in values.codes.conversions.iter().zip(&levels) {
                            let value = conversion
                                .lookup(output)
                                .decode
                                .sum_value(levels[output], groups);
                            sum += conversion.conversion.factor as f32 * value;
                        }
                        let wanted = expected[part.layer][pixel as usize * outputs + output];
                        let place = (&part.name, pixel, output);
                        assert_eq!(sum.to_bits(), wanted.to_bits(), "{place:?}: {sum} {wanted}");
                        if let [one] = &values.codes.conversions[..] {
                            // The accumulated number is all that the digital side needs.
                            let alone = one
                                .lookup(output)
                                .decode
                                .sum_value(totals[output] as i32, groups);
                            assert_eq!(alone.to_bits(), wanted.to_bits());
                        }
                    }
                }
            }
            conversions
        },
    )
}

const LENET: usize = 14 * 14 * 89 * 64 + 349 * 512;

#[test]
fn lenet_without_noise() {
    assert_eq!(agrees(lenet(), &[], (0, false), None), LENET);
}

#[test]
fn lenet_with_noise_in_the_second_image() {
    assert_eq!(agrees(lenet(), &[], (1, true), None), LENET);
}

/// Two reads of the input bits, two columns per output that are converted apart.
#[test]
fn lenet_bit_by_bit_and_column_by_column() {
    let set = [
        "word_lines.inputs={bit_serial={}}",
        "weights.sign_split.subtraction=digital",
        "readout.binary_search.references={full_range={snap=\"half_integer\"}}",
    ];
    assert_eq!(agrees(lenet(), &set, (0, false), None), 4 * LENET);
}

#[test]
fn lenet_with_a_sample_and_hold_per_column() {
    let set = [
        "timing.sample_and_hold=per_column",
        "timing.sample_cycles=1",
    ];
    assert_eq!(agrees(lenet(), &set, (0, true), None), LENET);
}

#[test]
fn a_layer_of_vgg() {
    let vgg = subject("vgg");
    let count = agrees(&vgg, &[], (0, true), Some("conv6"));
    assert_eq!(count, 8 * 8 * 256 * 256);
}

/// What is accumulated in the end of every MVM of conv2 of one image, output by output, and conversions.
fn ends(set: &[&str]) -> (Vec<Vec<Option<i64>>>, usize) {
    on_chip(lenet(), &hardware(set), (1, false), |chip, _, _, _| {
        let [round] = &chip.mapped.rounds[..] else {
            panic!("one round");
        };
        let activity = chip.activity(round).expect("has values");
        let at = round.parts.iter().position(|part| part.name == "conv2");
        let at = at.expect("LeNet has it");
        let mapping = round.parts[at].mapping.as_ref().expect("on macros");
        let (mut all, mut conversions) = (Vec::new(), 0);
        for pixel in 0..round.plan.layers[at].pixels {
            for tile in 0..(mapping.row_tiles() * mapping.column_tiles()) as u32 {
                let mvm = Mvm {
                    image: 0,
                    layer: at as u32,
                    pixel,
                    tile,
                };
                let mut last = vec![None; mapping.geometry.outputs];
                for value in activity.slots(mvm).iter().flat_map(|slot| &slot.readouts) {
                    last[value.output as usize] = Some(value.accumulated);
                    conversions += 1;
                }
                all.push(last);
            }
        }
        (all, conversions)
    })
}

#[test]
fn leaving_out_empty_groups_ends_in_the_same_sums() {
    for ways in [
        &[][..],
        &["word_lines.inputs={bit_serial={}}"],
        &["weights.sign_split.subtraction=digital"],
    ] {
        let skip: Vec<&str> = ways
            .iter()
            .copied()
            .chain(["timing.skip_zero_groups=true"])
            .collect();
        let ((whole, all), (skipped, fewer)) = (ends(ways), ends(&skip));
        assert!(fewer < all, "{ways:?}: groups are left out");
        let mut compared = 0;
        for (whole, skipped) in whole.iter().zip(&skipped) {
            for (whole, skipped) in whole.iter().zip(skipped) {
                // Where all groups are empty nothing is converted.
                if skipped.is_some() {
                    assert_eq!(skipped, whole, "{ways:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 1000);
    }
}
