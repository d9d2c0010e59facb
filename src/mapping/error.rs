//! What can keep a network off a chip: what, where, and what to do.

use crate::hw::error::HwError;

/// A network that a chip cannot take.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MappingError {
    /// A part of the hardware file that cycles need.
    #[error(
        "{hardware}: [{section}] is missing: a macro without it has values and no cycles; add it, every number with its source \
         in [provenance]"
    )]
    Missing {
        /// Name of the hardware.
        hardware: String,
        /// Section.
        section: &'static str,
    },
    /// A layer that the macro cannot hold.
    #[error("layer {layer}: {error}")]
    Hardware {
        /// Name of the layer.
        layer: String,
        /// What is wrong.
        error: HwError,
    },
    /// Copies of a layer that there is not, or that has no macros.
    #[error("chip.duplication.by_hand.{name}: {found}; layers on macros are {known}{hint}")]
    UnknownLayer {
        /// As written.
        name: String,
        /// No such layer, or a digital one.
        found: &'static str,
        /// Layers on macros.
        known: String,
        /// The nearest name.
        hint: String,
    },
    /// More copies than pixels or macros.
    #[error("chip.duplication.by_hand.{layer} = {copies}: {reason}; write at most {most}")]
    TooManyCopies {
        /// Name of the layer.
        layer: String,
        /// As written.
        copies: u32,
        /// Why they are too many.
        reason: String,
        /// Largest possible number.
        most: u64,
    },
    /// Not all layers fit, and weights cannot be written between them.
    #[error(
        "the network needs {needed} macros and the chip has {macros}: use more chip.tiles or chip.macros_per_tile, larger \
         arrays, or say in [chip.weight_writing] how long writing takes, so that layers can take turns"
    )]
    NoWriting {
        /// Macros of all layers with their copies.
        needed: usize,
        /// Macros of the chip.
        macros: usize,
    },
    /// Not even one column tile fits.
    #[error(
        "layer {layer} needs {needed} macros for one of its column tiles and the chip has {macros} (the whole layer needs \
         {whole}): use more chip.tiles or chip.macros_per_tile, or arrays with more rows"
    )]
    TooLarge {
        /// Name of the layer.
        layer: String,
        /// Macros of one column tile.
        needed: usize,
        /// Macros of the whole layer.
        whole: usize,
        /// Macros of the chip.
        macros: usize,
    },
    /// Activations do not fit the global buffer.
    #[error(
        "chip.buffers.global_kib = {kib}: {place} needs {needed_kib:.3} KiB ({what}); enlarge the buffer{advice}"
    )]
    Buffer {
        /// As written.
        kib: f64,
        /// Which layer.
        place: String,
        /// What is needed.
        needed_kib: f64,
        /// What it is made of.
        what: String,
        /// What else helps.
        advice: &'static str,
    },
    /// No images.
    #[error("images = 0: a plan is for at least one image")]
    NoImages,
    /// A count that a plan cannot hold.
    #[error(
        "layer {layer}: {what} = {found}: expected at most {most}; use smaller layers or fewer images"
    )]
    TooMany {
        /// Name of the layer.
        layer: String,
        /// What is counted.
        what: &'static str,
        /// How many.
        found: u64,
        /// How many there may be.
        most: u64,
    },
    /// Empty groups cannot be left out without changing values.
    #[error(
        "timing.skip_zero_groups = true: layer {layer} would change its values, because a group whose inputs are all zero reads \
         {reads} instead of 0 MAC units with certainty; set it to false, or use a read-out whose code for 0 is worth 0 and free \
         of noise"
    )]
    NotNeutral {
        /// Name of the layer.
        layer: String,
        /// What the read-out gives.
        reads: String,
    },
    /// Codes that belong to another network, layer or number of images.
    #[error("{what}: expected {expected}, found {found}")]
    Mismatch {
        /// What does not fit.
        what: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
}
