//! Noise of one comparison: the same at every reference, or a law of its own at each.
//!
//! Written as one standard deviation or as a list with one per reference, lowest reference first. A conversion looks at a
//! reference at most once, so the noises of its comparisons are independent either way. Reference 0, which a binary search
//! compares with first, is not in a list: it takes the mean of the two standard deviations beside it. Not responsible for how
//! many references a layer has: a list is held against them when the read-out is placed.

use super::error::{Checks, HwError};
use super::variation::{Law, NoNoiseSpec, Noise};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::fmt;

/// Written form: `noise.none`, `noise.normal` or `noise.logistic`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonNoiseSpec {
    /// No disturbance.
    None(NoNoiseSpec),
    /// Gaussian.
    Normal(SigmasUaSpec),
    /// Logistic.
    Logistic(SigmasUaSpec),
}

/// Standard deviations in microampere.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigmasUaSpec {
    /// One for all references, or one for each.
    pub sigma_ua: Sigmas,
}

/// One number, or one per reference.
#[derive(Clone, Debug, PartialEq)]
pub enum Sigmas {
    /// For all references.
    One(f64),
    /// For each reference, lowest first.
    Each(Vec<f64>),
}

impl<'de> Deserialize<'de> for Sigmas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SigmasVisitor)
    }
}

/// Reads what stands there; a derived choice between both would lose the place of a wrong item.
struct SigmasVisitor;

impl<'de> Visitor<'de> for SigmasVisitor {
    type Value = Sigmas;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a number or a list of numbers")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Sigmas, E> {
        Ok(Sigmas::One(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Sigmas, E> {
        Ok(Sigmas::One(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Sigmas, E> {
        Ok(Sigmas::One(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Sigmas, A::Error> {
        let mut sigmas = Vec::new();
        while let Some(sigma) = items.next_element()? {
            sigmas.push(sigma);
        }
        Ok(Sigmas::Each(sigmas))
    }
}

/// Noise of one comparison, in MAC units.
#[derive(Clone, PartialEq)]
pub enum ComparisonNoise {
    /// Alike at every reference.
    Same(Noise),
    /// At each reference, lowest first.
    PerReference(Vec<Noise>),
}

/// A common noise shows as that noise alone: fingerprints of macros are hashes of this text and must outlive the list.
impl fmt::Debug for ComparisonNoise {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Same(noise) => noise.fmt(formatter),
            Self::PerReference(noises) => noises.fmt(formatter),
        }
    }
}

impl ComparisonNoiseSpec {
    /// Checks the numbers and divides by the unit current.
    pub fn resolve(&self, key: &str, unit_ua: f64, checks: &mut Checks) -> ComparisonNoise {
        let (law, spec) = match self {
            Self::None(_) => return ComparisonNoise::NONE,
            Self::Normal(spec) => (Law::Normal, spec),
            Self::Logistic(spec) => (Law::Logistic, spec),
        };
        let key = sigma_key(key, law);
        let mut one = |sigma_ua: f64| {
            checks.not_negative(&key, sigma_ua);
            let sigma = sigma_ua / unit_ua;
            Noise { law, sigma }
        };
        match &spec.sigma_ua {
            Sigmas::One(sigma_ua) => ComparisonNoise::Same(one(*sigma_ua)),
            Sigmas::Each(sigmas) => {
                let noises: Vec<Noise> = sigmas.iter().map(|&sigma| one(sigma)).collect();
                if noises.is_empty() {
                    checks.push(wrong_length(key, 0, "at least one".into()));
                }
                ComparisonNoise::PerReference(noises)
            }
        }
    }
}

fn sigma_key(key: &str, law: Law) -> String {
    let law = match law {
        Law::Normal => "normal",
        Law::Logistic => "logistic",
    };
    format!("{key}.{law}.sigma_ua")
}

fn wrong_length(key: String, found: usize, expected: String) -> HwError {
    HwError::new(
        key,
        format!("a list of {found}"),
        format!("{expected} standard deviations, one per reference"),
        "list one number per reference, lowest first, or write one number for all of them",
    )
}

impl ComparisonNoise {
    /// No noise.
    pub const NONE: ComparisonNoise = ComparisonNoise::Same(Noise::NONE);

    /// At the reference of this index; a placed read-out has one for each.
    pub fn at(&self, reference: usize) -> Noise {
        match self {
            Self::Same(noise) => *noise,
            Self::PerReference(noises) => {
                let found = noises.get(reference).or(noises.last());
                found.copied().unwrap_or(Noise::NONE)
            }
        }
    }

    /// At reference 0, where a binary search finds the sign.
    pub fn at_sign(&self) -> Noise {
        match self {
            Self::Same(noise) => *noise,
            Self::PerReference(noises) => {
                let (below, above) = (
                    self.at((noises.len() / 2).saturating_sub(1)),
                    self.at(noises.len() / 2),
                );
                above.with_sigma(0.5 * (below.sigma + above.sigma))
            }
        }
    }

    /// True if no comparison is ever disturbed.
    pub fn is_none(&self) -> bool {
        self.largest().is_none()
    }

    /// The one of the smallest standard deviation.
    pub fn least(&self) -> Noise {
        self.extreme(|a, b| a < b)
    }

    /// The one of the largest standard deviation.
    pub fn largest(&self) -> Noise {
        self.extreme(|a, b| a > b)
    }

    fn extreme(&self, better: impl Fn(f64, f64) -> bool) -> Noise {
        let Self::PerReference(noises) = self else {
            return self.at(0);
        };
        let pick = |best: Noise, noise: &Noise| {
            if better(noise.sigma, best.sigma) {
                *noise
            } else {
                best
            }
        };
        noises.iter().fold(self.at(0), pick)
    }

    /// Every noise changed alike.
    #[must_use]
    pub fn map(&self, change: impl Fn(Noise) -> Noise) -> Self {
        match self {
            Self::Same(noise) => Self::Same(change(*noise)),
            Self::PerReference(noises) => {
                Self::PerReference(noises.iter().copied().map(change).collect())
            }
        }
    }

    /// A list with no standard deviation below `sigma`: a quadrature over other noise resolves none that is smaller. A common
    /// noise stays as it is.
    #[must_use]
    pub fn at_least(&self, sigma: f64) -> Self {
        match self {
            Self::Same(_) => self.clone(),
            Self::PerReference(_) => self.map(|noise| noise.with_sigma(noise.sigma.max(sigma))),
        }
    }

    /// One noise for all references, of the mean variance: for references that a list was not written for.
    #[must_use]
    pub fn common(&self) -> Self {
        let Self::PerReference(noises) = self else {
            return self.clone();
        };
        let variance: f64 = noises.iter().map(|noise| noise.sigma * noise.sigma).sum();
        let sigma = (variance / noises.len().max(1) as f64).sqrt();
        Self::Same(self.at(0).with_sigma(sigma))
    }

    /// For a read-out with this many references; a list of equal noises is one noise from here on. `key` is the one of the
    /// noise.
    ///
    /// # Errors
    /// If a list has another length.
    pub fn placed(&self, references: usize, key: &str) -> Result<Self, HwError> {
        let Self::PerReference(noises) = self else {
            return Ok(self.clone());
        };
        if noises.len() != references {
            let key = sigma_key(key, self.at(0).law);
            return Err(wrong_length(key, noises.len(), references.to_string()));
        }
        let equal = noises.windows(2).all(|pair| pair[0] == pair[1]);
        Ok(if equal {
            Self::Same(self.at(0))
        } else {
            self.clone()
        })
    }

    /// Refuses a list that cannot fit `most` references, the largest number that there can be.
    ///
    /// # Errors
    /// If it is longer.
    pub fn within(&self, most: usize, key: &str) -> Result<(), HwError> {
        match self {
            Self::PerReference(noises) if noises.len() > most => {
                let key = sigma_key(key, self.at(0).law);
                Err(wrong_length(key, noises.len(), format!("at most {most}")))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(sigmas: &[f64]) -> ComparisonNoise {
        let law = Law::Logistic;
        let one = |&sigma: &f64| Noise { law, sigma };
        ComparisonNoise::PerReference(sigmas.iter().map(one).collect())
    }

    #[test]
    fn a_list_is_held_against_the_references() {
        let noise = list(&[0.2, 0.4, 0.3, 0.1]);
        assert_eq!(noise.at(1).sigma, 0.4);
        assert_eq!((noise.least().sigma, noise.largest().sigma), (0.1, 0.4));
        assert!((noise.at_sign().sigma - 0.35).abs() < 1e-15);
        assert_eq!(noise.placed(4, "k"), Ok(noise.clone()));
        let error = noise.placed(5, "k").unwrap_err().to_string();
        assert!(
            error.starts_with("k.logistic.sigma_ua = a list of 4: expected 5"),
            "{error}"
        );
        assert!(noise.within(4, "k").is_ok() && noise.within(3, "k").is_err());
        assert!((noise.common().at(9).sigma - 0.075f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn equal_numbers_are_one_number() {
        let one = list(&[0.3]).at(0);
        let same = list(&[0.3; 14]).placed(14, "k").unwrap();
        assert_eq!(same, ComparisonNoise::Same(one));
        assert_eq!(format!("{same:?}"), format!("{one:?}"));
        assert_eq!(same.at_least(1.0), same);
        assert_eq!(list(&[0.1, 2.0]).at_least(1.0), list(&[1.0, 2.0]));
    }
}
