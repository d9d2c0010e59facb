//! The macro alone: can it tell its MAC values apart? Read margin, ADC confusion and error rate of one conversion, over chips
//! and reads, in closed form and by Monte Carlo side by side.
//!
//! Physics comes from `hw` alone. Wire resistance is not part of it, because it depends on where a group lies (virtual
//! chips have it). Not responsible for networks: what patterns a layer shows is handed in by the simulator.

pub mod closed_form;
pub mod ensemble;
pub mod policy;
pub mod sampled;
pub mod sweep;

pub use policy::{Pattern, RowCount};

use crate::hw::chip::Hardware;
use crate::hw::error::HwError;
use crate::hw::partial_sum::SumHistogram;
use crate::hw::programming::Programming;
use crate::hw::readout::Readout;
use crate::hw::weight_plane::Conversion;
use crate::hw::weights::max_code;
use crate::results::margin::MarginReport;
use closed_form::{Scene, by_value, rates};
use ensemble::{Entry, reduced};
use policy::{Group, Policy};
use sampled::Setup;

/// How the macro alone is looked at. Nothing here is a physical number.
#[derive(Clone, Debug, PartialEq)]
pub struct MarginOptions {
    /// z of the margins.
    pub z: f64,
    /// Monte Carlo samples per policy; 0 leaves the Monte Carlo out.
    pub samples: u64,
    /// Bins of the histograms.
    pub bins: usize,
    /// Seed of the Monte Carlo.
    pub seed: u64,
    /// Probabilities of the input codes `0 ..` of random patterns; `None`: all equal.
    pub inputs: Option<Vec<f64>>,
    /// Probabilities of the weight codes `-max ..= max` of random patterns; `None`: all equal.
    pub weights: Option<Vec<f64>>,
    /// Error rate allowed when word lines are swept; `None` leaves the sweep out.
    pub error_limit: Option<f64>,
    /// Entries that a mixture of patterns may have before similar ones are merged.
    pub entries: usize,
}

impl Default for MarginOptions {
    fn default() -> Self {
        MarginOptions {
            z: 3.0,
            samples: 200_000,
            bins: 500,
            seed: 1,
            inputs: None,
            weights: None,
            error_limit: None,
            entries: 60_000,
        }
    }
}

/// Margins of the macro alone for weights and inputs of these bits, for its first conversion: random, then exhaustive
/// patterns. References that need partial sums are placed on those of the random patterns.
///
/// # Errors
/// If the macro cannot take the weights or inputs, or its read-out not the sums.
pub fn macro_margins(
    hardware: &Hardware,
    weight_bits: u32,
    input_bits: u32,
    options: &MarginOptions,
) -> Result<Vec<MarginReport>, HwError> {
    let conversion = first_conversion(hardware, weight_bits, input_bits)?;
    let group = Group {
        hardware,
        conversion: &conversion,
        active: hardware.word_lines.active,
        weight_bits,
        input_bits,
    };
    let states = random_states(&group, options)?;
    let policy = Policy::Random(states.clone());
    let mixture = group.mixture(&policy, options.entries);
    let readout = place(&group, &mixture)?;
    let mut random = report("random", &group, &readout, (&policy, &mixture), options);
    if let Some(limit) = options.error_limit {
        let swept = sweep::sweep(&group, &states, limit, options);
        random.error_limit = Some(limit);
        random.largest_active = sweep::largest(&swept, limit);
        random.active_sweep = swept;
    }
    let policy = Policy::Exhaustive;
    let mixture = group.mixture(&policy, options.entries);
    let exhaustive = report("exhaustive", &group, &readout, (&policy, &mixture), options);
    Ok(vec![random, exhaustive])
}

/// Margins of one conversion of a layer under the patterns observed in it; `bits` are those of weights and input codes.
pub fn layer_margin(
    hardware: &Hardware,
    readout: &Readout,
    conversion: &Conversion,
    name: &str,
    (patterns, bits): (&[Pattern], (u32, u32)),
    options: &MarginOptions,
) -> MarginReport {
    let group = Group {
        hardware,
        conversion,
        active: hardware.word_lines.active,
        weight_bits: bits.0,
        input_bits: bits.1,
    };
    let nothing = [Pattern::default()];
    let policy = Policy::Observed(if patterns.is_empty() {
        &nothing
    } else {
        patterns
    });
    let mixture = group.mixture(&policy, options.entries);
    report(name, &group, readout, (&policy, &mixture), options)
}

fn first_conversion(
    hardware: &Hardware,
    weight_bits: u32,
    input_bits: u32,
) -> Result<Conversion, HwError> {
    let conversions = hardware.conversions(weight_bits, input_bits)?;
    conversions.first().copied().ok_or_else(|| {
        let advice = "check [weights] and [word_lines.inputs]";
        HwError::new(
            "weights",
            "no conversion",
            "at least one conversion",
            advice,
        )
    })
}

fn random_states(
    group: &Group,
    options: &MarginOptions,
) -> Result<Vec<(policy::RowCount, f64)>, HwError> {
    let inputs = 1usize << group.input_bits;
    let weights = 2 * max_code(group.weight_bits) as usize + 1;
    let inputs = probabilities("input probabilities", options.inputs.as_ref(), inputs)?;
    let weights = probabilities("weight probabilities", options.weights.as_ref(), weights)?;
    Ok(group.random(&inputs, &weights))
}

fn probabilities(key: &str, given: Option<&Vec<f64>>, count: usize) -> Result<Vec<f64>, HwError> {
    let Some(given) = given else {
        return Ok(vec![1.0 / count as f64; count]);
    };
    let sum: f64 = given.iter().sum();
    let legal = given.iter().all(|p| (0.0..=1.0).contains(p));
    if given.len() != count || !legal || (sum - 1.0).abs() > 1e-9 {
        return Err(HwError::new(
            key,
            format!("{given:?}"),
            format!("{count} probabilities of sum 1"),
            "list one probability per code, smallest code first",
        ));
    }
    Ok(given.clone())
}

/// The read-out on the possible sums of the group; what needs partial sums looks at those of the mixture. Another number of word
/// lines than the macro's may have another number of references, so that noises listed for each become one.
fn place(group: &Group, mixture: &[Entry]) -> Result<Readout, HwError> {
    let range = group
        .conversion
        .sum_range(group.active, group.weight_bits, group.input_bits);
    let mut counts = vec![0.0; range.count()];
    for entry in mixture {
        counts[(entry.value - range.min) as usize] += entry.weight;
    }
    let histogram = SumHistogram {
        min: range.min,
        counts: counts.iter().map(|p| (p * COUNTS).round() as u64).collect(),
    };
    let design = &group.hardware.readout;
    if group.active == group.hardware.word_lines.active {
        return design.place(range, Some(&histogram));
    }
    design.with_common_noise().place(range, Some(&histogram))
}

/// Sums in the histogram that stands for probabilities.
const COUNTS: f64 = 1e12;

fn report(
    name: &str,
    group: &Group,
    readout: &Readout,
    (policy, mixture): (&Policy, &[Entry]),
    options: &MarginOptions,
) -> MarginReport {
    let scene = scene(group, readout, options.z);
    let grouped = by_value(mixture);
    let confusion = scene.confusion(&by_value(&for_codes(readout, mixture)));
    let values = scene.values(&grouped, &confusion);
    let (error_rate, mse) = rates(&confusion);
    let mut report = MarginReport {
        policy: name.into(),
        z: options.z,
        unit_ua: scene.unit_ua,
        references_ua: ua(&readout.thresholds, scene.unit_ua),
        best_references_ua: scene.best_references(&grouped),
        approximations: approximations(group.hardware, readout),
        values,
        confusion,
        error_rate,
        mse,
        ..MarginReport::default()
    };
    if options.samples > 0 {
        sample(&mut report, group, &scene, policy, options);
    }
    report
}

/// Entries to compute codes of: fewer where each needs a quadrature.
fn for_codes(readout: &Readout, mixture: &[Entry]) -> Vec<Entry> {
    if readout.has_separate_comparisons() {
        reduced(mixture, ENTRIES_BY_QUADRATURE)
    } else {
        mixture.to_vec()
    }
}

/// Entries whose codes are averaged by quadrature.
const ENTRIES_BY_QUADRATURE: usize = 6_000;

fn scene<'a>(group: &Group, readout: &'a Readout, z: f64) -> Scene<'a> {
    Scene {
        readout,
        unit_ua: group.hardware.unit_ua(),
        shift: group.hardware.reference_shift(&group.conversion.weight),
        top_weight: group.hardware.reach_per_input(&group.conversion.weight),
        z,
    }
}

fn ua(thresholds: &[f64], unit_ua: f64) -> Vec<f64> {
    let finite = thresholds.iter().filter(|t| t.is_finite());
    finite.map(|t| t * unit_ua).collect()
}

fn sample(
    report: &mut MarginReport,
    group: &Group,
    scene: &Scene,
    policy: &Policy,
    options: &MarginOptions,
) {
    let edges = sampled::edges(&report.values, options.bins.max(1));
    let setup = Setup {
        group: *group,
        scene: *scene,
        policy,
        values: &report.values,
        hard: &report.confusion.hard,
        edges: &edges,
    };
    // Policies and layers take different streams.
    let stream = report
        .policy
        .bytes()
        .fold(0u64, |hash, byte| crate::rng::mix(hash ^ u64::from(byte)));
    let counted = setup.run(options.samples, (options.seed, stream));
    let bins = edges.len() - 1;
    for (value, counts) in report.values.iter_mut().zip(counted.bins.chunks(bins)) {
        value.histogram = counts.to_vec();
    }
    let (n, rate) = (
        options.samples as f64,
        counted.errors as f64 / options.samples as f64,
    );
    report.bin_edges_ua = edges;
    report.samples = options.samples;
    report.error_rate_sampled = Some(rate);
    report.error_rate_standard_error = Some((rate * (1.0 - rate) / n).sqrt());
}

/// What keeps the closed form from being exact.
fn approximations(hardware: &Hardware, readout: &Readout) -> Vec<String> {
    let mut all = Vec::new();
    let mut say = |text: &str| all.push(text.to_string());
    if matches!(hardware.cell.programming, Programming::Lognormal(_)) {
        say("sums of lognormal cell currents are taken as normal with their mean and variance");
    }
    if readout.mixes_laws() {
        say("sums of logistic and other disturbances follow the law of the largest one");
    }
    if hardware.bit_line.ohm_per_cell.is_some() {
        say("wire resistance is left out: only virtual chips have it");
    }
    if readout.has_separate_comparisons() {
        say(
            "noise of single comparisons is averaged by quadrature; errors of gain and current move all references \
             together",
        );
    }
    all
}
