//! A network on the chip over time: every round through the cycle engine, with the codes that the simulator computes, as plain
//! results.
//!
//! `watched` (what a run is watched by), `share` (cycles of units as shares), `timeline`, `cost` (counts to energy and area). Not responsible for the schedule (`cycle`),
//! for what goes where (`mapping`), nor for files.

mod cost;
mod share;
mod timeline;
mod watched;

use super::accuracy::Images;
use super::condition::Condition;
use super::error::SimError;
use super::prepare::Prepared;
use super::stage::Progress;
use super::values::image_values;
use crate::cycle::engine;
use crate::cycle::occupancy::Peak;
use crate::cycle::outcome::Outcome;
use crate::cycle::plan::Order;
use crate::cycle::profile::Profile;
use crate::hw::chip::Hardware;
use crate::hw::error::HwError;
use crate::hw::readout::Readout;
use crate::hw::readout::columns::ColumnReadouts;
use crate::mapping::activity::{DataActivity, LayerValues};
use crate::mapping::counts::ActivityCounts;
use crate::mapping::maps::maps;
use crate::mapping::plan::{Mapped, Round, map_network};
use crate::net::network::Inputs;
use crate::results::cycle::{CycleResult, LayerTime, RoundTime};
use crate::results::mapping::ChipMapping;
use share::Shares;
use watched::{Watched, fullest};

/// A network on a chip, ready to run.
pub struct OnChip<'a> {
    prepared: &'a Prepared<'a>,
    /// Rounds and what they are.
    pub mapped: Mapped,
    /// Inputs and codes of every layer.
    pub values: Vec<Option<LayerValues<'a>>>,
    images: u64,
}

/// One round that ran.
pub(super) struct Ran<'a> {
    round: &'a Round,
    outcome: Outcome,
    profile: Profile,
    /// The global buffer when it was fullest; in a pipeline only.
    peak: Option<Peak>,
    counts: Vec<Option<ActivityCounts>>,
    /// First cycle of its work, after the weights were written.
    offset: u64,
}

/// Most cycles of a run: far beyond any, and far from overflow.
const MOST_CYCLES: u64 = 1 << 60;

/// The engine has checked its own cycles, so it is the writing of weights that does not end.
fn too_long(hardware: &Hardware) -> SimError {
    let writing = hardware.chip.as_ref().and_then(|chip| chip.weight_writing);
    let row_ns = writing.map_or(0.0, |writing| writing.row_ns);
    SimError::Cost {
        error: HwError::new(
            "chip.weight_writing.row_ns",
            row_ns,
            format!("a run of at most {MOST_CYCLES} cycles"),
            "look at the unit: nanoseconds for one row of an array",
        ),
    }
}

impl<'a> OnChip<'a> {
    /// Lays a network on the chip for these images, under a condition whose codes can be had one by one.
    ///
    /// # Errors
    /// If the network does not fit the chip, or the hardware says nothing of time.
    pub fn new(
        prepared: &'a Prepared<'a>,
        readouts: &[Vec<ColumnReadouts>],
        condition: &Condition,
        images: Images,
    ) -> Result<Self, SimError> {
        let level = |readout: &Readout| readout.decode.levels.iter().copied().max();
        let highest: Vec<u32> = readouts
            .iter()
            .map(|layer| {
                let classes = layer.iter().flat_map(|one| one.classes());
                classes.filter_map(level).max().map_or(0, u32::from)
            })
            .collect();
        let count = images.labels.len();
        let network = &prepared.network.network;
        let mapped = map_network(prepared.hardware, network, Some(&highest), count as u32)?;
        Ok(OnChip {
            prepared,
            mapped,
            values: image_values(prepared, condition, images)?,
            images: count as u64,
        })
    }

    /// What depends on the data in a round.
    ///
    /// # Errors
    /// If leaving out empty groups would change values.
    pub fn activity<'b>(&'b self, round: &'b Round) -> Result<DataActivity<'b>, SimError> {
        Ok(DataActivity::new(
            self.prepared.hardware,
            round,
            &self.values,
        )?)
    }

    /// Runs every round, each a stage of its own progress.
    ///
    /// # Errors
    /// If a plan cannot be run, its layers in a pipeline keep more than the global buffer holds, or a cost model is not valid for
    /// this macro.
    pub fn run(&self, progress: Progress) -> Result<CycleResult, SimError> {
        let mut ran: Vec<Ran> = Vec::with_capacity(self.mapped.rounds.len());
        let mut end = 0;
        let rounds = &self.mapped.rounds;
        for (number, round) in rounds.iter().enumerate() {
            let activity = self.activity(round)?;
            let maps = maps(&self.prepared.network.network, rounds, number);
            let mut watched = Watched::new(&round.plan, &maps, progress);
            let outcome = engine::run(&round.plan, &activity, &mut watched)?;
            let offset = end + round.weight_cycles.min(MOST_CYCLES);
            end = offset + outcome.cycles;
            if end > MOST_CYCLES {
                return Err(too_long(self.prepared.hardware));
            }
            let (profile, peak) = watched.finish();
            ran.push(Ran {
                round,
                outcome,
                profile,
                peak,
                counts: activity.counts(),
                offset,
            });
        }
        self.result(&ran, end)
    }

    fn result(&self, ran: &[Ran], cycles: u64) -> Result<CycleResult, SimError> {
        let buffer_bits = fullest(self, ran)?;
        let hardware = self.prepared.hardware;
        let clock_ns = hardware.timing.map_or(1.0, |timing| timing.clock_ns);
        let us = |cycles: u64| cycles as f64 * clock_ns / 1e3;
        let first = match &self.prepared.network.network.inputs {
            Inputs::Images => first_image(ran, cycles),
            Inputs::Recorded(_) => ran.iter().map(alone).sum(),
        };
        let images = self.images;
        let between = match (images, ran) {
            (2.., [one]) => (one.outcome.cycles - first) as f64 / (images - 1) as f64,
            _ => cycles as f64 / images.max(1) as f64,
        };
        let images_per_s = 1e9 / (between * clock_ns);
        let mut layers = self.layers(ran, us);
        let cost = match &hardware.cost {
            None => None,
            Some(cost) => {
                let account = cost::Account::new(self, ran, cost);
                for layer in &mut layers {
                    layer.energy_pj = account.layer(&layer.name)?;
                }
                Some(account.total(cycles, images_per_s)?)
            }
        };
        let shares = Shares::of(ran);
        let description = &self.mapped.description;
        let conversions: u64 = layers.iter().map(|layer| layer.conversions).sum();
        let macro_macs = self.macs(|on_macro| on_macro);
        let order = ran.first().map(|one| one.round.plan.order);
        Ok(CycleResult {
            clock_ns,
            images,
            order: match order {
                Some(Order::Pipelined) => "pipelined".into(),
                _ => "layer_by_layer".into(),
            },
            cycles,
            latency_us: us(first),
            images_per_s,
            macro_macs,
            macs: self.macs(|_| true),
            macros: description.macros as u64,
            macros_used: description.macros_used as u64,
            conversions_per_mac: conversions as f64 / (macro_macs * images).max(1) as f64,
            activity: self.described(),
            mapping: ChipMapping {
                buffer_bits,
                ..description.clone()
            },
            rounds: ran.iter().map(round_time).collect(),
            layers,
            units: shares.units(),
            array_cycles: shares.arrays(),
            readout_cycles: shares.readouts(),
            timeline: timeline::timeline(self, ran, cycles, clock_ns),
            cost,
        })
    }

    /// Names of the layers in the order of the network.
    fn names(&self) -> impl Iterator<Item = &str> {
        let layers = self.prepared.network.network.layers.iter();
        layers.map(|layer| layer.name.as_str())
    }

    /// Products of one image in layers that are (true) or are not on macros.
    fn macs(&self, wanted: impl Fn(bool) -> bool) -> u64 {
        let layers = self.prepared.network.network.layers.iter();
        let counted = layers.zip(&self.prepared.layers);
        counted
            .filter(|(_, prepared)| wanted(!prepared.conversions.is_empty()))
            .map(|(layer, _)| {
                let map = layer.geometry.output();
                (layer.geometry.rows() * map.len()) as u64
            })
            .sum()
    }

    /// Times and counts of every layer, all rounds together.
    fn layers(&self, ran: &[Ran], us: impl Fn(u64) -> f64) -> Vec<LayerTime> {
        let one = |name: &str| {
            let parts = parts_of(ran, name);
            let mut layer = LayerTime {
                name: name.into(),
                start_cycle: u64::MAX,
                ..LayerTime::default()
            };
            let (mut shares, mut before) = (Shares::default(), None);
            for (round, ran, at) in parts {
                let (part, found) = (&ran.round.parts[at], &ran.outcome.layers[at]);
                layer.rounds.push(round as u32 + 1);
                layer.start_cycle = layer.start_cycle.min(ran.offset + found.start);
                layer.end_cycle = layer.end_cycle.max(ran.offset + found.end);
                layer.pixels = u64::from(ran.round.plan.layers[at].pixels);
                layer.copies = u64::from(part.copies);
                layer.on_macro = part.mapping.is_some();
                layer.macros += shares.add_layer(ran, at, before);
                before = Some(ran.offset + found.end);
                if let Some(counts) = &ran.counts[at] {
                    layer.operations += counts.operations;
                    layer.conversions += counts.conversions;
                    let planned = share::planned_operations(ran, at);
                    layer.skipped_operations += planned - counts.operations.min(planned);
                }
            }
            layer.start_cycle = layer.start_cycle.min(layer.end_cycle);
            layer.time_us = us(layer.end_cycle - layer.start_cycle);
            layer.array_cycles = shares.arrays();
            (layer.array_busy, layer.readout_busy) = shares.busy();
            layer
        };
        self.names().map(one).collect()
    }

    fn described(&self) -> String {
        let hardware = self.prepared.hardware;
        let Some(timing) = &hardware.timing else {
            return String::new();
        };
        let what = match (timing.skip_zero_groups, timing.early_termination) {
            (false, false) => "No time depends on the data: every group of word lines is opened, every conversion takes all its \
                 steps."
                .to_string(),
            (true, false) => "Groups whose inputs are all zero are not opened.".into(),
            (false, true) => "A ramp stops when every read-out of the macro has its code.".into(),
            (true, true) => {
                "Groups whose inputs are all zero are not opened, a ramp stops when every read-out has its code.".into()
            }
        };
        let images = match self.images {
            1 => "the first test image".to_string(),
            many => format!("the first {many} test images"),
        };
        format!("{what} Currents and codes are those of {images}.")
    }
}

/// When the first image is finished, counted from the start of everything.
fn first_image(ran: &[Ran], cycles: u64) -> u64 {
    match ran {
        [one] => one.outcome.images.first().copied().unwrap_or(cycles),
        // Rounds run all images: the first one is through with the last round only.
        _ => ran.last().map_or(cycles, |last| {
            last.offset + last.outcome.images.first().copied().unwrap_or(0)
        }),
    }
}

/// One image through a recorded layer that is alone on the chip.
fn alone(ran: &Ran) -> u64 {
    let all = ran.outcome.cycles;
    ran.round.weight_cycles + ran.outcome.images.first().copied().unwrap_or(all)
}

fn round_time(ran: &Ran) -> RoundTime {
    RoundTime {
        layers: ran
            .round
            .parts
            .iter()
            .map(|part| part.name.clone())
            .collect(),
        macros: ran.outcome.macros.iter().filter(|one| one.mvms > 0).count() as u64,
        weight_cycles: ran.round.weight_cycles,
        cycles: ran.outcome.cycles,
    }
}

/// Where a layer is: number of the round, the round, its place in the plan.
fn parts_of<'a>(
    ran: &'a [Ran<'a>],
    name: &str,
) -> impl Iterator<Item = (usize, &'a Ran<'a>, usize)> {
    ran.iter().enumerate().flat_map(move |(round, ran)| {
        let places = 0..ran.round.parts.len();
        let own: Vec<usize> = places
            .filter(|&at| ran.round.parts[at].name == name)
            .collect();
        own.into_iter().map(move |at| (round, ran, at))
    })
}
