//! One layer on arrays.

use super::{geometry, hardware};
use imcsim::hw::chip::ArrayShape;
use imcsim::hw::timing::SampleAndHold;
use imcsim::hw::weight_plane::WeightPlane;
use imcsim::hw::word_line::{InputPlane, RowOrder};
use imcsim::mapping::layer::{LayerMapping, Planes};
use imcsim::mapping::slots::Slots;
use imcsim::net::network::Geometry;

const ARRAY: ArrayShape = ArrayShape {
    rows: 128,
    columns: 128,
    columns_per_readout: 8,
};

/// Unsigned weights and serial inputs of these bits, one bit per cell and read.
fn unsigned(weight_bits: u32, input_bits: u32) -> Planes {
    let weight = |shift| (1 << shift, WeightPlane::Positive { shift, mask: 1 });
    let input = |shift| (1 << shift, InputPlane { shift, mask: 1 });
    Planes {
        weights: (0..weight_bits).map(weight).collect(),
        inputs: (0..input_bits).map(input).collect(),
    }
}

fn map(geometry: &Geometry, planes: Planes) -> LayerMapping {
    LayerMapping::with_planes(ARRAY, (9, RowOrder::Consecutive), geometry, planes).expect("fits")
}

#[test]
fn an_array_holds_whole_groups_only() {
    let mapping = map(&geometry((128, 1, 1), 10, (1, 1, 0)), unsigned(1, 1));
    assert_eq!(mapping.groups_per_array, 14);
    assert_eq!(mapping.wasted_rows(), 2);
    assert_eq!(mapping.groups.count(), 15);
    assert_eq!(mapping.row_tiles(), 2);
    assert_eq!(
        (mapping.tile_groups(0), mapping.tile_groups(1)),
        (0..14, 14..15)
    );
    assert_eq!(
        (mapping.tile_rows(0), mapping.tile_rows(1)),
        (0..126, 126..128)
    );
    assert_eq!(mapping.row_utilisation(), 128.0 / 256.0);
}

/// Worked example: 3x3x64 to 64 channels, 16x16 outputs, 4-bit serial inputs, 4-bit weights in one-bit cells.
#[test]
fn worked_example() {
    let geometry = geometry((64, 16, 16), 64, (3, 1, 1));
    let mapping = map(&geometry, unsigned(4, 4));
    assert_eq!(mapping.groups.count(), 64);
    assert_eq!(mapping.groups_per_array, 14);
    assert_eq!((mapping.row_tiles(), mapping.column_tiles()), (5, 2));
    assert_eq!(mapping.arrays(), 10);
    assert_eq!(mapping.row_utilisation(), 0.9);
    assert_eq!(
        (
            mapping.readouts(),
            mapping.positions(0),
            mapping.positions(1)
        ),
        (16, 8, 8)
    );
    assert_eq!(mapping.operations(SampleAndHold::PerReadout, 0, 0), 448);
    assert_eq!(mapping.operations(SampleAndHold::None, 4, 1), 8 * 4 * 8);
    assert_eq!(mapping.operations(SampleAndHold::PerColumn, 0, 0), 56);
    assert_eq!(
        mapping.conversions_per_operation(SampleAndHold::PerColumn, 0),
        8
    );
    let conversions = mapping.conversions() * 256;
    assert_eq!(conversions, 16_777_216);
    let macs = (geometry.rows() * geometry.outputs * 256) as f64;
    assert!((conversions as f64 / macs - 4.0 * 4.0 / 9.0).abs() < 1e-12);
}

/// The same with signs: two columns for each magnitude bit, of which 5-bit weights have four.
#[test]
fn signs_double_the_columns() {
    let change = [
        ("weights.sign_split]", "weights.bit_slices]\ncell_bits = 1"),
        ("\"analog\"", "\"digital\""),
        ("rows = 256\ncolumns = 256", "rows = 128\ncolumns = 128"),
        ("multi_level = { bits_per_read = 2 }", "bit_serial = {}"),
    ];
    let geometry = geometry((64, 16, 16), 64, (3, 1, 1));
    let mapping = LayerMapping::new(&hardware(&change), &geometry, 5, 4).expect("fits");
    assert_eq!(mapping.column_tiles(), 4);
    assert_eq!(mapping.conversions() * 256, 2 * 16_777_216);
    // As pairs they are half as many conversions, and a pair takes two columns all the same.
    let analog: Vec<_> = change
        .iter()
        .copied()
        .filter(|(_, to)| *to != "\"digital\"")
        .collect();
    let mapping = LayerMapping::new(&hardware(&analog), &geometry, 5, 4).expect("fits");
    assert_eq!((mapping.column_tiles(), mapping.readouts()), (4, 8));
    assert_eq!((mapping.units(0), mapping.positions(0)), (64, 8));
    assert_eq!(mapping.conversions() * 256, 16_777_216);
}

#[test]
fn columns_of_middle_levels_are_one_per_array() {
    let geometry = geometry((9, 4, 4), 300, (1, 1, 0));
    let planes = |weights| Planes {
        weights,
        inputs: unsigned(1, 1).inputs,
    };
    let analog = map(
        &geometry,
        planes(vec![(1, WeightPlane::Offset { middle: 1 })]),
    );
    assert_eq!((analog.outputs_per_array, analog.column_tiles()), (127, 3));
    assert_eq!((analog.columns(), analog.conversions()), (303, 300));
    assert_eq!((analog.units(2), analog.readouts()), (46, 16));
    let both = vec![
        (1, WeightPlane::Raised { middle: 1 }),
        (-1, WeightPlane::Middle { middle: 1 }),
    ];
    let digital = map(&geometry, planes(both));
    assert_eq!((digital.columns(), digital.conversions()), (303, 303));
    assert_eq!((digital.units(0), digital.units(2)), (128, 47));
}

#[test]
fn an_output_stays_on_one_array() {
    // Three columns each: 42 of 128 columns hold whole outputs, 2 columns stay empty.
    let mapping = map(&geometry((3, 2, 2), 85, (2, 1, 0)), unsigned(3, 2));
    assert_eq!((mapping.outputs_per_array, mapping.column_tiles()), (42, 3));
    assert_eq!(mapping.tile_outputs(2), 84..85);
    assert_eq!((mapping.positions(0), mapping.positions(2)), (8, 1));
    let narrow = ArrayShape {
        columns: 2,
        columns_per_readout: 1,
        ..ARRAY
    };
    let error = LayerMapping::with_planes(
        narrow,
        (9, RowOrder::Consecutive),
        &mapping.geometry,
        unsigned(3, 2),
    );
    let error = error.expect_err("three columns do not fit two").to_string();
    assert!(
        error.contains("array.columns = 2: expected at least 3 columns"),
        "{error}"
    );
}

/// Every shape against counting one by one.
#[test]
fn tiles_cover_everything_once() {
    let mut tested = 0;
    for shape in [(1, 2, 2), (3, 5, 7), (40, 2, 2), (150, 1, 1)] {
        for outputs in [1, 2, 63, 64, 65, 200] {
            for (kernel, stride, padding) in [(1, 1, 0), (2, 2, 0), (3, 1, 1), (5, 2, 2)] {
                if kernel > shape.1 + 2 * padding {
                    continue;
                }
                for (weight_bits, input_bits) in [(1, 1), (3, 2)] {
                    let geometry = geometry(shape, outputs, (kernel, stride, padding));
                    check_cover(&map(&geometry, unsigned(weight_bits, input_bits)));
                    tested += 1;
                }
            }
        }
    }
    assert!(tested > 100, "{tested}");
}

fn check_cover(mapping: &LayerMapping) {
    let Geometry {
        kernel,
        stride,
        outputs,
        ..
    } = mapping.geometry;
    let rows: Vec<usize> = (0..mapping.row_tiles())
        .flat_map(|tile| mapping.tile_rows(tile))
        .collect();
    assert_eq!(rows, (0..mapping.geometry.rows()).collect::<Vec<_>>());
    let all: Vec<usize> = (0..mapping.column_tiles())
        .flat_map(|tile| mapping.tile_outputs(tile))
        .collect();
    assert_eq!(all, (0..outputs).collect::<Vec<_>>());
    let planes = mapping.planes.weights.len();
    let mut conversions = 0;
    for column in 0..mapping.column_tiles() {
        let slots = Slots::new(mapping, column);
        let units = mapping.tile_outputs(column).len() * planes;
        let per_position = slots.readouts();
        assert_eq!(per_position.len(), mapping.positions(column));
        assert_eq!(per_position.iter().sum::<u32>() as usize, units);
        assert!(
            units <= mapping.readouts() * per_position.len()
                && units > mapping.readouts() * (per_position.len() - 1)
        );
        let mut seen = vec![0; per_position.len()];
        for output in 0..mapping.tile_outputs(column).len() {
            for plane in 0..planes {
                seen[slots.own(output, plane)] += 1;
            }
        }
        assert_eq!(seen, per_position);
        assert!(
            seen.iter()
                .all(|&count| count as usize <= mapping.readouts())
        );
        for row in 0..mapping.row_tiles() {
            let groups = mapping.tile_groups(row).len();
            assert!(groups >= 1 && groups * 9 <= 128);
            let operations = mapping.operations(SampleAndHold::PerReadout, row, column);
            assert_eq!(
                operations,
                groups * mapping.planes.inputs.len() * per_position.len()
            );
            conversions += units * groups * mapping.planes.inputs.len();
        }
    }
    assert_eq!(conversions as u64, mapping.conversions());
    for step in 1..4 {
        let new: usize = (0..mapping.row_tiles())
            .map(|tile| mapping.new_inputs(tile, step))
            .sum();
        let channels = mapping.geometry.input.channels;
        assert_eq!(new, kernel * channels * kernel.min(stride * step));
    }
}

/// 18 rows of two channels on arrays of two groups of 4 word lines: rows 0 5 10 15 1 6 11 16, then 2 7 12 17 3 8 13 4, then 9 14.
#[test]
fn interleaved_rows_need_what_lay_on_another_array() {
    let array = ArrayShape { rows: 8, ..ARRAY };
    let geometry = geometry((2, 4, 4), 1, (3, 1, 1));
    let of = |order| {
        let mapping = LayerMapping::with_planes(array, (4, order), &geometry, unsigned(2, 2));
        mapping.expect("fits")
    };
    let mapping = of(RowOrder::Interleaved);
    assert_eq!(mapping.row_tiles(), 3);
    // Rows whose right neighbour in the kernel lies on the same array: 0 (1), 10 (11), 15 (16); then 3 (4), 12 (13), 7 (8); then none.
    let kept = |tile| mapping.tile_rows(tile).len() - mapping.new_inputs(tile, 1);
    assert_eq!([0, 1, 2].map(kept), [3, 3, 0]);
    // Two pixels on, row 15 (17) would do, were it on one array with it; nothing is as wide as three.
    assert_eq!(mapping.new_inputs(0, 2), 8);
    assert_eq!(mapping.new_inputs(1, 3), 8);
}

#[test]
fn partial_sums_are_as_wide_as_their_groups_need() {
    let mapping = map(&geometry((64, 16, 16), 64, (3, 1, 1)), unsigned(4, 4));
    // 14 groups of levels up to 15, factors up to 15 x 15 in all: 47 250 takes 16 bits and a sign.
    assert_eq!(mapping.sum_bits(0, 15), 17);
    // The last array has 8 groups: 27 000.
    assert_eq!(mapping.sum_bits(4, 15), 16);
}
