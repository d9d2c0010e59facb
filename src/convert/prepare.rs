//! The conversions of one layer with the weights of each plane ready for a kernel.
//!
//! Not responsible for the read-out: integer partial sums do not depend on it, so one preparation serves all.

use crate::hw::chip::Hardware;
use crate::hw::error::HwError;
use crate::hw::partial_sum::SumRange;
use crate::hw::weight_plane::Conversion;
use crate::kernel::groups::{self, PreparedWeights};
use crate::net::network::Geometry;
use rayon::prelude::*;

/// One analog conversion of one layer.
#[derive(Clone)]
pub struct Prepared {
    /// What it sees and how it enters the accumulator.
    pub conversion: Conversion,
    /// Weights of its plane.
    pub weights: PreparedWeights,
    /// Possible group sums.
    pub range: SumRange,
}

impl Prepared {
    /// The same conversion of a layer of the same shape with other weight codes `[output][row]`.
    ///
    /// # Panics
    /// If the number of codes does not fit the layer.
    #[must_use]
    pub fn with_codes(&self, codes: &[i8]) -> Self {
        let seen = seen(&self.conversion, codes);
        let (weights, top) = (&self.weights, self.weights.max_input_code);
        let groups = (weights.plan.active, weights.plan.order);
        Prepared {
            weights: groups::prepare(&weights.geometry, &seen, groups, top),
            ..*self
        }
    }
}

/// Weights that a conversion sees.
fn seen(conversion: &Conversion, codes: &[i8]) -> Vec<i8> {
    let seen = codes.par_iter().map(|&code| conversion.weight.apply(code));
    seen.collect()
}

/// First conversion with the weight plane of conversion `c`: input bits in time are read from the same cells by the same columns.
pub fn first_of_plane(conversions: &[Prepared], c: usize) -> usize {
    let weight = |conversion: &Prepared| conversion.conversion.weight;
    let of_plane = |other: &Prepared| weight(other) == weight(&conversions[c]);
    conversions.iter().position(of_plane).unwrap_or(c)
}

/// Conversions of a layer with weight codes `[output][row]` of `weight_bits` and inputs of `input_bits`.
///
/// # Errors
/// If the macro cannot hold the weights or take the inputs.
pub fn prepare(
    hardware: &Hardware,
    geometry: &Geometry,
    codes: &[i8],
    weight_bits: u32,
    input_bits: u32,
) -> Result<Vec<Prepared>, HwError> {
    let active = hardware.word_lines.active;
    let conversions = hardware.conversions(weight_bits, input_bits)?;
    let one = |conversion: Conversion| {
        let seen = seen(&conversion, codes);
        let top = conversion.input.max(input_bits) as u8;
        let rows = active.min(geometry.rows());
        Prepared {
            conversion,
            weights: groups::prepare(geometry, &seen, (active, hardware.row_order), top),
            range: conversion.sum_range(rows, weight_bits, input_bits),
        }
    };
    Ok(conversions.into_iter().map(one).collect())
}
