//! Trims of references: what the step of one output column is over that of its layer.
//!
//! The layer has one generator of references; a register of a column divides or amplifies what that column is compared with, and
//! is switched with the multiplexer where columns share a read-out. Registers hold sixteenths, 8 to 32: five bits, half to double
//! the step. No public macro states such a trim, so this is an assumption: half a sixteenth moves the outermost of the 14
//! references of a signed 4-bit read-out by 0.2 steps, at steps of 1 to 1.5 MAC units about the noise at each read of `reram_9wl`;
//! what is finer could hardly be told from noise. The span of 1:4 is a choice.
//! Not responsible for the layer's step nor for placing references (`readout`).

use super::error::HwError;

/// The trim of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trim(u8);

/// Parts of the layer's step.
const PARTS: f64 = 16.0;
/// Smallest register.
const LEAST: u8 = 8;
/// Largest register.
const MOST: u8 = 32;

impl Trim {
    /// The layer's step itself.
    pub const NONE: Trim = Trim(16);
    /// Half the step.
    pub const LEAST: Trim = Trim(LEAST);
    /// Double the step.
    pub const MOST: Trim = Trim(MOST);

    /// The trim of a register.
    ///
    /// # Errors
    /// If the register is not one of 8 to 32.
    pub fn new(register: u8) -> Result<Self, HwError> {
        if (LEAST..=MOST).contains(&register) {
            return Ok(Trim(register));
        }
        Err(HwError::new(
            "trim of a column",
            register,
            format!("a register from {LEAST} to {MOST} (sixteenths of the layer's step)"),
            "deploy the training again",
        ))
    }

    /// All trims, ascending.
    pub fn all() -> impl Iterator<Item = Trim> {
        (LEAST..=MOST).map(Trim)
    }

    /// The trim nearest to a factor; the nearest end beyond them.
    pub fn nearest(factor: f64) -> Self {
        let parts = (factor * PARTS).round();
        Trim(parts.clamp(f64::from(LEAST), f64::from(MOST)) as u8)
    }

    /// Its register.
    pub fn register(self) -> u8 {
        self.0
    }

    /// Its place among [`Self::all`].
    pub fn index(self) -> usize {
        usize::from(self.0 - LEAST)
    }

    /// What it multiplies the layer's step by; exact.
    pub fn factor(self) -> f64 {
        f64::from(self.0) / PARTS
    }
}

/// The different trims, ascending, and which of them each column has.
pub fn classes(trims: &[Trim]) -> (Vec<Trim>, Vec<u16>) {
    let mut different = trims.to_vec();
    different.sort_unstable();
    different.dedup();
    let class = |trim: &Trim| different.partition_point(|other| other < trim) as u16;
    let of_column = trims.iter().map(class).collect();
    (different, of_column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_are_sixteenths_from_half_to_double() {
        let all: Vec<Trim> = Trim::all().collect();
        assert_eq!((all.len(), all[0], all[24]), (25, Trim::LEAST, Trim::MOST));
        assert_eq!((Trim::LEAST.factor(), Trim::MOST.factor()), (0.5, 2.0));
        assert_eq!(Trim::NONE.factor(), 1.0);
        for (index, trim) in all.into_iter().enumerate() {
            assert_eq!(Trim::nearest(trim.factor()), trim);
            assert_eq!(
                (Trim::new(trim.register()), trim.index()),
                (Ok(trim), index)
            );
        }
        assert_eq!(Trim::nearest(1.0 + 0.9 / 32.0), Trim::NONE);
        assert_eq!(Trim::nearest(1.0 + 1.1 / 32.0).register(), 17);
        assert_eq!([0.1, 7.0].map(Trim::nearest), [Trim::LEAST, Trim::MOST]);
        for register in [0, 7, 33, 255] {
            let error = Trim::new(register).expect_err("beyond").to_string();
            assert!(error.contains("from 8 to 32"), "{error}");
        }
    }

    #[test]
    fn columns_of_one_trim_are_one_class() {
        let trims = [1.5, 1.0, 1.5, 0.5].map(Trim::nearest);
        let (different, of_column) = classes(&trims);
        assert_eq!(different, [0.5, 1.0, 1.5].map(Trim::nearest));
        assert_eq!(of_column, [2, 1, 2, 0]);
        assert_eq!(classes(&[Trim::MOST; 3]), (vec![Trim::MOST], vec![0; 3]));
    }
}
