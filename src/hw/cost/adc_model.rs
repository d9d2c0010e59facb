//! What one conversion costs: the closed list of models, each with its name, its source and the bits it is valid for.
//!
//! ```text
//! zigzag      E = (100 b + 0.001 * 4^b) fJ * V^2     A = 10^(1.206 - 0.0369 b) * 2^b um^2
//! sense_amps  E = comparisons made * E_comparison    A = sense amps * A_sense_amp
//! walden      E = FOM_W * 2^(b - lost bits)          A as written
//! table       E, A as written for these bits, and for no others
//! ```
//! They differ by an order of magnitude at the same bits. Outside its bits a model refuses; nothing is extrapolated.
//! Not responsible for which one a macro uses ([`super::adc`]).

use crate::hw::error::{Checks, HwError};
use serde::Deserialize;

/// Largest resolution of the read-outs described here.
const MOST_BITS: u32 = 8;

/// `[cost.adc.zigzag]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZigzagSpec {
    /// Supply of the converter.
    pub supply_v: f64,
}

/// `[cost.adc.sense_amps]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SenseAmpsSpec {
    /// One comparison, its reference included.
    pub comparison_energy_fj: f64,
    /// One sense amp.
    pub sense_amp_area_um2: f64,
}

/// `[cost.adc.walden]`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaldenSpec {
    /// FOM_W: energy per effective step.
    pub step_energy_fj: f64,
    /// Bits less effective bits (ENOB).
    pub lost_bits: f64,
    /// One converter.
    pub area_um2: f64,
}

/// `[cost.adc.table]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Resolutions, ascending.
    pub bits: Vec<u32>,
    /// One conversion at each.
    pub energy_fj: Vec<f64>,
    /// One converter of each.
    pub area_um2: Vec<f64>,
}

/// One conversion model.
#[derive(Clone, Debug, PartialEq)]
pub enum AdcModel {
    /// Fit of published converters, ZigZag-IMC.
    Zigzag(ZigzagSpec),
    /// Comparisons that take place.
    SenseAmps(SenseAmpsSpec),
    /// Figure of merit of Nyquist converters.
    Walden(WaldenSpec),
    /// The user's table.
    Table(TableSpec),
}

impl AdcModel {
    /// The word of `cost.adc.model`, and of the table with its numbers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Zigzag(_) => "zigzag",
            Self::SenseAmps(_) => "sense_amps",
            Self::Walden(_) => "walden",
            Self::Table(_) => "table",
        }
    }

    /// Where the form comes from; its numbers have their provenance in the file.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Zigzag(_) => {
                "ZigZag-IMC (KU Leuven MICAS, BSD-3), fit of published converters at 28 nm"
            }
            Self::SenseAmps(_) => "energy of one comparison times comparisons made",
            Self::Walden(_) => "Walden, IEEE JSAC 1999: figure of merit per effective step",
            Self::Table(_) => "table of the hardware file",
        }
    }

    /// Checks the numbers.
    pub fn check(&self, checks: &mut Checks) {
        let key = |part: &str| format!("cost.adc.{}.{part}", self.name());
        match self {
            Self::Zigzag(spec) => checks.positive(&key("supply_v"), spec.supply_v),
            Self::SenseAmps(spec) => {
                checks.positive(&key("comparison_energy_fj"), spec.comparison_energy_fj);
                checks.not_negative(&key("sense_amp_area_um2"), spec.sense_amp_area_um2);
            }
            Self::Walden(spec) => {
                checks.positive(&key("step_energy_fj"), spec.step_energy_fj);
                checks.not_negative(&key("lost_bits"), spec.lost_bits);
                checks.not_negative(&key("area_um2"), spec.area_um2);
            }
            Self::Table(spec) => spec.check(checks),
        }
    }

    /// Refuses resolutions that the model says nothing about.
    ///
    /// # Errors
    /// With the key of the model, its bits and what to choose instead.
    pub fn valid_at(&self, bits: u32) -> Result<(), HwError> {
        let in_range = (1..=MOST_BITS).contains(&bits);
        let (valid, expected, key) = match self {
            Self::Table(spec) => (
                spec.bits.contains(&bits),
                format!("an entry for {bits} bits"),
                "cost.adc.table.bits".to_string(),
            ),
            Self::Walden(spec) => (
                in_range && spec.lost_bits < f64::from(bits),
                format!("1 to {MOST_BITS} bits, fewer of them lost than there are ({bits})"),
                "cost.adc.walden.lost_bits".to_string(),
            ),
            Self::Zigzag(_) | Self::SenseAmps(_) => (
                in_range,
                format!("a read-out of 1 to {MOST_BITS} bits"),
                format!("cost.adc.{}", self.name()),
            ),
        };
        if valid {
            return Ok(());
        }
        let found = match self {
            Self::Table(spec) => format!("{:?}", spec.bits),
            Self::Walden(spec) => spec.lost_bits.to_string(),
            _ => format!("{bits} bits"),
        };
        Err(HwError::new(
            key,
            found,
            expected,
            "nothing is extrapolated; choose another cost.adc.model or add numbers for these bits",
        ))
    }

    /// Energy in fJ of one conversion with this many comparisons.
    ///
    /// # Errors
    /// If the model says nothing about these bits.
    pub fn energy_fj(&self, bits: u32, comparisons: f64) -> Result<f64, HwError> {
        self.valid_at(bits)?;
        let b = f64::from(bits);
        Ok(match self {
            Self::Zigzag(spec) => (100.0 * b + 0.001 * 4f64.powf(b)) * spec.supply_v.powi(2),
            Self::SenseAmps(spec) => comparisons * spec.comparison_energy_fj,
            Self::Walden(spec) => spec.step_energy_fj * (b - spec.lost_bits).exp2(),
            Self::Table(spec) => spec.at(bits, &spec.energy_fj),
        })
    }

    /// Area in um^2 of one read-out with this many sense amps.
    ///
    /// # Errors
    /// If the model says nothing about these bits.
    pub fn area_um2(&self, bits: u32, sense_amps: f64) -> Result<f64, HwError> {
        self.valid_at(bits)?;
        let b = f64::from(bits);
        Ok(match self {
            Self::Zigzag(_) => 10f64.powf(1.206 - 0.0369 * b) * b.exp2(),
            Self::SenseAmps(spec) => sense_amps * spec.sense_amp_area_um2,
            Self::Walden(spec) => spec.area_um2,
            Self::Table(spec) => spec.at(bits, &spec.area_um2),
        })
    }
}

impl TableSpec {
    fn check(&self, checks: &mut Checks) {
        let rising = self.bits.windows(2).all(|pair| pair[0] < pair[1]);
        let legal = self.bits.iter().all(|bits| (1..=MOST_BITS).contains(bits));
        if self.bits.is_empty() || !rising || !legal {
            checks.push(HwError::new(
                "cost.adc.table.bits",
                format!("{:?}", self.bits),
                format!("different bits from 1 to {MOST_BITS} in ascending order"),
                "sort the list",
            ));
        }
        for (key, values) in [
            ("cost.adc.table.energy_fj", &self.energy_fj),
            ("cost.adc.table.area_um2", &self.area_um2),
        ] {
            checks.ascending(key, values);
            if values.len() != self.bits.len() || values.iter().any(|value| *value < 0.0) {
                checks.push(HwError::new(
                    key,
                    format!("{values:?}"),
                    format!("{} numbers, 0 or more", self.bits.len()),
                    "write one for each entry of cost.adc.table.bits",
                ));
            }
        }
    }

    /// The value for these bits; 0 for bits without one, which [`AdcModel::valid_at`] refuses.
    fn at(&self, bits: u32, values: &[f64]) -> f64 {
        let place = self.bits.iter().position(|&entry| entry == bits);
        place
            .and_then(|place| values.get(place).copied())
            .unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn models() -> Vec<AdcModel> {
        vec![
            AdcModel::Zigzag(ZigzagSpec { supply_v: 0.8 }),
            AdcModel::SenseAmps(SenseAmpsSpec {
                comparison_energy_fj: 10.0,
                sense_amp_area_um2: 20.0,
            }),
            AdcModel::Walden(WaldenSpec {
                step_energy_fj: 5.0,
                lost_bits: 0.5,
                area_um2: 300.0,
            }),
            AdcModel::Table(TableSpec {
                bits: vec![1, 3, 4, 6],
                energy_fj: vec![50.0, 300.0, 700.0, 1260.0],
                area_um2: vec![90.0, 400.0, 500.0, 580.0],
            }),
        ]
    }

    /// (4 b, 0.8 V): (400 + 0.256) * 0.64 = 256.16 fJ; 10^1.0584 * 16 = 183.04 um^2.
    #[test]
    fn values_are_those_computed_by_hand() {
        let [zigzag, amps, walden, table] = models().try_into().expect("four models");
        for (bits, energy, area) in [
            (4, 256.164, 183.0),
            (6, 386.621, 618.0),
            (8, 553.943, 2085.0),
        ] {
            assert_relative_eq!(
                zigzag.energy_fj(bits, 0.0).unwrap(),
                energy,
                max_relative = 1e-5
            );
            assert_relative_eq!(
                zigzag.area_um2(bits, 1.0).unwrap(),
                area,
                max_relative = 1e-3
            );
        }
        assert_relative_eq!(zigzag.energy_fj(1, 0.0).unwrap(), 100.004 * 0.64);
        assert_relative_eq!(amps.energy_fj(3, 7.0).unwrap(), 70.0);
        assert_relative_eq!(amps.energy_fj(3, 2.5).unwrap(), 25.0);
        assert_relative_eq!(amps.area_um2(3, 7.0).unwrap(), 140.0);
        let sqrt_half = std::f64::consts::FRAC_1_SQRT_2;
        assert_relative_eq!(walden.energy_fj(4, 4.0).unwrap(), 80.0 * sqrt_half);
        assert_relative_eq!(table.energy_fj(6, 6.0).unwrap(), 1260.0);
        assert_relative_eq!(table.area_um2(3, 7.0).unwrap(), 400.0);
    }

    #[test]
    fn nothing_is_extrapolated() {
        for model in models() {
            for bits in [0, 9, 12] {
                let error = model.energy_fj(bits, 1.0).unwrap_err();
                assert!(error.key.starts_with(&format!("cost.adc.{}", model.name())));
                assert!(error.advice.contains("nothing is extrapolated"));
                assert!(model.area_um2(bits, 1.0).is_err());
            }
        }
        assert!(models()[3].energy_fj(5, 5.0).is_err());
        let lost = AdcModel::Walden(WaldenSpec {
            step_energy_fj: 5.0,
            lost_bits: 2.0,
            area_um2: 1.0,
        });
        assert!(lost.energy_fj(2, 2.0).is_err() && lost.energy_fj(3, 3.0).is_ok());
    }

    #[test]
    fn more_bits_never_cost_less() {
        for model in models() {
            let valid: Vec<u32> = (1..=8)
                .filter(|&bits| model.valid_at(bits).is_ok())
                .collect();
            assert!(valid.len() >= 4 && valid[0] < 4, "{}", model.name());
            for pair in valid.windows(2) {
                let energy = |bits: u32| model.energy_fj(bits, f64::from(bits)).unwrap();
                let area = |bits: u32| model.area_um2(bits, f64::from((1 << bits) - 1)).unwrap();
                assert!(energy(pair[0]) < energy(pair[1]), "{}", model.name());
                assert!(area(pair[0]) <= area(pair[1]), "{}", model.name());
            }
        }
    }
}
