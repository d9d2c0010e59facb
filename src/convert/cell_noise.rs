//! What the cells behind a partial sum add at a read: a keyed sample of a layer's row groups on calibration images.
//!
//! The variance depends on the driven rows, not on the sum alone: rows of +1 and -1 cancel in the sum and add up in the noise,
//! and off cells add theirs. The variances of every sum go into the placed read-out. Not responsible for the moments of
//! one row (`hw::row`). The sample has a seed of its own: it describes the layer, not one run.

use super::prepare::Prepared;
use crate::hw::chip::Hardware;
use crate::hw::partial_sum::SumRange;
use crate::hw::readout::Share;
use crate::kernel::lanes::{LANES, Lanes};
use crate::rng::{Purpose, keyed};
use rand::RngExt;
use std::borrow::Cow;

/// Groups looked at per conversion and block, each in all images of the block.
const GROUPS: usize = 256;
/// Weight of the line through all sums in that of one sum, in observations: sums seen rarely or never follow the line.
const PRIOR: f64 = 16.0;

/// Classes of about the same standard deviation, evenly spaced up to the largest possible one.
const CLASSES: usize = 16;

/// Groups seen and the total of their variances.
type Class = (f64, f64);

/// Observed groups and their variance, by partial sum and class.
#[derive(Clone, Debug, PartialEq)]
pub struct CellNoiseSample {
    range: SumRange,
    /// Largest standard deviation.
    most: f64,
    seen: Vec<[Class; CLASSES]>,
}

impl CellNoiseSample {
    /// Nothing seen yet; `most` is the largest variance that a group can have.
    pub fn empty(range: SumRange, most: f64) -> Self {
        CellNoiseSample {
            range,
            most: most.sqrt(),
            seen: vec![[(0.0, 0.0); CLASSES]; range.count()],
        }
    }

    fn class(&self, variance: f64) -> usize {
        // The float cast takes what is no number to 0.
        let place = (variance.sqrt() / self.most * CLASSES as f64) as usize;
        place.min(CLASSES - 1)
    }

    /// One group with its variance; sums outside the range count at its ends.
    pub fn see(&mut self, s: i32, variance: f64) {
        let index = (s.clamp(self.range.min, self.range.max) - self.range.min) as usize;
        let class = self.class(variance);
        let (count, total) = &mut self.seen[index][class];
        *count += 1.0;
        *total += variance;
    }

    /// Takes over what another sample of the same range saw.
    pub fn add(&mut self, other: &Self) {
        let from = other.seen.iter().flatten();
        for (into, from) in self.seen.iter_mut().flatten().zip(from) {
            *into = (into.0 + from.0, into.1 + from.1);
        }
    }

    /// Shares of every sum of the range with their mean variances, in MAC units squared.
    pub fn shares(&self) -> Vec<Vec<Share>> {
        let line = self.line();
        let one = |(s, mut classes): (i32, [Class; CLASSES])| {
            let (count, total) = &mut classes[self.class(line(s))];
            *count += PRIOR;
            *total += PRIOR * line(s);
            let all: f64 = classes.iter().map(|class| class.0).sum();
            let used = classes.into_iter().filter(|class| class.0 > 0.0);
            used.map(|(n, total)| (n / all, total / n)).collect()
        };
        (self.range.min..=self.range.max)
            .zip(self.seen.iter().copied())
            .map(one)
            .collect()
    }

    /// Least squares through all groups: variance against |sum|, never falling with it and never below 0.
    fn line(&self) -> impl Fn(i32) -> f64 + use<> {
        let size = |s: i32| f64::from(s).abs();
        let sums = || (self.range.min..=self.range.max).map(size);
        let of_sum = |classes: &[Class; CLASSES]| {
            classes
                .iter()
                .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        let (counts, totals): (Vec<f64>, Vec<f64>) = self.seen.iter().map(of_sum).unzip();
        let count: f64 = counts.iter().sum::<f64>().max(1.0);
        let mean = totals.iter().sum::<f64>() / count;
        let weighted = sums().zip(&counts).map(|(x, n)| x * n);
        let centre = weighted.sum::<f64>() / count;
        let squares = sums().zip(&counts).map(|(x, n)| n * (x - centre).powi(2));
        let products = sums().zip(&totals).map(|(x, v)| (x - centre) * v);
        let (squares, products): (f64, f64) = (squares.sum(), products.sum());
        let slope = if squares > 0.0 {
            (products / squares).max(0.0)
        } else {
            0.0
        };
        move |s| (mean + slope * (size(s) - centre)).max(0.0)
    }
}

/// One conversion of a layer with the noise of its rows.
pub struct View<'a> {
    conversion: &'a Prepared,
    /// `[output][word line]`.
    codes: Cow<'a, [i8]>,
    /// Variance of a row at input 1, by weight code.
    noise: Vec<f64>,
}

impl<'a> View<'a> {
    /// A conversion and the weight codes `[output][row]` of its layer.
    pub fn new(hardware: &Hardware, conversion: &'a Prepared, codes: &'a [i8]) -> Self {
        let mut used = [false; 256];
        codes
            .iter()
            .for_each(|&code| used[usize::from(code as u8)] = true);
        let plane = &conversion.conversion.weight;
        let noise = |code: u8| match used[usize::from(code)] {
            true => hardware.row_noise(plane, code as i8),
            false => 0.0,
        };
        View {
            conversion,
            codes: conversion.weights.plan.on_word_lines(codes),
            noise: (0..=u8::MAX).map(noise).collect(),
        }
    }

    /// Largest variance that a group can have.
    pub fn most(&self) -> f64 {
        let row = self.noise.iter().copied().fold(0.0, f64::max);
        let input = f64::from(self.conversion.weights.max_input_code);
        row * input * input * self.conversion.weights.plan.active as f64
    }

    /// Looks at random groups of one block of images; `input` is what the conversion sees of the input codes.
    pub fn look(
        &self,
        input: &Lanes<u8>,
        used: usize,
        place: [u64; 3],
        sample: &mut CellNoiseSample,
    ) {
        let weights = &self.conversion.weights;
        let taps = weights.taps(input);
        let mut rng = keyed(0, Purpose::Pattern, &place);
        for _ in 0..GROUPS {
            let output = rng.random_range(0..weights.geometry.outputs);
            let corner = taps.pixels[rng.random_range(0..taps.pixels.len())];
            let group = rng.random_range(0..weights.plan.groups());
            let mut lanes = [(0i32, 0.0f64); LANES];
            let values = weights.group_codes(output, group).iter();
            for (row, &value) in weights.plan.range(group).zip(values) {
                let code = self.codes[output * weights.plan.rows + row];
                let noise = self.noise[usize::from(code as u8)];
                let pixel = &input.values[corner + taps.rows[row]..][..LANES];
                for ((s, variance), &a) in lanes.iter_mut().zip(pixel) {
                    *s += i32::from(value) * i32::from(a);
                    *variance += noise * f64::from(a) * f64::from(a);
                }
            }
            lanes[..used]
                .iter()
                .for_each(|&(s, variance)| sample.see(s, variance));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_sums_have_their_own_mean_and_unseen_ones_follow_the_line() {
        let mut sample = CellNoiseSample::empty(SumRange { min: -4, max: 4 }, 100.0);
        for s in -2..=2 {
            let variance = 1.0 + 0.5 * f64::from(s).abs();
            (0..1000).for_each(|_| sample.see(s, variance));
        }
        let means = |sample: &CellNoiseSample| -> Vec<f64> {
            let mean = |shares: Vec<Share>| shares.iter().map(|(p, v)| p * v).sum();
            sample.shares().into_iter().map(mean).collect()
        };
        for (s, variance) in (-4..=4).zip(means(&sample)) {
            let expected = 1.0 + 0.5 * f64::from(s).abs();
            assert!((variance - expected).abs() < 1e-9, "{s}: {variance}");
        }
        (0..100_000).for_each(|_| sample.see(0, 50.0));
        assert!((means(&sample)[4] - 49.5).abs() < 0.1);
        assert_eq!(sample.shares()[4].len(), 2);
        let unseen = CellNoiseSample::empty(SumRange { min: -4, max: 4 }, 0.0);
        assert_eq!(means(&unseen), vec![0.0; 9]);
    }
}
