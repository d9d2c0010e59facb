//! Every estimator on every kind of read-out: shapes, finite numbers, same bits whatever the threads.

use super::{MACRO, logistic, logistic_readout, mixed, small_matrix};
use imcsim::hw::partial_sum::SumRange;
use imcsim::hw::readout::Architecture;
use imcsim::hw::readout::table::{CodeTable, Decode};
use imcsim::train::mvm::{Estimator, Slopes, slopes};

fn all() -> impl Iterator<Item = Estimator> {
    let named = |name| Estimator::parse(name, 0.5).expect("a known name");
    Estimator::NAMES.into_iter().map(named)
}

/// A read-out of one single sum.
fn lonely() -> CodeTable {
    CodeTable {
        s_min: 4,
        s_max: 4,
        codes: 1,
        hard: vec![0],
        pmf: vec![1.0],
        log_pmf: vec![0.0],
        slope: vec![0.0],
        decode: Decode {
            base: 4.0,
            step: 1.0,
            levels: vec![0],
        },
        offset: 0.0,
    }
}

/// All numbers, and how many there must be for each sum.
fn flat(slopes: &Slopes) -> (Vec<f32>, usize) {
    match slopes {
        Slopes::BySum(list) => (list.clone(), 1),
        Slopes::ByCode { codes, table } => (table.clone(), *codes),
        Slopes::Drawn {
            codes,
            draws,
            table,
        } => (table.clone(), codes * draws),
        Slopes::Soft {
            draws,
            values,
            slopes,
        } => ([&values[..], &slopes[..]].concat(), 2 * draws),
    }
}

#[test]
fn every_estimator_gives_finite_numbers_for_every_read_out() {
    for table in [
        logistic(1.5, 0.6),
        logistic(1.5, 1e-4),
        logistic(1.5, 0.0),
        logistic(1.5, 50.0),
        mixed(Architecture::Ramp, 0.0),
        small_matrix().table(),
        lonely(),
    ] {
        for estimator in all() {
            for temperature in [0.5, 0.0, 1e6] {
                let found = slopes(&table, estimator.with_temperature(temperature), 1, &[]);
                let (numbers, per_sum) = flat(&found);
                assert_eq!(numbers.len(), per_sum * table.sums(), "{estimator:?}");
                assert!(
                    numbers.iter().all(|n| n.is_finite()),
                    "{estimator:?} {temperature}"
                );
                let is_by_code = matches!(found, Slopes::ByCode { .. } | Slopes::Drawn { .. });
                assert_eq!(is_by_code, estimator.needs_code());
            }
        }
    }
}

#[test]
fn noise_free_read_outs_have_hard_soft_codes_and_no_slope() {
    let table = logistic(1.5, 0.0);
    for estimator in all().filter(|estimator| estimator.needs_noise()) {
        let (mut numbers, per_sum) = flat(&slopes(&table, estimator, 1, &[]));
        if let Slopes::Soft { draws, .. } = slopes(&table, estimator, 1, &[]) {
            let values: Vec<f32> = numbers.drain(..numbers.len() / 2).collect();
            for (row, &hard) in values.chunks(draws).zip(&table.hard) {
                let value = table.decode.value(usize::from(hard));
                assert!(row.iter().all(|v| *v == value));
            }
        }
        assert!(
            per_sum > 0 && numbers.iter().all(|n| *n == 0.0),
            "{estimator:?}"
        );
    }
}

#[test]
fn draws_depend_on_the_key_and_not_on_threads() {
    let table = logistic(1.5, 0.6);
    let threads = |count: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        pool.expect("threads")
    };
    for estimator in all() {
        let make = |seed: u64, place: &[u64]| slopes(&table, estimator, seed, place);
        let one = threads(1).install(|| make(7, &[1, 2]));
        assert_eq!(
            one,
            threads(3).install(|| make(7, &[1, 2])),
            "{estimator:?}"
        );
        assert_eq!(one != make(7, &[1, 3]), estimator.has_temperature());
        assert_eq!(one != make(8, &[1, 2]), estimator.has_temperature());
    }
}

#[test]
fn straight_through_ends_half_a_step_beyond_the_outermost_codes() {
    let inside = |table: &CodeTable| {
        let Slopes::BySum(list) = slopes(table, Estimator::StraightThrough, 0, &[]) else {
            panic!("one factor per sum");
        };
        let sums = (table.s_min..).zip(list);
        let open: Vec<i32> = sums.filter(|(_, d)| *d == 1.0).map(|(s, _)| s).collect();
        (open[0], open[open.len() - 1], open.len())
    };
    assert_eq!(inside(&logistic(1.0, 0.6)), (-7, 7, 15));
    assert_eq!(inside(&logistic(1.5, 0.6)), (-11, 11, 23));
    assert_eq!(
        inside(&logistic(2.0, 0.6)),
        (-15, 15, 31),
        "at the edge itself"
    );
    assert_eq!(inside(&logistic(27.0 / 7.0, 0.6)), (-27, 27, 55));
    assert_eq!(
        inside(&logistic(100.0, 0.6)),
        (-27, 27, 55),
        "one code reads all"
    );
    assert_eq!(inside(&small_matrix().table()), (0, 3, 4));
    let mut limited = logistic_readout(1.0, 0.6, 0.0);
    limited.range = SumRange { min: 0, ..MACRO };
    assert_eq!(inside(&limited.table()), (0, 7, 8));
}
