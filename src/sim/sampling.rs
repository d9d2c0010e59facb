//! How many images every evaluation of a curve looks at: a budget for all of them together, shared out by need.
//!
//! A loss is compared with the ideal on the same images, so few images go far, and not equally far: a read-out that fails
//! is recognized on a handful, one close to the ideal needs many. Every evaluation starts with the first blocks; further
//! blocks go where the interval is widest against what is worth knowing. Blocks are classified together, whichever
//! condition they belong to, so that all threads have work. Not responsible for which evaluations there are (`curve`).

use super::accuracy::{Images, classify_block};
use super::adjusted::Known;
use super::condition::Condition;
use super::error::SimError;
use super::outcomes::Outcomes;
use super::prepare::Prepared;
use super::stage::Progress;
use crate::kernel::lanes::LANES;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Share of the budget that is shared out equally, before anything is known of the losses.
const EQUAL_SHARE: f64 = 0.5;
/// Blocks that every evaluation gets at least, whatever the budget: 64 images tell a failing read-out from a good one.
const FEWEST_BLOCKS: usize = 2;
/// Blocks shared out before losses are looked at again.
const BLOCKS_PER_ROUND: usize = 16;
/// A loss is worth knowing to one point, or to a fifth of it where more is lost.
const TOLERANCE: f64 = 0.01;
const TOLERANCE_OF_LOSS: f64 = 0.2;

/// How many images are looked at, and the name of the stage.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// Images of every evaluation; `None`: shared out by need.
    pub each: Option<usize>,
    /// Then so many of all evaluations together for every test image.
    pub per_test_image: f64,
    /// Name of the stage.
    pub stage: &'a str,
}

/// The outcomes of every condition on the first images, judged by what is `known` of all.
///
/// # Errors
/// If the images do not fit the network.
pub fn sample(
    prepared: &Prepared,
    conditions: &[Condition],
    images: Images,
    known: &Known,
    wanted: Budget,
    progress: Progress,
) -> Result<Vec<Outcomes>, SimError> {
    let images = images.first(wanted.each.unwrap_or(usize::MAX));
    images.check(prepared)?;
    let mut all = vec![Outcomes::default(); conditions.len()];
    let budget = match wanted.each {
        Some(_) => images.labels.len() * all.len(),
        None => (wanted.per_test_image * images.labels.len() as f64) as usize,
    };
    let (done, mut jobs) = (AtomicU64::new(0), first_jobs(images, all.len(), budget));
    let planned = budget.max(cost(images, &jobs)) as u64;
    while !jobs.is_empty() {
        let classified: Vec<Vec<bool>> = jobs
            .par_iter()
            .map(|&(index, block)| {
                let right = classify_block(prepared, &conditions[index], images, block);
                let count = right.len() as u64;
                let before = done.fetch_add(count, Ordering::Relaxed);
                progress(wanted.stage, before + count, planned);
                right
            })
            .collect();
        for (&(index, _), right) in jobs.iter().zip(classified) {
            all[index].extend(right);
        }
        let spent: usize = all.iter().map(Outcomes::images).sum();
        jobs = next_jobs(&all, known, images, budget.saturating_sub(spent));
    }
    Ok(all)
}

/// An evaluation and the block it is to classify.
type Job = (usize, usize);

fn cost(images: Images, jobs: &[Job]) -> usize {
    jobs.iter().map(|&(_, block)| images.in_block(block)).sum()
}

/// The first blocks of every evaluation: the equal share, or all images where the budget is enough for that.
fn first_jobs(images: Images, evaluations: usize, budget: usize) -> Vec<Job> {
    let blocks = if budget >= images.labels.len() * evaluations {
        images.blocks()
    } else {
        let each = EQUAL_SHARE * budget as f64 / evaluations as f64;
        FEWEST_BLOCKS
            .max(each as usize / LANES)
            .min(images.blocks())
    };
    let of = |index| (0..blocks).map(move |block| (index, block));
    (0..evaluations).flat_map(of).collect()
}

/// The next round: blocks to where they are needed most, as far as `left` images reach.
fn next_jobs(all: &[Outcomes], known: &Known, images: Images, left: usize) -> Vec<Job> {
    let mut needs: Vec<Need> = all.iter().map(|seen| Need::of(seen, known)).collect();
    let mut jobs = Vec::new();
    let mut left = left;
    while jobs.len() < BLOCKS_PER_ROUND {
        let open = |index: &usize| {
            let block = needs[*index].blocks;
            block < images.blocks() && images.in_block(block) <= left
        };
        let more_urgent = |best: usize, index: usize| {
            if needs[index].urgency() > needs[best].urgency() {
                index
            } else {
                best
            }
        };
        let Some(index) = (0..needs.len()).filter(open).reduce(more_urgent) else {
            break;
        };
        jobs.push((index, needs[index].blocks));
        left -= images.in_block(needs[index].blocks);
        needs[index].blocks += 1;
    }
    jobs
}

/// How well a loss is known.
struct Need {
    /// Half width of the interval over what is worth knowing, for the images seen.
    excess: f64,
    /// Blocks seen.
    seen: usize,
    /// Blocks seen and planned.
    blocks: usize,
}

impl Need {
    fn of(seen: &Outcomes, known: &Known) -> Need {
        let loss = known.loss(seen);
        let tolerance = TOLERANCE.max(TOLERANCE_OF_LOSS * loss.estimate.abs());
        let blocks = seen.images().div_ceil(LANES);
        Need {
            excess: (loss.high - loss.low) / 2.0 / tolerance,
            seen: blocks,
            blocks,
        }
    }

    /// The excess to be expected once the planned blocks are seen too.
    fn urgency(&self) -> f64 {
        self.excess * (self.seen as f64 / self.blocks as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::network::Shape;
    use crate::sim::evaluated::Evaluated;

    fn images(labels: &[u8]) -> Images<'_> {
        let shape = Shape {
            channels: 1,
            height: 1,
            width: 1,
        };
        Images {
            pixels: labels,
            labels,
            shape,
        }
    }

    /// Images of all evaluations together: more than one evaluation of all test images.
    fn budget(test_images: usize) -> usize {
        test_images + test_images / 4
    }

    /// A run without a wrong image.
    fn perfect(images: usize) -> Evaluated {
        let all = Outcomes::new(vec![true; images]);
        Evaluated {
            ideal: all.clone(),
            noise_free: all.clone(),
            read_noise: Vec::new(),
            chips: Vec::new(),
            re_estimated: all,
        }
    }

    fn blocks_of(jobs: &[Job], index: usize) -> Vec<usize> {
        let own = jobs.iter().filter(|job| job.0 == index);
        own.map(|job| job.1).collect()
    }

    #[test]
    fn all_start_with_the_same_images() {
        let labels = [0; 2000];
        let jobs = first_jobs(images(&labels), 16, budget(2000));
        assert_eq!(cost(images(&labels), &jobs), 16 * 64);
        assert!((0..16).all(|index| blocks_of(&jobs, index) == [0, 1]));
        let few = first_jobs(images(&labels), 4, budget(2000));
        assert_eq!(blocks_of(&few, 3).len(), 9);
    }

    #[test]
    fn small_test_sets_are_looked_at_whole() {
        for count in [20, 32, 50] {
            let labels = vec![0; count];
            let jobs = first_jobs(images(&labels), 16, budget(count));
            assert_eq!(cost(images(&labels), &jobs), 16 * count);
            let all = vec![Outcomes::new(vec![true; count]); 16];
            let run = perfect(count);
            assert!(next_jobs(&all, &Known::of(&run), images(&labels), 1000).is_empty());
        }
    }

    #[test]
    fn blocks_go_where_the_loss_is_least_known() {
        let labels = [0; 640];
        let run = perfect(640);
        let known = Known::of(&run);
        let same = run.ideal.first(64);
        let fails = Outcomes::new((0..64).map(|image| image % 8 == 0).collect());
        let uneven = Outcomes::new((0..64).map(|image| image % 32 > 2).collect());
        let all = [fails, same, uneven];
        let jobs = next_jobs(&all, &known, images(&labels), 10_000);
        assert_eq!(jobs.len(), BLOCKS_PER_ROUND);
        let counts = [0, 1, 2].map(|index| blocks_of(&jobs, index).len());
        assert!(counts[2] > counts[1] && counts[1] > counts[0], "{counts:?}");
        assert_eq!(blocks_of(&jobs, 1)[0], 2);
        let rest = next_jobs(&all, &known, images(&labels), 100);
        assert_eq!(cost(images(&labels), &rest), 96);
    }
}
