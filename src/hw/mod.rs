//! The chip: the only place where physics and quantization are defined. No I/O, no gradients, no strings after resolving.
//!
//! ```text
//! input codes -> word_line -> cell (weights) -> bit_line -> reference / sense_amp -> readout -> accumulator -> sums
//! ```

pub mod readout;
