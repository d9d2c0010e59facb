//! Numbers of a run of the chip by closed forms from the layout, and how they answer to more images, links and macros.

use super::{cycles, hardware, lenet};
use imcsim::mapping::plan::map_network;
use imcsim::results::cycle::{CycleResult, Part};

fn sum(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.value).sum()
}

fn of(parts: &[Part], name: &str) -> f64 {
    parts
        .iter()
        .find(|part| part.name == name)
        .map_or(0.0, |part| part.value)
}

fn shares_are_whole(cycle: &CycleResult, what: &str) {
    let layers = cycle.layers.iter().filter(|layer| layer.on_macro);
    let own = layers.map(|layer| (layer.name.as_str(), &layer.array_cycles));
    let all = [
        ("arrays", &cycle.array_cycles),
        ("read-outs", &cycle.readout_cycles),
    ];
    for (name, parts) in own.chain(all) {
        let total = sum(parts);
        assert!(
            (total - 1.0).abs() < 1e-9,
            "{what}, {name}: {total} {parts:?}"
        );
        assert!(
            parts.iter().all(|part| part.value >= 0.0),
            "{what}, {name}: {parts:?}"
        );
    }
    let rows = cycle.timeline.layers.iter().chain([&cycle.timeline.link]);
    for share in rows.flatten() {
        assert!(
            (0.0..=1.0 + 1e-9).contains(share),
            "{what}: {share} at work"
        );
    }
}

const PIPELINED: &str = "chip.schedule.order=pipelined";
const BALANCED: &str = "chip.duplication={balanced={}}";
const NARROW: &str = "chip.interconnect.bus.width_bits=16";

#[test]
fn shares_sum_to_one_in_every_order() {
    let ways: [&[&str]; 5] = [
        &[],
        &[PIPELINED],
        &[PIPELINED, BALANCED],
        &[PIPELINED, NARROW],
        &[
            "timing.sample_and_hold=per_column",
            "timing.skip_zero_groups=true",
            NARROW,
        ],
    ];
    for way in ways {
        for images in [1, 3] {
            shares_are_whole(&cycles(way, images), &format!("{way:?}, {images} images"));
        }
    }
}

#[test]
fn counts_are_those_of_the_layout() {
    let cycle = cycles(&[], 2);
    let mapped =
        map_network(&hardware(&[]), &lenet().trained.network.network, None, 2).expect("fits");
    let mut conversions = 0;
    for (layer, part) in cycle.layers.iter().zip(&mapped.rounds[0].parts) {
        let Some(mapping) = &part.mapping else {
            assert_eq!(
                (layer.conversions, layer.operations, layer.on_macro),
                (0, 0, false)
            );
            continue;
        };
        let pixels = layer.pixels;
        assert_eq!(layer.conversions, 2 * pixels * mapping.conversions());
        // One operation for each group, read and position of the multiplexer; an array has 128 pairs and 16 read-outs.
        let (outputs, groups) = (mapping.geometry.outputs, mapping.groups.count());
        let per_pixel = groups * outputs / 16;
        assert_eq!(layer.operations, 2 * pixels * per_pixel as u64);
        conversions += layer.conversions;
    }
    // 800 and 3136 rows in groups of 9.
    let macs = 196 * 800 * 64 + 3136 * 512;
    assert_eq!(cycle.macro_macs, macs);
    let expected = (196 * 89 * 64 + 349 * 512) as f64 / macs as f64;
    assert!((cycle.conversions_per_mac - expected).abs() < 1e-12);
    assert_eq!(conversions, 2 * (196 * 89 * 64 + 349 * 512));
    assert_eq!(cycle.macs, macs + 784 * 25 * 32 + 512 * 10);
}

/// 9 products per conversion where all groups are full.
#[test]
fn a_ninth_of_a_conversion_per_product() {
    let vgg = super::subject("vgg");
    let cycle = super::on_chip(&vgg, &hardware(&[]), (1, false), |chip, _, _, _| {
        chip.run(&|_, _, _| {}).expect("runs")
    });
    shares_are_whole(&cycle, "vgg");
    let conv = cycle
        .layers
        .iter()
        .find(|layer| layer.name == "conv3")
        .expect("is there");
    // 3 x 3 kernels of 64 channels on 16 x 16 pixels of 128 outputs.
    assert_eq!(conv.conversions * 9, 9 * 64 * 256 * 128);
    assert!((cycle.conversions_per_mac - 1.0 / 9.0).abs() < 1e-4);
}

#[test]
fn energy_of_layers_is_that_of_the_chip_without_leakage() {
    let cycle = cycles(&[], 3);
    let cost = cycle.cost.as_ref().expect("has models");
    let layers: f64 = cycle.layers.iter().map(|layer| sum(&layer.energy_pj)).sum();
    let whole = 3.0
        * (sum(&cost.energy_pj)
            - of(&cost.energy_pj, "leakage")
            - of(&cost.energy_pj, "writing weights"));
    assert!(
        (layers / whole - 1.0).abs() < 1e-9,
        "{layers} {whole}: {:?}",
        cost.energy_pj
    );
    // uJ to TOPS/W: operations per pJ.
    assert!((sum(&cost.energy_pj) / 1e6 / cost.energy_uj - 1.0).abs() < 1e-12);
    let tops = 2.0 * cycle.macs as f64 / sum(&cost.energy_pj);
    assert!((cost.tops_per_w / tops - 1.0).abs() < 1e-12);
    // 128 macros of 10 uW and a bus of 1 uW for as long as it takes.
    let leakage = (128.0 * 10.0 + 1.0) * cycle.cycles as f64 / 3.0 * 1e-3;
    assert!(
        (of(&cost.energy_pj, "leakage") / leakage - 1.0).abs() < 1e-9,
        "{:?}",
        cost.energy_pj
    );
}

#[test]
fn twice_the_images_twice_the_work() {
    let (one, two) = (cycles(&[], 2), cycles(&[], 4));
    for (a, b) in one.layers.iter().zip(&two.layers) {
        assert_eq!(
            (2 * a.conversions, 2 * a.operations),
            (b.conversions, b.operations)
        );
    }
    assert_eq!(
        2 * one.cycles,
        two.cycles,
        "layer by layer, nothing depends on the data"
    );
    assert!((one.images_per_s / two.images_per_s - 1.0).abs() < 1e-9);
    assert!((one.latency_us / two.latency_us - 1.0).abs() < 1e-12);
}

#[test]
fn more_of_everything_is_never_slower() {
    let plain = cycles(&[], 1);
    for faster in [PIPELINED, BALANCED, "chip.interconnect.bus.width_bits=1024"] {
        let other = cycles(&[faster], 1);
        assert!(
            other.latency_us <= plain.latency_us,
            "{faster}: {}",
            other.latency_us
        );
    }
    let narrow = cycles(&[NARROW], 1);
    assert!(narrow.latency_us > plain.latency_us);
    assert!(cycles(&[BALANCED], 1).latency_us < 0.5 * plain.latency_us);
}

/// The timeline holds every cycle at work: cycles of MVMs of a macro layer by the law of one macro.
#[test]
fn the_timeline_holds_all_cycles_at_work() {
    let cycle = cycles(&["chip.schedule.between_pixels=drain"], 1);
    let mapped =
        map_network(&hardware(&[]), &lenet().trained.network.network, None, 1).expect("fits");
    for (at, part) in mapped.rounds[0].parts.iter().enumerate() {
        let (row, pixels) = (&cycle.timeline.layers[at], cycle.layers[at].pixels);
        let busy = row.iter().sum::<f64>() * cycle.timeline.bin_us * 1e3;
        let expected = match &part.mapping {
            // 10 cycles an operation; mean over the macros.
            Some(mapping) => {
                let operations = mapping.groups.count() * mapping.geometry.outputs / 16;
                (operations * 10) as f64 / mapping.arrays() as f64
            }
            None => (part_cycles(&mapped.rounds[0].plan.layers[at].work)) as f64,
        } * pixels as f64;
        assert!(
            (busy / expected - 1.0).abs() < 1e-9,
            "{}: {busy} of {expected}",
            part.name
        );
    }
}

fn part_cycles(work: &imcsim::cycle::plan::Work) -> u32 {
    match work {
        imcsim::cycle::plan::Work::Digital { cycles_per_pixel } => *cycles_per_pixel,
        imcsim::cycle::plan::Work::Macro(_) => 0,
    }
}

#[test]
fn banks_of_accumulators_take_the_area_of_their_bits() {
    let buffers_mm2 = |set: &[&str]| {
        let cost = cycles(set, 1).cost.expect("shipped with costs");
        let part = cost.area_mm2.iter().find(|part| part.name == "buffers");
        part.expect("buffers").value
    };
    let more = buffers_mm2(&["chip.buffers.accumulator_banks=5"]) - buffers_mm2(&[]);
    // 128 macros, 3 banks more, 128 pairs of columns, 20 bits, 0.5 um^2 a bit.
    let expected = 128.0 * 3.0 * 128.0 * 20.0 * 0.5e-6;
    assert!((more - expected).abs() < 1e-9, "{more} {expected}");
}
