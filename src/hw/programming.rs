//! Programming variation: how far the conductance of a cell misses its level. Drawn once per chip.
//!
//! Not responsible for stuck cells or for what is drawn at each read ([`super::cell`]).
//! Laws: normal, mean-preserving lognormal, and a polynomial sigma(G / G_ref) as measured on real arrays. Sigmas are per level,
//! off state first.

use super::error::{Checks, HwError};
use super::variation::{NoNoiseSpec, lognormal_with_mean, standard_normal};
use rand::Rng;
use serde::Deserialize;

/// `[cell.*.programming]`: spread of the conductance between cells programmed to the same level.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgrammingSpec {
    /// No variation.
    None(NoNoiseSpec),
    /// Normal, relative to the level's conductance; clamped at 0.
    Normal(RelativeSpec),
    /// Lognormal with the level's conductance as mean.
    Lognormal(RelativeSpec),
    /// Normal with a standard deviation in uS; clamped at 0.
    Absolute(AbsoluteSpec),
    /// Normal with sigma a polynomial of G / G_ref; clamped at 0.
    Polynomial(PolynomialSpec),
}

/// Relative standard deviations.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelativeSpec {
    /// sigma / G of each level, level 0 (off) first; or one number for all levels.
    pub sigma_relative: Vec<f64>,
}

/// Absolute standard deviations.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbsoluteSpec {
    /// sigma of each level in uS, level 0 (off) first; or one number for all levels.
    pub sigma_us: Vec<f64>,
}

/// sigma(G) = scale * sum c_i x^i with x = G / G_top and scale = G_top / G_ref.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolynomialSpec {
    /// Coefficients in uS, constant first, as measured at `reference_us`.
    pub coefficients_us: Vec<f64>,
    /// Top conductance at which the coefficients were measured, in uS.
    pub reference_us: f64,
}

/// Resolved programming variation: one standard deviation per level.
#[derive(Clone, Debug, PartialEq)]
pub enum Programming {
    /// None.
    None,
    /// Normal, sigma in uS per level, clamped at 0.
    Normal(Vec<f64>),
    /// Lognormal, relative sigma per level, mean preserved.
    Lognormal(Vec<f64>),
}

/// Largest relative spread of programmed cells: published devices stay below 1, a lognormal of 2 spans decades.
const MOST_SIGMA: f64 = 2.0;

impl ProgrammingSpec {
    pub(super) fn resolve(&self, key: &str, levels: &[f64], checks: &mut Checks) -> Programming {
        match self {
            Self::None(_) => Programming::None,
            Self::Normal(spec) => {
                let sigma = relative(&format!("{key}.normal"), spec, levels, checks);
                Programming::Normal(levels.iter().zip(sigma).map(|(g, s)| g * s).collect())
            }
            Self::Lognormal(spec) => {
                Programming::Lognormal(relative(&format!("{key}.lognormal"), spec, levels, checks))
            }
            Self::Absolute(spec) => {
                let key = format!("{key}.absolute.sigma_us");
                let sigma = per_level(&key, &spec.sigma_us, levels, checks);
                absolute(&key, &sigma, levels, checks);
                Programming::Normal(sigma)
            }
            Self::Polynomial(spec) => {
                let key = format!("{key}.polynomial");
                checks.positive(&format!("{key}.reference_us"), spec.reference_us);
                let sigma = polynomial_sigma(spec, levels);
                absolute(&format!("{key}.coefficients_us"), &sigma, levels, checks);
                if sigma.iter().any(|s| !s.is_finite() || *s < 0.0) {
                    checks.push(HwError::new(
                        format!("{key}.coefficients_us"),
                        format!("{:?}", spec.coefficients_us),
                        "a polynomial that is not negative at any level",
                        "check the signs of the coefficients",
                    ));
                }
                Programming::Normal(sigma)
            }
        }
    }
}

fn polynomial_sigma(spec: &PolynomialSpec, levels: &[f64]) -> Vec<f64> {
    let top = levels.last().copied().unwrap_or(0.0);
    let at = |g: f64| {
        spec.coefficients_us
            .iter()
            .rev()
            .fold(0.0, |sum, c| sum * (g / top) + c)
    };
    levels
        .iter()
        .map(|&g| at(g) * top / spec.reference_us)
        .collect()
}

/// Refuses spreads in uS beyond what the same spread of the top level could mean.
fn absolute(key: &str, sigma: &[f64], levels: &[f64], checks: &mut Checks) {
    let most = MOST_SIGMA * levels.iter().copied().fold(0.0, f64::max);
    let largest = sigma.iter().copied().filter(|s| s.is_finite());
    let largest = largest.fold(0.0, f64::max);
    if most.is_finite() && largest > most {
        checks.push(HwError::new(
            key,
            format!("a spread of {largest} uS"),
            format!("at most {MOST_SIGMA} times the largest conductance ({most} uS)"),
            "look at the unit in the name of the key",
        ));
    }
}

/// Relative sigmas of one law, none beyond what its law can mean.
fn relative(key: &str, spec: &RelativeSpec, levels: &[f64], checks: &mut Checks) -> Vec<f64> {
    let key = format!("{key}.sigma_relative");
    for &sigma in spec
        .sigma_relative
        .iter()
        .filter(|s| s.is_finite() && **s > MOST_SIGMA)
    {
        checks.relative_sigma(&key, sigma, MOST_SIGMA);
    }
    per_level(&key, &spec.sigma_relative, levels, checks)
}

fn per_level(key: &str, written: &[f64], levels: &[f64], checks: &mut Checks) -> Vec<f64> {
    for &sigma in written {
        checks.not_negative(key, sigma);
    }
    if written.len() == 1 {
        return vec![written[0]; levels.len()];
    }
    if written.len() != levels.len() {
        checks.push(HwError::new(
            key,
            format!("{} numbers", written.len()),
            format!(
                "one number, or {} (one per level, off state first)",
                levels.len()
            ),
            "add or remove numbers",
        ));
        return vec![0.0; levels.len()];
    }
    written.to_vec()
}

impl Programming {
    /// Standard deviation in uS of cells programmed to `level`, whose conductance is `mean_us`.
    pub fn sigma_us(&self, level: usize, mean_us: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Normal(sigma) => sigma[level],
            Self::Lognormal(sigma) => sigma[level] * mean_us,
        }
    }

    /// Conductance in uS of one cell.
    pub fn sample_us(&self, level: usize, mean_us: f64, rng: &mut impl Rng) -> f64 {
        match self {
            Self::None => mean_us,
            Self::Normal(sigma) => (mean_us + sigma[level] * standard_normal(rng)).max(0.0),
            Self::Lognormal(sigma) => lognormal_with_mean(mean_us, sigma[level], rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn neurram_polynomial_gives_the_published_sigma() {
        let spec = PolynomialSpec {
            coefficients_us: vec![0.348, 16.030, -43.853, 45.393, -16.815],
            reference_us: 40.0,
        };
        assert_relative_eq!(
            polynomial_sigma(&spec, &[20.0, 40.0])[0],
            2.0229,
            max_relative = 1e-3
        );
        assert_relative_eq!(
            polynomial_sigma(&spec, &[10.0, 20.0])[0],
            2.0229 / 2.0,
            max_relative = 1e-3
        );
    }

    #[test]
    fn spreads_beyond_any_device_are_errors() {
        let faults = |sigma: f64| {
            let spec = || RelativeSpec {
                sigma_relative: vec![sigma],
            };
            let mut checks = Checks::default();
            ProgrammingSpec::Normal(spec()).resolve("cell", &[1.0, 2.0], &mut checks);
            ProgrammingSpec::Lognormal(spec()).resolve("cell", &[1.0, 2.0], &mut checks);
            checks.finish().map_or_else(|errors| errors.len(), |()| 0)
        };
        for (spec, wrong) in [
            (
                ProgrammingSpec::Absolute(AbsoluteSpec {
                    sigma_us: vec![4.0],
                }),
                0,
            ),
            (
                ProgrammingSpec::Absolute(AbsoluteSpec {
                    sigma_us: vec![0.1, 4.1],
                }),
                1,
            ),
            (
                ProgrammingSpec::Polynomial(PolynomialSpec {
                    coefficients_us: vec![2.0],
                    reference_us: 2.0,
                }),
                0,
            ),
            (
                ProgrammingSpec::Polynomial(PolynomialSpec {
                    coefficients_us: vec![1e160],
                    reference_us: 2.0,
                }),
                1,
            ),
        ] {
            let mut checks = Checks::default();
            spec.resolve("cell", &[1.0, 2.0], &mut checks);
            let found = checks.finish().map_or_else(|errors| errors.len(), |()| 0);
            assert_eq!(found, wrong, "{spec:?}");
        }
        // A number that no unit explains is told so as well.
        assert_eq!([2.0, 2.1, 1e300, f64::INFINITY].map(faults), [0, 2, 4, 2]);
    }
}
