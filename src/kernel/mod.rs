//! The fast loops. Every kernel stands beside its scalar reference and is tested against it; `unsafe` lives only here.
//!
//! All kernels share one layout: **lane = image**. Thirty-two images of one pixel lie side by side, so a tensor is
//! `[channel][y][x][32]` and no kernel has edge cases along the images. Results never depend on threads: work units are
//! whole output rows or channels, and random numbers are keyed by place.
//! Not responsible for what a table means: tables come from [`crate::hw`].

pub mod aligned;
pub mod analog;
pub mod elementwise;
pub mod exact;
pub mod float;
pub mod groups;
pub mod histogram;
pub mod lanes;
pub mod reconv;
mod recycled;
mod reference;
#[cfg(target_arch = "x86_64")]
mod shuffle;
pub mod slopes;
pub mod spread;
pub mod stream;
pub mod tables;
mod tiled;
pub mod vectorize;
mod wide;
