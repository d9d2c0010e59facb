//! What the cells behind a partial sum add at a read: a keyed sample of a layer's row groups on calibration images.
//!
//! The variance depends on the driven rows, not on the sum alone: rows of +1 and -1 cancel in the sum and add up in the noise,
//! and off cells add theirs. The mean variance of every sum goes into the placed read-out. Not responsible for the moments of
//! one row (`hw::row`). The sample has a seed of its own: it describes the layer, not one run.

use super::prepare::PreparedConversion;
use crate::hw::chip::Hardware;
use crate::hw::reference::SumRange;
use crate::kernel::groups::Taps;
use crate::kernel::lanes::{LANES, Lanes};
use crate::rng::{Purpose, keyed};
use rand::RngExt;

/// Groups looked at per conversion and block, each in all images of the block.
const GROUPS: usize = 256;
/// Weight of the line through all sums in that of one sum, in observations: sums seen rarely or never follow the line.
const PRIOR: f64 = 16.0;

/// Observed groups and their variance, by partial sum.
#[derive(Clone, Debug, PartialEq)]
pub struct CellNoiseSample {
    range: SumRange,
    counts: Vec<f64>,
    totals: Vec<f64>,
}

impl CellNoiseSample {
    /// Nothing seen yet.
    pub fn empty(range: SumRange) -> Self {
        CellNoiseSample {
            range,
            counts: vec![0.0; range.count()],
            totals: vec![0.0; range.count()],
        }
    }

    /// One group with its variance; sums outside the range count at its ends.
    pub fn see(&mut self, s: i32, variance: f64) {
        let index = (s.clamp(self.range.min, self.range.max) - self.range.min) as usize;
        self.counts[index] += 1.0;
        self.totals[index] += variance;
    }

    /// Takes over what another sample of the same range saw.
    pub fn add(&mut self, other: &Self) {
        let pairs = |into: &mut [f64], from: &[f64]| {
            into.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        };
        pairs(&mut self.counts, &other.counts);
        pairs(&mut self.totals, &other.totals);
    }

    /// Mean variance of every sum of the range, in MAC units squared.
    pub fn variances(&self) -> Vec<f64> {
        let line = self.line();
        let sums = self.range.min..=self.range.max;
        let seen = self.counts.iter().zip(&self.totals);
        sums.zip(seen)
            .map(|(s, (count, total))| (total + PRIOR * line(s)) / (count + PRIOR))
            .collect()
    }

    /// Least squares through all groups: variance against |sum|, never falling with it and never below 0.
    fn line(&self) -> impl Fn(i32) -> f64 + use<> {
        let size = |s: i32| f64::from(s).abs();
        let sums = || (self.range.min..=self.range.max).map(size);
        let count: f64 = self.counts.iter().sum::<f64>().max(1.0);
        let mean = self.totals.iter().sum::<f64>() / count;
        let weighted = sums().zip(&self.counts).map(|(x, n)| x * n);
        let centre = weighted.sum::<f64>() / count;
        let squares = sums()
            .zip(&self.counts)
            .map(|(x, n)| n * (x - centre).powi(2));
        let products = sums().zip(&self.totals).map(|(x, v)| (x - centre) * v);
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
    conversion: &'a PreparedConversion,
    codes: &'a [i8],
    /// Variance of a row at input 1, by weight code.
    noise: Vec<f64>,
}

impl<'a> View<'a> {
    /// A conversion and the weight codes `[output][row]` of its layer.
    pub fn new(hardware: &Hardware, conversion: &'a PreparedConversion, codes: &'a [i8]) -> Self {
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
            codes,
            noise: (0..=u8::MAX).map(noise).collect(),
        }
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
        let taps = Taps::new(&weights.geometry, input);
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
        let mut sample = CellNoiseSample::empty(SumRange { min: -4, max: 4 });
        for s in -2..=2 {
            let variance = 1.0 + 0.5 * f64::from(s).abs();
            (0..1000).for_each(|_| sample.see(s, variance));
        }
        for (s, variance) in (-4..=4).zip(sample.variances()) {
            let expected = 1.0 + 0.5 * f64::from(s).abs();
            assert!((variance - expected).abs() < 1e-9, "{s}: {variance}");
        }
        (0..100_000).for_each(|_| sample.see(0, 5.0));
        assert!((sample.variances()[4] - 5.0).abs() < 0.1);
        let unseen = CellNoiseSample::empty(SumRange { min: -4, max: 4 });
        assert_eq!(unseen.variances(), vec![0.0; 9]);
    }
}
