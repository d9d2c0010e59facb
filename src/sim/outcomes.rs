//! Which images a condition classified correctly, in the order of the images.
//!
//! Kept image by image because conditions are compared on the same images (`paired`); counting alone would throw that
//! away. Not responsible for classifying (`accuracy`).

use super::interval::wilson;
use crate::results::accuracy::Accuracy;

/// One answer per image: true where the class was right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    right: Vec<bool>,
}

impl Outcomes {
    /// From answers in the order of the images.
    pub fn new(right: Vec<bool>) -> Self {
        Outcomes { right }
    }

    /// Answers in the order of the images.
    pub fn right(&self) -> &[bool] {
        &self.right
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.right.len()
    }

    /// One run's right answers per image: 1 or 0.
    pub fn counts(&self) -> Vec<u32> {
        self.right.iter().map(|&right| u32::from(right)).collect()
    }

    /// The first `count` images (all if there are fewer).
    pub fn first(&self, count: usize) -> Outcomes {
        Outcomes::new(self.right[..count.min(self.right.len())].to_vec())
    }

    /// Appends the images that follow.
    pub fn extend(&mut self, following: Vec<bool>) {
        self.right.extend(following);
    }

    /// Share of images classified correctly, with its Wilson interval.
    pub fn accuracy(&self) -> Accuracy {
        let correct = self.right.iter().filter(|&&right| right).count();
        wilson(correct as u64, self.right.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_counts_its_own_images() {
        let mut outcomes = Outcomes::new(vec![true, false, true]);
        outcomes.extend(vec![true]);
        assert_eq!(outcomes.accuracy(), wilson(3, 4));
        assert_eq!(outcomes.first(2).accuracy(), wilson(1, 2));
        assert_eq!(outcomes.first(9), outcomes);
    }
}
