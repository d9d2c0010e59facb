//! Does the backward pass meet the levels and draws of the forward pass, read by read.

use super::*;
use crate::kernel::reconv::reconv_random;

/// One row of every group has the weight 1 and the others 0: a gradient of 1 comes back to that row as the slope of its group.
fn one_row_each(groups: usize) -> (Geometry, Vec<i8>) {
    let geometry = Geometry {
        input: network::Shape {
            channels: 9 * groups,
            height: 2,
            width: 3,
        },
        outputs: 3,
        kernel: 1,
        stride: 1,
        padding: 0,
    };
    let one = |row: usize| i8::from(row % 9 == 4);
    let codes = (0..geometry.outputs * geometry.rows()).map(|at| one(at % geometry.rows()));
    (geometry, codes.collect())
}

/// What comes back to the rows of weight 1 for a gradient of 1 in one output, summed over groups, `[pixel][lane]`.
fn returned(data: &Data, slopes: &Slopes, output: usize, machine: Machine) -> Vec<f32> {
    let geometry = &data.weights.geometry;
    let map = geometry.output();
    let mut gradient = Lanes::zeros(map.channels, map.height, map.width, 0);
    let stride = gradient.channel_stride();
    gradient.values[output * stride..(output + 1) * stride].fill(1.0);
    let pass = Pass {
        inputs: &data.inputs[..1],
        weights: &data.weights,
        slopes,
        keys: &data.keys[..1],
        gradients: &[gradient],
    };
    let input = &data.inputs[0];
    let mut back = [Lanes::zeros(input.channels, input.height, input.width, 0)];
    backward_f32(
        machine,
        &pass,
        &mut vec![0.0; data.weights.codes.len()],
        &mut back,
    );
    let rows = back[0].values.chunks(stride).skip(4).step_by(9);
    rows.fold(vec![0.0; stride], |mut total, row| {
        total.iter_mut().zip(row).for_each(|(to, from)| *to += from);
        total
    })
}

#[test]
fn slopes_by_level_meet_the_levels_that_the_forward_pass_drew() {
    let (geometry, codes) = one_row_each(4);
    let mut data = data(&geometry, (9, RowOrder::Consecutive));
    data.weights = prepare(&geometry, &codes, (9, RowOrder::Consecutive), 3);
    let (s_min, s_max) = (data.weights.sum_min, data.weights.sum_max);
    let count = (s_max - s_min + 1) as usize;
    for grain in [Grain::Eight, Grain::Sixteen] {
        let top = grain.values();
        let random = RandomTable {
            s_min,
            grain,
            base: (0..count).map(|sum| sum as u8).collect(),
            thresholds: vec![vec![top / 3 * 2; count], vec![top / 4; count]],
        };
        // The slope of a level is the level: what comes back is what was read.
        let of_sum = |sum: usize| (0..3).map(move |above| (sum + above) as f32);
        let slopes = Slopes::ByLevel(LevelSlopes {
            random: random.clone(),
            draws: 1,
            values: (0..count).flat_map(of_sum).collect(),
        });
        let map = geometry.output();
        let mut read = Lanes::zeros(map.channels, map.height, map.width, 0);
        reconv_random(
            &data.inputs[0],
            &data.weights,
            &random,
            data.keys[0],
            &mut read,
        );
        let stride = read.channel_stride();
        for machine in machines() {
            for output in 0..geometry.outputs {
                let levels = &read.values[output * stride..(output + 1) * stride];
                let levels: Vec<f32> = levels.iter().map(|&level| level as f32).collect();
                let back = returned(&data, &slopes, output, machine);
                assert_eq!(back, levels, "{grain:?} {machine:?}");
            }
        }
    }
}

#[test]
fn a_relaxed_read_meets_the_same_draw_in_both_passes() {
    let (geometry, codes) = one_row_each(1);
    let mut data = data(&geometry, (9, RowOrder::Consecutive));
    data.weights = prepare(&geometry, &codes, (9, RowOrder::Consecutive), 3);
    let (s_min, count) = (
        data.weights.sum_min,
        (data.weights.sum_max - data.weights.sum_min + 1) as usize,
    );
    let (draws, place) = (64, |sum: usize, draw: usize| (1000 * sum + draw) as f32);
    let all = (0..count).flat_map(|sum| (0..draws).map(move |draw| place(sum, draw)));
    let values: Vec<f32> = all.collect();
    let soft = SoftTable {
        s_min,
        draws,
        slopes: values.clone(),
        values,
    };
    let map = geometry.output();
    let reads = |instructions: Instructions| {
        let mut read = Lanes::<f32>::zeros(map.channels, map.height, map.width, 0);
        let drawn = (&soft, data.keys[0]);
        soft::added(
            instructions,
            &data.inputs[0],
            &data.weights,
            drawn,
            1.0,
            &mut read,
        );
        read
    };
    let read = reads(Instructions::Plain);
    for instructions in Instructions::all_available() {
        assert!(
            reads(instructions).values[..] == read.values[..],
            "{instructions:?}"
        );
    }
    let stride = read.channel_stride();
    let inputs = &data.inputs[0].values[4 * stride..5 * stride];
    let slopes = Slopes::Soft(soft.clone());
    let mut seen = std::collections::BTreeSet::new();
    for output in 0..geometry.outputs {
        let values = &read.values[output * stride..(output + 1) * stride];
        for (value, &input) in values.iter().zip(inputs) {
            // The group's sum is the input of its one row, and the draw is one of those of this sum.
            assert_eq!((value / 1000.0).floor() as i32 + s_min, i32::from(input));
            seen.insert(*value as usize % 1000);
        }
        for machine in machines() {
            assert_eq!(
                returned(&data, &slopes, output, machine),
                values,
                "{machine:?}"
            );
        }
    }
    assert!(seen.len() > draws / 2 && seen.iter().all(|&draw| draw < draws));
}

#[test]
fn relaxed_sums_of_strips_are_those_of_single_reads() {
    for (geometry, active) in cases() {
        let data = data(&geometry, active);
        let Some(Slopes::Soft(soft)) = kinds(&data.weights).pop() else {
            panic!("the last kind is relaxed");
        };
        let map = geometry.output();
        let reads = |instructions: Instructions| {
            let mut read = Lanes::<f32>::zeros(map.channels, map.height, map.width, 0);
            read.values.fill(0.25);
            let drawn = (&soft, data.keys[1]);
            soft::added(
                instructions,
                &data.inputs[1],
                &data.weights,
                drawn,
                -0.7,
                &mut read,
            );
            read
        };
        let plain = reads(Instructions::Plain);
        assert!(plain.values.iter().any(|&value| value != 0.25));
        for instructions in Instructions::all_available() {
            assert!(
                reads(instructions).values[..] == plain.values[..],
                "{instructions:?} {geometry:?}"
            );
        }
    }
}
