//! Which disturbances a read-out has, and their standard deviations at a reference: for margins, which state them one by one.
//!
//! Not responsible for the law that they make together ([`super::over_chips`]).

use super::{Architecture, Readout};
use crate::hw::reference::ReferenceError;
use crate::hw::sense_amp::SenseAmp;
use crate::hw::variation::Law;

impl Readout {
    /// True where a normal law stands for sums that are not exactly normal.
    pub fn mixes_laws(&self) -> bool {
        let sense_amp = self.sense_amp();
        let comparison = sense_amp.noise.largest();
        [self.current_noise.line, sense_amp.offset, comparison]
            .iter()
            .any(|noise| !noise.is_none() && noise.law == Law::Logistic)
    }

    /// True if single comparisons have noise or errors of their own.
    pub fn has_separate_comparisons(&self) -> bool {
        let Some(converter) = self.converter() else {
            return false;
        };
        let amp = &converter.sense_amp;
        let flash = converter.architecture == Architecture::Flash;
        !amp.noise.is_none()
            || converter.reference_error.single > 0.0
            || (flash && !amp.offset.is_none())
    }

    /// Standard deviation of what the sense amp adds at the reference nearest to this one, in MAC units.
    pub fn sense_amp_sigma(&self, reference: f64) -> f64 {
        let sense_amp = self.sense_amp();
        let noise = sense_amp.noise.at(self.nearest(reference));
        sense_amp.offset.sigma.hypot(noise.sigma)
    }

    fn sense_amp(&self) -> &SenseAmp {
        self.converter().map_or(&SenseAmp::IDEAL, |c| &c.sense_amp)
    }

    /// Index of the threshold nearest to a reference.
    pub(super) fn nearest(&self, reference: f64) -> usize {
        let above = self.thresholds.partition_point(|&t| t < reference);
        let distance = |k: usize| {
            let found = self.thresholds.get(k);
            found.map_or(f64::INFINITY, |t| (t - reference).abs())
        };
        match above.checked_sub(1) {
            Some(below) if distance(below) <= distance(above) => below,
            _ => above,
        }
    }

    /// Standard deviation of a reference, in MAC units.
    pub fn reference_sigma(&self, reference: f64) -> f64 {
        let error = self
            .converter()
            .map_or(ReferenceError::NONE, |c| c.reference_error);
        (error.gain() * reference).hypot(error.single)
    }

    /// Standard deviation of the noise of the sampled current, in MAC units (cells not counted).
    pub fn line_sigma(&self) -> f64 {
        self.current_noise.line.sigma
    }
}
