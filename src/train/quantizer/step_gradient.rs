//! What the gradient in a trained quantizer step is taken of: the codes, or the values that stand for them.
//!
//! A quantizer rounds `x / s` to a code. Layers on the macro see codes only: `dcode/ds = -x / s^2` inside the range and 0 outside.
//! LSQ (Esser et al., ICLR 2020) is stated on the values `v = s code`, which has one term more, `code / s` in the place of every
//! code. A batch norm behind an exact sum takes it out again (the sum of `dcode code` over a layer is 0, because its scale does not
//! matter), so both are one rule for ideal MVM values; in front of a classifier, where a trained gain stands in the place of a batch norm,
//! they differ by what that gain has not learned yet. A read-out's references do not follow the step within an epoch: there the
//! term is a scale that nobody applies, and where the references are coarse it moves steps the wrong way.
//!
//! Not responsible for the quantizers (`weight`, `ops::quantize`).

/// What the gradient in a trained step is taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepGradient {
    /// Of codes times the step, as LSQ states it.
    #[default]
    Values,
    /// Of the codes, which is what a read-out sees.
    Codes,
}

impl StepGradient {
    /// As the command line and networks' files have it.
    pub fn name(self) -> &'static str {
        match self {
            StepGradient::Values => "values",
            StepGradient::Codes => "codes",
        }
    }

    /// What the code itself counts in the gradient: 1 in that of values, 0 in that of codes.
    pub fn own_code(self) -> f64 {
        match self {
            StepGradient::Values => 1.0,
            StepGradient::Codes => 0.0,
        }
    }
}
