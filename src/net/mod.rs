//! Networks as plain data, their digital functions and their checkpoints. No engine inside.

pub mod checkpoint;
pub mod error;
pub mod network;
pub mod packed;
pub mod recorded;
pub mod references;
pub mod shipped;
pub mod spec;
pub mod statistics;
pub mod weights;

pub use error::NetError;
