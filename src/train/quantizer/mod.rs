//! From latent weights to the integer codes that the hardware holds, with straight-through gradients.
//!
//! The only rounding of weights. What a code means on cells is `hw::weight_plane`.

pub mod step_gradient;
pub mod weight;
