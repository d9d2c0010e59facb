//! Plain result structs: filled by the simulator and the macro analysis, read by the reports. No I/O, and no behaviour
//! beyond comparing two of them.
//!
//! Field names are the documented, stable keys of `summary.json` and of experiments; units stand in the names.

pub mod accuracy;
pub mod answers;
pub mod cycle;
pub mod experiment;
pub mod layer;
pub mod mapping;
pub mod margin;
pub mod run;
pub mod training;

use serde::{Deserialize, Deserializer};

/// JSON has no infinity: a ratio without any error is written as `null` and read back as infinite.
fn null_is_infinite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}
