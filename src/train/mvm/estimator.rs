//! Which slope stands for the derivative of a read-out: the ladder from straight-through to relaxed read-outs.
//!
//! The derivative of E\[loss\] in a partial sum s is not what a hard code passes on; every estimator replaces it by a factor
//! D, alike for all reads of one sum, one code or one draw. Not responsible for the factors ([`super::slopes`]).
//! From straight-through (Bengio et al. 2013), relaxed quantization (Louizos et al. 2019), ReinMax (Liu et al. 2023) and
//! the Gumbel-Rao estimator (Paulus et al. 2021), each for a categorical law whose logits are those of the read-out.

/// A factor D in the backward pass of every read, in MAC units per MAC unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Estimator {
    /// 1 everywhere.
    PassThrough,
    /// 1 where the noise-free read-out is not clipped, else 0.
    StraightThrough,
    /// Slope of the mean value of the codes: exact for losses linear in this read.
    Expectation,
    /// Slope of that mean between the neighbouring sums; sums move in integer steps only.
    Lattice,
    /// Slope of that mean over one step of the codes: the lattice slope where steps are small, and of use where they are not.
    Secant,
    /// Of the drawn code; exact for losses up to quadratic in this read.
    ReinMax,
    /// Of the drawn code: mean of [`Estimator::SampledGumbel`] given that code.
    GumbelRao {
        /// Temperature of the softmax.
        temperature: f64,
    },
    /// Straight-through Gumbel-softmax: hard code forward, derivative of the relaxed code backward.
    SampledGumbel {
        /// Temperature of the softmax.
        temperature: f64,
    },
    /// Relaxed code in both passes: a value between the codes and its own derivative.
    Soft {
        /// Temperature of the softmax.
        temperature: f64,
    },
}

impl Estimator {
    /// Every name, from the plainest on.
    pub const NAMES: [&'static str; 9] = [
        "pass-through",
        "straight-through",
        "expectation",
        "lattice",
        "secant",
        "reinmax",
        "gumbel-rao",
        "gumbel-sampled",
        "soft",
    ];

    /// Name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::PassThrough => "pass-through",
            Self::StraightThrough => "straight-through",
            Self::Expectation => "expectation",
            Self::Lattice => "lattice",
            Self::Secant => "secant",
            Self::ReinMax => "reinmax",
            Self::GumbelRao { .. } => "gumbel-rao",
            Self::SampledGumbel { .. } => "gumbel-sampled",
            Self::Soft { .. } => "soft",
        }
    }

    /// The estimator of a name; those without a temperature ignore it. Not responsible for a sensible temperature.
    pub fn parse(name: &str, temperature: f64) -> Option<Self> {
        Some(match name {
            "pass-through" => Self::PassThrough,
            "straight-through" => Self::StraightThrough,
            "expectation" => Self::Expectation,
            "lattice" => Self::Lattice,
            "secant" => Self::Secant,
            "reinmax" => Self::ReinMax,
            "gumbel-rao" => Self::GumbelRao { temperature },
            "gumbel-sampled" => Self::SampledGumbel { temperature },
            "soft" => Self::Soft { temperature },
            _ => return None,
        })
    }

    /// True if D depends on the code that the forward pass drew.
    pub fn needs_code(self) -> bool {
        matches!(
            self,
            Self::ReinMax | Self::GumbelRao { .. } | Self::SampledGumbel { .. }
        )
    }

    /// True if D is meaningless (0 nearly everywhere) where the read-out has no noise.
    pub fn needs_noise(self) -> bool {
        !matches!(
            self,
            Self::PassThrough | Self::StraightThrough | Self::Lattice | Self::Secant
        )
    }

    /// Temperature of the softmax; `None` without one.
    pub fn temperature(self) -> Option<f64> {
        match self {
            Self::GumbelRao { temperature }
            | Self::SampledGumbel { temperature }
            | Self::Soft { temperature } => Some(temperature),
            _ => None,
        }
    }

    /// True if there is a temperature.
    pub fn has_temperature(self) -> bool {
        self.temperature().is_some()
    }

    /// The same at another temperature; those without one stay as they are.
    #[must_use]
    pub fn with_temperature(self, temperature: f64) -> Self {
        Self::parse(self.name(), temperature).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for name in Estimator::NAMES {
            let estimator = Estimator::parse(name, 0.5).expect("a known name");
            assert_eq!(estimator.name(), name);
            let colder = estimator.with_temperature(0.25);
            assert_eq!(colder.temperature(), estimator.temperature().map(|_| 0.25));
            assert_eq!(colder == estimator, !estimator.has_temperature());
        }
        assert_eq!(Estimator::parse("reinforce", 1.0), None);
    }

    #[test]
    fn relaxed_read_outs_need_noise() {
        let needs = |name: &&str| Estimator::parse(name, 1.0).is_some_and(Estimator::needs_noise);
        let quiet: Vec<_> = Estimator::NAMES
            .into_iter()
            .filter(|name| !needs(name))
            .collect();
        assert_eq!(
            quiet,
            ["pass-through", "straight-through", "lattice", "secant"]
        );
    }
}
