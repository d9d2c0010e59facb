//! A network on a chip: from layers and a described chip to what every macro is to do cycle by cycle.
//!
//! `layer` (one layer on arrays), `needs` (which pixels of the layer before a pixel waits for), `duplication` (copies),
//! `rounds` (which layers are in the arrays together), `buffer` (whether activations fit), `maps` (what the global buffer keeps
//! of a round, and whether that fitted), `recorded` (layers that are alone on the chip), `plan` (all of it as input of the cycle engine), `activity` and `counts` (what depends on the data, from the codes of
//! the functional path), `work` (what a macro does for one pixel), `slots` and `slot_values` (which read-out converts what, and what it
//! reads), `describe` (as plain results). Not responsible for time (`cycle`) nor for values (`convert`).

pub mod activity;
pub mod buffer;
pub mod counts;
mod describe;
pub mod duplication;
pub mod error;
pub mod layer;
pub mod maps;
pub mod needs;
pub mod plan;
mod recorded;
pub mod rounds;
pub mod slot_values;
pub mod slots;
mod work;
