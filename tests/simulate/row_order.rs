//! Which rows a group opens: with interleaved rows the sums are those of every G-th row, and a chip without errors is the table path.

use super::*;
use imcsim::kernel::lanes::{LANES, Lanes};

const INTERLEAVED: (&str, &str) = ("active = 9", "active = 9\norder = \"interleaved\"");

/// Thresholds half way between whole numbers: a read is its sum, clipped at 7.
const WHOLE: (&str, &str) = (
    "calibrated]\nstep_resolution_mac = 0.25\nsnap = \"half_integer\"",
    "list]\nthresholds_mac = [-6.5, -5.5, -4.5, -3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]",
);

/// Input codes and sums of the convolution on the macro, of the first block of images.
fn seen_of_conv(changes: &[(&str, &str)]) -> (Lanes<u8>, Vec<f32>) {
    let (network, hardware, pixels) = (network(), hardware("reram_9wl", changes), pixels());
    let images = Images {
        pixels: &pixels,
        labels: &[0; IMAGES],
        shape: INPUT,
    };
    let prepared = Prepared::new(&network, &hardware).expect("the network fits");
    let sums = count_sums(&prepared, images, 1).expect("the images fit");
    let readouts = place(&prepared, &hardware.readout, &sums).expect("fits");
    let condition = Condition::noise_free(&readouts);
    let mut found = None;
    let mut look = |seen: Seen| {
        if seen.layer == 1 {
            found = Some((seen.input.with_border(1), seen.sums.values.to_vec()));
        }
    };
    forward(&prepared, &condition, images.block(0), 0, &mut look);
    found.expect("the layer is on the macro")
}

/// What such reads add up to, as plainly as possible, for 45 rows in 5 groups.
fn plain(codes: &Lanes<u8>, of_group: impl Fn(usize) -> usize) -> Vec<f32> {
    let layer = &network().layers[1];
    let mut values = Vec::new();
    for weights in layer.codes.chunks(45) {
        for (y, x) in (0..6).flat_map(|y| (0..6).map(move |x| (y, x))) {
            let mut groups = [[0i32; 5]; LANES];
            for (row, &w) in weights.iter().enumerate() {
                // The block has a border of one pixel.
                let at = codes.at(row / 9, y, x) - codes.at(0, 0, 0);
                let at = at + (row / 3 % 3) * codes.row_stride() + row % 3 * LANES;
                for (lane, groups) in groups.iter_mut().enumerate() {
                    groups[of_group(row)] += i32::from(w) * i32::from(codes.values[at + lane]);
                }
            }
            let read = |groups: &[i32; 5]| groups.iter().map(|s| s.clamp(&-7, &7)).sum::<i32>();
            values.extend(groups.iter().map(|groups| read(groups) as f32));
        }
    }
    values
}

#[test]
fn a_group_opens_every_gth_row() {
    let (codes, consecutive) = seen_of_conv(&[WHOLE]);
    assert!(codes.values.iter().any(|&code| code > 0));
    assert!(consecutive == plain(&codes, |row| row / 9));
    let (same, interleaved) = seen_of_conv(&[WHOLE, INTERLEAVED]);
    assert!(codes.values[..] == same.values[..]);
    assert!(interleaved == plain(&codes, |row| row % 5));
    assert!(interleaved != consecutive, "some sums are clipped");
}

#[test]
fn a_chip_without_variation_is_the_table_path_of_its_order() {
    let change = [&EXACT_CHIP[..], &[INTERLEAVED]].concat();
    let table = conditions("reram_9wl", &change, |_, readouts| {
        Condition::noise_free(readouts)
    });
    let chip = conditions("reram_9wl", &change, |prepared, readouts| {
        Condition::chip(prepared, readouts, 3, 1)
    });
    assert_eq!(table, chip);
    let consecutive = conditions("reram_9wl", &EXACT_CHIP, |_, readouts| {
        Condition::noise_free(readouts)
    });
    assert_ne!(table, consecutive);
}
