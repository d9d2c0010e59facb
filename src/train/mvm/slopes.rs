//! The factor D of an estimator for every sum, code and draw: tables that the backward pass looks up.
//!
//! All in MAC units per MAC unit. Random tables are keyed by seed and place and do not depend on threads; the same key at
//! another temperature meets the same draws. Not responsible for refusing an estimator that needs noise where there is none
//! ([`Estimator::needs_noise`]): its slopes are 0 then.

use super::estimator::Estimator;
use super::{gumbel, mean};
use crate::hw::readout::table::CodeTable;

/// The factors, row-major, index `s - s_min` first.
#[derive(Clone, Debug, PartialEq)]
pub enum Slopes {
    /// D\[s\].
    BySum(Vec<f32>),
    /// D\[s, code\].
    ByCode {
        /// Number of codes.
        codes: usize,
        /// Factors.
        table: Vec<f32>,
    },
    /// D\[s, code, draw\]: equally likely factors, one of which a read takes at random.
    Drawn {
        /// Number of codes.
        codes: usize,
        /// Factors of each sum and code.
        draws: usize,
        /// Factors.
        table: Vec<f32>,
    },
    /// Equally likely pairs \[s, draw\] of a relaxed value and its derivative, one of which a read takes at random.
    Soft {
        /// Pairs of each sum.
        draws: usize,
        /// Relaxed values in MAC units.
        values: Vec<f32>,
        /// Their derivatives in s.
        slopes: Vec<f32>,
    },
}

/// The factors of an estimator for a read-out; `seed` and `place` key the draws behind relaxed ones.
pub fn slopes(table: &CodeTable, estimator: Estimator, seed: u64, place: &[u64]) -> Slopes {
    let codes = table.codes;
    let key = (seed, place);
    match estimator {
        Estimator::PassThrough => Slopes::BySum(vec![1.0; table.sums()]),
        Estimator::StraightThrough => Slopes::BySum(narrow(&mean::clipped_slopes(table))),
        Estimator::Expectation => Slopes::BySum(narrow(&mean::mean_slopes(table))),
        Estimator::Lattice => Slopes::BySum(narrow(&mean::lattice_slopes(table))),
        Estimator::Secant => Slopes::BySum(narrow(&mean::secant_slopes(table))),
        Estimator::ReinMax => Slopes::ByCode {
            codes,
            table: narrow(&mean::reinmax_slopes(table)),
        },
        Estimator::GumbelRao { temperature } => Slopes::ByCode {
            codes,
            table: gumbel::conditional_means(table, temperature, key),
        },
        Estimator::SampledGumbel { temperature } => Slopes::Drawn {
            codes,
            draws: gumbel::POOL,
            table: gumbel::conditional_pools(table, temperature, key),
        },
        Estimator::Soft { temperature } => {
            let (values, slopes) = gumbel::soft_pairs(table, temperature, key);
            let draws = gumbel::SOFT_PAIRS;
            Slopes::Soft {
                draws,
                values,
                slopes,
            }
        }
    }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}
