//! The training engine: hand-written reverse-mode differentiation around the chip of [`crate::hw`]. Never imports `sim`.
//!
//! `param` (trainable numbers), `tape` and `ops` (values and derivatives), `quantizer` (weights to codes), `mvm` (slopes of
//! the quantizer of partial sums), `references` (as trained numbers), `model` (a network on the tape), `optimizer`, `schedule`,
//! `augment`, `settings`, `trainer` (the loop), `epoch` (what it leaves), `ancestry` (where it comes from), `state` (resuming),
//! `deploy` (the integer network), `redeem` (and back from it, as a start), `sum_statistics` (of such a network), `evaluate` (test images), `finite` (whether all of it is still numbers).

pub mod ancestry;
pub mod augment;
pub mod deploy;
pub mod epoch;
pub mod error;
pub mod evaluate;
mod finite;
pub mod model;
pub mod mvm;
pub mod ops;
pub mod optimizer;
pub mod param;
pub mod quantizer;
pub mod redeem;
pub mod references;
pub mod schedule;
pub mod settings;
pub mod state;
pub mod sum_statistics;
pub mod tape;
pub mod trainer;
