//! Which model says what a conversion costs (`[cost.adc]`), and what the other models of the file would say.
//!
//! Not responsible for the formulas ([`super::adc_model`]).

use super::adc_model::{AdcModel, SenseAmpsSpec, TableSpec, WaldenSpec, ZigzagSpec};
use crate::hw::error::{Checks, HwError};
use crate::hw::keyword::keyword;
use serde::Deserialize;

keyword! {
    /// The model that counts.
    AdcChoice {
        /// `[cost.adc.zigzag]`.
        Zigzag = "zigzag",
        /// `[cost.adc.sense_amps]`.
        SenseAmps = "sense_amps",
        /// `[cost.adc.walden]`.
        Walden = "walden",
        /// `[cost.adc.table]`.
        Table = "table",
    }
}

/// `[cost.adc]`: the model that counts, and the numbers of any of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdcSpec {
    /// The model that counts.
    pub model: AdcChoice,
    /// Fit of published converters.
    #[serde(default)]
    pub zigzag: Option<ZigzagSpec>,
    /// Comparisons that take place.
    #[serde(default)]
    pub sense_amps: Option<SenseAmpsSpec>,
    /// Figure of merit.
    #[serde(default)]
    pub walden: Option<WaldenSpec>,
    /// Table.
    #[serde(default)]
    pub table: Option<TableSpec>,
}

/// A resolved converter's cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Adc {
    /// The model that counts.
    pub model: AdcModel,
    /// The other models that the file has numbers for, valid at the macro's bits or not.
    pub others: Vec<AdcModel>,
}

impl AdcSpec {
    fn written(&self) -> Vec<AdcModel> {
        let zigzag = self.zigzag.map(AdcModel::Zigzag);
        let sense_amps = self.sense_amps.map(AdcModel::SenseAmps);
        let walden = self.walden.map(AdcModel::Walden);
        let table = self.table.clone().map(AdcModel::Table);
        [zigzag, sense_amps, walden, table]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Checks every model's numbers, and that the one that counts is valid at the bits of the read-out. Nothing if it has no
    /// numbers.
    pub fn resolve(&self, bits: u32, checks: &mut Checks) -> Option<Adc> {
        let (mut chosen, mut others) = (None, Vec::new());
        for model in self.written() {
            model.check(checks);
            if model.name() == self.model.word() {
                checks.keep(model.valid_at(bits))?;
                chosen = Some(model);
            } else {
                others.push(model);
            }
        }
        if chosen.is_none() {
            let word = self.model.word();
            checks.push(HwError::new(
                format!("cost.adc.{word}"),
                "missing",
                format!("the numbers of cost.adc.model = \"{word}\""),
                format!("write {word} = {{ .. }} in [cost.adc]"),
            ));
        }
        chosen.map(|model| Adc { model, others })
    }
}

impl Adc {
    /// Every model, the one that counts first.
    pub fn models(&self) -> impl Iterator<Item = &AdcModel> {
        std::iter::once(&self.model).chain(&self.others)
    }
}
