//! The training engine: hand-written reverse-mode differentiation around the chip of [`crate::hw`]. Never imports `sim`.
