//! Slopes of the relaxed read-out against draws made the long way: logits plus Gumbel numbers through a softmax.

use super::{at, by_code, logistic, mixed, small_matrix};
use imcsim::hw::readout::Architecture;
use imcsim::hw::readout::table::CodeTable;
use imcsim::rng::{Purpose, keyed};
use imcsim::train::mvm::{CodeLaw, Estimator, Slopes, mean_slopes, mean_values, slopes};
use rand::{Rng, RngExt};

/// One draw: hard code, relaxed value, its derivative.
fn draw(law: &CodeLaw, temperature: f64, rng: &mut impl Rng) -> (usize, f64, f64) {
    let gumbel = |rng: &mut _| -(-f64::ln(RngExt::random::<f64>(rng).max(1e-300))).ln();
    let logits: Vec<f64> = law.pmf.iter().map(|p| p.ln() + gumbel(rng)).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let hard = logits.iter().position(|x| *x == largest).expect("a code");
    let weights = logits.iter().map(|x| ((x - largest) / temperature).exp());
    let (mut norm, mut v, mut p, mut vp) = (0.0, 0.0, 0.0, 0.0);
    for ((w, value), score) in weights.zip(&law.values).zip(&law.scores) {
        norm += w;
        v += w * value;
        p += w * score;
        vp += w * value * score;
    }
    let slope = (vp / norm - v / norm * p / norm) / temperature;
    (law.codes[hard], v / norm, slope)
}

/// Mean and standard deviation.
pub(super) fn moments(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut n, mut sum, mut square) = (0.0, 0.0, 0.0);
    for value in values {
        n += 1.0;
        sum += value;
        square += value * value;
    }
    let mean: f64 = sum / n;
    (mean, (square / n - mean * mean).max(0.0).sqrt())
}

/// Mean and standard deviation of the slope that a read of `s` meets when codes and draws follow their laws.
fn over_codes(table: &CodeTable, s: i32, slopes: &Slopes) -> (f64, f64) {
    let (codes, draws, list) = by_code(slopes);
    let (mut mean, mut square) = (0.0, 0.0);
    for (code, pmf) in table.row(s).iter().enumerate() {
        let from = (at(s) * codes + code) * draws;
        for slope in &list[from..from + draws] {
            mean += pmf * f64::from(*slope) / draws as f64;
            square += pmf * f64::from(*slope).powi(2) / draws as f64;
        }
    }
    (mean, (square - mean * mean).sqrt())
}

fn gumbel_rao(table: &CodeTable, temperature: f64) -> Slopes {
    slopes(table, Estimator::GumbelRao { temperature }, 5, &[2])
}

fn sampled(table: &CodeTable, temperature: f64) -> Slopes {
    slopes(table, Estimator::SampledGumbel { temperature }, 5, &[2])
}

#[test]
fn the_first_code_of_a_draw_follows_the_law() {
    let draws = 100_000;
    for (table, s) in [
        (logistic(1.5, 0.6), 1),
        (logistic(1.5, 0.3), 9),
        (mixed(Architecture::BinarySearch, 0.0), -10),
        (small_matrix().table(), 1),
    ] {
        let law = CodeLaw::of(&table, (s - table.s_min) as usize);
        let mut rng = keyed(4, Purpose::MonteCarlo, &[]);
        let mut counts = vec![0.0f64; table.codes];
        for _ in 0..draws {
            counts[draw(&law, 1.0, &mut rng).0] += 1.0;
        }
        for (code, (count, pmf)) in counts.iter().zip(table.row(s)).enumerate() {
            let expected = pmf * f64::from(draws);
            // Codes of less than one draw in the mean come once or not at all.
            let spread = (expected * (1.0 - pmf)).sqrt().max(1.0);
            assert!(
                (count - expected).abs() <= 5.0 * spread,
                "{s}, code {code}: {count} {expected}"
            );
        }
    }
}

#[test]
fn tables_have_the_mean_and_spread_of_draws() {
    let draws = 100_000;
    for (table, s) in [
        (logistic(1.5, 0.6), 1),
        (logistic(1.5, 0.3), 9),
        (mixed(Architecture::BinarySearch, 0.0), -10),
    ] {
        for temperature in [0.2, 0.5, 1.0, 2.0] {
            let law = CodeLaw::of(&table, at(s));
            let mut rng = keyed(3, Purpose::MonteCarlo, &[]);
            let drawn: Vec<_> = (0..draws)
                .map(|_| draw(&law, temperature, &mut rng))
                .collect();
            let (mean, spread) = moments(drawn.iter().map(|d| d.2));
            let room = 5.0 * spread / f64::from(draws).sqrt() + 0.005 * mean.abs().max(0.2);
            let rao = over_codes(&table, s, &gumbel_rao(&table, temperature));
            let pool = over_codes(&table, s, &sampled(&table, temperature));
            assert!(
                (rao.0 - mean).abs() < room,
                "{temperature} {s}: {rao:?} {mean}"
            );
            assert!(
                (pool.0 - mean).abs() < room,
                "{temperature} {s}: {pool:?} {mean}"
            );
            assert!((pool.1 / spread - 1.0).abs() < 0.05, "{pool:?} {spread}");
            assert!(rao.1 < spread);
            check_given_code(&table, s, &drawn, &gumbel_rao(&table, temperature));
        }
    }
}

/// The mean of the draws with one hard code is the factor of that code.
fn check_given_code(table: &CodeTable, s: i32, drawn: &[(usize, f64, f64)], found: &Slopes) {
    let Slopes::ByCode { codes, table: list } = found else {
        panic!("one factor per code");
    };
    for code in (0..table.codes).filter(|&code| table.row(s)[code] > 0.02) {
        let of_code: Vec<f64> = drawn.iter().filter(|d| d.0 == code).map(|d| d.2).collect();
        let (mean, spread) = moments(of_code.iter().copied());
        let factor = f64::from(list[at(s) * codes + code]);
        let room = 5.0 * spread / (of_code.len().min(16384) as f64).sqrt() + 0.01 * mean.abs();
        assert!(
            (factor - mean).abs() < room,
            "code {code}: {factor} {mean} +- {room}"
        );
    }
}

#[test]
fn spread_of_the_slopes_is_the_published_one() {
    let published = [
        (0.1, 2.99, 0.54),
        (0.2, 1.90, 0.50),
        (0.3, 1.50, 0.45),
        (0.5, 1.04, 0.37),
        (0.7, 0.79, 0.30),
        (1.0, 0.58, 0.22),
        (2.0, 0.27, 0.09),
    ];
    let table = logistic(1.5, 0.6);
    for (temperature, spread, spread_rao) in published {
        let pool = over_codes(&table, 1, &sampled(&table, temperature));
        let rao = over_codes(&table, 1, &gumbel_rao(&table, temperature));
        println!(
            "{temperature}: sampled {pool:.3?} ({spread}), gumbel-rao {rao:.3?} ({spread_rao})"
        );
        assert!(
            (pool.1 / spread - 1.0).abs() < 0.05,
            "{temperature}: {pool:?}"
        );
        assert!((rao.1 - spread_rao).abs() < 0.02, "{temperature}: {rao:?}");
        assert!((rao.0 - 1.0).abs() < 0.03, "{temperature}: {rao:?}");
    }
}

#[test]
fn mean_slope_leaves_the_true_one_with_temperature_as_published() {
    let inside = [
        (0.1, 1.15),
        (0.3, 1.12),
        (0.5, 1.09),
        (1.0, 1.02),
        (2.0, 0.98),
    ];
    let edge = [(0.3, 0.92), (0.5, 0.91), (1.0, 0.85), (2.0, 0.74)];
    for (scale, s, published) in [(0.3, 1, &inside[..]), (0.6, 9, &edge[..])] {
        let table = logistic(1.5, scale);
        println!("scale {scale}, s {s}: m' {:.4}", mean_slopes(&table)[at(s)]);
        for &(temperature, expected) in published {
            let (mean, _) = over_codes(&table, s, &gumbel_rao(&table, temperature));
            println!("  {temperature}: {mean:.4} ({expected})");
            assert!(
                (mean - expected).abs() < 0.02,
                "{temperature}: {mean} {expected}"
            );
        }
    }
    assert!((mean_slopes(&logistic(1.5, 0.3))[at(1)] - 1.146).abs() < 6e-4);
    assert!((mean_slopes(&logistic(1.5, 0.6))[at(9)] - 0.93).abs() < 6e-3);
}

#[test]
fn soft_codes_are_as_far_off_the_grid_as_published() {
    let published = [
        (0.1, 0.04, 1.12),
        (0.2, 0.08, 1.06),
        (0.3, 0.11, 1.00),
        (0.5, 0.16, 0.90),
        (0.7, 0.20, 0.82),
        (1.0, 0.23, 0.71),
        (2.0, 0.27, 0.47),
    ];
    let table = logistic(1.5, 0.6);
    for (temperature, off_grid, spread) in published {
        let found = slopes(&table, Estimator::Soft { temperature }, 5, &[]);
        let Slopes::Soft {
            draws,
            values,
            slopes,
        } = found
        else {
            panic!("soft pairs");
        };
        let of_sum = at(1) * draws..(at(1) + 1) * draws;
        let in_steps = values[of_sum.clone()].iter().map(|v| f64::from(*v) / 1.5);
        let (far, _) = moments(in_steps.map(|v| (v - v.round()).abs()));
        let (mean, found) = moments(values[of_sum.clone()].iter().map(|v| f64::from(*v)));
        let (slope, slope_spread) = moments(slopes[of_sum].iter().map(|v| f64::from(*v)));
        // On an endless grid the law of s + step is that of s a step higher, and by symmetry the mean is s where s meets a code or
        // a threshold: mean less s is a ripple between them, at this noise a few thousandths whatever the temperature.
        assert!((mean - 1.0).abs() < 5.0 * found / (draws as f64).sqrt() + 0.005);
        println!(
            "{temperature}: off {far:.3} ({off_grid}), mean {mean:.3}, std {found:.3} ({spread}), slope {slope:.3} +- {slope_spread:.3}"
        );
        assert!((far - off_grid).abs() < 0.015, "{temperature}: {far}");
        assert!((found - spread).abs() < 0.05, "{temperature}: {found}");
        assert!((slope - 1.0).abs() < 4.0 * slope_spread / 32.0 + 0.02);
    }
}

/// Soft values of a sum from several keys, and their slopes.
fn soft_pairs(table: &CodeTable, s: i32, temperature: f64) -> Vec<(f64, f64)> {
    let estimator = Estimator::Soft { temperature };
    let of_key = |key: u64| {
        let found = slopes(table, estimator, 5, &[key]);
        let Slopes::Soft {
            draws,
            values,
            slopes,
        } = found
        else {
            panic!("soft pairs");
        };
        let of_sum = at(s) * draws..(at(s) + 1) * draws;
        let pairs = values[of_sum.clone()].iter().zip(&slopes[of_sum]);
        let pairs = pairs.map(|(&value, &slope)| (f64::from(value), f64::from(slope)));
        pairs.collect::<Vec<_>>()
    };
    (0..8).flat_map(of_key).collect()
}

/// The mean of soft values is m(s) inside the range but for a ripple; towards its end they lack codes on one side, which counts
/// for more the warmer they are.
#[test]
fn soft_values_have_the_mean_of_draws() {
    let draws = 100_000;
    let table = logistic(1.5, 0.6);
    for (s, falls) in [(1, false), (9, true)] {
        let (law, hard) = (CodeLaw::of(&table, at(s)), mean_values(&table)[at(s)]);
        for temperature in [0.1, 0.5, 1.0, 2.0] {
            let mut rng = keyed(6, Purpose::MonteCarlo, &[]);
            let long_way: Vec<_> = (0..draws)
                .map(|_| draw(&law, temperature, &mut rng))
                .collect();
            let (mean, spread) = moments(long_way.iter().map(|d| d.1));
            let pairs = soft_pairs(&table, s, temperature);
            let count = (1.0 / pairs.len() as f64 + 1.0 / f64::from(draws)).sqrt();
            let (found, _) = moments(pairs.iter().map(|pair| pair.0));
            let room = 5.0 * spread * count;
            let (slope, slope_spread) = moments(long_way.iter().map(|d| d.2));
            let (found_slope, found_spread) = moments(pairs.iter().map(|pair| pair.1));
            assert!(
                (found_slope - slope).abs() < 5.0 * slope_spread * count,
                "{temperature} {s}: {found_slope} {slope}"
            );
            // Long tails at low temperatures: the spread of a spread is several times that of a normal law.
            assert!(
                (found_spread / slope_spread - 1.0).abs() < 0.1,
                "{temperature} {s}: {found_spread} {slope_spread}"
            );
            println!("{temperature} {s}: {found:.4}, draws {mean:.4}, m {hard:.4} +- {room:.4}");
            assert!(
                (found - mean).abs() < room,
                "{temperature} {s}: {found} {mean}"
            );
            let is_below = hard - found > room;
            assert_eq!(
                is_below,
                falls && temperature >= 1.0,
                "{temperature} {s}: {found} {hard}"
            );
        }
    }
}
