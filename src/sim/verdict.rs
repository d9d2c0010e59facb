//! The answer a designer reads first: does this macro carry this network, how many points are lost, and to what.
//!
//! Losses are counted against ideal MVM values of the same network on the same images, and split into what the codes cost
//! (noise-free read-out), what noise at each read adds, and what static variation of chips adds. Not responsible for what
//! to do about it beyond naming the cause.

use crate::results::accuracy::Accuracies;
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
    let lost = points(accuracy.ideal.estimate - accuracy.simulated.mean);
    let chips_lost = chips_lost(accuracy);
    let worst = lost.max(chips_lost.unwrap_or(lost));
    let status = if worst <= CARRIES {
        "carries"
    } else if worst <= MARGINAL {
        "marginal"
    } else {
        "fails"
    };
    let chips = chips_lost.map_or(String::new(), |lost| {
        format!("; static chips lose {lost:.1} points on average")
    });
    let headline = format!(
        "{model} classifies {:.1} % correctly on this macro, {:.1} % with ideal MVM values: {lost:.1} points lost{chips}.",
        100.0 * accuracy.simulated.mean,
        100.0 * accuracy.ideal.estimate,
    );
    Verdict {
        status: status.into(),
        headline,
        limits: limits(accuracy, layers),
    }
}

fn points(share: f64) -> f64 {
    // Adding zero turns -0.0, which prints as "-0.0", into 0.0.
    (1000.0 * share).round() / 10.0 + 0.0
}

/// Mean loss of the virtual chips on their own images.
fn chips_lost(accuracy: &Accuracies) -> Option<f64> {
    let (chips, ideal) = (accuracy.chips.as_ref()?, accuracy.chips_ideal.as_ref()?);
    Some(points(ideal.estimate - chips.mean))
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
        let text = format!(
            "Static variation of cells, references and offsets costs {beyond:.1} points; the worst of {} chips reaches {:.1} %.",
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
            "; {} reads {:.1} % of its codes wrong",
            layer.name,
            100.0 * layer.error_rate
        )
    });
    format!("Noise at each read costs {lost:.1} points{layer}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::interval::{repeats, wilson};

    fn accuracies(noise_free: u64, noisy: u64, chip: u64) -> Accuracies {
        Accuracies {
            ideal: wilson(900, 1000),
            noise_free: wilson(noise_free, 1000),
            read_noise: Some(repeats(vec![wilson(noisy, 1000)])),
            chips: Some(repeats(vec![wilson(chip, 100)])),
            chips_ideal: Some(wilson(92, 100)),
            simulated: repeats(vec![wilson(noisy, 1000)]),
            ..Accuracies::default()
        }
    }

    #[test]
    fn status_follows_the_larger_loss() {
        let status = |a, b, c| verdict("net", &accuracies(a, b, c), &[]).status;
        assert_eq!(status(900, 891, 92), "carries");
        assert_eq!(status(900, 891, 90), "marginal");
        assert_eq!(status(880, 850, 92), "fails");
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
