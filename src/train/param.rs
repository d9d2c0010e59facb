//! Trainable numbers and their gradients, kept outside the tape.
//!
//! Not responsible for how they are updated (`optimizer`) or used (`model`).

use crate::kernel::float::Real;
use rayon::prelude::*;

/// Numbers that one thread handles at a time.
pub const CHUNK: usize = 1 << 15;

/// Handle of one parameter tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamId(pub usize);

/// One parameter tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Param<T> {
    /// Name, unique.
    pub name: String,
    /// Values.
    pub values: Vec<T>,
    /// True if weight decay applies (weights yes; batch norm, bias and steps no).
    pub decays: bool,
}

/// All parameters of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Params<T> {
    /// In order of creation.
    pub list: Vec<Param<T>>,
}

impl<T: Real> Default for Params<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Real> Params<T> {
    /// No parameters yet.
    pub fn new() -> Self {
        Params { list: Vec::new() }
    }

    /// Adds a tensor.
    pub fn add(&mut self, name: impl Into<String>, values: Vec<T>, decays: bool) -> ParamId {
        self.list.push(Param {
            name: name.into(),
            values,
            decays,
        });
        ParamId(self.list.len() - 1)
    }

    /// Values of a tensor.
    pub fn get(&self, id: ParamId) -> &[T] {
        &self.list[id.0].values
    }

    /// Values of a tensor, to write.
    pub fn get_mut(&mut self, id: ParamId) -> &mut Vec<T> {
        &mut self.list[id.0].values
    }

    /// The only value of a scalar parameter.
    pub fn scalar(&self, id: ParamId) -> T {
        self.list[id.0].values[0]
    }

    /// Zero gradients of the same sizes.
    pub fn zeros(&self) -> Gradients<T> {
        Gradients {
            list: self
                .list
                .par_iter()
                .map(|param| vec![T::from_f64(0.0); param.values.len()])
                .collect(),
        }
    }
}

/// Gradients of the loss in all parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients<T> {
    /// In the order of the parameters.
    pub list: Vec<Vec<T>>,
}

impl<T: Real> Gradients<T> {
    /// Adds to the gradient of one tensor.
    pub fn add(&mut self, id: ParamId, gradient: &[T]) {
        let total = self.list[id.0].par_iter_mut().with_min_len(CHUNK);
        total
            .zip(gradient)
            .for_each(|(total, &part)| *total += part);
    }

    /// Length of all gradients as one vector.
    pub fn norm(&self) -> f64 {
        let square = |list: &Vec<T>| list.iter().map(|g| g.to_f64().powi(2)).sum::<f64>();
        // Collected before they are summed, so the order does not depend on threads.
        let squares: Vec<f64> = self.list.par_iter().map(square).collect();
        squares.iter().sum::<f64>().sqrt()
    }

    /// Shortens all gradients alike to a length of at most `longest` (Pascanu et al., 2013); returns the length before.
    pub fn clip(&mut self, longest: Option<f64>) -> f64 {
        let norm = self.norm();
        if let Some(longest) = longest.filter(|&longest| norm > longest) {
            let scale = T::from_f64(longest / norm);
            self.list.iter_mut().flatten().for_each(|g| *g = *g * scale);
        }
        norm
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn clipping_keeps_the_direction_and_only_shortens() {
        let list = vec![vec![3.0f64, 0.0], vec![-4.0]];
        let mut gradients = Gradients { list: list.clone() };
        assert_eq!(gradients.clip(None), 5.0);
        assert_eq!(gradients.clip(Some(5.0)), 5.0);
        assert_eq!(gradients.list, list);
        assert_eq!(gradients.clip(Some(1.0)), 5.0);
        assert_relative_eq!(gradients.list[0][0], 0.6, epsilon = 1e-12);
        assert_relative_eq!(gradients.list[1][0], -0.8, epsilon = 1e-12);
        assert_relative_eq!(gradients.norm(), 1.0, epsilon = 1e-12);
    }
}
