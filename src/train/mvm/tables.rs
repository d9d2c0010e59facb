//! The read-outs of one layer as a training step needs them: codes forward, slopes backward, alike for a whole epoch.
//!
//! Columns come in a few classes, each with tables of its own: by their step, or by an offset of their read-out that is
//! drawn anew for every batch.
//! Not responsible for placing references (`place`) nor for the pass itself (`ops::reconv`).

use super::mean::clipped_slopes;
use super::{Estimator, Slopes, mean_slopes, slopes, step_slopes, threshold_slopes};
use crate::convert::accumulate::Codes;
use crate::hw::readout::Readout;
use crate::hw::readout::columns::{ColumnReadouts, Columns};
use crate::hw::readout::table::{CodeTable, Decode};
use crate::kernel::slopes::table as kernel;
use crate::kernel::tables::{LevelTable, RandomTable, TOLERANCE};
use crate::rng::{Purpose, keyed};
use rand::RngExt;
use rayon::prelude::*;

/// What the forward pass reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Reads {
    /// Codes, by a table per class of columns.
    Codes(Vec<Codes>),
    /// Relaxed values.
    Soft(kernel::SoftTable),
}

/// One conversion.
#[derive(Clone, Debug)]
pub struct ConversionTables {
    /// Forward.
    pub reads: Reads,
    /// What codes are worth, per class of columns or once for all.
    pub decodes: Vec<Decode>,
    /// Class of every output.
    pub columns: Columns,
    /// Backward.
    pub slopes: kernel::Slopes,
    /// Derivatives of the mean value in what is trained of the references.
    pub learned: LearnedSlopes,
}

/// d(mean value) / d(trained number of the references) by sum.
#[derive(Clone, Debug, PartialEq)]
pub enum LearnedSlopes {
    /// Nothing is trained.
    Nothing,
    /// In their step.
    Step(Vec<f64>),
    /// In the step of a column, per class.
    StepPerColumn(Vec<Vec<f64>>),
    /// In each threshold.
    Thresholds(Vec<Vec<f64>>),
}

/// Means of eight equally likely parts of the standard normal law, scaled to variance 1.
const OFFSET_CLASSES: [f64; 8] = [
    -1.694_0, -0.921_1, -0.505_4, -0.162_5, 0.162_5, 0.505_4, 0.921_1, 1.694_0,
];

/// How tables are made.
#[derive(Clone, Copy, Debug)]
pub struct Making {
    /// Slope of a read.
    pub estimator: Estimator,
    /// True if reads have noise.
    pub noisy: bool,
    /// Standard deviation of column offsets in MAC units.
    pub column_offset: f64,
    /// Seed of random tables.
    pub seed: u64,
}

/// What is trained of the references.
#[derive(Clone, Debug)]
pub enum Learned<'a> {
    /// Nothing.
    Nothing,
    /// Their step.
    Step(LearnedStep<'a>),
    /// The step of every class of columns.
    StepPerColumn(Vec<LearnedStep<'a>>),
    /// Each of them.
    Thresholds,
}

/// What the gradient of a trained step needs beside the tables.
#[derive(Clone, Copy, Debug)]
pub struct LearnedStep<'a> {
    /// The step in MAC units.
    pub step: f64,
    /// Change of the mean value per relative change of all noise ([`super::noise_slopes`]).
    pub noise_slope: &'a [f64],
}

impl ConversionTables {
    /// Tables of placed read-outs (their noise already scaled); `place` keys random ones. Offsets are those of the first class.
    pub fn new(readouts: &ColumnReadouts, making: Making, place: &[u64], learned: Learned) -> Self {
        let law = |readout: &Readout| match making.noisy {
            true => readout.table(),
            false => readout.noise_free_table(),
        };
        let first = &readouts.classes()[0];
        let offsets = making.column_offset > 0.0;
        let classes: Vec<Readout> = if offsets {
            let class = |z: &f64| first.with_offset(z * making.column_offset);
            OFFSET_CLASSES.iter().map(class).collect()
        } else {
            readouts.classes().to_vec()
        };
        let both = |readout: &Readout| {
            let table = law(readout);
            let slopes = slopes(&table, making.estimator, making.seed, place);
            (table, slopes)
        };
        let (laws, tables): (Vec<CodeTable>, Vec<Slopes>) = classes.par_iter().map(both).unzip();
        let codes = |table: &CodeTable| match making.noisy {
            true => Codes::Random(RandomTable::new(table, TOLERANCE)),
            false => Codes::NoiseFree(LevelTable::new(table)),
        };
        let columns = readouts.columns();
        let slopes = for_kernel(&laws, tables, columns.of_output());
        let reads = match &slopes {
            kernel::Slopes::Soft(soft) => Reads::Soft(soft.clone()),
            _ => Reads::Codes(laws.iter().map(codes).collect()),
        };
        let learned = match learned {
            Learned::Nothing => LearnedSlopes::Nothing,
            Learned::Step(step) => {
                LearnedSlopes::Step(step_slope((&laws[0], 0), &slopes, making, step))
            }
            Learned::StepPerColumn(steps) => {
                let classes = steps.into_iter().enumerate().zip(&laws);
                let slopes = classes
                    .map(|((class, step), law)| step_slope((law, class), &slopes, making, step));
                LearnedSlopes::StepPerColumn(slopes.collect())
            }
            Learned::Thresholds => LearnedSlopes::Thresholds(all_thresholds(first)),
        };
        // An offset moves thresholds and leaves the values of codes.
        let different = if offsets { 1 } else { laws.len() };
        let decodes = laws.iter().take(different);
        ConversionTables {
            reads,
            decodes: decodes.map(|law| law.decode.clone()).collect(),
            columns: columns.clone(),
            slopes,
            learned,
        }
    }

    /// The same with the class of every read-out drawn anew, each of which serves `per_readout` of the outputs; unchanged where there is
    /// one class.
    pub fn with_columns(
        &self,
        (outputs, per_readout): (usize, usize),
        seed: u64,
        place: &[u64],
    ) -> Self {
        let mut drawn = self.clone();
        let kernel::Slopes::BySum(slopes) = &mut drawn.slopes else {
            return drawn;
        };
        let classes = slopes.tables.len() as u16;
        if classes > 1 {
            let mut rng = keyed(seed, Purpose::SenseOffset, place);
            let readouts = outputs.div_ceil(per_readout);
            let drawn_classes: Vec<u16> = (0..readouts)
                .map(|_| rng.random_range(0..classes))
                .collect();
            let of_output = |output: usize| drawn_classes[output / per_readout];
            slopes.of_output = (0..outputs).map(of_output).collect();
            drawn.columns = Columns::new(slopes.of_output.clone());
        }
        drawn
    }
}

/// Slopes in every threshold, of the read-out without an offset of its column; thresholds that mirror each other are one
/// reference, whose slope is looked at once.
fn all_thresholds(readout: &Readout) -> Vec<Vec<f64>> {
    let count = readout.thresholds.len();
    let one = |which: usize| match readout.mirror(which) {
        Some(mirror) if mirror > which => Vec::new(),
        _ => threshold_slopes(readout, which),
    };
    let mut slopes: Vec<Vec<f64>> = (0..count).into_par_iter().map(one).collect();
    for which in 0..count {
        if let (true, Some(mirror)) = (slopes[which].is_empty(), readout.mirror(which)) {
            slopes[which] = slopes[mirror].iter().map(|slope| -slope).collect();
        }
    }
    slopes
}

fn step_slope(
    (law, class): (&CodeTable, usize),
    slopes: &kernel::Slopes,
    making: Making,
    learned: LearnedStep,
) -> Vec<f64> {
    let used = match slopes {
        // Beyond the range the value follows the step alone, whatever slope is passed on.
        _ if making.estimator == Estimator::PassThrough => clipped_slopes(law),
        kernel::Slopes::BySum(slopes) => {
            slopes.tables[class].iter().map(|&d| f64::from(d)).collect()
        }
        // The mean of the slopes of all codes of a sum.
        kernel::Slopes::ByLevel(_) | kernel::Slopes::Soft(_) => mean_slopes(law),
    };
    let noise = making.noisy.then_some(learned.noise_slope);
    let relative = step_slopes(law, noise, &used);
    relative
        .into_iter()
        .map(|slope| slope / learned.step)
        .collect()
}

/// Of slopes `[sum][level][draw]` those of the levels that the rounded law reaches, from the base of each sum on.
fn reached(random: &RandomTable, (levels, draws): (usize, usize), values: &[f32]) -> Vec<f32> {
    let steps = random.thresholds.len() + 1;
    let mut kept = vec![0.0; random.base.len() * steps * draws];
    for (sum, &base) in random.base.iter().enumerate() {
        let base = usize::from(base);
        let count = steps.min(levels - base) * draws;
        let from = (sum * levels + base) * draws;
        let to = sum * steps * draws;
        kept[to..to + count].copy_from_slice(&values[from..from + count]);
    }
    kept
}

/// Slopes by level instead of by code; where several codes have one level they count by their probability (draws of several codes
/// are averaged in the order of their size: the mean is kept, not the spread).
fn for_kernel(laws: &[CodeTable], tables: Vec<Slopes>, of_output: &[u16]) -> kernel::Slopes {
    let law = &laws[0];
    let by_level = |codes: usize, draws: usize, table: &[f32]| {
        let highest = law.decode.levels.iter().copied().max().unwrap_or(0);
        let levels = usize::from(highest) + 1;
        let mut values = vec![0.0f32; law.sums() * levels * draws];
        for index in 0..law.sums() {
            let row = law.row(law.s_min + index as i32);
            let mut shares = vec![0.0f64; levels];
            for (code, &level) in law.decode.levels.iter().enumerate() {
                shares[usize::from(level)] += row[code];
            }
            for (code, &level) in law.decode.levels.iter().enumerate() {
                let level = usize::from(level);
                let alone = law
                    .decode
                    .levels
                    .iter()
                    .filter(|&&l| usize::from(l) == level);
                let share = match (alone.count(), shares[level] > 0.0) {
                    (1, _) => 1.0,
                    (_, true) => (row[code] / shares[level]) as f32,
                    (_, false) => 0.0,
                };
                let from = &table[(index * codes + code) * draws..][..draws];
                let to = &mut values[(index * levels + level) * draws..][..draws];
                for (to, &from) in to.iter_mut().zip(from) {
                    *to += share * from;
                }
            }
        }
        let random = RandomTable::new(law, TOLERANCE);
        let values = reached(&random, (levels, draws), &values);
        kernel::Slopes::ByLevel(kernel::LevelSlopes {
            random,
            draws,
            values,
        })
    };
    let mut by_sum = Vec::new();
    for slopes in tables {
        match slopes {
            Slopes::BySum(values) => by_sum.push(values),
            Slopes::ByCode { codes, table } => return by_level(codes, 1, &table),
            Slopes::Drawn {
                codes,
                draws,
                table,
            } => return by_level(codes, draws, &table),
            Slopes::Soft {
                draws,
                values,
                slopes,
            } => {
                return kernel::Slopes::Soft(kernel::SoftTable {
                    s_min: law.s_min,
                    draws,
                    values,
                    slopes,
                });
            }
        }
    }
    kernel::Slopes::BySum(kernel::SumSlopes {
        s_min: law.s_min,
        tables: by_sum,
        of_output: of_output.to_vec(),
    })
}
