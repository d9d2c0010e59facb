//! Gradient estimators of the quantizer of partial sums: what the backward pass multiplies a gradient by at every read.
//!
//! A read-out is a table T\[s, code\], so every estimator is one too ([`slopes`]): `estimator` names them, `code_law` is the law
//! of one sum with its score d log T / ds, `mean` holds the slopes without draws, `race` and `gumbel` those of a relaxed
//! (Gumbel-softmax) read-out, with `power` for its temperatures, `parameters` the gradients of step, thresholds and noise, `planes` the share of a code that
//! bit slices and serial bits follow. `settings`
//! says how a macro is trained through, `place` puts its read-outs on the network's sums, `tables` makes of them what one
//! epoch needs, `readings` holds both for a network. Not responsible for where the slopes are applied (`ops::reconv`), nor for drawing codes.

mod code_law;
mod estimator;
mod gumbel;
mod mean;
mod parameters;
pub mod place;
pub mod planes;
mod power;
mod race;
pub mod readings;
pub mod settings;
mod slopes;
pub mod tables;

pub use code_law::CodeLaw;
pub use estimator::Estimator;
pub use mean::{mean_slopes, mean_values};
pub use parameters::{noise_slopes, step_slopes, threshold_slopes};
pub use slopes::{Slopes, slopes};
