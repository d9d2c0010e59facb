//! Partial sums of a group of word lines as integers: which are possible, and how often each occurs.
//!
//! In MAC units: one input step times one weight step. Not responsible for what makes them (`convert`) or reads them
//! ([`super::readout`]).

/// Possible partial sums, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumRange {
    /// Smallest.
    pub min: i32,
    /// Largest.
    pub max: i32,
}

impl SumRange {
    /// Number of integers.
    pub fn count(&self) -> usize {
        (self.max - self.min + 1) as usize
    }

    /// True if sums of both signs are possible.
    pub fn is_signed(&self) -> bool {
        self.min < 0 && self.max > 0
    }
}

/// How often each partial sum occurs; index `s - min`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumHistogram {
    /// Sum of the first count.
    pub min: i32,
    /// Counts.
    pub counts: Vec<u64>,
}

impl SumHistogram {
    /// Sums that occur, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        let occurring = self.counts.iter().enumerate().filter(|(_, n)| **n > 0);
        occurring.map(|(index, &n)| (self.min + index as i32, n))
    }

    /// Number of sums counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}
