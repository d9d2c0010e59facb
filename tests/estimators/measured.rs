//! Slopes of measured read-outs: differences of rows, in closed form for a small matrix at whose sums at most two codes occur.
//!
//! With the odds c of the second code, the relaxed read-out has at temperature 1 the share z = u / (1 + u) of it, where u has the
//! density c / (u + c)^2 and the second code is drawn where u > 1.

use super::relaxed::moments;
use super::{assert_close, by_code, measured_readout, small_matrix};
use imcsim::hw::partial_sum::SumRange;
use imcsim::hw::readout::table::CodeTable;
use imcsim::train::mvm::{Estimator, Slopes, mean_slopes, slopes};

/// Values of the codes of the small matrix.
const VALUES: [f64; 4] = [0.0, 1.0, 2.5, 4.0];
/// dT / ds of its sums, from the rows above and below.
const ROWS: [[f64; 4]; 4] = [
    [-0.8, 0.8, 0.0, 0.0],
    [-0.5, 0.45, 0.0, 0.05],
    [-0.1, -0.25, 0.0, 0.35],
    [0.0, -0.6, 0.0, 0.6],
];
/// Slopes of its mean values 0, 0.8, 1.3 and 3.1.
const MEAN_SLOPES: [f64; 4] = [0.8, 0.65, 1.15, 1.8];

/// A sum at which two codes occur.
struct Pair {
    sum: usize,
    codes: [usize; 2],
    /// Probability of the second.
    share: f64,
    /// Slope of its log odds: the difference of both scores.
    score: f64,
    /// Slope of the probability of the code left out, and its value.
    left_out: (f64, f64),
}

const PAIRS: [Pair; 3] = [
    Pair {
        sum: 1,
        codes: [0, 1],
        share: 0.8,
        score: 0.45 / 0.8 + 0.5 / 0.2,
        left_out: (0.05, 4.0),
    },
    Pair {
        sum: 2,
        codes: [1, 3],
        share: 0.1,
        score: 0.35 / 0.1 + 0.25 / 0.9,
        left_out: (-0.1, 0.0),
    },
    Pair {
        sum: 3,
        codes: [1, 3],
        share: 0.7,
        score: 0.6 / 0.7 + 0.6 / 0.3,
        left_out: (0.0, 0.0),
    },
];

impl Pair {
    fn low(&self) -> f64 {
        VALUES[self.codes[0]]
    }

    fn difference(&self) -> f64 {
        VALUES[self.codes[1]] - self.low()
    }

    fn odds(&self) -> f64 {
        self.share / (1.0 - self.share)
    }

    /// What the code left out adds to a slope if it takes over a value of `reference` in the mean.
    fn added(&self, reference: f64) -> f64 {
        self.left_out.0 * (self.left_out.1 - reference)
    }

    /// Integral of z (1 - z) over the density of u, from here on.
    fn beyond(&self, u: f64) -> f64 {
        let c = self.odds();
        let d = c - 1.0;
        let logarithm = (c + 1.0) / d * ((1.0 + u) / (u + c)).ln();
        -c / (d * d) * (logarithm + 1.0 / (1.0 + u) + c / (u + c))
    }

    /// Mean slope at temperature 1 given each of the two codes.
    fn relaxed(&self) -> [f64; 2] {
        let of_second = self.beyond(1.0) / self.share;
        let of_first = (self.beyond(0.0) - self.beyond(1.0)) / (1.0 - self.share);
        let added = self.added(self.low() + self.share * self.difference());
        [of_first, of_second].map(|mean| self.difference() * self.score * mean + added)
    }

    /// Mean relaxed value at temperature 1.
    fn soft_value(&self) -> f64 {
        let c = self.odds();
        self.low() + self.difference() * c * (c - 1.0 - c.ln()) / (c - 1.0).powi(2)
    }
}

/// The equally likely factors of a sum and a code.
fn of_code(slopes: &Slopes, sum: usize, code: usize) -> Vec<f64> {
    let (codes, draws, table) = by_code(slopes);
    let from = (sum * codes + code) * draws;
    table[from..from + draws]
        .iter()
        .map(|&factor| f64::from(factor))
        .collect()
}

/// Five codes in a band: every sum is read as a neighbouring code now and then.
fn band() -> CodeTable {
    let row = |s: i32| {
        let code = ((s + 10) / 4).clamp(0, 4) as usize;
        let mut row = vec![0.0; 5];
        row[code] = 0.9;
        row[code.saturating_sub(1)] += 0.05;
        row[(code + 1).min(4)] += 0.05;
        row
    };
    let rows: Vec<Vec<f64>> = (-27..=27).map(row).collect();
    measured_readout(-27, &[-8.0, -4.0, 0.0, 4.0, 8.0], &rows).table()
}

#[test]
fn rows_are_as_far_apart_as_they_are_at_the_ends_too() {
    let mut readout = small_matrix();
    assert_close(&readout.table().slope, &ROWS.concat(), 1e-12, "dT/ds");
    readout.range = SumRange { min: -2, max: 5 };
    let beyond = [0.0; 8];
    let expected = [&beyond[..], &ROWS.concat()[..], &beyond[..]].concat();
    assert_close(&readout.table().slope, &expected, 1e-12, "beyond");
    let single = measured_readout(3, &[2.0, 3.0], &[vec![0.5, 0.5]]);
    assert_eq!(single.table().slope, [0.0; 2]);
}

#[test]
fn slopes_by_sum_are_those_of_the_mean_value() {
    for (estimator, expected) in [
        (Estimator::PassThrough, [1.0; 4]),
        (Estimator::StraightThrough, [1.0; 4]),
        (Estimator::Expectation, MEAN_SLOPES),
        (Estimator::Lattice, MEAN_SLOPES),
        (Estimator::Secant, MEAN_SLOPES),
    ] {
        let Slopes::BySum(list) = slopes(&small_matrix().table(), estimator, 1, &[]) else {
            panic!("one factor per sum");
        };
        let list: Vec<f64> = list.into_iter().map(f64::from).collect();
        assert_close(&list, &expected, 1e-6, estimator.name());
    }
}

#[test]
fn reinmax_keeps_what_codes_of_the_neighbours_contribute() {
    // Half of m' + added, and (v - m) psi / 2; m' for codes that do not occur.
    let expected = [
        [0.8; 4],
        [0.405 + 0.98, 0.405 + 0.061_25, 0.65, 0.65],
        [1.15, 0.64 + 0.17 / 3.0, 1.15, 0.64 + 4.59],
        [1.8, 0.9 + 2.1, 1.8, 0.9 + 2.7 / 7.0],
    ];
    for (table, rows) in [(small_matrix().table(), Some(expected)), (band(), None)] {
        let found = slopes(&table, Estimator::ReinMax, 1, &[]);
        for (sum, mean) in mean_slopes(&table).into_iter().enumerate() {
            let factors = (0..table.codes).flat_map(|code| of_code(&found, sum, code));
            let factors: Vec<f64> = factors.collect();
            if let Some(rows) = rows {
                assert_close(&factors, &rows[sum], 1e-6, "by code");
            }
            let drawn = factors.iter().zip(table.row(table.s_min + sum as i32));
            let drawn: f64 = drawn.map(|(factor, p)| factor * p).sum();
            assert!((drawn - mean).abs() < 1e-6, "{sum}: {drawn} {mean}");
        }
    }
}

#[test]
fn relaxed_slopes_of_every_code_are_the_closed_form() {
    const DRAWS: f64 = 4096.0;
    let table = small_matrix().table();
    let relaxed = |estimator| slopes(&table, estimator, 1, &[]);
    let rao = relaxed(Estimator::GumbelRao { temperature: 1.0 });
    let sampled = relaxed(Estimator::SampledGumbel { temperature: 1.0 });
    for pair in PAIRS {
        for (code, expected) in pair.codes.into_iter().zip(pair.relaxed()) {
            let (mean, spread) = moments(of_code(&sampled, pair.sum, code).into_iter());
            let what = format!("sum {}, code {code}: {mean} {expected}", pair.sum);
            assert!(
                (mean - expected).abs() < 5.0 * spread / DRAWS.sqrt(),
                "{what}"
            );
            let of_same_draws = of_code(&rao, pair.sum, code);
            assert_close(&of_same_draws, &[mean], 1e-4, &what);
        }
    }
    // Where one code occurs, nothing is relaxed; codes that do not occur have the slope of the mean.
    for found in [&rao, &sampled] {
        for (sum, code) in [(0, 0), (0, 1), (0, 3), (1, 3), (2, 2), (3, 0)] {
            let factors = of_code(found, sum, code);
            assert!(!factors.is_empty());
            let off = |factor: &f64| (factor - MEAN_SLOPES[sum]).abs();
            assert!(factors.iter().all(|factor| off(factor) < 1e-6));
        }
    }
}

#[test]
fn soft_pairs_are_the_closed_form() {
    let estimator = Estimator::Soft { temperature: 1.0 };
    let found = slopes(&small_matrix().table(), estimator, 1, &[]);
    let Slopes::Soft {
        draws,
        values,
        slopes,
    } = found
    else {
        panic!("soft pairs");
    };
    let of_sum = |list: &[f32], sum: usize| -> Vec<f64> {
        let of_sum = list[sum * draws..][..draws].iter();
        of_sum.map(|&number| f64::from(number)).collect()
    };
    assert_eq!(of_sum(&values, 0), vec![0.0; draws]);
    assert_close(&of_sum(&slopes, 0), &vec![0.8; draws], 1e-6, "one code");
    for pair in PAIRS {
        let values = of_sum(&values, pair.sum);
        let (mean, spread) = moments(values.iter().copied());
        let room = 5.0 * spread / (draws as f64).sqrt();
        assert!((mean - pair.soft_value()).abs() < room, "{}", pair.sum);
        let slope = |value: &f64| {
            let z = (value - pair.low()) / pair.difference();
            pair.difference() * pair.score * z * (1.0 - z) + pair.added(mean)
        };
        let expected: Vec<f64> = values.iter().map(slope).collect();
        assert_close(&of_sum(&slopes, pair.sum), &expected, 1e-4, "soft slope");
    }
}

#[test]
fn slopes_do_not_depend_on_where_values_have_their_zero() {
    let table = small_matrix().table();
    let mut moved = table.clone();
    moved.decode.base += 8.0;
    for name in Estimator::NAMES {
        let estimator = Estimator::parse(name, 0.5).expect("a known name");
        if matches!(estimator, Estimator::StraightThrough) {
            continue;
        }
        let numbers = |table: &CodeTable| -> Vec<f64> {
            let list = match slopes(table, estimator, 1, &[]) {
                Slopes::BySum(table) => table,
                Slopes::ByCode { table, .. } | Slopes::Drawn { table, .. } => table,
                Slopes::Soft { slopes, .. } => slopes,
            };
            list.into_iter().map(f64::from).collect()
        };
        assert_close(&numbers(&moved), &numbers(&table), 1e-4, name);
    }
}
