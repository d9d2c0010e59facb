//! Number axes: where a value lies between two ends, and at which values the ticks stand.

use super::number;

/// Linear or logarithmic scale between two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Equal steps.
    Linear {
        /// Value at the start.
        low: f64,
        /// Value at the end.
        high: f64,
    },
    /// Equal factors.
    Log {
        /// Value at the start, above zero.
        low: f64,
        /// Value at the end.
        high: f64,
    },
}

/// One tick with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Value.
    pub value: f64,
    /// Text.
    pub label: String,
}

impl Scale {
    /// Linear scale over the finite values given, with `pad` of its length on both sides; 0..1 if there are none.
    pub fn around(values: impl IntoIterator<Item = f64>, pad: f64) -> Self {
        let (low, high) = range(values).unwrap_or((0.0, 1.0));
        let length = if high > low { high - low } else { 1.0 };
        Self::Linear {
            low: low - pad * length,
            high: high + pad * length,
        }
    }

    /// Logarithmic scale from `low` to at least one decade above it, rounded up to a whole decade.
    pub fn decades(low: f64, high: f64) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        let top = high.max(low * 10.0).log10().ceil();
        Self::Log {
            low,
            high: 10f64.powf(top),
        }
    }

    /// The two ends.
    pub fn ends(self) -> (f64, f64) {
        match self {
            Self::Linear { low, high } | Self::Log { low, high } => (low, high),
        }
    }

    /// 0 at the start, 1 at the end; values beyond and values without a place are held at the ends.
    pub fn share(self, value: f64) -> f64 {
        let share = self.open_share(value);
        if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        }
    }

    /// As [`Scale::share`], not held at the ends.
    pub fn open_share(self, value: f64) -> f64 {
        match self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::Log { low, high } => {
                (value.max(f64::MIN_POSITIVE) / low).ln() / (high / low).ln()
            }
        }
    }

    /// At most about `most` ticks.
    pub fn ticks(self, most: usize) -> Vec<Tick> {
        match self {
            Self::Linear { low, high } => linear_ticks(low, high, most),
            Self::Log { low, high } => decade_ticks(low, high, most),
        }
    }
}

/// Smallest and largest finite value.
pub fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold(None, |ends, value| match ends {
            None => Some((value, value)),
            Some((low, high)) => Some((value.min(low), value.max(high))),
        })
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `rough`.
pub fn nice_step(rough: f64) -> f64 {
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let decade = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * decade)
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

fn linear_ticks(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let step = nice_step((high - low) / most.max(1) as f64);
    let decimals = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last.min(first + 100))
        .map(|index| {
            let value = index as f64 * step;
            Tick {
                value,
                label: number::fixed(value, decimals),
            }
        })
        .collect()
}

fn decade_ticks(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let first = (low.log10() - 1e-9).ceil() as i32;
    let last = (high.log10() + 1e-9).floor() as i32;
    let every = ((last - first).max(1) as usize).div_ceil(most.max(1)) as i32;
    (first..=last)
        .filter(|exponent| (exponent - last) % every == 0)
        .map(|exponent| Tick {
            value: 10f64.powi(exponent),
            label: number::power_of_ten(exponent),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, most: usize) -> Vec<String> {
        scale.ticks(most).into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let scale = Scale::Linear {
            low: -0.13,
            high: 0.42,
        };
        assert_eq!(
            labels(scale, 6),
            ["−0.1", "0.0", "0.1", "0.2", "0.3", "0.4"]
        );
        let wide = Scale::Linear {
            low: -480.0,
            high: 480.0,
        };
        assert_eq!(labels(wide, 5), ["−400", "−200", "0", "200", "400"]);
    }

    #[test]
    fn decades_are_thinned_and_keep_the_top() {
        assert_eq!(labels(Scale::decades(1e-6, 1.0), 10).len(), 7);
        assert_eq!(labels(Scale::decades(1e-6, 1.0), 2), ["10⁻⁶", "10⁻³", "1"]);
    }

    #[test]
    fn values_without_a_place_are_held() {
        let scale = Scale::around([f64::NAN, f64::INFINITY], 0.1);
        assert!(scale.ends().0 < scale.ends().1);
        assert_eq!(scale.share(f64::NAN), 0.0);
        assert_eq!(Scale::decades(1e-3, 1.0).share(0.0), 0.0);
        assert!((Scale::decades(1e-4, 1.0).share(1e-2) - 0.5).abs() < 1e-12);
    }
}
