//! The simulator: maps a deployed network onto macros and computes what the chip would compute. Never imports `train`.

pub mod interval;
