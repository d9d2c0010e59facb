//! What can go wrong when a network meets a macro.

use crate::cycle::error::CycleError;
use crate::hw::error::HwError;
use crate::mapping::error::MappingError;

/// A simulation that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The macro cannot compute this layer.
    #[error("layer {layer} does not fit this macro: {error}")]
    Hardware {
        /// Layer.
        layer: String,
        /// Reason.
        error: HwError,
    },
    /// The images do not fit the network.
    #[error(
        "the network takes {expected} numbers per image, the data set has {found}; choose the data set the weights were trained on"
    )]
    ImageSize {
        /// Numbers per image of the network.
        expected: usize,
        /// Numbers per image of the data.
        found: usize,
    },
    /// Nothing to evaluate.
    #[error("no images to evaluate; ask for at least one")]
    NoImages,
    /// A condition whose codes cannot be had one by one.
    #[error(
        "layer {layer} has no codes one by one under this condition: they are those of read-outs by table, without noise or with \
         noise at each read, not of ideal MVM values or virtual chips"
    )]
    NoCodes {
        /// Layer.
        layer: String,
    },
    /// The network cannot be laid on the chip.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The chip cannot do what it is to do.
    #[error(transparent)]
    Cycle(#[from] CycleError),
    /// A cost model that is not valid here.
    #[error("{error}")]
    Cost {
        /// Which number.
        error: HwError,
    },
}
