//! A run of the chip as files that other programs open: events as CSV, a timeline for Perfetto, waveforms (VCD), golden
//! vectors.
//!
//! `recorder` keeps events of a run, `events` and `perfetto` write them down, `waveform` draws the wires of macros and `vcd` writes
//! them, `golden` writes what a testbench needs. Not responsible for when anything happens (`cycle`),
//! nor for values (`convert`, `mapping`).

pub mod events;
pub mod golden;
pub mod perfetto;
pub mod recorder;
pub mod vcd;
pub mod waveform;
