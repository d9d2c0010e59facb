//! Acceptance tests of the method that span read-out and kernels: three ways of sampling a noisy code give one histogram,
//! rare wrong codes are as rare in production as in the table, and a read-out with enough bits and no noise is the plain convolution.

mod support;

use imcsim::hw::partial_sum::{SumHistogram, SumRange};
use imcsim::hw::readout::Readout;
use imcsim::hw::readout::table::CodeTable;
use imcsim::hw::word_line::RowOrder;
use imcsim::kernel::exact::exact;
use imcsim::kernel::groups::prepare;
use imcsim::kernel::lanes::Lanes;
use imcsim::kernel::reconv::{reconv, reconv_random};
use imcsim::kernel::stream::NoiseKey;
use imcsim::kernel::tables::{Grain, LevelTable, RandomTable, TOLERANCE};
use imcsim::net::network::{Geometry, Shape};
use imcsim::rng::{Purpose, keyed};
use rand::{Rng, RngExt};

/// Possible sums of 9 ternary weights and 2-bit inputs.
const RANGE: SumRange = SumRange { min: -27, max: 27 };

fn readout(change: &[(&str, &str)]) -> Readout {
    let hardware = support::hardware("reram_9wl", change);
    let count = |s: i32| (1e6 * (-f64::from(s * s) / 60.0).exp()) as u64;
    let sums = SumHistogram {
        min: RANGE.min,
        counts: (RANGE.min..=RANGE.max).map(count).collect(),
    };
    hardware.readout.place(RANGE, Some(&sums)).expect("placed")
}

/// argmax of ln T + Gumbel noise.
fn gumbel_max(table: &CodeTable, s: i32, rng: &mut impl Rng) -> usize {
    let at = (s - table.s_min) as usize * table.codes;
    let gumbel = |rng: &mut dyn Rng| -(-(1.0 - rng.random::<f64>()).ln()).ln();
    let scores = table.log_pmf[at..at + table.codes]
        .iter()
        .map(|log| log + gumbel(rng));
    let best = scores.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    best.expect("there are codes").0
}

/// Chi-square of equal histograms with its degrees of freedom; cells too rare for the statistic are pooled.
fn homogeneity(histograms: &[Vec<f64>]) -> (f64, f64) {
    let total = |cell: usize| histograms.iter().map(|h| h[cell]).sum::<f64>();
    let (common, rare): (Vec<usize>, Vec<usize>) =
        (0..histograms[0].len()).partition(|&cell| total(cell) >= 30.0);
    let mut cells: Vec<Vec<usize>> = common.into_iter().map(|cell| vec![cell]).collect();
    if rare.iter().map(|&cell| total(cell)).sum::<f64>() >= 30.0 {
        cells.push(rare);
    }
    let mut chi = 0.0;
    for cell in &cells {
        let counts = histograms
            .iter()
            .map(|h| cell.iter().map(|&c| h[c]).sum::<f64>());
        let expected = cell.iter().map(|&c| total(c)).sum::<f64>() / histograms.len() as f64;
        chi += counts
            .map(|n| (n - expected).powi(2) / expected)
            .sum::<f64>();
    }
    let freedom = (histograms.len() - 1) * (cells.len().max(1) - 1);
    (chi, freedom as f64)
}

/// Value that chi-square exceeds once in a million (Wilson and Hilferty).
fn one_in_a_million(freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    freedom * (1.0 - spread + 4.75 * spread.sqrt()).powi(3)
}

#[test]
fn three_samplers_give_one_histogram() {
    const DRAWS: usize = 60_000;
    let mut tested = 0;
    for (index, kind) in ["binary_search", "flash", "ramp"].into_iter().enumerate() {
        let readout = readout(&[("readout.binary_search", &format!("readout.{kind}"))]);
        let table = readout.table();
        let inverse = RandomTable::rounded(&table, Grain::Sixteen);
        for s in [-27, -8, -3, 0, 1, 5, 12] {
            let mut rng = keyed(4, Purpose::MonteCarlo, &[index as u64, s as u64]);
            let mut histograms = vec![vec![0.0; 256]; 3];
            let level = |code: usize| usize::from(table.decode.levels[code]);
            // Sixteen bits round each of a level's two thresholds by half a grain at most.
            let mut exact = vec![0.0; 256];
            for (code, p) in table.row(s).iter().enumerate() {
                exact[level(code)] += p;
            }
            for (p, rounded) in exact.iter().zip(inverse.law(s)) {
                assert!((p - rounded).abs() <= 1.0 / 65536.0, "{kind} s={s}");
            }
            for _ in 0..DRAWS {
                histograms[0][level(readout.sample(s, &mut rng).into())] += 1.0;
                let uniform = rng.random_range(0..Grain::Sixteen.values());
                histograms[1][usize::from(inverse.level(s, uniform))] += 1.0;
                histograms[2][level(gumbel_max(&table, s, &mut rng))] += 1.0;
            }
            let (chi, freedom) = homogeneity(&histograms);
            if freedom > 0.0 {
                let limit = one_in_a_million(freedom);
                assert!(chi < limit, "{kind} s={s}: {chi} of {limit}");
                tested += 1;
            }
        }
    }
    assert!(tested > 15, "only {tested} rows had more than one code");
}

#[test]
fn the_statistic_sees_a_wrong_sampler() {
    let (chi, freedom) = homogeneity(&[vec![3000.0, 7000.0], vec![3300.0, 6700.0]]);
    assert!(freedom == 1.0 && chi > 20.0 && one_in_a_million(1.0) > 20.0);
    assert!(one_in_a_million(10.0) > 40.0 && one_in_a_million(10.0) < 50.0);
}

#[test]
fn many_bits_without_noise_are_the_plain_convolution() {
    let exact_readout = [
        (
            "references.calibrated]\nstep_resolution_mac = 0.25\n",
            "references.full_range]\n",
        ),
        ("bits = 4\n", "bits = 8\n"),
        ("noise.normal = { sigma_ua = 2.2 }", "noise.none = {}"),
        (
            "[cell.on_off.read_noise.normal]\nsigma_relative = 0.01",
            "[cell.on_off.read_noise.none]",
        ),
    ];
    let readout = readout(&exact_readout);
    let (hard, noisy) = (readout.noise_free_table(), readout.table());
    assert!(noisy.is_noise_free());
    for (kernel, stride, padding) in [(3, 1, 1), (5, 2, 2), (1, 1, 0)] {
        let input = Shape {
            channels: 11,
            height: 7,
            width: 6,
        };
        let geometry = Geometry {
            input,
            outputs: 13,
            kernel,
            stride,
            padding,
        };
        let mut random = keyed(6, Purpose::Pattern, &[kernel as u64]);
        let codes: Vec<i8> = (0..13 * geometry.rows())
            .map(|_| random.random_range(-1..=1))
            .collect();
        let mut block = Lanes::zeros(input.channels, input.height, input.width, 0);
        block
            .values
            .iter_mut()
            .for_each(|code| *code = random.random_range(0..=3u8));
        let block = block.with_border(padding);
        let weights = prepare(&geometry, &codes, (9, RowOrder::Consecutive), 3);
        let map = geometry.output();
        let zeros = || Lanes::<i32>::zeros(map.channels, map.height, map.width, 0);
        let (mut plain, mut levels, mut drawn) = (zeros(), zeros(), zeros());
        exact(&block, &geometry, &codes, 0, &mut plain);
        reconv(&block, &weights, &LevelTable::new(&hard), &mut levels);
        let key = NoiseKey {
            seed: 1,
            layer: 0,
            block: 0,
            repeat: 0,
            conversion: 0,
        };
        let random_table = RandomTable::new(&noisy, TOLERANCE);
        reconv_random(&block, &weights, &random_table, key, &mut drawn);
        let groups = weights.plan.groups();
        for (at, &sum) in plain.values.iter().enumerate() {
            let value = hard.decode.sum_value(levels.values[at], groups);
            assert_eq!(value.to_bits(), (sum as f32).to_bits(), "kernel {kernel}");
        }
        assert!(levels.values[..] == drawn.values[..]);
        assert!(plain.values.iter().any(|&sum| sum < -5));
    }
}

/// The shipped macro with another noise of its sense amp and none of its cells.
fn with_sense_amp_noise(sigma_ua: f64) -> Readout {
    let sigma = format!("noise.normal = {{ sigma_ua = {sigma_ua} }}");
    readout(&[
        ("noise.normal = { sigma_ua = 2.2 }", &sigma),
        (
            "[cell.on_off.read_noise.normal]\nsigma_relative = 0.01",
            "[cell.on_off.read_noise.none]",
        ),
    ])
}

/// P(level is not the noise-free one) of every sum: of the table, and of the form that production draws from.
fn wrong_levels(table: &CodeTable, random: &RandomTable) -> Vec<(f64, f64)> {
    let hard = table.hard_levels();
    let of = |s: i32| {
        let level = hard[(s - table.s_min) as usize];
        let codes = table.row(s).iter().zip(&table.decode.levels);
        let exact = codes.filter(|(_, l)| **l != level).map(|(p, _)| p).sum();
        let law = random.law(s);
        let drawn = (0..256).filter(|&l| l != usize::from(level));
        (exact, drawn.map(|l| law[l]).sum())
    };
    (table.s_min..=table.s_max).map(of).collect()
}

#[test]
fn production_keeps_rare_wrong_codes() {
    let grain_error = 2.0 / f64::from(Grain::Sixteen.values());
    let mut rarest: f64 = 1.0;
    for sigma_ua in [0.9, 1.1, 1.3, 1.5, 1.8, 2.2, 3.0, 6.0] {
        let table = with_sense_amp_noise(sigma_ua).table();
        let random = RandomTable::new(&table, TOLERANCE);
        for (exact, drawn) in wrong_levels(&table, &random) {
            let bound = (0.05 * exact).max(grain_error);
            assert!(
                (exact - drawn).abs() <= bound,
                "{sigma_ua}: {exact} {drawn}"
            );
            if exact > 20.0 * grain_error {
                rarest = rarest.min(exact);
            }
        }
    }
    assert!(rarest < 1.0 / 512.0, "no row was too rare for 8 bits");
}

#[test]
fn drawn_codes_are_wrong_as_often_as_the_table_says() {
    let input = Shape {
        channels: 1,
        height: 24,
        width: 24,
    };
    let geometry = Geometry {
        input,
        outputs: 32,
        kernel: 3,
        stride: 1,
        padding: 1,
    };
    let mut random = keyed(8, Purpose::Pattern, &[]);
    let codes: Vec<i8> = (0..32 * geometry.rows())
        .map(|_| random.random_range(-1..=1))
        .collect();
    let mut block = Lanes::zeros(1, input.height, input.width, 0);
    block
        .values
        .iter_mut()
        .for_each(|code| *code = random.random_range(0..=3u8));
    let block = block.with_border(1);
    let weights = prepare(&geometry, &codes, (9, RowOrder::Consecutive), 3);
    let map = geometry.output();
    let zeros = || Lanes::<i32>::zeros(map.channels, map.height, map.width, 0);
    for (repeat, sigma_ua) in [1.3, 1.5, 2.2, 3.0].into_iter().enumerate() {
        let table = with_sense_amp_noise(sigma_ua).table();
        let rounded = RandomTable::new(&table, TOLERANCE);
        let (mut plain, mut drawn) = (zeros(), zeros());
        exact(&block, &geometry, &codes, 0, &mut plain);
        let key = NoiseKey {
            seed: 3,
            layer: 0,
            block: 0,
            repeat: repeat as u64,
            conversion: 0,
        };
        reconv_random(&block, &weights, &rounded, key, &mut drawn);
        let (laws, hard) = (wrong_levels(&table, &rounded), table.hard_levels());
        let (mut expected, mut seen) = (0.0, 0.0);
        for (&s, &level) in plain.values.iter().zip(drawn.values.iter()) {
            let index = (s - table.s_min) as usize;
            expected += laws[index].0;
            seen += f64::from(u8::from(level != i32::from(hard[index])));
        }
        let bound = 0.05 * expected + 5.0 * f64::sqrt(expected);
        assert!(
            expected > 100.0 && (seen - expected).abs() < bound,
            "{sigma_ua}: {seen} of {expected}"
        );
    }
}
