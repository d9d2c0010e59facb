//! The read-out: the only place that turns a bit-line value into a code.

pub mod table;
