//! The answer a designer reads first: does this macro carry this network, how many points are lost, and to what.
//!
//! Losses are counted against ideal MVM values of the same network on the same images, and split into what the codes cost
//! (noise-free read-out), what noise at each read adds, and what static variation of chips adds. Not responsible for what
//! to do about it beyond naming the cause.

use crate::results::accuracy::{Accuracies, Loss};
use crate::results::layer::LayerResult;
use crate::results::run::Verdict;

/// Largest loss in points with which a macro still carries a network.
const CARRIES: f64 = 1.0;
/// Largest loss in points that is called marginal.
const MARGINAL: f64 = 3.0;
/// A loss below this many points is not listed as a limit.
const NEGLIGIBLE: f64 = 0.05;

/// Judges the accuracies of `model` on this macro.
pub fn verdict(model: &str, accuracy: &Accuracies, layers: &[LayerResult]) -> Verdict {
    let lost = Lost::from(&accuracy.lost);
    let chips_lost = accuracy.chips_lost.as_ref().map(Lost::from);
    let worst = match &chips_lost {
        Some(chips) if chips.points > lost.points => chips,
        _ => &lost,
    };
    let status = if worst.points <= CARRIES {
        "carries"
    } else if worst.points <= MARGINAL {
        "marginal"
    } else {
        "fails"
    };
    let chips = chips_lost.as_ref().map_or(String::new(), |lost| {
        format!("; static chips on average: {}", in_words(lost.points))
    });
    let headline = format!(
        "{model} classifies {:.1} % correctly on this macro, {:.1} % with ideal MVM values: {}{chips}.",
        100.0 * accuracy.simulated.mean,
        100.0 * accuracy.ideal.estimate,
        in_words(lost.points)
    );
    let mut limits = limits(accuracy, layers);
    if !is_exact(layers) {
        limits.extend(undecided(worst));
    }
    Verdict {
        status: status.into(),
        headline,
        limits,
    }
}

/// Points lost against ideal MVM values, with the 95 % interval.
struct Lost {
    points: f64,
    low: f64,
    high: f64,
    images: u64,
}

impl From<&Loss> for Lost {
    fn from(loss: &Loss) -> Lost {
        Lost {
            // Floating-point dust must not decide: exactly one point lost is one point lost.
            points: (1e11 * loss.estimate).round() / 1e9,
            low: 100.0 * loss.low,
            high: 100.0 * loss.high,
            images: loss.images,
        }
    }
}

/// True if every layer reads every sum as it is: such a macro loses nothing on any image.
fn is_exact(layers: &[LayerResult]) -> bool {
    let mut on_macro = layers.iter().filter(|layer| layer.on_macro);
    on_macro.all(|layer| layer.sqnr_db == f64::INFINITY)
}

/// A sentence where the images leave open on which side of a threshold the loss lies.
fn undecided(loss: &Lost) -> Option<String> {
    let open = [CARRIES, MARGINAL]
        .into_iter()
        .filter(|threshold| loss.low < *threshold && *threshold < loss.high);
    let open: Vec<String> = open.map(|threshold| format!("{threshold:.0}")).collect();
    if open.is_empty() {
        return None;
    }
    let (low, high) = (signed(loss.low), signed(loss.high));
    Some(format!(
        "{} test images leave the loss open between {low} and {high} points (95 %), on both sides of the threshold of {}: \
         more images would tell.",
        loss.images,
        open.join(" and of ")
    ))
}

/// One decimal, with a true minus sign and never "-0.0".
fn signed(points: f64) -> String {
    let tenths = (10.0 * points).round() / 10.0 + 0.0;
    format!("{tenths:.1}").replace('-', "\u{2212}")
}

/// Two decimals where one would hide on which side of a threshold the loss lies.
fn in_words(lost: f64) -> String {
    let rounded = (10.0 * lost).round() / 10.0;
    let misleads = |threshold: f64| lost > threshold && rounded <= threshold;
    if lost <= 0.0 || rounded <= 0.0 {
        "nothing lost".into()
    } else if misleads(CARRIES) || misleads(MARGINAL) {
        format!("{lost:.2} points lost")
    } else {
        format!("{lost:.1} points lost")
    }
}

/// Causes of loss, the largest first.
fn limits(accuracy: &Accuracies, layers: &[LayerResult]) -> Vec<String> {
    let exact = |share: f64| 100.0 * share;
    let codes = exact(accuracy.ideal.estimate - accuracy.noise_free.estimate);
    let mut causes = vec![(codes, codes_cause(codes, layers))];
    if let Some(noisy) = &accuracy.read_noise {
        let noise = exact(accuracy.noise_free.estimate - noisy.mean);
        causes.push((noise, noise_cause(noise, layers)));
    }
    if let (Some(chips), Some(ideal)) = (&accuracy.chips, &accuracy.chips_ideal) {
        let beyond = exact(ideal.estimate - chips.mean) - codes;
        let advice = match beyond > MARGINAL && !accuracy.chips_calibrated {
            true => {
                " Much of that may go where the batch norm of every chip is calibrated (--calibrate-chips)."
            }
            false => "",
        };
        let text = format!(
            "Static variation of cells, references and offsets costs {beyond:.1} points; the worst of {} chips reaches {:.1} %.{advice}",
            chips.runs.len(),
            exact(chips.worst)
        );
        causes.push((beyond, text));
    }
    causes.retain(|(lost, _)| *lost >= NEGLIGIBLE);
    causes.sort_by(|a, b| b.0.total_cmp(&a.0));
    causes.into_iter().map(|(_, text)| text).collect()
}

fn worst_by(layers: &[LayerResult], badness: impl Fn(&LayerResult) -> f64) -> Option<&LayerResult> {
    layers
        .iter()
        .filter(|layer| layer.on_macro)
        .max_by(|a, b| badness(a).total_cmp(&badness(b)))
}

fn codes_cause(lost: f64, layers: &[LayerResult]) -> String {
    let worst = worst_by(layers, |layer| -layer.sqnr_noise_free_db);
    let layer = worst.map_or(String::new(), |layer| {
        format!(
            "; worst is {} with {:.1} dB and {:.2} % of its sums clipped",
            layer.name,
            layer.sqnr_noise_free_db,
            100.0 * layer.clipped
        )
    });
    format!("Quantization and clipping of MVM values cost {lost:.1} points{layer}.")
}

fn noise_cause(lost: f64, layers: &[LayerResult]) -> String {
    let worst = worst_by(layers, |layer| layer.error_rate);
    let layer = worst.map_or(String::new(), |layer| {
        format!(
            "; {} reads {:.1} % of its codes wrong from it alone",
            layer.name,
            100.0 * layer.error_rate
        )
    });
    format!("Noise at each read costs {lost:.1} points{layer}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::evaluated::Evaluated;
    use crate::sim::outcomes::Outcomes;

    /// The first `correct` of so many images are right.
    fn outcomes(correct: u64, images: u64) -> Outcomes {
        Outcomes::new((0..images).map(|image| image < correct).collect())
    }

    fn plain(ideal: u64, noise_free: u64, images: u64) -> Accuracies {
        Evaluated {
            ideal: outcomes(ideal, images),
            noise_free: outcomes(noise_free, images),
            read_noise: Vec::new(),
            chips: Vec::new(),
            re_estimated: outcomes(noise_free, images),
        }
        .accuracies()
    }

    /// 900 of 1000 images right with ideal MVM values, 92 of the first 100.
    fn accuracies(noise_free: u64, noisy: u64, chip: u64) -> Accuracies {
        let rest = |correct: u64| outcomes(correct - 92, 900).right().to_vec();
        let whole = |correct: u64| {
            let mut whole = outcomes(92, 100);
            whole.extend(rest(correct));
            whole
        };
        Evaluated {
            ideal: whole(900),
            noise_free: whole(noise_free),
            read_noise: vec![whole(noisy)],
            chips: vec![outcomes(chip, 100)],
            re_estimated: whole(noise_free),
        }
        .accuracies()
    }

    #[test]
    fn status_follows_the_larger_loss() {
        let status = |a, b, c| verdict("net", &accuracies(a, b, c), &[]).status;
        assert_eq!(status(900, 891, 92), "carries");
        assert_eq!(status(900, 891, 90), "marginal");
        assert_eq!(status(880, 850, 92), "fails");
    }

    #[test]
    fn losses_are_compared_before_they_are_rounded() {
        let verdict = |correct| verdict("net", &plain(10_000, correct, 10_000), &[]);
        assert_eq!(verdict(9_900).status, "carries");
        let above = verdict(9_896);
        assert_eq!(above.status, "marginal");
        assert!(above.headline.contains("1.04 points"), "{above:?}");
        assert_eq!(verdict(9_700).status, "marginal");
        assert_eq!(verdict(9_699).status, "fails");
    }

    #[test]
    fn too_few_images_are_named_unless_nothing_can_be_lost() {
        let layer = |sqnr_db| {
            vec![LayerResult {
                on_macro: true,
                sqnr_db,
                ..LayerResult::default()
            }]
        };
        let lost = |images: u64| plain(9 * images / 10, 9 * images / 10, images);
        let few = verdict("net", &lost(100), &layer(20.0)).limits;
        assert!(
            few.len() == 1 && few[0].contains("100 test images"),
            "{few:?}"
        );
        assert_eq!(verdict("net", &lost(100_000), &layer(20.0)).limits.len(), 0);
        assert_eq!(
            verdict("net", &lost(100), &layer(f64::INFINITY))
                .limits
                .len(),
            0
        );
    }

    #[test]
    fn limits_are_ordered_and_small_ones_left_out() {
        let limits = verdict("net", &accuracies(895, 870, 92), &[]).limits;
        assert_eq!(limits.len(), 2, "{limits:?}");
        assert!(
            limits[0].contains("each read costs 2.5 points"),
            "{limits:?}"
        );
        assert!(limits[1].contains("cost 0.5 points"), "{limits:?}");
        assert!(
            verdict("net", &accuracies(900, 905, 92), &[])
                .limits
                .is_empty()
        );
    }
}
