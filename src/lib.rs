//! imcsim: a simulator of ReRAM in-memory-computing macros and a trainer for the networks that run on them.
//!
//! The chip ([`hw`]) is the bottom layer: physics and quantization are defined there and nowhere else.
//! The simulator ([`sim`]) and the trainer ([`train`]) both stand on it and never on each other.
//! ARCHITECTURE.md has the code map and the invariants.

pub mod arch;
pub mod bounded;
pub mod cli;
pub mod convert;
pub mod cycle;
pub mod data;
pub mod durable;
pub mod experiment;
pub mod fingerprint;
pub mod gzip;
pub mod hw;
pub mod instructions;
pub mod kernel;
pub mod mapping;
pub mod margin;
pub mod net;
pub mod override_key;
pub mod report;
pub mod results;
pub mod rng;
pub mod shipped_text;
pub mod sim;
pub mod spelling;
pub mod toml_complaint;
pub mod trace;
pub mod train;
