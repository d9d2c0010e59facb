//! Plain result structs: filled by the simulator and the macro analysis, read by the reports. No behaviour, no I/O.
//!
//! Field names are the documented, stable keys of `summary.json`; units stand in the names.

pub mod accuracy;
pub mod layer;
pub mod margin;
pub mod run;
