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

/// Draws of the arrival times of all codes of a law.
pub(super) struct Race<'a> {
    law: &'a CodeLaw,
    draws: usize,
    /// E / pi, index code then draw.
    arrivals: Vec<f32>,
}

/// Derivatives of relaxed values, and the values.
pub(super) struct Relaxed {
    pub values: Vec<f32>,
    pub slopes: Vec<f32>,
}

/// Moments of value and score under the weights of a softmax, one entry per draw, relative to a code in the middle.
struct Moments {
    weight: Vec<f32>,
    value: Vec<f32>,
    score: Vec<f32>,
    product: Vec<f32>,
}

impl<'a> Race<'a> {
    pub fn new(law: &'a CodeLaw, draws: usize, rng: &mut impl Rng) -> Self {
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
        let inverse_first: Vec<f32> = own.map(|arrival| 1.0 / (arrival * pmf)).collect();
        let mut moments = Moments::new(self.draws, 1.0);
        for code in (0..self.law.pmf.len()).filter(|&code| code != winner) {
            self.add(
                code,
                winner,
                (1.0, &inverse_first),
                temperature,
                &mut moments,
            );
        }
        moments.relaxed(self.law.values[winner], temperature)
    }

    /// Relaxed draws whatever code arrives first.
    pub fn free(&self, temperature: f64) -> Relaxed {
        let mut first = vec![f32::INFINITY; self.draws];
        for code in 0..self.law.pmf.len() {
            let earlier = first.iter_mut().zip(self.of(code));
            earlier.for_each(|(first, &arrival)| *first = first.min(arrival));
        }
        let inverse_first: Vec<f32> = first.iter().map(|arrival| 1.0 / arrival).collect();
        let middle = self.law.most_likely();
        let mut moments = Moments::new(self.draws, 0.0);
        for code in 0..self.law.pmf.len() {
            self.add(
                code,
                middle,
                (0.0, &inverse_first),
                temperature,
                &mut moments,
            );
        }
        moments.relaxed(self.law.values[middle], temperature)
    }

    /// Adds a code whose arrival is `late + arrival / first` times the first one.
    fn add(
        &self,
        code: usize,
        middle: usize,
        (late, inverse_first): (f32, &[f32]),
        temperature: f64,
        moments: &mut Moments,
    ) {
        let exponent = (1.0 / temperature) as f32;
        let value = (self.law.values[code] - self.law.values[middle]) as f32;
        let score = (self.law.scores[code] - self.law.scores[middle]) as f32;
        let draws = self.of(code).iter().zip(inverse_first);
        let sums = moments.weight.iter_mut().zip(&mut moments.value);
        let sums = sums.zip(moments.score.iter_mut().zip(&mut moments.product));
        for ((arrival, inverse), ((w, v), (p, vp))) in draws.zip(sums) {
            let z = inverse_power(late + arrival * inverse, exponent);
            *w += z;
            *v += z * value;
            *p += z * score;
            *vp += z * (value * score);
        }
    }
}

impl Moments {
    /// The code in the middle has value and score 0 and adds its weight only.
    fn new(draws: usize, weight: f32) -> Self {
        Self {
            weight: vec![weight; draws],
            value: vec![0.0; draws],
            score: vec![0.0; draws],
            product: vec![0.0; draws],
        }
    }

    fn relaxed(&self, middle: f64, temperature: f64) -> Relaxed {
        let inverse_temperature = (1.0 / temperature) as f32;
        let slope = |draw: usize| {
            let norm = 1.0 / self.weight[draw];
            let (value, score) = (self.value[draw] * norm, self.score[draw] * norm);
            (self.product[draw] * norm - value * score) * inverse_temperature
        };
        let value = |draw: usize| middle as f32 + self.value[draw] / self.weight[draw];
        let draws = 0..self.weight.len();
        Relaxed {
            values: draws.clone().map(value).collect(),
            slopes: draws.map(slope).collect(),
        }
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
