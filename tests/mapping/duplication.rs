//! Copies of layers: balanced against all possibilities, by hand against the network.

use imcsim::hw::tiles::{DuplicationSpec, NoSpec};
use imcsim::mapping::duplication::{Demand, Named, balanced, by_hand};
use imcsim::rng::{Purpose, keyed};
use rand::RngExt;
use std::collections::BTreeMap;

fn bottleneck(demands: &[Demand], copies: &[u32]) -> u64 {
    let times = demands
        .iter()
        .zip(copies)
        .map(|(demand, &copies)| demand.time(copies));
    times.max().unwrap_or(0)
}

fn used(demands: &[Demand], copies: &[u32]) -> usize {
    demands
        .iter()
        .zip(copies)
        .map(|(demand, &copies)| demand.macros * copies as usize)
        .sum()
}

/// The shortest bottleneck of all numbers of copies that fit.
fn brute_force(demands: &[Demand], macros: usize, chosen: &mut Vec<u32>) -> u64 {
    if chosen.len() == demands.len() {
        let fits = used(demands, chosen) <= macros;
        return if fits {
            bottleneck(demands, chosen)
        } else {
            u64::MAX
        };
    }
    let demand = demands[chosen.len()];
    let mut best = u64::MAX;
    for copies in 1..=demand.pixels.min((macros / demand.macros) as u32) {
        chosen.push(copies);
        best = best.min(brute_force(demands, macros, chosen));
        chosen.pop();
    }
    best
}

#[test]
fn balanced_has_the_shortest_possible_bottleneck() {
    let mut rng = keyed(3, Purpose::Pattern, &[]);
    let mut helped = 0;
    for _ in 0..300 {
        let layers = rng.random_range(1..=3);
        let demands: Vec<Demand> = (0..layers)
            .map(|_| Demand {
                macros: rng.random_range(1..=4),
                pixels: rng.random_range(1..=9),
                cycles: rng.random_range(1..=20),
            })
            .collect();
        let ones = vec![1; layers];
        let macros = used(&demands, &ones) + rng.random_range(0..=12);
        let copies = balanced(&demands, macros);
        assert!(used(&demands, &copies) <= macros, "{demands:?} {copies:?}");
        let within = copies
            .iter()
            .zip(&demands)
            .all(|(&copies, demand)| copies <= demand.pixels);
        assert!(within, "{demands:?} {copies:?}");
        let (found, none) = (bottleneck(&demands, &copies), bottleneck(&demands, &ones));
        assert!(found <= none);
        helped += u32::from(found < none);
        assert_eq!(
            found,
            brute_force(&demands, macros, &mut Vec::new()),
            "{demands:?} on {macros}: {copies:?}"
        );
    }
    assert!(helped > 100, "{helped} bottlenecks became shorter");
}

fn hand(copies: &[(&str, u32)]) -> DuplicationSpec {
    DuplicationSpec::ByHand(
        copies
            .iter()
            .map(|(name, n)| ((*name).into(), *n))
            .collect::<BTreeMap<_, _>>(),
    )
}

#[test]
fn by_hand_is_held_against_the_network() {
    let demand = Demand {
        macros: 4,
        pixels: 9,
        cycles: 5,
    };
    let layers = [
        Named {
            name: "conv1",
            demand: None,
        },
        Named {
            name: "conv2",
            demand: Some(demand),
        },
        Named {
            name: "fc1",
            demand: Some(Demand {
                pixels: 1,
                ..demand
            }),
        },
    ];
    let copies = |spec: &DuplicationSpec| by_hand(spec, &layers, 20);
    assert_eq!(copies(&hand(&[("conv2", 5)])), Ok(vec![1, 5, 1]));
    assert_eq!(copies(&DuplicationSpec::None(NoSpec {})), Ok(vec![1, 1, 1]));
    let error = |written: &[(&str, u32)]| copies(&hand(written)).expect_err("wrong").to_string();
    let unknown = error(&[("conv3", 2)]);
    assert!(
        unknown.contains("by_hand.conv3: no such layer")
            && unknown.contains("did you mean `conv2`?"),
        "{unknown}"
    );
    let digital = error(&[("conv1", 2)]);
    assert!(
        digital.contains("digital unit") && digital.contains("conv2, fc1"),
        "{digital}"
    );
    let large = error(&[("conv2", 6)]);
    assert!(
        large.contains("need 24 macros and the chip has 20; write at most 5"),
        "{large}"
    );
    let pixels = error(&[("fc1", 2)]);
    assert!(
        pixels.contains("1 output pixels") && pixels.contains("at most 1"),
        "{pixels}"
    );
}
