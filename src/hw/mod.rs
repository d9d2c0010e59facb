//! The chip: the only place where physics and quantization are defined. No I/O, no gradients, no strings after resolving.
//!
//! ```text
//! input codes -> word_line -> cell (weights) -> bit_line -> reference / sense_amp -> readout -> accumulator -> sums
//! ```

pub mod accumulator;
pub mod bit_line;
pub mod cell;
pub mod chip;
pub mod columns_read;
pub mod comparison_noise;
pub mod cost;
pub mod error;
pub mod imc_array;
mod keyword;
pub mod partial_sum;
pub mod programming;
pub mod readout;
pub mod reference;
pub mod row;
pub mod sense_amp;
pub mod tiles;
pub mod timing;
pub mod trim;
pub mod uniform_grid;
pub mod variation;
pub mod weight_plane;
pub mod weights;
pub mod word_line;
