//! Networks as plain data, their digital functions and their checkpoints. No engine inside.

pub mod network;
