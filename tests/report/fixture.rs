//! A made-up run with realistic numbers: VGG-7 on a macro with nine open word lines, 2-bit inputs and a 4-bit read-out.
//!
//! 55 MAC values, 15 codes; sums are normal with a width per layer, currents are normal around the MAC value.

use imcsim::results::accuracy::{
    Accuracies, Accuracy, CurvePoint, Gain, Loss, Repeats, WordLinePoint,
};
use imcsim::results::layer::{LayerResult, Mapping};
use imcsim::results::margin::{ActivePoint, Confusion, MacValue, MarginReport};
use imcsim::results::run::{
    ArchSummary, Before, DataSummary, ModelSummary, Provenance, RunResult, Verdict,
};

const UNIT_UA: f64 = 9.0;
const TOP: i32 = 27;
const CODES: usize = 15;

/// Upper tail of the standard normal distribution (Abramowitz and Stegun 26.2.17, absolute error below 1e-7).
fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = [
        1.330_274_429,
        -1.821_255_978,
        1.781_477_937,
        -0.356_563_782,
        0.319_381_530,
    ];
    let polynomial = series.iter().fold(0.0, |sum, c| (sum + c) * t);
    polynomial * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// 95 % Wilson interval.
pub fn accuracy(correct: u64, images: u64) -> Accuracy {
    let (n, p, z) = (images as f64, correct as f64 / images as f64, 1.96);
    let center = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Accuracy {
        correct,
        images,
        estimate: p,
        low: center - half,
        high: center + half,
    }
}

fn repeats(correct: &[u64], images: u64) -> Repeats {
    let runs: Vec<Accuracy> = correct.iter().map(|&c| accuracy(c, images)).collect();
    let n = runs.len() as f64;
    let mean = runs.iter().map(|run| run.estimate).sum::<f64>() / n;
    let square = |run: &Accuracy| (run.estimate - mean).powi(2);
    let std = (runs.iter().map(square).sum::<f64>() / (n - 1.0)).sqrt();
    let worst = runs.iter().map(|run| run.estimate).fold(1.0, f64::min);
    Repeats {
        mean,
        std,
        worst,
        low: mean - 0.012,
        high: mean + 0.012,
        runs,
    }
}

/// Lost images out of so many, and as many won as a twentieth of them.
fn loss(lost: f64, images: u64) -> Loss {
    let n = images as f64;
    let half = 1.96 * ((1.1 * lost * n + 1.0) / n / n).sqrt();
    Loss {
        estimate: lost,
        low: lost - half,
        high: lost + half,
        images,
        only_ideal: (1.05 * lost * n) as u64,
        only_macro: (0.05 * lost * n) as u64,
    }
}

fn sweep_point(active: usize) -> ActivePoint {
    let error_rate = 0.004 * active as f64 / 4.0;
    ActivePoint {
        active,
        error_rate,
        mse: error_rate,
    }
}

/// One policy: currents with a spread of `sigma(value)` µA, values with a normal weight of width `spread`.
pub fn margin(policy: &str, spread: f64, noise_ua: f64) -> MarginReport {
    let step = 4.0;
    let references: Vec<f64> = (0..CODES as i32 - 1)
        .map(|t| ((f64::from(t) - 6.5) * step - 0.5) * UNIT_UA)
        .collect();
    let edges: Vec<f64> = (0..=440).map(|bin| -330.0 + 1.5 * f64::from(bin)).collect();
    let weight = |s: i32| (-f64::from(s * s) / (2.0 * spread * spread)).exp();
    let total: f64 = (-TOP..=TOP).map(weight).sum();
    let sigma = |s: i32| (noise_ua * noise_ua + 0.05 * f64::from(s.abs())).sqrt();
    let hard = |s: i32| {
        references
            .iter()
            .filter(|&&r| f64::from(s) * UNIT_UA >= r)
            .count()
    };
    let row = |s: i32| -> Vec<f64> {
        let above = |r: f64| upper_tail((r - f64::from(s) * UNIT_UA) / sigma(s));
        (0..CODES)
            .map(|code| {
                let low = if code == 0 {
                    1.0
                } else {
                    above(references[code - 1])
                };
                let high = references.get(code).map_or(0.0, |&r| above(r));
                (low - high).max(0.0)
            })
            .collect()
    };
    let values: Vec<MacValue> = (-TOP..=TOP)
        .map(|s| {
            let (mean, sd) = (f64::from(s) * UNIT_UA, sigma(s));
            let probability = weight(s) / total;
            let count = |pair: &[f64]| {
                let share = upper_tail((pair[0] - mean) / sd) - upper_tail((pair[1] - mean) / sd);
                (2e6 * probability * share.max(0.0)).round() as u64
            };
            let next = (s < TOP).then(|| sigma(s + 1));
            let z_margin = next.map(|n| UNIT_UA - 3.0 * (sd + n));
            MacValue {
                value: s,
                probability,
                mean_ua: mean,
                sigma_ua: sd,
                pattern_min_ua: mean - 2.0,
                pattern_max_ua: mean + 2.0,
                mean_gap_ua: next.map(|_| UNIT_UA),
                worst_margin_ua: next.map(|_| UNIT_UA - 4.0),
                z_margin_ua: z_margin,
                sensing_margin_ua: z_margin.map(|m| m - 3.0),
                d_prime: next.map(|n| UNIT_UA / (sd + n)),
                equal_z_reference_ua: next.map(|_| mean + UNIT_UA / 2.0),
                p_above: upper_tail(UNIT_UA / 2.0 / sd),
                p_below: upper_tail(UNIT_UA / 2.0 / sd),
                p_error: 1.0 - row(s)[hard(s)],
                histogram: edges.windows(2).map(count).collect(),
            }
        })
        .collect();
    let error_rate = values.iter().map(|v| v.probability * v.p_error).sum();
    MarginReport {
        policy: policy.into(),
        z: 3.0,
        unit_ua: UNIT_UA,
        references_ua: references.clone(),
        bin_edges_ua: edges,
        confusion: Confusion {
            values: (-TOP..=TOP).collect(),
            code_values: (0..CODES).map(|code| (code as f32 - 7.0) * 4.0).collect(),
            probability: (-TOP..=TOP).flat_map(row).collect(),
            weight: values.iter().map(|v| v.probability).collect(),
            hard: (-TOP..=TOP).map(|s| hard(s) as u8).collect(),
        },
        values,
        error_rate,
        mse: 1.37,
        error_rate_sampled: Some(error_rate * 1.01),
        error_rate_standard_error: Some(1.3e-4),
        samples: 2_000_000,
        best_references_ua: references.iter().map(|r| r + 0.3).collect(),
        approximations: vec!["wire resistance is left out".into()],
        active_sweep: [4, 9, 16].map(sweep_point).to_vec(),
        error_limit: Some(1e-2),
        largest_active: Some(4),
    }
}

fn layer(name: &str, rows: usize, outputs: usize, pixels: u64, spread: f64) -> LayerResult {
    let groups = rows.div_ceil(9);
    let step = (spread / 2.2).max(0.5);
    let thresholds: Vec<f64> = (0..14).map(|t| (f64::from(t) - 6.5) * step).collect();
    let weight = |s: i32| (-f64::from(s * s) / (2.0 * spread * spread)).exp();
    let total: f64 = (-TOP..=TOP).map(weight).sum();
    let sum_histogram: Vec<u64> = (-TOP..=TOP)
        .map(|s| (4e7 * weight(s) / total).round() as u64)
        .collect();
    let mut code_histogram = vec![0; CODES];
    for (s, count) in (-TOP..).zip(&sum_histogram) {
        let code = thresholds.iter().filter(|&&t| f64::from(s) >= t).count();
        code_histogram[code] += count;
    }
    let margin = margin(name, spread, 1.3);
    LayerResult {
        name: name.into(),
        on_macro: true,
        mapping: Mapping {
            rows,
            outputs,
            row_groups: groups,
            last_group_rows: rows - 9 * (groups - 1),
            columns: 2 * outputs,
            row_tiles: rows.div_ceil(256),
            column_tiles: (2 * outputs).div_ceil(256),
            arrays: rows.div_ceil(256) * (2 * outputs).div_ceil(256),
            utilisation: rows as f64 / (rows.div_ceil(256) * 256) as f64,
            conversions: groups as u64 * outputs as u64 * pixels,
            macs: (rows * outputs) as u64 * pixels,
        },
        sum_min: -TOP,
        sum_max: TOP,
        sum_mean: -0.21,
        sum_std: spread,
        constant_share: 0.31,
        clipped: 2.0 * upper_tail(7.5 * step / spread),
        unused_codes: code_histogram.iter().filter(|&&count| count == 0).count(),
        sum_histogram,
        thresholds,
        code_values: (0..CODES).map(|c| (c as f32 - 7.0) * step as f32).collect(),
        code_histogram,
        error_rate: margin.error_rate,
        sqnr_db: 17.1 - spread,
        sqnr_noise_free_db: 19.4 - 0.5 * spread,
        output_sqnr_db: Some(15.2 - spread),
        margin: Some(margin),
    }
}

fn curve() -> Vec<CurvePoint> {
    let lost = |bits: u32, full: bool, noise: bool| {
        let q = f64::from(bits) - if full { 2.2 } else { 0.6 };
        0.8 * (-1.15 * q).exp() * 3.0 + if noise { 0.006 } else { 0.0 }
    };
    let mut points = Vec::new();
    for full in [false, true] {
        for noise in [false, true] {
            for bits in 2..=8 {
                let share = (0.902 - lost(bits, full, noise)).max(0.1);
                let images = 96 + 32 * u64::from(bits);
                let lost = loss(0.902 - share, images);
                points.push(CurvePoint {
                    bits,
                    references: if full { "full_range" } else { "calibrated" }.into(),
                    noise,
                    accuracy: Accuracy {
                        correct: (share * images as f64) as u64,
                        images,
                        estimate: share,
                        low: 0.902 - lost.high,
                        high: 0.902 - lost.low,
                    },
                    lost,
                    is_this_macro: bits == 4 && !full && noise,
                });
            }
        }
    }
    points
}

fn word_line_curve() -> Vec<WordLinePoint> {
    let point = |active: usize, full: bool| {
        let spread = if full {
            active as f64
        } else {
            (active as f64).sqrt()
        };
        let images = 480;
        let lost = loss(0.8 * (1.0 - (-0.006 * spread).exp()), images);
        let share = 0.902 - lost.estimate;
        WordLinePoint {
            active,
            references: if full { "full_range" } else { "calibrated" }.into(),
            accuracy: Accuracy {
                correct: (share * images as f64) as u64,
                images,
                estimate: share,
                low: 0.902 - lost.high,
                high: 0.902 - lost.low,
            },
            lost,
            conversions: 24_000_000 / active as u64,
            is_this_macro: active == 9 && !full,
        }
    };
    let numbers = [4, 9, 16, 32, 64, 128, 256];
    let both = numbers.map(|active| [false, true].map(|full| point(active, full)));
    both.concat()
}

fn accuracies() -> Accuracies {
    let chips = repeats(
        &[
            1758, 1741, 1763, 1722, 1769, 1750, 1748, 1698, 1761, 1755, 1744, 1737,
        ],
        2000,
    );
    Accuracies {
        chips_calibrated: false,
        full_precision: Some(0.9184),
        ideal: accuracy(1804, 2000),
        noise_free: accuracy(1785, 2000),
        read_noise: Some(repeats(&[1771, 1766, 1779, 1762, 1774], 2000)),
        simulated: chips.clone(),
        chips: Some(chips),
        chips_ideal: Some(accuracy(921, 1000)),
        re_estimated: Some(accuracy(1793, 2000)),
        simulated_is: "chips".into(),
        lost: loss(0.028, 2000),
        chips_lost: Some(loss(0.031, 1000)),
    }
}

fn digital(name: &str) -> LayerResult {
    LayerResult {
        name: name.into(),
        ..LayerResult::default()
    }
}

fn hardware() -> ArchSummary {
    let entry = |key: &str, value: &str, source: &str, assumed: bool| Provenance {
        key: key.into(),
        value: value.into(),
        source: source.into(),
        assumed,
    };
    ArchSummary {
        name: "reram_9wl".into(),
        description: "ReRAM macro, 9 of 256 word lines open, ternary cells, 4-bit read-out".into(),
        fingerprint: "3f9c12aa".into(),
        facts: vec![
            ("Word lines".into(), "9 of 256 open at a time".into()),
            ("Cells".into(), "1 bit, 10 µA on, 1 µA off".into()),
            ("Read-out".into(), "15 codes, calibrated step".into()),
        ],
        provenance: vec![
            entry("cell.i_on_ua", "10", "published macro, table 2", false),
            entry("cell.sigma", "0.05", "no figure published", true),
            entry("sense_amp.offset_sigma_ua", "0.5", "typical of 40 nm", true),
        ],
    }
}

/// The whole run.
pub fn run() -> RunResult {
    RunResult {
        schema: 1,
        program: "imcsim 0.1.0".into(),
        command: "imcsim run arch/reram_9wl.toml --model vgg7".into(),
        seed: 42,
        fidelity: vec![
            ("read_noise".into(), "table path".into()),
            ("chips".into(), "cell path".into()),
        ],
        arch: hardware(),
        model: ModelSummary {
            name: "vgg7".into(),
            weights: "built-in set, quantization-aware training, 60 epochs".into(),
            macro_layers: 6,
            parameters: 13_000_000,
        },
        data: DataSummary {
            name: "builtin32".into(),
            images: 2000,
            calibration_images: 256,
            classes: 10,
        },
        verdict: Verdict {
            status: "marginal".into(),
            headline: "reram_9wl carries vgg7 with 2.8 points of loss: 87.4 % against 90.2 % with ideal MVM values."
                .into(),
            limits: vec![
                "Variation between chips costs 1.3 points; the worst of 12 chips reaches 84.9 %.".into(),
                "Four bits clip and merge sums: 0.9 points without any noise.".into(),
                "conv4 has the highest ADC error rate.".into(),
            ],
        },
        accuracy: accuracies(),
        cycle: Some(crate::cycle_fixture::cycle()),
        before: Some(Before {
            weights: "built-in set, qat, 60 epochs".into(),
            accuracy: accuracies(),
            gained: Gain {
                estimate: 0.021,
                low: 0.004,
                high: 0.038,
            },
        }),
        adc_curve: curve(),
        adc_curve_ideal: Some(accuracy(1804, 2000)),
        adc_curve_images: 2480,
        word_line_curve: word_line_curve(),
        word_line_curve_images: 5760,
        layers: vec![
            digital("conv1"),
            layer("conv2", 1152, 128, 1024, 3.1),
            layer("conv3", 1152, 256, 256, 2.6),
            layer("conv4", 2304, 256, 256, 4.4),
            layer("conv5", 2304, 512, 64, 2.2),
            layer("conv6", 4608, 512, 64, 1.7),
            layer("fc1", 8192, 1024, 1, 1.2),
            digital("fc2"),
        ],
        margins: vec![
            margin("random", 4.3, 1.3),
            margin("exhaustive", 14.0, 2.6),
        ],
        seconds: vec![("calibration".into(), 1.4), ("virtual chips".into(), 21.9)],
        warnings: vec!["fc1 fills 12 % of its arrays".into()],
    }
}
