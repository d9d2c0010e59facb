//! Placing a read-out on the partial sums of one layer: thresholds and values of codes.
//!
//! Full range covers every possible sum; calibration searches the step of least mean square error on the layer's own
//! histogram. Both end in the same uniform grid ([`super::super::uniform_grid::UniformGrid`]).

use super::decode::{DecodeRule, from_values, interval_centres, nearest_integer};
use super::law::Readout;
use super::table::Decode;
use super::{Converter, Kind, ReadoutDesign, ideal};
use crate::hw::error::HwError;
use crate::hw::partial_sum::{SumHistogram, SumRange};
use crate::hw::reference::{References, Snap};
use crate::hw::uniform_grid::UniformGrid;

/// Most steps that a calibration tries.
const MOST_STEPS: f64 = 4096.0;

impl ReadoutDesign {
    /// Chooses thresholds and values for partial sums in `range`; `histogram` is what calibration and the conditional
    /// mean look at.
    ///
    /// # Errors
    /// If a histogram is needed and none was given, if a list has more thresholds than the bits allow, if noises are listed for
    /// another number of references, or if the sums do not fit the read-out.
    pub fn place(
        &self,
        range: SumRange,
        histogram: Option<&SumHistogram>,
    ) -> Result<Readout, HwError> {
        let codes = match &self.kind {
            Kind::Ideal => ideal_codes(range)?,
            Kind::Converter(converter) => converter_codes(converter, range, histogram)?,
            Kind::Measured(matrix) => {
                if range.min < matrix.smallest_sum || range.max > matrix.largest_sum() {
                    let value = format!("sums {} to {}", matrix.smallest_sum, matrix.largest_sum());
                    let expected =
                        format!("a row for every sum from {} to {}", range.min, range.max);
                    let advice = "measure these sums, or open fewer word lines";
                    return Err(HwError::new(
                        "readout.measured.probabilities",
                        value,
                        expected,
                        advice,
                    ));
                }
                (matrix.thresholds(), matrix.code_values.clone())
            }
        };
        let (thresholds, values) = codes;
        self.placed(range, thresholds, from_values(&values))
    }

    /// With these thresholds; refuses a list of noises of another length.
    pub(super) fn placed(
        &self,
        range: SumRange,
        thresholds: Vec<f64>,
        decode: Decode,
    ) -> Result<Readout, HwError> {
        let mut kind = self.kind.clone();
        if let Kind::Converter(converter) = &mut kind {
            let key = converter.key("sense_amp.noise");
            let noise = &mut converter.sense_amp.noise;
            *noise = noise.placed(thresholds.len(), &key)?;
        }
        Ok(Readout {
            kind,
            range,
            thresholds,
            decode,
            current_noise: self.current_noise.clone(),
            limit: self.limit,
            offset: 0.0,
        })
    }
}

fn ideal_codes(range: SumRange) -> Result<(Vec<f64>, Vec<f64>), HwError> {
    if range.count() > 256 {
        let value = format!("{} possible sums", range.count());
        let advice = "open fewer word lines or use fewer bits per read";
        return Err(HwError::new(
            "readout.ideal",
            value,
            "at most 256 possible sums per conversion",
            advice,
        ));
    }
    Ok((
        ideal::thresholds(range),
        (range.min..=range.max).map(f64::from).collect(),
    ))
}

fn converter_codes(
    converter: &Converter,
    range: SumRange,
    histogram: Option<&SumHistogram>,
) -> Result<(Vec<f64>, Vec<f64>), HwError> {
    let grid = full_grid(converter, range)?;
    match &converter.references {
        References::FullRange(snap) => {
            finish(converter, grid.thresholds(*snap), grid.values(), histogram)
        }
        References::Calibrated { resolution, snap } => {
            let sums = histogram.ok_or_else(|| missing(converter.key("references.calibrated")))?;
            calibrated(converter, &grid, *resolution, *snap, sums)
        }
        References::List { thresholds, values } => {
            let most = (1usize << converter.bits) - 1;
            if thresholds.len() > most || thresholds.is_empty() {
                let expected = format!("1 to {most} thresholds for {} bits", converter.bits);
                return Err(HwError::new(
                    converter.key("references"),
                    thresholds.len(),
                    expected,
                    "add bits or drop thresholds",
                ));
            }
            if let Some(values) = values {
                return Ok((thresholds.clone(), values.clone()));
            }
            finish(
                converter,
                thresholds.clone(),
                interval_centres(thresholds),
                histogram,
            )
        }
    }
}

/// The grid over all of a range.
pub(super) fn full_grid(converter: &Converter, range: SumRange) -> Result<UniformGrid, HwError> {
    let grid = UniformGrid::full_range(range, converter.bits, converter.signed_codes);
    if grid.codes < 2 || (range.is_signed() && converter.bits < 2) {
        return Err(HwError::new(
            converter.key("bits"),
            converter.bits,
            "at least 2 bits for sums of both signs",
            "add a bit, or subtract after the read-out (subtraction = \"digital\")",
        ));
    }
    Ok(grid)
}

fn missing(key: String) -> HwError {
    let advice =
        "give a network or a pattern to calibrate on, or write full-range or listed references";
    HwError::new(key, "no histogram", "a histogram of partial sums", advice)
}

/// The step among the multiples of `resolution` (and the full-range step) with the least mean square error.
fn calibrated(
    converter: &Converter,
    grid: &UniformGrid,
    resolution: f64,
    snap: Snap,
    sums: &SumHistogram,
) -> Result<(Vec<f64>, Vec<f64>), HwError> {
    let tries = (grid.step / resolution).ceil();
    if tries > MOST_STEPS {
        return Err(HwError::new(
            converter.key("references.calibrated.step_resolution_mac"),
            resolution,
            format!("at least {}", grid.step / MOST_STEPS),
            "use a coarser resolution",
        ));
    }
    let tries = tries as usize;
    let mut best = finish(converter, grid.thresholds(snap), grid.values(), Some(sums))?;
    let mut least = mean_square_error(&best.0, &best.1, sums);
    for multiple in 1..=tries {
        let other = grid.with_step(resolution * multiple as f64);
        let candidate = finish(
            converter,
            other.thresholds(snap),
            other.values(),
            Some(sums),
        )?;
        let error = mean_square_error(&candidate.0, &candidate.1, sums);
        if error < least {
            (best, least) = (candidate, error);
        }
    }
    Ok(best)
}

fn mean_square_error(thresholds: &[f64], values: &[f64], sums: &SumHistogram) -> f64 {
    let square = |(s, n): (i32, u64)| {
        let code = thresholds.partition_point(|&t| t <= f64::from(s));
        n as f64 * (values[code] - f64::from(s)).powi(2)
    };
    sums.iter().map(square).sum::<f64>() / (sums.total().max(1)) as f64
}

/// Applies the value rule.
pub(super) fn finish(
    converter: &Converter,
    thresholds: Vec<f64>,
    centres: Vec<f64>,
    histogram: Option<&SumHistogram>,
) -> Result<(Vec<f64>, Vec<f64>), HwError> {
    let values = match converter.decode {
        DecodeRule::Centre => centres,
        DecodeRule::NearestInteger => centres.into_iter().map(nearest_integer).collect(),
        DecodeRule::ConditionalMean => {
            let sums = histogram.ok_or_else(|| missing(converter.key("decode")))?;
            conditional_means(&thresholds, centres, sums)
        }
    };
    Ok((thresholds, values))
}

fn conditional_means(thresholds: &[f64], mut centres: Vec<f64>, sums: &SumHistogram) -> Vec<f64> {
    let mut totals = vec![(0.0, 0.0); centres.len()];
    for (s, n) in sums.iter() {
        let total = &mut totals[thresholds.partition_point(|&t| t <= f64::from(s))];
        *total = (total.0 + n as f64 * f64::from(s), total.1 + n as f64);
    }
    for (value, (sum, count)) in centres.iter_mut().zip(totals) {
        if count > 0.0 {
            *value = sum / count;
        }
    }
    centres
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::{MACRO, converter, gaussian_sums};
    use super::*;
    use crate::hw::readout::Architecture;

    #[test]
    fn calibration_finds_the_published_step_and_sqnr() {
        // 15 levels on sums of standard deviation 3.4: best step 1.0, about 19 dB (full range: about 9.4 dB).
        let sums = gaussian_sums(3.4);
        let power: f64 = sums
            .iter()
            .map(|(s, n)| f64::from(s).powi(2) * n as f64)
            .sum::<f64>()
            / sums.total() as f64;
        let db = |design: &ReadoutDesign| {
            let readout = design.place(MACRO, Some(&sums)).unwrap();
            let values: Vec<f64> = (0..15)
                .map(|k| f64::from(readout.decode.value(k)))
                .collect();
            10.0 * (power / mean_square_error(&readout.thresholds, &values, &sums)).log10()
        };
        let design = converter(Architecture::Flash, 4);
        let best = design
            .with_calibrated(0.25)
            .place(MACRO, Some(&sums))
            .unwrap();
        assert_eq!(best.decode.step, 1.0);
        assert!((db(&design.with_calibrated(0.25)) - 19.0).abs() < 1.5);
        assert!((db(&design.with_full_range()) - 9.4).abs() < 1.5);
    }

    #[test]
    fn enough_bits_are_lossless() {
        let sums = gaussian_sums(5.0);
        for design in [
            converter(Architecture::Ramp, 6).with_full_range(),
            converter(Architecture::Flash, 8).with_calibrated(0.5),
            converter(Architecture::BinarySearch, 7).with_full_range(),
        ] {
            let readout = design.place(MACRO, Some(&sums)).unwrap();
            for s in MACRO.min..=MACRO.max {
                let code = readout.code(f64::from(s));
                assert_eq!(readout.decode.value(usize::from(code)), s as f32);
            }
        }
    }

    #[test]
    fn calibration_without_data_is_an_error() {
        let error = converter(Architecture::Flash, 4)
            .with_calibrated(0.5)
            .place(MACRO, None)
            .unwrap_err();
        assert!(error.to_string().contains("histogram"), "{error}");
    }
}
