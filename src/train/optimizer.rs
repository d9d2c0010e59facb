//! Updates of the parameters: stochastic gradient descent with momentum, and Adam (Kingma and Ba, 2015; decoupled decay).
//!
//! ```text
//! sgd:  m = 0.9 m + g + wd w,   w -= lr m
//! adam: m = 0.9 m + 0.1 g,  v = 0.999 v + 0.001 g^2,  w -= lr (mh / (sqrt vh + 1e-8) + wd w)
//! ```

use super::param::{CHUNK, Gradients, Params};
use crate::kernel::float::Real;
use rayon::prelude::*;

/// Which update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Momentum 0.9.
    Sgd,
    /// Moments 0.9 and 0.999.
    Adam,
}

/// An optimizer and its moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimizer<T> {
    /// Which update.
    pub rule: Rule,
    /// Weight decay on parameters that decay.
    pub weight_decay: f64,
    /// Updates done.
    pub steps: u64,
    /// First moments.
    pub first: Vec<Vec<T>>,
    /// Second moments (Adam only, else empty).
    pub second: Vec<Vec<T>>,
}

const MOMENTUM: f64 = 0.9;
const SECOND: f64 = 0.999;

impl<T: Real> Optimizer<T> {
    /// An optimizer at rest.
    pub fn new(rule: Rule, weight_decay: f64, params: &Params<T>) -> Self {
        let zeros = params.zeros().list;
        let second = if rule == Rule::Adam {
            zeros.clone()
        } else {
            Vec::new()
        };
        Optimizer {
            rule,
            weight_decay,
            steps: 0,
            first: zeros,
            second,
        }
    }

    /// One update.
    pub fn update(&mut self, params: &mut Params<T>, gradients: &Gradients<T>, rate: f64) {
        self.steps += 1;
        for (index, param) in params.list.iter_mut().enumerate() {
            let decay = if param.decays { self.weight_decay } else { 0.0 };
            let gradient = &gradients.list[index];
            match self.rule {
                Rule::Sgd => sgd(
                    &mut param.values,
                    gradient,
                    &mut self.first[index],
                    rate,
                    decay,
                ),
                Rule::Adam => adam(
                    &mut param.values,
                    gradient,
                    (&mut self.first[index], &mut self.second[index]),
                    self.steps,
                    rate,
                    decay,
                ),
            }
        }
    }
}

fn sgd<T: Real>(values: &mut [T], gradient: &[T], moment: &mut [T], rate: f64, decay: f64) {
    let (rate, decay, keep) = (T::from_f64(rate), T::from_f64(decay), T::from_f64(MOMENTUM));
    let numbers = values.par_iter_mut().with_min_len(CHUNK);
    numbers.zip(gradient).zip(moment).for_each(|((w, &g), m)| {
        *m = keep * *m + g + decay * *w;
        *w = *w - rate * *m;
    });
}

fn adam<T: Real>(
    values: &mut [T],
    gradient: &[T],
    (first, second): (&mut [T], &mut [T]),
    steps: u64,
    rate: f64,
    decay: f64,
) {
    let power = steps.min(1_000_000) as i32;
    let (c1, c2) = (1.0 - MOMENTUM.powi(power), 1.0 - SECOND.powi(power));
    let numbers = values.par_iter_mut().with_min_len(CHUNK);
    let numbers = numbers.zip(gradient).zip(first).zip(second);
    numbers.for_each(|(((w, &g), m), v)| {
        let g = g.to_f64();
        let mean = MOMENTUM * m.to_f64() + (1.0 - MOMENTUM) * g;
        let square = SECOND * v.to_f64() + (1.0 - SECOND) * g * g;
        (*m, *v) = (T::from_f64(mean), T::from_f64(square));
        let step = mean / c1 / ((square / c2).sqrt() + 1e-8) + decay * w.to_f64();
        *w = T::from_f64(w.to_f64() - rate * step);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn hand_values() {
        let mut params = Params::<f64>::new();
        params.add("w", vec![1.0], true);
        params.add("b", vec![1.0], false);
        let gradients = Gradients {
            list: vec![vec![0.5], vec![0.5]],
        };
        let mut sgd = Optimizer::new(Rule::Sgd, 0.1, &params);
        let mut stepped = params.clone();
        sgd.update(&mut stepped, &gradients, 0.1);
        assert_relative_eq!(stepped.list[0].values[0], 1.0 - 0.1 * 0.6);
        sgd.update(&mut stepped, &gradients, 0.1);
        assert_relative_eq!(stepped.list[1].values[0], 1.0 - 0.05 - 0.1 * (0.45 + 0.5));
        let mut adam = Optimizer::new(Rule::Adam, 0.0, &params);
        adam.update(&mut params, &gradients, 0.01);
        assert_relative_eq!(params.list[0].values[0], 0.99, max_relative = 1e-6);
    }
}
