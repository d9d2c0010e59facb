//! What can be wrong with a plan, and an engine that does not get on.

/// A plan that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CycleError {
    /// A number that contradicts the others.
    #[error("{what}: expected {expected}, found {found}")]
    Plan {
        /// Which number.
        what: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Nothing can happen any more and work is left.
    #[error("no progress after cycle {cycle}: {waiting}")]
    Stuck {
        /// Last cycle at which something happened.
        cycle: u64,
        /// Who waits for what.
        waiting: String,
    },
}
