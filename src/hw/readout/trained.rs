//! Placing references that are calibrated at trained numbers instead of searching them: a step, or every threshold.
//!
//! References that are written in the hardware file stay as written. Not responsible for the search ([`super::place`]).

use super::decode::from_stored;
use super::law::Readout;
use super::place::{finish, full_grid};
use super::{Converter, Kind, ReadoutDesign};
use crate::hw::error::HwError;
use crate::hw::partial_sum::{SumHistogram, SumRange};
use crate::hw::reference::{References, Snap};

impl ReadoutDesign {
    /// Places references that are calibrated at a given step in MAC units instead of searching it.
    ///
    /// # Errors
    /// As [`Self::place`], or if the step is not a positive number.
    pub fn place_at_step(
        &self,
        range: SumRange,
        step: f64,
        histogram: Option<&SumHistogram>,
    ) -> Result<Readout, HwError> {
        let Some((converter, snap)) = self.calibrated() else {
            return self.place(range, histogram);
        };
        if !(step.is_finite() && step > 0.0) {
            let advice = "train the step again, or place references by calibration";
            let key = converter.key("references.calibrated");
            return Err(HwError::new(
                key,
                step,
                "a positive step in MAC units",
                advice,
            ));
        }
        let grid = full_grid(converter, range)?.with_step(step);
        let (thresholds, values) =
            finish(converter, grid.thresholds(snap), grid.values(), histogram)?;
        self.placed(range, thresholds, super::decode::from_values(&values))
    }

    /// Places references that are calibrated at given thresholds in MAC units, with codes of given values.
    ///
    /// # Errors
    /// As [`Self::place`], or if there are not as many ascending thresholds as the converter has references for these sums, or
    /// not one value more.
    pub fn place_at_thresholds(
        &self,
        range: SumRange,
        (thresholds, values): (&[f32], &[f32]),
        histogram: Option<&SumHistogram>,
    ) -> Result<Readout, HwError> {
        let Some((converter, _)) = self.calibrated() else {
            return self.place(range, histogram);
        };
        let references = full_grid(converter, range)?.codes - 1;
        let ascending = thresholds.windows(2).all(|pair| pair[0] <= pair[1]);
        let finite = thresholds.iter().chain(values).all(|v| v.is_finite());
        let fits = thresholds.len() == references && values.len() == references + 1;
        if !(ascending && finite && fits) {
            return Err(HwError::new(
                converter.key("bits"),
                format!(
                    "{} with {} trained thresholds and {} values of codes",
                    converter.bits,
                    thresholds.len(),
                    values.len()
                ),
                format!(
                    "{references} ascending thresholds and {} values for sums from {} to {}",
                    references + 1,
                    range.min,
                    range.max
                ),
                "run the macro that the thresholds were trained for, or train them for this one",
            ));
        }
        let thresholds = thresholds.iter().map(|&t| f64::from(t)).collect();
        self.placed(range, thresholds, from_stored(values))
    }

    /// The converter and the snap of references that are calibrated.
    fn calibrated(&self) -> Option<(&Converter, Snap)> {
        let Kind::Converter(converter) = &self.kind else {
            return None;
        };
        match converter.references {
            References::Calibrated { snap, .. } => Some((converter, snap)),
            References::FullRange(_) | References::List { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::super::tests_support::{MACRO, converter, gaussian_sums};

    #[test]
    fn stored_thresholds_give_the_same_read_out() {
        let sums = gaussian_sums(3.4);
        for resolution in [0.25, 27.0 / 7.0] {
            let design = converter(Architecture::BinarySearch, 4).with_calibrated(resolution);
            let placed = design.place(MACRO, Some(&sums)).unwrap();
            let thresholds: Vec<f32> = placed.thresholds.iter().map(|&t| t as f32).collect();
            let again = design.place_at_thresholds(
                MACRO,
                (&thresholds, &placed.code_values()),
                Some(&sums),
            );
            assert_eq!(again.unwrap(), placed);
        }
    }

    #[test]
    fn thresholds_that_do_not_fit_are_refused() {
        let design = converter(Architecture::Flash, 4).with_calibrated(0.5);
        let values: Vec<f32> = (0..15u8).map(f32::from).collect();
        let place = |thresholds: &[f32], values: &[f32]| {
            design.place_at_thresholds(MACRO, (thresholds, values), None)
        };
        assert!(place(&values[1..], &values).is_ok());
        let mut turned = values[1..].to_vec();
        turned.swap(3, 4);
        for (thresholds, values) in [
            (&values[2..], &values[..]),
            (&values[1..], &values[1..]),
            (&turned[..], &values[..]),
            (&[f32::NAN; 14][..], &values[..]),
        ] {
            let error = place(thresholds, values).unwrap_err().to_string();
            assert!(error.starts_with("readout.flash.bits"), "{error}");
            assert!(error.contains("14 ascending thresholds"), "{error}");
        }
    }
}
