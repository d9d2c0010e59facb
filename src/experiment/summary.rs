//! Rows over seeds: means, spreads, and drops against the baseline row.
//!
//! A drop compares two networks on the same images: ideal MVM values of the baseline row less the accuracy of this row, for
//! every seed that both have. Not responsible for the single evaluations (`sim::modes`), nor for pages (`report`).

use super::{Plan, Row};
use crate::results::accuracy::{Accuracy, Repeats};
use crate::results::answers::OfMode;
use crate::results::experiment::{
    Evaluated, ExperimentResult, Mode, ModeOverSeeds, OverSeeds, RowResult, RowSummary,
};
use crate::sim::interval::{quantile, repeats};
use crate::sim::paired::drop_between;

/// Version of the keys of results.json and result.json.
pub const SCHEMA: u32 = 1;

/// Everything there is so far. `results` are in the order of rows, then seeds.
pub fn summarize(plan: &Plan, results: Vec<RowResult>) -> ExperimentResult {
    let data = results.first().map(|result| result.data.clone());
    ExperimentResult {
        schema: SCHEMA,
        command: String::new(),
        name: plan.name.clone(),
        title: plan.title.clone(),
        model: plan.model.clone(),
        data: data.unwrap_or_else(|| plan.data.clone()),
        baseline: plan.baseline.clone(),
        groups: plan.groups.clone(),
        rows: plan
            .rows
            .iter()
            .map(|row| row_summary(plan, row, &results))
            .collect(),
        results,
    }
}

fn row_summary(plan: &Plan, row: &Row, results: &[RowResult]) -> RowSummary {
    let of = |name: &str| -> Vec<&RowResult> {
        results.iter().filter(|result| result.row == name).collect()
    };
    let (own, baseline) = (of(&row.name), of(&plan.baseline));
    let seeds: Vec<u64> = own.iter().map(|result| result.seed).collect();
    let missing = plan.seeds.iter().filter(|seed| !seeds.contains(seed));
    RowSummary {
        name: row.name.clone(),
        label: row.label.clone(),
        group: row.group.clone(),
        axis: row.axis,
        series: row.series.clone(),
        missing: missing.copied().collect(),
        epochs: own.first().map_or(0, |result| result.epochs),
        modes: MODES
            .iter()
            .filter_map(|kind| mode_summary(*kind, &own, &baseline))
            .collect(),
        seeds,
    }
}

/// Mode, and whether batch norm is re-estimated.
type Kind = (&'static str, bool);

/// Every mode in the order of the page.
const MODES: [Kind; 7] = [
    ("ideal", false),
    ("m1", false),
    ("m1", true),
    ("m2", false),
    ("m2", true),
    ("m3", false),
    ("m3", true),
];

/// One mode of one result: its accuracy, and its loss against ideal MVM values of the same network.
fn evaluated((name, re_estimated): Kind, result: &RowResult) -> Option<(Repeats, f64)> {
    let choose = |mode: &Mode| {
        let Evaluated { accuracy, lost } = if re_estimated {
            &mode.re_estimated
        } else {
            &mode.as_trained
        };
        (accuracy.clone(), lost.estimate)
    };
    let modes = &result.modes;
    match name {
        "ideal" => Some((repeats(vec![modes.ideal.clone()]), 0.0)),
        "m1" => Some(choose(&modes.noise_free)),
        "m2" => modes.read_noise.as_ref().map(choose),
        _ => modes.chips.as_ref().map(choose),
    }
}

/// Ideal MVM values on the images of a mode.
fn ideal(kind: Kind, result: &RowResult) -> &Accuracy {
    match kind.0 {
        "m3" => &result.modes.chips_ideal,
        _ => &result.modes.ideal,
    }
}

/// Ends of the interval of a drop, image by image; `None` where answers are missing.
fn ends<'a>(
    kind: Kind,
    own: &'a RowResult,
    baseline: &'a RowResult,
    accuracy: &Repeats,
) -> Option<(f64, f64)> {
    let (own, baseline) = (own.answers.as_ref()?, baseline.answers.as_ref()?);
    let choose = |mode: &'a OfMode| &mode[usize::from(kind.1)];
    let (ideal, right) = match kind.0 {
        "ideal" => (&baseline.ideal, &own.ideal),
        "m1" => (&baseline.ideal, choose(&own.noise_free)),
        "m2" => (&baseline.ideal, choose(own.read_noise.as_ref()?)),
        _ => (&baseline.chips_ideal, choose(own.chips.as_ref()?)),
    };
    let loss = drop_between(ideal, right, accuracy, kind.0 == "m3");
    Some((loss.low, loss.high))
}

fn mode_summary(kind: Kind, own: &[&RowResult], baseline: &[&RowResult]) -> Option<ModeOverSeeds> {
    let mut accuracies = Vec::new();
    let mut drops = Vec::new();
    let (mut lost, mut worst, mut pairs) = (0.0, 1.0f64, 0);
    for result in own {
        let (accuracy, loss) = evaluated(kind, result)?;
        lost += loss;
        worst = worst.min(accuracy.worst);
        let against = baseline.iter().find(|other| other.seed == result.seed);
        // Another number of images would be another measurement.
        if let Some(ideal) = against.map(|other| ideal(kind, other))
            && accuracy.runs.first().map(|run| run.images) == Some(ideal.images)
        {
            let drop = ideal.estimate - accuracy.mean;
            let both = against.and_then(|other| ends(kind, result, other, &accuracy));
            pairs += usize::from(both.is_some());
            let half = |low: f64, high: f64| (high - low) / 2.0;
            let wide = half(accuracy.low, accuracy.high).hypot(half(ideal.low, ideal.high));
            drops.push((
                result.seed,
                drop,
                both.unwrap_or((drop - wide, drop + wide)),
            ));
        }
        accuracies.push(accuracy);
    }
    let first = accuracies.first()?;
    let means: Vec<f64> = accuracies.iter().map(|accuracy| accuracy.mean).collect();
    let losses: Vec<f64> = drops.iter().map(|drop| drop.1).collect();
    let drop = drops.first().map(|&(.., alone)| over_seeds(&losses, alone));
    Some(ModeOverSeeds {
        mode: kind.0.into(),
        re_estimated: kind.1,
        accuracy: over_seeds(&means, (first.low, first.high)),
        worst,
        drop,
        paired: pairs > 0 && pairs == drops.len(),
        drops: drops.iter().map(|&(seed, drop, _)| (seed, drop)).collect(),
        lost: lost / own.len() as f64,
    })
}

/// Mean and spread; of a single value the interval is `alone`.
fn over_seeds(values: &[f64], alone: (f64, f64)) -> OverSeeds {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return OverSeeds {
            mean,
            std: None,
            low: alone.0,
            high: alone.1,
        };
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let std = (squares / (n - 1.0)).sqrt();
    let half = quantile(values.len()) * std / n.sqrt();
    OverSeeds {
        mean,
        std: Some(std),
        low: mean - half,
        high: mean + half,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn seeds_have_a_mean_a_spread_and_an_interval() {
        let three = over_seeds(&[0.01, 0.02, 0.03], (0.0, 0.0));
        assert_relative_eq!(three.mean, 0.02, epsilon = 1e-12);
        assert_relative_eq!(three.std.unwrap(), 0.01, epsilon = 1e-12);
        assert_relative_eq!(
            three.high,
            0.02 + 4.303 * 0.01 / 3f64.sqrt(),
            epsilon = 1e-9
        );
        let one = over_seeds(&[0.01], (-0.01, 0.03));
        assert_eq!((one.std, one.low, one.high), (None, -0.01, 0.03));
    }
}
