//! Recorded layers on a chip: every one has it for itself, in rounds of its own, and copies by hand of its own.
//!
//! Layers of a network take macros and turns together ([`super::rounds`], [`super::duplication`]); the differences stand here.

use super::duplication::{Named, by_hand};
use super::error::MappingError;
use super::plan::Builder;
use super::rounds::{Placed, Sized, cut};
use crate::hw::tiles::DuplicationSpec;
use crate::net::network::Inputs;
use std::slice::from_ref;

impl Builder<'_> {
    /// Copies of every layer before free macros are given away; of recorded layers, copies by hand of layers that are not
    /// recorded are none of their business.
    pub(super) fn written(
        &self,
        layers: &[Named],
        macros: usize,
    ) -> Result<Vec<u32>, MappingError> {
        let (Inputs::Recorded(_), DuplicationSpec::ByHand(all)) =
            (&self.network.inputs, &self.chip.duplication)
        else {
            return by_hand(&self.chip.duplication, layers, macros);
        };
        let mut copies = Vec::with_capacity(layers.len());
        for layer in layers {
            let own = all.get_key_value(layer.name);
            let own = own.map(|(name, &number)| (name.clone(), number));
            let own = DuplicationSpec::ByHand(own.into_iter().collect());
            copies.extend(by_hand(&own, from_ref(layer), macros)?);
        }
        Ok(copies)
    }

    /// Layers in rounds; recorded ones one after the other.
    pub(super) fn placed(
        &self,
        sized: &[Sized],
        macros: usize,
    ) -> Result<Vec<Vec<Placed>>, MappingError> {
        let writing = self.chip.weight_writing.as_ref();
        if self.network.inputs == Inputs::Images {
            return cut(sized, macros, writing);
        }
        let mut rounds = Vec::new();
        for (layer, one) in sized.iter().enumerate() {
            let mut own = cut(from_ref(one), macros, writing)?;
            own.iter_mut().flatten().for_each(|part| part.layer = layer);
            rounds.extend(own);
        }
        Ok(rounds)
    }

    /// True if weights are written before a round because others were in the arrays. A recorded layer is in them from the
    /// start unless it alone is larger than the chip.
    pub(super) fn takes_turns(&self, all: &[Vec<Placed>], round: &[Placed]) -> bool {
        if self.network.inputs == Inputs::Images {
            return all.len() > 1;
        }
        let layer = |round: &[Placed]| round.first().map(|part| part.layer);
        let same = all.iter().filter(|other| layer(other) == layer(round));
        same.count() > 1
    }
}
