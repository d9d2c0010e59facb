//! Do two conditions read every sum alike, with the same probability of every value, so that their outcomes are the same?
//!
//! More codes than there are sums only number the codes anew: what is drawn and what it is worth stays. Not responsible
//! for read-outs that are equal as they stand (`distinct` compares those before any table is made).

use super::condition::{Condition, ConversionReadout, Conversions};
use crate::convert::accumulate::Codes;
use crate::hw::readout::table::Decode;
use crate::kernel::tables::RandomTable;

/// Values are compared where all sums of them are exact in `f32`: multiples of this, and not too large.
const EXACT_UNIT: f32 = 1.0 / 16.0;
const EXACT_LARGEST: f32 = 256.0;

/// True if both give the same outcome on every image (same noise, and no batch norm of their own).
pub fn same_reads(one: &Condition, other: &Condition) -> bool {
    let drawn = |condition: &Condition| (condition.seed, condition.repeat);
    let plain = |condition: &Condition| condition.re_estimated.is_empty();
    let layers = || one.layers.iter().zip(&other.layers);
    let same_layer = |(one, other): (&Vec<ConversionReadout>, &Vec<ConversionReadout>)| {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
    };
    drawn(one) == drawn(other)
        && plain(one)
        && plain(other)
        && one.layers.len() == other.layers.len()
        && layers().all(same_layer)
}

fn same(one: &ConversionReadout, other: &ConversionReadout) -> bool {
    let (Conversions::Table(codes), Conversions::Table(others)) =
        (&one.conversions, &other.conversions)
    else {
        return false;
    };
    let (one_by_one, other_by_other) = (
        codes.iter().zip(&one.decodes),
        others.iter().zip(&other.decodes),
    );
    one.columns == other.columns
        && codes.len() == others.len()
        && one_by_one
            .zip(other_by_other)
            .all(|(one, other)| same_class(one, other))
}

fn same_class((codes, decode): (&Codes, &Decode), (others, other): (&Codes, &Decode)) -> bool {
    if !is_exact(decode) || !is_exact(other) {
        return false;
    }
    match (codes, others) {
        (Codes::NoiseFree(a), Codes::NoiseFree(b)) => {
            a.s_min == b.s_min && values(decode, &a.levels) == values(other, &b.levels)
        }
        (Codes::Random(a), Codes::Random(b)) => {
            (a.s_min, a.grain) == (b.s_min, b.grain)
                && decode.step == other.step
                && values(decode, &a.base) == values(other, &b.base)
                && same_thresholds(a, b)
        }
        _ => false,
    }
}

/// Thresholds of 0 are never passed: tables with more of them draw the same.
fn same_thresholds(a: &RandomTable, b: &RandomTable) -> bool {
    let at = |table: &RandomTable, step: usize, sum: usize| {
        table.thresholds.get(step).map_or(0, |step| step[sum])
    };
    let steps = a.thresholds.len().max(b.thresholds.len());
    let sums = 0..a.base.len();
    sums.into_iter()
        .all(|sum| (0..steps).all(|step| at(a, step, sum) == at(b, step, sum)))
}

fn values(decode: &Decode, levels: &[u8]) -> Vec<f32> {
    let value = |&level: &u8| decode.base + decode.step * f32::from(level);
    levels.iter().map(value).collect()
}

fn is_exact(decode: &Decode) -> bool {
    let exact = |value: f32| (value / EXACT_UNIT).fract() == 0.0 && value.abs() <= EXACT_LARGEST;
    exact(decode.base) && exact(decode.step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::readout::columns::Columns;
    use crate::kernel::tables::{Grain, LevelTable};

    /// Sums 0 and 1, read as themselves or one higher; codes count from `base`.
    fn random(base: f32, lowest: u8, thresholds: &[[u32; 2]]) -> Condition {
        let table = RandomTable {
            s_min: 0,
            grain: Grain::Eight,
            base: vec![lowest, lowest + 1],
            thresholds: thresholds.iter().map(|step| step.to_vec()).collect(),
        };
        condition(Codes::Random(table), base, 1.0)
    }

    fn condition(codes: Codes, base: f32, step: f32) -> Condition {
        let decode = Decode {
            base,
            step,
            levels: Vec::new(),
        };
        let readout = ConversionReadout {
            conversions: Conversions::Table(vec![codes]),
            decodes: vec![decode],
            columns: Columns::alike(),
        };
        Condition {
            layers: vec![Vec::new(), vec![readout]],
            ..Condition::default()
        }
    }

    #[test]
    fn numbers_of_codes_do_not_matter() {
        let plain = random(-3.0, 3, &[[7, 9]]);
        assert!(same_reads(&plain, &random(-7.0, 7, &[[7, 9], [0, 0]])));
        assert!(!same_reads(&plain, &random(-7.0, 6, &[[7, 9]])));
        assert!(!same_reads(&plain, &random(-3.0, 3, &[[7, 9], [0, 1]])));
        let mut other = plain.clone();
        other.seed = 5;
        assert!(!same_reads(&plain, &other));
        let (odd, same) = (random(-0.3, 0, &[[7, 9]]), random(-0.3, 0, &[[7, 9]]));
        assert!(!same_reads(&odd, &same), "sums of 0.3 are rounded");
    }

    #[test]
    fn codes_without_noise_are_compared_by_value() {
        let table = |levels: [u8; 2]| {
            let levels = levels.to_vec();
            Codes::NoiseFree(LevelTable { s_min: 0, levels })
        };
        let plain = condition(table([0, 1]), 0.0, 1.0);
        assert!(same_reads(&plain, &condition(table([4, 6]), -2.0, 0.5)));
        assert!(!same_reads(&plain, &condition(table([4, 7]), -2.0, 0.5)));
        assert!(!same_reads(&plain, &random(0.0, 0, &[])));
    }
}
