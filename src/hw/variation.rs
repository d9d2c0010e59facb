//! Random disturbances: distributions with their sampler, cdf, density and stable log-cdf side by side.
//!
//! A disturbance is zero-mean and described by its standard deviation (also the logistic one: scale = sigma sqrt(3) / pi).
//! Not responsible for when it is drawn: programming, static offset or each read is decided by the part that owns it.
//! The normal cdf is `erfc(-z / sqrt 2) / 2`, its far tail the usual asymptotic series.

use super::error::Checks;
use rand::{Rng, RngExt};
use serde::Deserialize;
use std::f64::consts::{FRAC_1_SQRT_2, PI, TAU};

/// Written form of a zero-mean current disturbance.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurrentNoiseSpec {
    /// No disturbance: `[....none]`.
    None(NoNoiseSpec),
    /// Gaussian.
    Normal(SigmaUaSpec),
    /// Logistic (heavier tails; closed form cdf).
    Logistic(SigmaUaSpec),
}

/// An empty table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoNoiseSpec {}

/// A standard deviation in microampere.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigmaUaSpec {
    /// Standard deviation in uA (of the logistic too).
    pub sigma_ua: f64,
}

impl CurrentNoiseSpec {
    /// The disturbance in units of `unit_ua`.
    pub fn resolve(&self, key: &str, unit_ua: f64, checks: &mut Checks) -> Noise {
        let (law, sigma_ua, variant) = match self {
            Self::None(_) => return Noise::NONE,
            Self::Normal(spec) => (Law::Normal, spec.sigma_ua, "normal"),
            Self::Logistic(spec) => (Law::Logistic, spec.sigma_ua, "logistic"),
        };
        checks.not_negative(&format!("{key}.{variant}.sigma_ua"), sigma_ua);
        Noise {
            law,
            sigma: sigma_ua / unit_ua,
        }
    }
}

/// Shape of a zero-mean distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Gaussian.
    Normal,
    /// Logistic.
    Logistic,
}

/// A zero-mean disturbance; `sigma` 0 switches it off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Shape.
    pub law: Law,
    /// Standard deviation, in the units of the part that owns it (MAC units in the read-out).
    pub sigma: f64,
}

/// Standard deviation of the logistic distribution with scale 1.
pub const LOGISTIC_STD: f64 = PI / 1.732_050_807_568_877_2;

impl Noise {
    /// No disturbance.
    pub const NONE: Noise = Noise {
        law: Law::Normal,
        sigma: 0.0,
    };

    /// True if it never disturbs anything.
    pub fn is_none(&self) -> bool {
        self.sigma == 0.0
    }

    /// The same law with another standard deviation.
    pub fn with_sigma(self, sigma: f64) -> Self {
        Self { sigma, ..self }
    }

    /// Argument of the standard law per unit of the disturbance (1 / sigma, or 1 / scale for the logistic).
    pub fn inverse_scale(&self) -> f64 {
        match self.law {
            Law::Normal => 1.0 / self.sigma,
            Law::Logistic => LOGISTIC_STD / self.sigma,
        }
    }

    /// One draw.
    pub fn sample(&self, rng: &mut impl Rng) -> f64 {
        if self.is_none() {
            return 0.0;
        }
        match self.law {
            Law::Normal => self.sigma * standard_normal(rng),
            Law::Logistic => {
                let u = open_unit(rng);
                (u / (1.0 - u)).ln() / self.inverse_scale()
            }
        }
    }

    /// P(disturbance <= x); a step that is 1 from x = 0 on if there is no disturbance.
    pub fn cdf(&self, x: f64) -> f64 {
        if self.is_none() {
            return if x >= 0.0 { 1.0 } else { 0.0 };
        }
        self.law.cdf(x * self.inverse_scale())
    }

    /// Density; 0 everywhere if there is no disturbance.
    pub fn pdf(&self, x: f64) -> f64 {
        if self.is_none() {
            return 0.0;
        }
        self.law.pdf(x * self.inverse_scale()) * self.inverse_scale()
    }
}

impl Law {
    /// P(Z <= z) of the standard law (the logistic one has scale 1).
    pub fn cdf(self, z: f64) -> f64 {
        match self {
            Law::Normal => 0.5 * libm::erfc(-z * FRAC_1_SQRT_2),
            Law::Logistic => {
                if z >= 0.0 {
                    1.0 / (1.0 + (-z).exp())
                } else {
                    z.exp() / (1.0 + z.exp())
                }
            }
        }
    }

    /// Density of the standard law.
    pub fn pdf(self, z: f64) -> f64 {
        match self {
            Law::Normal => (-0.5 * z * z).exp() / TAU.sqrt(),
            Law::Logistic => {
                let tail = (-z.abs()).exp();
                tail / ((1.0 + tail) * (1.0 + tail))
            }
        }
    }

    /// log P(Z <= z), accurate in the far lower tail.
    pub fn log_cdf(self, z: f64) -> f64 {
        match self {
            Law::Normal if z < -30.0 => {
                let inverse_square = 1.0 / (z * z);
                let series =
                    inverse_square * (1.0 - inverse_square * (3.0 - 15.0 * inverse_square));
                -0.5 * z * z - (-z * TAU.sqrt()).ln() + (-series).ln_1p()
            }
            Law::Normal if z > 0.0 => (-self.cdf(-z)).ln_1p(),
            Law::Normal => self.cdf(z).ln(),
            Law::Logistic => -softplus(-z),
        }
    }

    /// P(low < Z <= high) of the standard law without cancellation in the upper tail.
    pub fn interval(self, low: f64, high: f64) -> f64 {
        if low + high > 0.0 {
            self.cdf(-low) - self.cdf(-high)
        } else {
            self.cdf(high) - self.cdf(low)
        }
    }

    /// log P(low < Z <= high), accurate in both tails; `low` may be -inf and `high` +inf.
    pub fn log_interval(self, low: f64, high: f64) -> f64 {
        if low + high > 0.0 {
            return self.log_interval(-high, -low);
        }
        let top = self.log_cdf(high);
        if low == f64::NEG_INFINITY {
            return top;
        }
        top + (-(self.log_cdf(low) - top).exp_m1()).ln()
    }
}

/// log(1 + e^z) without overflow.
pub fn softplus(z: f64) -> f64 {
    if z > 0.0 {
        z + (-z).exp().ln_1p()
    } else {
        z.exp().ln_1p()
    }
}

/// Upper tail of the normal distribution.
pub fn normal_tail(z: f64) -> f64 {
    Law::Normal.cdf(-z)
}

/// A uniform number in the open interval (0, 1).
pub fn open_unit(rng: &mut impl Rng) -> f64 {
    (rng.random::<u64>() >> 12) as f64 * 2f64.powi(-52) + 2f64.powi(-53)
}

/// One standard normal number (Box-Muller, first of the pair, so that one draw always takes two words).
pub fn standard_normal(rng: &mut impl Rng) -> f64 {
    let radius = (-2.0 * open_unit(rng).ln()).sqrt();
    radius * (TAU * open_unit(rng)).cos()
}

/// One positive number with the given mean and relative standard deviation (lognormal, mean preserved).
pub fn lognormal_with_mean(mean: f64, sigma_relative: f64, rng: &mut impl Rng) -> f64 {
    let sigma_ln = lognormal_sigma(sigma_relative);
    mean * (sigma_ln * standard_normal(rng) - 0.5 * sigma_ln * sigma_ln).exp()
}

/// Standard deviation of ln G for a lognormal G of this relative standard deviation.
pub fn lognormal_sigma(sigma_relative: f64) -> f64 {
    (sigma_relative * sigma_relative).ln_1p().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, keyed};
    use approx::assert_relative_eq;

    #[test]
    fn normal_tails_match_published_values() {
        assert_relative_eq!(normal_tail(3.0), 1.3499e-3, max_relative = 1e-5);
        assert_relative_eq!(normal_tail(4.5), 3.3977e-6, max_relative = 1e-5);
        assert_relative_eq!(normal_tail(6.0), 9.8659e-10, max_relative = 1e-5);
        assert!(
            (lognormal_sigma(0.2) - 0.198_04).abs() < 5e-6,
            "printed to five digits"
        );
    }

    #[test]
    fn log_cdf_is_continuous_into_the_far_tail() {
        for law in [Law::Normal, Law::Logistic] {
            for z in [-29.0, -12.0, -3.0, 0.0, 2.0, 9.0] {
                assert_relative_eq!(law.log_cdf(z), law.cdf(z).ln(), max_relative = 1e-10);
            }
        }
        let (below, above) = (
            Law::Normal.log_cdf(-30.0 - 1e-9),
            Law::Normal.log_cdf(-30.0 + 1e-9),
        );
        assert_relative_eq!(below, above, max_relative = 1e-8);
        assert!(Law::Normal.log_cdf(-1e3).is_finite());
    }

    #[test]
    fn intervals_agree_with_their_logarithm_and_their_mirror() {
        for law in [Law::Normal, Law::Logistic] {
            for (low, high) in [
                (-1.0, 0.5),
                (3.0, 4.0),
                (-9.0, -8.5),
                (f64::NEG_INFINITY, 1.0),
                (2.0, f64::INFINITY),
            ] {
                let p = law.interval(low, high);
                assert_relative_eq!(p.ln(), law.log_interval(low, high), max_relative = 1e-9);
                assert_relative_eq!(p, law.interval(-high, -low), max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn density_is_the_slope_of_the_cdf() {
        for law in [Law::Normal, Law::Logistic] {
            let noise = Noise { law, sigma: 0.7 };
            for x in [-1.5, -0.2, 0.0, 0.9] {
                let slope = (noise.cdf(x + 1e-5) - noise.cdf(x - 1e-5)) / 2e-5;
                assert_relative_eq!(slope, noise.pdf(x), max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn samples_have_the_declared_moments() {
        let draws = 40_000;
        for law in [Law::Normal, Law::Logistic] {
            let noise = Noise { law, sigma: 2.0 };
            let mut rng = keyed(1, Purpose::MonteCarlo, &[law as u64]);
            let (mut sum, mut square) = (0.0, 0.0);
            for _ in 0..draws {
                let x = noise.sample(&mut rng);
                sum += x;
                square += x * x;
            }
            let n = f64::from(draws);
            assert!((sum / n).abs() < 4.0 * 2.0 / n.sqrt());
            assert!((square / n - 4.0).abs() < 4.0 * 4.0 * (3.2 / n).sqrt());
        }
    }

    #[test]
    fn lognormal_keeps_its_mean() {
        let mut rng = keyed(2, Purpose::MonteCarlo, &[]);
        let n = 40_000;
        let mean = (0..n)
            .map(|_| lognormal_with_mean(5.0, 0.4, &mut rng))
            .sum::<f64>()
            / f64::from(n);
        assert!((mean - 5.0).abs() < 4.0 * 5.0 * 0.4 / f64::from(n).sqrt());
    }
}
