//! One layer on the chip: its conversions ready for the kernels, what they see, and the table path through them.
//!
//! `prepare` (weight planes), `accumulate` (input codes to accumulated sums), `digital` (sums to the next layer's codes), `sums` (what a conversion sees on calibration
//! images, and read-outs placed on it), `cell_noise` (what the cells behind a sum add at a read), `codes` (every code of one image, one by one), `code_lookup` (the code of one sum), `moments` (totals of a channel's sums), `record` (input codes of single layers). Simulator and trainer
//! compute every MVM value here, so they agree bit for bit by construction. Not responsible for whole networks (`sim`),
//! gradients (`train`), nor for the chip itself (`hw`).

pub mod accumulate;
mod cell_noise;
pub mod code_lookup;
pub mod codes;
pub mod digital;
pub mod moments;
pub mod prepare;
pub mod record;
pub mod sums;

pub use prepare::{Prepared, first_of_plane, prepare};
