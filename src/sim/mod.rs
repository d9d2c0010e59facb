//! The simulator: maps a deployed network onto macros and computes what the chip would compute. Never imports `train`.
//!
//! `prepare` once, choose a `condition` (ideal, noise-free, noisy reads, one virtual chip), `forward` blocks of images,
//! classify in `accuracy`, compare with the ideal in `paired`.

pub mod accuracy;
mod adjusted;
pub mod calibrate;
pub mod condition;
pub mod curve;
pub mod cycles;
mod distinct;
pub mod error;
pub mod evaluated;
pub mod forward;
pub mod interval;
pub mod layers;
pub mod mapping;
pub mod modes;
pub mod outcomes;
pub mod paired;
pub mod patterns;
pub mod prepare;
pub mod quality;
pub mod recorded;
pub mod reestimate;
pub mod run;
mod same_reads;
pub mod sampling;
pub mod stage;
pub mod values;
pub mod verdict;
pub mod word_lines;
