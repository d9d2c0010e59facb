//! A run of the chip as files that other programs open: events as CSV, a timeline for Perfetto, waveforms (VCD), golden
//! vectors.
//!
//! `recorder` keeps events of a run, the other files write them down. Not responsible for when anything happens (`cycle`),
//! nor for values (`convert`, `mapping`).

pub mod events;
pub mod perfetto;
pub mod recorder;
