//! What holds for every run: cycles of a unit add up, nothing is in two places at once, no buffer overflows.

use crate::plans::plans;
use crate::record::Record;
use imcsim::cycle::closed_form::mvm_cycles;
use imcsim::cycle::engine;
use imcsim::cycle::links::Links;
use imcsim::cycle::observer::{Cargo, Span, Unit};
use imcsim::cycle::outcome::Outcome;
use imcsim::cycle::plan::{BetweenPixels, Mvm, Plan, Uniform, Work};
use proptest::prelude::*;
use std::collections::HashMap;

/// Most spans at one time; spans that end at a cycle have ended before others start in it, empty spans count nothing.
fn most_at_once(spans: &[Span]) -> i64 {
    let mut steps: Vec<(u64, i64)> = Vec::new();
    for span in spans.iter().filter(|span| !span.is_empty()) {
        steps.extend([(span.start, 1), (span.end, -1)]);
    }
    steps.sort();
    let running = steps.iter().scan(0, |level, (_, step)| {
        *level += step;
        Some(*level)
    });
    running.max().unwrap_or(0)
}

type Spans<K> = HashMap<K, Vec<Span>>;

fn each_at_most<K>(spans: Spans<K>, most: u32) -> Result<(), TestCaseError> {
    for spans in spans.values() {
        prop_assert!(most_at_once(spans) <= i64::from(most), "{:?}", spans);
    }
    Ok(())
}

fn cycles_add_up(outcome: &Outcome) -> Result<(), TestCaseError> {
    for counted in &outcome.macros {
        let stalls: u64 = counted.stalls.iter().sum();
        let array = counted.front + counted.sample + stalls + counted.idle;
        prop_assert_eq!(array, outcome.cycles);
        let readouts = counted.sense + counted.latch_wait + counted.array_wait;
        prop_assert!(readouts <= outcome.cycles);
        prop_assert!(counted.latch <= outcome.cycles);
    }
    let macros = |part: fn(&imcsim::cycle::outcome::MacroCycles) -> u64| {
        outcome.macros.iter().map(part).sum::<u64>()
    };
    let layers = |part: fn(&imcsim::cycle::outcome::LayerCycles) -> u64| {
        outcome.layers.iter().map(part).sum::<u64>()
    };
    prop_assert_eq!(layers(|layer| layer.operations), macros(|of| of.operations));
    prop_assert_eq!(
        layers(|layer| layer.conversions),
        macros(|of| of.conversions)
    );
    prop_assert_eq!(layers(|layer| layer.sense), macros(|of| of.sense));
    prop_assert_eq!(layers(|layer| layer.mvms), macros(|of| of.mvms));
    let stalls = layers(|layer| layer.stalls.iter().sum());
    prop_assert_eq!(stalls, macros(|of| of.stalls.iter().sum()));
    prop_assert_eq!(layers(|layer| layer.digital), outcome.digital);
    let last = outcome.layers.iter().map(|layer| layer.end).max();
    prop_assert_eq!(last, Some(outcome.cycles));
    prop_assert!(outcome.links.iter().all(|&held| held <= outcome.cycles));
    Ok(())
}

/// The first tile along the rows that works for the same column and pixel.
fn first_tile(plan: &Plan, mvm: Mvm) -> Mvm {
    let Work::Macro(work) = &plan.layers[mvm.layer as usize].work else {
        return mvm;
    };
    Mvm {
        tile: mvm.tile - mvm.tile % work.row_tiles,
        ..mvm
    }
}

fn units_do_one_thing_at_a_time(told: &Record<true>) -> Result<(), TestCaseError> {
    let mut arrays: Spans<u32> = HashMap::new();
    let mut readouts: Spans<u32> = HashMap::new();
    let mut latches: Spans<u32> = HashMap::new();
    for operation in &told.operations {
        let array = arrays.entry(operation.macro_index).or_default();
        array.extend([operation.front.clone(), operation.sample.clone()]);
    }
    for (macro_index, _, span) in &told.stalls {
        arrays.entry(*macro_index).or_default().push(span.clone());
    }
    for conversion in &told.conversions {
        let macro_index = conversion.macro_index;
        let blocked = conversion.sense.start..conversion.latch.start;
        readouts.entry(macro_index).or_default().push(blocked);
        let latch = conversion.latch.clone();
        latches.entry(macro_index).or_default().push(latch);
    }
    let mut units: Spans<(bool, Option<u32>)> = HashMap::new();
    for (macro_index, unit, span) in &told.units {
        let merges = matches!(unit, Unit::Merge(_));
        let unit = units.entry((merges, *macro_index)).or_default();
        unit.push(span.clone());
    }
    each_at_most(arrays, 1)?;
    each_at_most(readouts, 1)?;
    each_at_most(latches, 1)?;
    each_at_most(units, 1)
}

fn links_carry_one_transfer(plan: &Plan, told: &Record<true>) -> Result<(), TestCaseError> {
    let links = Links::new(plan);
    let mut held: Spans<usize> = HashMap::new();
    for transfer in &told.transfers {
        prop_assert!(transfer.requested <= transfer.span.start);
        let cycles = links.cycles(transfer.from, transfer.to, transfer.bits);
        prop_assert_eq!(transfer.span.end - transfer.span.start, cycles);
        for link in links.path(transfer.from, transfer.to) {
            held.entry(link).or_default().push(transfer.span.clone());
        }
    }
    each_at_most(held, 1)
}

/// Places are taken and given back as the law says, never more than there are.
fn buffers_hold(plan: &Plan, told: &Record<true>) -> Result<(), TestCaseError> {
    let mut inputs_used: HashMap<Mvm, u64> = HashMap::new();
    let (mut started, mut macros) = (HashMap::new(), HashMap::new());
    for (mvm, macro_index, span) in &told.mvms {
        inputs_used.insert(*mvm, span.start);
        started.insert(*mvm, span.clone());
        macros.insert(*mvm, *macro_index);
    }
    for operation in &told.operations {
        let used = inputs_used.entry(operation.mvm).or_default();
        *used = operation.sample.end.max(*used);
    }
    let mut inputs: Spans<u32> = HashMap::new();
    let mut banks: Spans<u32> = HashMap::new();
    let mut outputs: Spans<u32> = HashMap::new();
    let mut activated: HashMap<Mvm, Span> = HashMap::new();
    for (macro_index, unit, span) in &told.units {
        if let (Unit::Activate(mvm), Some(number)) = (unit, macro_index) {
            activated.insert(*mvm, span.clone());
            let bank = started[mvm].start..span.end;
            banks.entry(*number).or_default().push(bank);
        }
    }
    for transfer in &told.transfers {
        let (number, mvm) = (transfer.macro_index, transfer.mvm);
        let end = transfer.span.end;
        match transfer.cargo {
            Cargo::Load => {
                prop_assert!(end <= started[&mvm].start);
                let place = transfer.requested..inputs_used[&mvm];
                inputs.entry(number).or_default().push(place);
            }
            Cargo::Sums => {
                let first = first_tile(plan, mvm);
                let both = started[&mvm].end.max(started[&first].end);
                prop_assert_eq!(transfer.requested, both);
                banks
                    .entry(number)
                    .or_default()
                    .push(started[&mvm].start..end);
            }
            Cargo::Output => {
                prop_assert_eq!(transfer.requested, activated[&mvm].end);
                let place = activated[&mvm].start..end;
                outputs.entry(number).or_default().push(place);
            }
        }
    }
    each_at_most(inputs, plan.buffers.input_vectors)?;
    each_at_most(banks, plan.buffers.accumulator_banks)?;
    each_at_most(outputs, plan.buffers.output_vectors)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_every_run_keeps((plan, activity) in plans()) {
        let mut told = Record::<true>::default();
        let outcome = engine::run(&plan, &activity, &mut told).expect("the plan is right");
        cycles_add_up(&outcome)?;
        units_do_one_thing_at_a_time(&told)?;
        links_carry_one_transfer(&plan, &told)?;
        buffers_hold(&plan, &told)?;
        prop_assert_eq!(told.progress.last().map(|last| last.1), Some(told.mvms.len() as u64));
    }

    /// A macro that was at rest takes what the closed form says.
    #[test]
    fn mvms_take_the_closed_form((mut plan, _) in plans()) {
        plan.between_pixels = BetweenPixels::Drain;
        let mut told = Record::<false>::default();
        engine::run(&plan, &Uniform, &mut told).expect("the plan is right");
        for (mvm, _, span) in &told.mvms {
            let Work::Macro(work) = &plan.layers[mvm.layer as usize].work else {
                panic!("a digital layer has no MVMs");
            };
            let part = &work.tiles[mvm.tile as usize];
            let expected = mvm_cycles(&plan.timing, part.operations, part.conversions_per_operation);
            prop_assert_eq!(span.end - span.start, expected);
        }
    }
}
