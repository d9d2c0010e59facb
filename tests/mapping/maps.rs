//! Maps that the global buffer keeps of LeNet, by hand: 28 x 28 bytes in; conv1 14 x 14 x 32, conv2 7 x 7 x 64 and fc1 512 codes
//! of 2 bits; 10 sums of 32 bits out.

use super::hardware;
use imcsim::cycle::occupancy::{Map, Peak};
use imcsim::mapping::maps::{check_peak, maps};
use imcsim::mapping::plan::{Mapped, map_network};
use imcsim::net::network::Network;
use imcsim::net::shipped::load_network;

fn lenet(change: &[(&str, &str)], images: u32) -> (Network, Result<Mapped, String>) {
    let network = load_network("lenet").expect("shipped");
    let mapped = map_network(&hardware(change), &network, None, images);
    (network, mapped.map_err(|error| error.to_string()))
}

fn written(pixel_bits: &[u64], pool: u32) -> Map {
    Map {
        pixel_bits: pixel_bits.to_vec(),
        pool,
        ..Map::default()
    }
}

#[test]
fn one_round() {
    let (network, mapped) = lenet(&[], 2);
    let found = maps(&network, &mapped.expect("fits").rounds, 0);
    let input = Map {
        at_once: 6272,
        ..Map::default()
    };
    // fc1: four column tiles of 128 outputs.
    let all = [
        input,
        written(&[64], 2),
        written(&[128], 2),
        written(&[256; 4], 1),
        written(&[320], 1),
    ];
    assert_eq!(found, all);
}

/// Four macros per tile: conv2 in round 1, one column tile of fc1 in each of the following rounds.
#[test]
fn a_layer_that_goes_on_keeps_its_inputs() {
    let small = ("macros_per_tile = 20", "macros_per_tile = 4");
    let (network, mapped) = lenet(&[small], 2);
    let rounds = mapped.expect("fits").rounds;
    assert_eq!(rounds.len(), 5);
    let of = |number: usize| maps(&network, &rounds, number);
    let first = of(0);
    assert_eq!(
        (first.len(), first[0].at_once, first[0].before),
        (3, 6272, 0)
    );
    assert!(!first[0].stays && !first[1].stays && first[2].stays);
    for number in 1..4 {
        let maps = of(number);
        assert_eq!(maps.len(), 2);
        assert_eq!((maps[0].before, maps[0].at_once), (6272, 0));
        assert_eq!(maps[1].before, (number as u64 - 1) * 256);
        assert_eq!(maps[1].pixel_bits, [256]);
        assert!(maps[0].stays && maps[1].stays);
    }
    let last = of(4);
    assert_eq!(
        last.len(),
        3,
        "fc2 is digital and follows in the same round"
    );
    assert_eq!((last[0].before, last[1].before), (6272, 768));
    assert!(last.iter().all(|map| !map.stays));
}

#[test]
fn before_it_runs_a_pipeline_holds_its_largest_map() {
    let kib = |text: &'static str| lenet(&[("global_kib = 64.0", text)], 8).1;
    // conv1's output, 12544 bits.
    let mapped = kib("global_kib = 1.53125").expect("may fit");
    assert_eq!(mapped.description.buffer_bits, 12544);
    let error = kib("global_kib = 1.53").expect_err("too small");
    assert!(error.contains("layer conv1 needs 1.531 KiB"), "{error}");
}

#[test]
fn what_fills_the_buffer_is_named() {
    let mapped = lenet(&[], 8).1.expect("fits");
    let round = &mapped.rounds[0];
    let peak = Peak {
        bits: 16384,
        cycle: 50,
        maps: vec![384, 12000, 4000, 0, 0],
        at_end: 0,
    };
    assert_eq!(check_peak(2.0, round, &peak, 0), Ok(()));
    let error = check_peak(1.9, round, &peak, 7).expect_err("too small");
    assert_eq!(
        error.to_string(),
        "chip.buffers.global_kib = 1.9: what layers in a pipeline keep at cycle 57 needs 2.000 KiB (output of conv1 12000 bits, \
         output of conv2 4000 bits, input 384 bits; images: 8); enlarge the buffer, run fewer images at once, or use \
         chip.schedule.order = layer_by_layer"
    );
}
