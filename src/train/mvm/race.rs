//! A race of codes: Gumbel-softmax draws of one sum, written with exponential arrival times.
//!
//! With E_k ~ Exp(1) the arrival times E_k / pi_k race; the first arrival is code k with probability pi_k, and the softmax of
//! (log pi + Gumbel) / lambda is z_k in proportion to arrival_k^(-1 / lambda), because a Gumbel number is -log E. The relaxed
//! value is sum z v and its derivative Cov_z(v, psi) / lambda. Given the winner q, its arrival is Exp(1) and all others come
//! E_k / pi_k later (the race has no memory): draws given a code cost no more than free ones.
//! Every code's times are stratified over the draws (Latin hypercube), which leaves means unbiased and less noisy.

use super::code_law::CodeLaw;
use super::power::inverse_power;
use crate::hw::variation::open_unit;
use rand::Rng;
use rand::seq::SliceRandom;

/// Draws that are worked on together, small enough for registers.
const LANES: usize = 8;

/// Draws of the arrival times of all codes of a law.
pub(super) struct Race<'a> {
    law: &'a CodeLaw,
    draws: usize,
    /// E / pi, index code then draw.
    arrivals: Vec<f32>,
}

/// Relaxed values and their derivatives in s, one of each per draw.
#[derive(Default)]
pub(super) struct Relaxed {
    pub values: Vec<f32>,
    pub slopes: Vec<f32>,
}

/// How the times of a race follow from the arrivals, and the code that values and scores are relative to.
struct Times {
    /// Arrival of the first code in units of itself where it is known, else 0.
    late: f32,
    /// One over the arrival of the first code, by draw.
    inverse_first: Vec<f32>,
    /// Place of the reference code.
    reference: usize,
    temperature: f64,
}

/// Sums under the weights of a softmax, one entry per draw; the reference code has value and score 0.
struct Moments {
    weight: [f32; LANES],
    value: [f32; LANES],
    score: [f32; LANES],
    product: [f32; LANES],
}

impl<'a> Race<'a> {
    /// Draws arrival times; `draws` is rounded down to a multiple of 8.
    pub fn new(law: &'a CodeLaw, draws: usize, rng: &mut impl Rng) -> Self {
        let draws = draws / LANES * LANES;
        let times = law.pmf.iter().flat_map(|pmf| arrivals(*pmf, draws, rng));
        let arrivals = times.collect();
        Self {
            law,
            draws,
            arrivals,
        }
    }

    fn of(&self, code: usize) -> &[f32] {
        &self.arrivals[code * self.draws..(code + 1) * self.draws]
    }

    /// Relaxed draws given that the code at this place of the law arrives first.
    pub fn won_by(&self, winner: usize, temperature: f64) -> Relaxed {
        let pmf = self.law.pmf[winner] as f32;
        let own = self.of(winner).iter();
        let times = Times {
            late: 1.0,
            inverse_first: own.map(|arrival| 1.0 / (arrival * pmf)).collect(),
            reference: winner,
            temperature,
        };
        self.relaxed(&times, 1.0, |code| code != winner)
    }

    /// Relaxed draws whatever code arrives first.
    pub fn free(&self, temperature: f64) -> Relaxed {
        let mut first = vec![f32::INFINITY; self.draws];
        for code in 0..self.law.pmf.len() {
            let earlier = first.iter_mut().zip(self.of(code));
            earlier.for_each(|(first, &arrival)| *first = first.min(arrival));
        }
        let times = Times {
            late: 0.0,
            inverse_first: first.iter().map(|arrival| 1.0 / arrival).collect(),
            reference: self.law.most_likely(),
            temperature,
        };
        self.relaxed(&times, 0.0, |_| true)
    }

    /// Softmax over the codes `raced`, beside a `weight` that the reference code has already.
    fn relaxed(&self, times: &Times, weight: f32, raced: impl Fn(usize) -> bool) -> Relaxed {
        let law = self.law;
        let relative = |list: &[f64], code: usize| (list[code] - list[times.reference]) as f32;
        let codes = (0..law.pmf.len()).filter(|&code| raced(code));
        let codes: Vec<_> = codes
            .map(|code| {
                (
                    code,
                    relative(&law.values, code),
                    relative(&law.scores, code),
                )
            })
            .collect();
        let reference_value = law.values[times.reference] as f32;
        let mut relaxed = Relaxed::default();
        for start in (0..self.draws).step_by(LANES) {
            let mut moments = Moments::new(weight);
            for &(code, value, score) in &codes {
                let weights = self.weights(times, code, start);
                moments.add(&weights, value, score);
            }
            relaxed.values.extend(moments.values(reference_value));
            relaxed.slopes.extend(moments.slopes(times.temperature));
        }
        relaxed
    }

    /// (time / first)^(-1 / lambda) of a code in the draws from `start` on.
    fn weights(&self, times: &Times, code: usize, start: usize) -> [f32; LANES] {
        let exponent = (1.0 / times.temperature) as f32;
        let arrivals = self.of(code)[start..start + LANES].iter();
        let inverse = &times.inverse_first[start..start + LANES];
        let mut weights = [0.0; LANES];
        for ((weight, arrival), inverse) in weights.iter_mut().zip(arrivals).zip(inverse) {
            *weight = inverse_power(times.late + arrival * inverse, exponent);
        }
        weights
    }
}

impl Moments {
    fn new(weight: f32) -> Self {
        Self {
            weight: [weight; LANES],
            value: [0.0; LANES],
            score: [0.0; LANES],
            product: [0.0; LANES],
        }
    }

    fn add(&mut self, weights: &[f32; LANES], value: f32, score: f32) {
        for (lane, weight) in weights.iter().enumerate() {
            self.weight[lane] += weight;
            self.value[lane] += weight * value;
            self.score[lane] += weight * score;
            self.product[lane] += weight * (value * score);
        }
    }

    fn values(&self, reference: f32) -> [f32; LANES] {
        std::array::from_fn(|lane| reference + self.value[lane] / self.weight[lane])
    }

    /// Cov_z(v, psi) / lambda.
    fn slopes(&self, temperature: f64) -> [f32; LANES] {
        let inverse_temperature = (1.0 / temperature) as f32;
        std::array::from_fn(|lane| {
            let norm = 1.0 / self.weight[lane];
            let (value, score) = (self.value[lane] * norm, self.score[lane] * norm);
            (self.product[lane] * norm - value * score) * inverse_temperature
        })
    }
}

/// Stratified draws of Exp(1) / pmf in random order.
fn arrivals(pmf: f64, draws: usize, rng: &mut impl Rng) -> Vec<f32> {
    let stratum =
        |at: usize, rng: &mut _| -((at as f64 + open_unit(rng)) / draws as f64).ln() / pmf;
    let mut times: Vec<f32> = (0..draws).map(|at| stratum(at, rng) as f32).collect();
    times.shuffle(rng);
    times
}
