//! Straight-through shares of planes: how much a plane of a weight or input code follows the code.
//!
//! A code cut into planes (bit slices of weights, bits of inputs in time) moves its planes by jumps that no slope can follow.
//! Each plane counts as its largest value over the largest code, so that the planes with their factors add up to the code.
//! A column for one sign follows weights of its sign, and half of a weight of 0, which may take either.
//! Not responsible for the planes themselves (`hw::weight_plane`, `hw::word_line`).

use crate::hw::weight_plane::WeightPlane;
use crate::hw::word_line::InputPlane;

/// d plane / d weight at a weight code, for codes up to `top`.
pub fn weight_share(plane: &WeightPlane, weight: i8, top: i32) -> f64 {
    let of_slice = |mask: u8| f64::from(mask) / f64::from(top.max(1));
    let of_sign = |positive: bool| match weight.signum() {
        0 => 0.5,
        sign => f64::from(u8::from((sign > 0) == positive)),
    };
    match *plane {
        WeightPlane::Signed { mask, .. } => of_slice(mask),
        WeightPlane::Positive { mask, .. } => of_slice(mask) * of_sign(true),
        WeightPlane::Negative { mask, .. } => -of_slice(mask) * of_sign(false),
        WeightPlane::Differential { .. }
        | WeightPlane::Offset { .. }
        | WeightPlane::Raised { .. } => 1.0,
        WeightPlane::Middle { .. } => 0.0,
    }
}

/// d plane / d input for codes of `bits` bits.
pub fn input_share(plane: &InputPlane, bits: u32) -> f64 {
    f64::from(plane.max(bits)) / f64::from((1u32 << bits) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::chip::Hardware;
    use crate::hw::weights::{WeightsSpec, max_code};

    /// The shipped macro with some numbers changed.
    fn macro_with(weights: &str, inputs: &str) -> Hardware {
        let text = include_str!("../../../arch/reram_9wl.toml");
        let text = text.replace("[weights.sign_split]\nsubtraction = \"analog\"", weights);
        let text = text.replace("multi_level = { bits_per_read = 2 }", inputs);
        let text = text.split("[provenance]").next().unwrap_or_default();
        let spec = toml::from_str(&format!("{text}\n[provenance]\n")).expect("parses");
        Hardware::resolve(&spec).expect("a whole macro")
    }

    #[test]
    fn planes_with_their_factors_add_up_to_the_code() {
        let serial = "bit_serial = {}";
        let parallel = "multi_level = { bits_per_read = 2 }";
        for (weights, inputs, bits) in [
            (
                "[weights.sign_split]\nsubtraction = \"analog\"",
                parallel,
                2,
            ),
            ("[weights.sign_split]\nsubtraction = \"digital\"", serial, 2),
            (
                "[weights.bit_slices]\ncell_bits = 1\nsubtraction = \"digital\"",
                serial,
                4,
            ),
            ("[weights.differential_pair]", parallel, 2),
        ] {
            let hardware = macro_with(weights, inputs);
            let conversions = hardware.conversions(bits, 2).expect("fits");
            let top = (1i32 << (bits - 1)) - 1;
            for weight in -top..=top {
                let share = |c: &crate::hw::weight_plane::Conversion| {
                    let weight = weight_share(&c.weight, weight as i8, top);
                    f64::from(c.factor) * weight * input_share(&c.input, 2)
                };
                // Every input plane is met once with every weight plane; either sum of shares is 1.
                let total: f64 = conversions.iter().map(share).sum();
                assert!((total - 1.0).abs() < 1e-12, "{weights} {weight}: {total}");
            }
        }
    }

    #[test]
    fn slices_of_several_bits_add_up_to_the_code() {
        // The last slice is full in the first case only.
        for (bits, cell_bits) in [(7, 2), (4, 2), (5, 3), (8, 3), (6, 4), (8, 6)] {
            for subtraction in ["analog", "digital"] {
                let text = format!(
                    "bit_slices = {{ cell_bits = {cell_bits}, subtraction = \"{subtraction}\" }}"
                );
                let spec: WeightsSpec = toml::from_str(&text).expect("parses");
                let planes = spec.planes(bits, 63).expect("fits");
                let top = i32::from(max_code(bits));
                for weight in -top..=top {
                    let share = |(factor, plane): &(i32, WeightPlane)| {
                        f64::from(*factor) * weight_share(plane, weight as i8, top)
                    };
                    let total: f64 = planes.iter().map(share).sum();
                    assert!((total - 1.0).abs() < 1e-12, "{text} {weight}: {total}");
                }
            }
        }
    }
}
