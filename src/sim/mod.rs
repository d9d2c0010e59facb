//! The simulator: maps a deployed network onto macros and computes what the chip would compute. Never imports `train`.
//!
//! `prepare` once, choose a `condition` (ideal, noise-free, noisy reads, one virtual chip), `forward` blocks of images,
//! count in `accuracy`.

pub mod accuracy;
pub mod calibrate;
pub mod condition;
pub mod curve;
pub mod error;
pub mod forward;
pub mod interval;
pub mod layers;
pub mod mapping;
pub mod modes;
pub mod patterns;
pub mod prepare;
pub mod quality;
pub mod reestimate;
pub mod run;
pub mod stage;
pub mod verdict;
