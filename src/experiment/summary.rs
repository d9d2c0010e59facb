//! Rows over seeds: means, spreads, drops against the baseline row, and the differences that the file asks for.
//!
//! A drop compares two networks on the same images: ideal MVM values of the baseline row less the accuracy of this row, for
//! every seed that both have. Not responsible for intervals (`difference`), for the single evaluations (`sim::modes`), nor
//! for pages (`report`).

use super::difference::{Pair, Side, of_accuracies, of_pairs};
use super::{Compare, Plan, Row, Weights};
use crate::results::accuracy::Repeats;
use crate::results::answers::OfMode;
use crate::results::experiment::{
    Comparison, Evaluated, ExperimentResult, Mode, ModeDifference, ModeOverSeeds, RowResult,
    RowSummary,
};
use crate::sim::interval::repeats;

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
        comparisons: plan
            .compare
            .iter()
            .map(|asked| comparison(asked, &results))
            .collect(),
        results,
    }
}

fn row_summary(plan: &Plan, row: &Row, results: &[RowResult]) -> RowSummary {
    let (own, baseline) = (of_row(&row.name, results), of_row(&plan.baseline, results));
    let seeds: Vec<u64> = own.iter().map(|result| result.seed).collect();
    let missing = plan.seeds.iter().filter(|seed| !seeds.contains(seed));
    RowSummary {
        name: row.name.clone(),
        label: row.label.clone(),
        group: row.group.clone(),
        axis: row.axis,
        series: row.series.clone(),
        missing: missing.copied().collect(),
        trained: matches!(row.weights, Weights::Trained(_)),
        same_as: same_as(plan, &own, results),
        epochs: own.first().map_or(0, |result| result.epochs),
        modes: MODES
            .iter()
            .filter_map(|kind| mode_summary(*kind, &own, &baseline))
            .collect(),
        seeds,
    }
}

fn of_row<'a>(name: &str, results: &'a [RowResult]) -> Vec<&'a RowResult> {
    results.iter().filter(|result| result.row == name).collect()
}

/// The first row before this one that is the same network on the same hardware, for every seed of this one.
fn same_as(plan: &Plan, own: &[&RowResult], results: &[RowResult]) -> Option<String> {
    let first = own.first()?;
    let before = plan.rows.iter().take_while(|row| row.name != first.row);
    let same = |name: &str| {
        let of = of_row(name, results);
        own.iter()
            .all(|own| of.iter().any(|of| of.is_the_same_as(own)))
    };
    let mut before = before.filter(|row| same(&row.name));
    before.next().map(|row| row.name.clone())
}

/// One row less another in M1, M2 and M3, on the seeds that both have. In M3 both networks are on chips of the same seed; what chips add to
/// the interval is counted as if they were not.
fn comparison(asked: &Compare, results: &[RowResult]) -> Comparison {
    let against = of_row(&asked.against, results);
    let of_kind = |&kind: &Kind| {
        let pair = |own: &&RowResult| {
            let other = against.iter().find(|other| other.seed == own.seed)?;
            Some((own.seed, side(kind, own)?, side(kind, other)?))
        };
        let own = of_row(&asked.row, results);
        let found = of_pairs(&own.iter().filter_map(pair).collect::<Vec<Pair>>())?;
        Some(ModeDifference {
            mode: kind.0.into(),
            re_estimated: kind.1,
            difference: found.over_seeds,
            paired: found.paired,
            differences: found.by_seed,
        })
    };
    let kinds = MODES.iter().filter(|kind| kind.0 != "ideal");
    Comparison {
        row: asked.row.clone(),
        against: asked.against.clone(),
        label: asked.label.clone(),
        modes: kinds.filter_map(of_kind).collect(),
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

/// A result in a mode, with its answers where they were kept.
fn side(kind: Kind, result: &RowResult) -> Option<Side> {
    let (accuracy, _) = evaluated(kind, result)?;
    let choose = |mode: &OfMode| mode[usize::from(kind.1)].clone();
    let answers = result.answers.as_ref();
    let right = answers.and_then(|answers| match kind.0 {
        "ideal" => Some(answers.ideal.clone()),
        "m1" => Some(choose(&answers.noise_free)),
        "m2" => answers.read_noise.as_ref().map(choose),
        _ => answers.chips.as_ref().map(choose),
    });
    Some(Side::of_runs(&accuracy, right.as_deref(), kind.0 == "m3"))
}

/// Ideal MVM values on the images of a mode.
fn ideal(kind: Kind, result: &RowResult) -> Side {
    let (modes, answers) = (&result.modes, result.answers.as_ref());
    match kind.0 {
        "m3" => Side::of_one(
            &modes.chips_ideal,
            answers.map(|answers| answers.chips_ideal.as_slice()),
        ),
        _ => Side::of_one(
            &modes.ideal,
            answers.map(|answers| answers.ideal.as_slice()),
        ),
    }
}

fn mode_summary(kind: Kind, own: &[&RowResult], baseline: &[&RowResult]) -> Option<ModeOverSeeds> {
    let found: Option<Vec<(Repeats, f64)>> = own.iter().map(|one| evaluated(kind, one)).collect();
    let found = found?;
    let (first, _) = found.first()?;
    let means: Vec<f64> = found.iter().map(|(accuracy, _)| accuracy.mean).collect();
    let worst = found.iter().map(|(accuracy, _)| accuracy.worst);
    let images = first.runs.first().map_or(0, |run| run.images);
    let pair = |own: &&RowResult| {
        let against = baseline.iter().find(|other| other.seed == own.seed)?;
        Some((own.seed, ideal(kind, against), side(kind, own)?))
    };
    let drop = of_pairs(&own.iter().filter_map(pair).collect::<Vec<Pair>>());
    Some(ModeOverSeeds {
        mode: kind.0.into(),
        re_estimated: kind.1,
        accuracy: of_accuracies(&means, images, (first.low, first.high))?,
        worst: worst.fold(1.0, f64::min),
        drop: drop.as_ref().map(|drop| drop.over_seeds),
        paired: drop.as_ref().is_some_and(|drop| drop.paired),
        drops: drop.map_or(Vec::new(), |drop| drop.by_seed),
        lost: found.iter().map(|(_, lost)| lost).sum::<f64>() / found.len() as f64,
    })
}
