//! References of a layer as trained numbers: none, the step, the step of every column, or every threshold with the values that its
//! codes keep.
//!
//! The step of a column is the layer's times a trim ([`crate::hw::trim`]). Both are trained; the forward pass rounds a trim to what a
//! register holds and the backward pass does not see the rounding (straight-through), so what is deployed is what was trained.
//! Values of codes stand beside the parameters so that a state keeps them; they never get a gradient and never move. After every
//! update numbers are projected back to where they mean something: steps above 0, trims between their ends, thresholds ascending with a least gap, mirrored
//! ones equal but for the sign where they are one reference. Not responsible for gradients (`mvm`, `ops::reconv`).

use super::param::{ParamId, Params};
use crate::hw::readout::Readout;
use crate::hw::trim::Trim;
use crate::kernel::float::Real;
use crate::net::references::LayerReferences;

/// Smallest learned step: a step of zero would divide by zero.
pub const SMALLEST_STEP: f64 = 1e-5;
/// Least distance of two thresholds in MAC units: thresholds that meet have no slope to part again.
const LEAST_GAP: f64 = 1e-3;

/// What is trained of the references of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LearnedReferences {
    /// Nothing.
    #[default]
    Nothing,
    /// Their step in MAC units.
    Step(ParamId),
    /// The step of every column.
    StepPerColumn {
        /// The layer's in MAC units.
        step: ParamId,
        /// Per output, the column's over that.
        trims: ParamId,
    },
    /// Each of them.
    Thresholds {
        /// In MAC units, ascending.
        thresholds: ParamId,
        /// Values of the codes in MAC units; they do not move.
        values: ParamId,
        /// True if thresholds that mirror each other are one reference.
        mirrored: bool,
    },
}

impl LearnedReferences {
    /// A trained step of the layer named `layer`.
    pub fn step<T: Real>(params: &mut Params<T>, layer: &str, start: f64) -> Self {
        let start = vec![T::from_f64(start)];
        Self::Step(params.add(format!("{layer}.reference_step"), start, false))
    }

    /// A trained step of every of `outputs` columns of the layer named `layer`, all from `start` on.
    pub fn step_per_column<T: Real>(
        params: &mut Params<T>,
        layer: &str,
        outputs: usize,
        start: f64,
    ) -> Self {
        let (start, trims) = (vec![T::from_f64(start)], vec![T::from_f64(1.0); outputs]);
        Self::StepPerColumn {
            step: params.add(format!("{layer}.reference_step"), start, false),
            trims: params.add(format!("{layer}.reference_trims"), trims, false),
        }
    }

    /// Trained thresholds of the layer named `layer`, from a placed read-out on.
    pub fn thresholds<T: Real>(params: &mut Params<T>, layer: &str, start: &Readout) -> Self {
        let thresholds = start.thresholds.iter().map(|&t| T::from_f64(t)).collect();
        let values = start.code_values();
        let values = values.iter().map(|&v| T::from_f64(f64::from(v))).collect();
        Self::Thresholds {
            thresholds: params.add(format!("{layer}.reference_thresholds"), thresholds, false),
            values: params.add(format!("{layer}.reference_values"), values, false),
            mirrored: start.mirror(0).is_some(),
        }
    }

    /// As the deployed network has them.
    pub fn deployed<T: Real>(self, params: &Params<T>) -> LayerReferences {
        let list = |id: ParamId| params.get(id).iter().map(|v| v.to_f64() as f32).collect();
        match self {
            Self::Nothing => LayerReferences::Calibrated,
            Self::Step(id) => LayerReferences::Step(params.scalar(id).to_f64() as f32),
            Self::StepPerColumn { step, trims } => LayerReferences::StepPerColumn {
                step: params.scalar(step).to_f64() as f32,
                trims: rounded(params.get(trims)),
            },
            Self::Thresholds {
                thresholds, values, ..
            } => LayerReferences::Thresholds {
                thresholds: list(thresholds),
                values: list(values),
            },
        }
    }

    /// Puts what an update has moved back into its bounds.
    pub fn project<T: Real>(self, params: &mut Params<T>) {
        match self {
            Self::Nothing => {}
            Self::Step(id) => keep_positive(&mut params.get_mut(id)[0]),
            Self::StepPerColumn { step, trims } => {
                keep_positive(&mut params.get_mut(step)[0]);
                let (least, most) = (Trim::LEAST.factor(), Trim::MOST.factor());
                for trim in params.get_mut(trims) {
                    *trim = T::from_f64(trim.to_f64().clamp(least, most));
                }
            }
            Self::Thresholds {
                thresholds,
                mirrored,
                ..
            } => project(params.get_mut(thresholds), mirrored),
        }
    }
}

/// What the registers of trims hold.
fn rounded<T: Real>(trims: &[T]) -> Vec<Trim> {
    let nearest = |trim: &T| Trim::nearest(trim.to_f64());
    trims.iter().map(nearest).collect()
}

/// Gradients in the layer's step, times `scale`, and in the trims, from those in the step of every column.
///
/// A trim is a factor near 1 of one output channel, as a gain of batch norm is, and is trained like one: by its plain gradient.
/// The scale of learned steps makes it too small to change a register within a training.
pub fn column_gradients<T: Real>(
    step: T,
    trims: &[T],
    (columns, scale): (&[f64], f64),
) -> (T, Vec<T>) {
    let factors = rounded(trims).into_iter().map(Trim::factor);
    let of_layer: f64 = factors.zip(columns).map(|(factor, g)| factor * g).sum();
    let of_trims = columns.iter().map(|g| T::from_f64(g * step.to_f64()));
    (T::from_f64(of_layer * scale), of_trims.collect())
}

fn keep_positive<T: Real>(step: &mut T) {
    *step = T::from_f64(step.to_f64().max(SMALLEST_STEP));
}

fn project<T: Real>(thresholds: &mut [T], mirrored: bool) {
    let half = if mirrored { thresholds.len() / 2 } else { 0 };
    // The reference 0 of the sign lies between the two halves.
    let mut least = if mirrored {
        0.5 * LEAST_GAP
    } else {
        f64::NEG_INFINITY
    };
    for threshold in &mut thresholds[half..] {
        *threshold = T::from_f64(threshold.to_f64().max(least));
        least = threshold.to_f64() + LEAST_GAP;
    }
    let last = thresholds.len();
    for k in 0..half {
        thresholds[k] = T::from_f64(-thresholds[last - 1 - k].to_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_stay_ascending_and_mirrored() {
        let mut free = vec![-2.0, -3.0, 0.5, 0.4, 7.0];
        project(&mut free, false);
        assert_eq!(free[0], -2.0);
        assert!(
            free.windows(2)
                .all(|pair| pair[1] - pair[0] > 0.9 * LEAST_GAP)
        );
        assert_eq!(free[4], 7.0);
        let mut search = vec![-9.0, 4.0, -0.3, 2.5];
        project(&mut search, true);
        assert_eq!(search, [-2.5, -0.5 * LEAST_GAP, 0.5 * LEAST_GAP, 2.5]);
        let right = [-2.5f32, -0.5, 0.5, 2.5];
        for mirrored in [false, true] {
            let mut same = right.to_vec();
            project(&mut same, mirrored);
            assert_eq!(same, right);
        }
    }
}
