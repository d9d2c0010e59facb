//! What every layer does on the macro, as plain results: mapping, partial sums, codes, errors, quality.
//!
//! Figures of the read-out follow from the counted sums and the table T[s, code] (`quality`); the quality of the accumulated
//! outputs is measured on one block of calibration images with ideal inputs.

use super::accuracy::Images;
use super::calibrate::Sums;
use super::condition::{Condition, ConversionReadout};
use super::error::SimError;
use super::forward::{Seen, accumulate, forward};
use super::mapping::map_layer;
use super::prepare::Prepared;
use super::quality::{Quality, decibel, judge};
use crate::convert::{self, sums::ConversionSums};
use crate::hw::readout::columns::ColumnReadouts;
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::stream::NoiseKey;
use crate::results::layer::LayerResult;

/// Results of all layers, in order; `seed` is that of the noise in the measured quality of the outputs.
///
/// # Errors
/// If a layer does not fit the macro.
pub fn layer_results(
    prepared: &Prepared,
    readouts: &[Vec<ColumnReadouts>],
    sums: &Sums,
    images: Images,
    seed: u64,
) -> Result<Vec<LayerResult>, SimError> {
    let condition = Condition::read_noise(readouts, seed, 0);
    let quality = output_quality(prepared, &condition, seed, images);
    let mut results = Vec::with_capacity(prepared.layers.len());
    for (index, layer) in prepared.layers.iter().enumerate() {
        let shape = &prepared.network.layers[index].layer;
        let mut result = LayerResult {
            name: shape.name.clone(),
            on_macro: !layer.conversions.is_empty(),
            ..LayerResult::default()
        };
        if result.on_macro {
            let wrap = |error| SimError::Hardware {
                layer: shape.name.clone(),
                error,
            };
            result.mapping = map_layer(
                prepared.hardware,
                shape,
                layer.weight_bits,
                layer.input_bits,
            )
            .map_err(wrap)?;
            describe(
                &mut result,
                &layer.conversions,
                &readouts[index],
                &sums[index],
            );
            result.output_sqnr_db = quality[index];
        }
        results.push(result);
    }
    Ok(results)
}

/// Fills in the sums and codes of the first conversion (of the references that most columns have), and the errors of all of them:
/// rates as means, the ratio of powers as what the shift-add makes of them, each conversion's powers by the square of its factor.
fn describe(
    result: &mut LayerResult,
    conversions: &[convert::Prepared],
    readouts: &[ColumnReadouts],
    sums: &[ConversionSums],
) {
    let judged: Vec<Quality> = readouts
        .iter()
        .zip(sums)
        .map(|(readouts, sums)| of_all_columns(readouts, sums))
        .collect();
    let (Some(first), Some(readouts), Some(seen)) =
        (judged.first(), readouts.first(), sums.first())
    else {
        return;
    };
    let readout = readouts.most_common();
    let histogram = &seen.histogram;
    result.sum_min = readout.range.min;
    result.sum_max = readout.range.max;
    result.sum_histogram = histogram.counts.clone();
    result.sum_mean = first.mean;
    result.sum_std = first.std;
    result.thresholds = readout.thresholds.clone();
    result.code_values = readout.code_values();
    result.code_histogram = first.code_counts.clone();
    result.unused_codes = first
        .code_counts
        .iter()
        .filter(|&&count| count == 0)
        .count();
    let mean =
        |part: fn(&Quality) -> f64| judged.iter().map(part).sum::<f64>() / judged.len() as f64;
    result.clipped = mean(|quality| quality.clipped);
    result.error_rate = mean(|quality| quality.error_rate);
    let factor = |conversion: &convert::Prepared| f64::from(conversion.conversion.factor).powi(2);
    let factors = conversions.iter().map(factor);
    let weighted: Vec<(f64, &Quality)> = factors.zip(&judged).collect();
    let power = |part: fn(&Quality) -> f64| -> f64 {
        let each = weighted
            .iter()
            .map(|(weight, quality)| weight * part(quality));
        each.sum()
    };
    let signal = power(|quality| quality.std * quality.std);
    let constant = conversions
        .iter()
        .zip(sums)
        .map(|(conversion, sums)| factor(conversion) * sums.constant_variance(&conversion.weights));
    result.constant_share = if signal > 0.0 {
        (constant.sum::<f64>() / signal).min(1.0)
    } else {
        0.0
    };
    result.sqnr_db = decibel(signal, power(|quality| quality.error_power));
    result.sqnr_noise_free_db = decibel(signal, power(|quality| quality.quantization_power));
}

/// Figures of one conversion: errors of the columns of every class by their share, codes of the most common class. The sums are
/// those of all columns together.
fn of_all_columns(readouts: &ColumnReadouts, sums: &ConversionSums) -> Quality {
    let judged: Vec<(f64, Quality)> = readouts
        .shares()
        .map(|(share, readout)| (share, judge(&readout.table(), &sums.histogram)))
        .collect();
    let largest = |a: &(f64, Quality), b: &(f64, Quality)| a.0.total_cmp(&b.0);
    let common = judged.iter().rev().max_by(|a, b| largest(a, b));
    let Some((_, common)) = common else {
        return judge(&readouts.most_common().table(), &sums.histogram);
    };
    let mean = |part: fn(&Quality) -> f64| -> f64 {
        judged.iter().map(|(share, one)| share * part(one)).sum()
    };
    Quality {
        error_rate: mean(|one| one.error_rate),
        clipped: mean(|one| one.clipped),
        error_power: mean(|one| one.error_power),
        quantization_power: mean(|one| one.quantization_power),
        ..common.clone()
    }
}

/// Signal to error of each layer's sums in dB: the same ideal inputs once exactly, once through the read-out.
fn output_quality(
    prepared: &Prepared,
    condition: &Condition,
    seed: u64,
    images: Images,
) -> Vec<Option<f64>> {
    let mut all = vec![None; prepared.layers.len()];
    let used = LANES.min(images.labels.len());
    forward(
        prepared,
        &Condition::ideal(),
        images.block(0),
        0,
        &mut |seen: Seen| {
            let layer = &prepared.layers[seen.layer];
            let readouts: &[ConversionReadout] =
                condition.layers.get(seen.layer).map_or(&[], Vec::as_slice);
            if readouts.is_empty() {
                return;
            }
            let key = NoiseKey {
                seed,
                layer: seen.layer as u64,
                block: 0,
                repeat: u64::MAX,
                conversion: 0,
            };
            let real = accumulate(
                layer,
                &prepared.network.layers[seen.layer],
                readouts,
                seen.input,
                key,
                false,
            );
            all[seen.layer] = Some(signal_to_error(seen.sums, &real, used));
        },
    );
    all
}

fn signal_to_error(ideal: &Lanes<f32>, real: &Lanes<f32>, used: usize) -> f64 {
    let (mut sum, mut squares, mut errors, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (ideal, real) in ideal
        .values
        .chunks_exact(LANES)
        .zip(real.values.chunks_exact(LANES))
    {
        for (&x, &y) in ideal[..used].iter().zip(real) {
            let (x, error) = (f64::from(x), f64::from(y) - f64::from(x));
            sum += x;
            squares += x * x;
            errors += error * error;
            count += 1.0;
        }
    }
    let variance = squares / count - (sum / count) * (sum / count);
    if errors == 0.0 {
        f64::INFINITY
    } else {
        10.0 * (variance / (errors / count)).log10()
    }
}
