//! The fast integer kernel: group sums by table lookup, the read-out by table lookup, level sums in bytes.
//!
//! Several small input codes of consecutive rows of a group make one index byte; one shuffle instruction then gives their
//! weighted sum for 32 or 64 image lanes at once, whatever the (small integer) weights are. Index bytes of a tile of
//! pixels are built once and serve every output, so kernel edge, padding, stride and the cut into groups cost nothing.
//!
//! ```text
//! for tile of pixels, for chunk of groups:        index tile, first-level cache
//!   for output:  for group:  index -> group sum -> level (+ noise) -> byte accumulator
//!                after the chunk: bytes -> 16-bit sums
//! after 65535 / largest level groups: 16-bit sums -> i32 result
//! ```
//! The idea of summing by shuffled tables is that of T-MAC (Wei et al. 2024) and bitnet.cpp. Not responsible for layers whose
//! group sums need more than a byte ([`super::wide`]).

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_noise;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
#[cfg(target_arch = "x86_64")]
pub(super) mod drive;
pub(super) mod lookup;
#[cfg(target_arch = "x86_64")]
pub(super) mod readout;
