//! What can be wrong with a described chip: one error per number, with the key to mend.
//!
//! Not responsible for files and lines: `arch` maps the dotted key to a line.

/// One wrong number of a hardware description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {value}: expected {expected}; {advice}")]
pub struct HwError {
    /// Dotted key, for example `readout.flash.bits`.
    pub key: String,
    /// The value as resolved.
    pub value: String,
    /// What was expected instead.
    pub expected: String,
    /// What to do about it.
    pub advice: String,
}

impl HwError {
    /// An error for one key.
    pub fn new(
        key: impl Into<String>,
        value: impl ToString,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            value: value.to_string(),
            expected: expected.into(),
            advice: advice.into(),
        }
    }
}

/// Collects every error of a description, so that all of them are reported at once.
#[derive(Debug, Default)]
pub struct Checks {
    errors: Vec<HwError>,
}

/// No physical number of a macro, in its unit, is larger; what is would end in infinities.
const LARGEST: f64 = 1e12;

impl Checks {
    /// Records an error.
    pub fn push(&mut self, error: HwError) {
        self.errors.push(error);
    }

    /// Keeps the value of a result, recording its error.
    pub fn keep<T>(&mut self, result: Result<T, HwError>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Requires a finite number above zero.
    pub fn positive(&mut self, key: &str, value: f64) {
        if !(value.is_finite() && value > 0.0) {
            self.push(HwError::new(
                key,
                value,
                "a finite number above 0",
                "write the measured or assumed value",
            ));
        }
        self.not_huge(key, value);
    }

    /// Requires a finite number that is not negative.
    pub fn not_negative(&mut self, key: &str, value: f64) {
        if !(value.is_finite() && value >= 0.0) {
            self.push(HwError::new(
                key,
                value,
                "a finite number, 0 or more",
                "use the `none` variant or 0 to switch the effect off",
            ));
        }
        self.not_huge(key, value);
    }

    fn not_huge(&mut self, key: &str, value: f64) {
        if value.is_finite() && value > LARGEST {
            self.push(HwError::new(
                key,
                value,
                format!("at most {LARGEST:e}"),
                "look at the unit in the name of the key",
            ));
        }
    }

    /// Requires a relative standard deviation within what its law can mean.
    pub fn relative_sigma(&mut self, key: &str, value: f64, most: f64) {
        if !(0.0..=most).contains(&value) {
            self.push(HwError::new(
                key,
                value,
                format!("a share between 0 and {most}"),
                "write a share of the conductance, not a percentage",
            ));
        }
    }

    /// Requires a probability.
    pub fn probability(&mut self, key: &str, value: f64) {
        if !(0.0..=1.0).contains(&value) {
            self.push(HwError::new(
                key,
                value,
                "a probability between 0 and 1",
                "write a share, not a percentage",
            ));
        }
    }

    /// Requires a whole number within bounds (both included).
    pub fn within(&mut self, key: &str, value: u64, low: u64, high: u64, advice: &str) {
        if !(low..=high).contains(&value) {
            self.push(HwError::new(
                key,
                value,
                format!("a whole number from {low} to {high}"),
                advice,
            ));
        }
    }

    /// Requires finite numbers that do not fall.
    pub fn ascending(&mut self, key: &str, values: &[f64]) {
        let rising = values.windows(2).all(|pair| pair[0] <= pair[1]);
        if values.is_empty() || !rising || values.iter().any(|v| !v.is_finite()) {
            self.push(HwError::new(
                key,
                format!("{values:?}"),
                "at least one number, in ascending order",
                "sort the list",
            ));
        }
        self.none_huge(key, values);
    }

    /// Requires that no number of a list, whatever its sign, is beyond all that is real.
    pub fn none_huge(&mut self, key: &str, values: &[f64]) {
        let largest = values.iter().map(|v| v.abs()).filter(|v| v.is_finite());
        self.not_huge(key, largest.fold(0.0, f64::max));
    }

    /// All errors, if there are any.
    pub fn finish(self) -> Result<(), Vec<HwError>> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(self.errors)
        }
    }
}
