//! Which events of a run are kept: some layers of one round, their first pixels; and the run that tells them, at the cycles of
//! the whole run.

use super::TraceArguments;
use crate::cycle::engine;
use crate::cycle::plan::Work;
use crate::mapping::plan::{Part, Round};
use crate::results::cycle::RoundTime;
use crate::sim::cycles::OnChip;
use crate::sim::error::SimError;
use crate::spelling::nearest;
use crate::trace::recorder::{Recorded, Recorder, Window};
use anyhow::{anyhow, bail};

/// The part of a run that is traced.
pub struct Traced {
    /// Round it is in.
    pub round: usize,
    window: Window,
    /// Macros of the layers.
    macros: Vec<bool>,
    /// Macros whose wires are drawn, in order.
    pub drawn: Vec<u32>,
    /// Names of the layers of the round's plan.
    pub names: Vec<String>,
}

impl Traced {
    /// The layers asked for, or the first one on macros.
    ///
    /// # Errors
    /// If there is no such layer on macros, or layers of several rounds are asked for.
    pub fn new(rounds: &[Round], arguments: &TraceArguments) -> anyhow::Result<Self> {
        let wanted = match &arguments.layers[..] {
            [] => vec![first(rounds)?],
            names => names.to_vec(),
        };
        let mut found: Vec<(usize, u32)> = Vec::new();
        for (index, name) in wanted.iter().enumerate() {
            if wanted[..index].contains(name) {
                bail!("--layer {name} is given twice; give every layer once");
            }
            found.push(find(rounds, name)?);
        }
        let round = found[0].0;
        if found.iter().any(|place| place.0 != round) {
            bail!(
                "--layer: {} are in the arrays at different times (rounds); trace them one by one",
                wanted.join(" and ")
            );
        }
        let plan = &rounds[round].plan;
        let mut macros = vec![false; plan.tile_of_macro.len()];
        let mut own: Vec<u32> = Vec::new();
        for &(_, layer) in &found {
            if let Work::Macro(work) = &plan.layers[layer as usize].work {
                own.extend(&work.macros);
            }
        }
        for &index in &own {
            macros[index as usize] = true;
        }
        own.truncate(arguments.macros);
        Ok(Traced {
            round,
            window: Window {
                layers: found.iter().map(|place| place.1).collect(),
                pixels: arguments.pixels,
                events: arguments.events,
            },
            macros,
            drawn: own,
            names: rounds[round]
                .parts
                .iter()
                .map(|part| part.name.clone())
                .collect(),
        })
    }

    /// Runs the round once more and keeps the events; `times` are those of all rounds, one after the other.
    ///
    /// # Errors
    /// If the plan cannot be run.
    pub fn record(&self, chip: &OnChip, times: &[RoundTime]) -> Result<Recorded, SimError> {
        let before = times.iter().take(self.round);
        let before: u64 = before.map(|round| round.weight_cycles + round.cycles).sum();
        let writing = times.get(self.round).map_or(0, |round| round.weight_cycles);
        let round = &chip.mapped.rounds[self.round];
        let mut recorder = Recorder::new(self.window.clone(), self.macros.clone());
        engine::run(&round.plan, &chip.activity(round)?, &mut recorder)?;
        Ok(recorder.finish(before + writing))
    }

    /// What is not shown: other parts of layers that are cut into rounds, events that were left out.
    pub fn warnings(&self, rounds: &[Round], recorded: &Recorded) -> Vec<String> {
        let own = self.window.layers.iter();
        let own = own.filter_map(|&layer| rounds[self.round].parts.get(layer as usize));
        let mut all: Vec<String> = own.filter_map(|part| self.cut(rounds, part)).collect();
        if recorded.left_out > 0 {
            all.push(format!(
                "{} events of the traced pixels were left out of timeline, waveforms and table: ask for more with --events, or \
                 for fewer pixels",
                recorded.left_out
            ));
        }
        all
    }

    /// Which part of a layer is shown, if there are others.
    fn cut(&self, rounds: &[Round], part: &Part) -> Option<String> {
        let holds = |round: &&Round| round.parts.iter().any(|other| other.layer == part.layer);
        let (all, mapping) = (rounds.iter().filter(holds).count(), part.mapping.as_ref()?);
        if all < 2 {
            return None;
        }
        let first = mapping.tile_outputs(part.column_tiles.start).start;
        let end = mapping.tile_outputs(part.column_tiles.end - 1).end;
        Some(format!(
            "layer {} is larger than the chip and is in the arrays in {all} rounds: trace files show round {} of {}, its outputs \
             {first} to {} of {}",
            part.name,
            self.round + 1,
            rounds.len(),
            end - 1,
            mapping.geometry.outputs
        ))
    }
}

/// The first layer on macros.
fn first(rounds: &[Round]) -> anyhow::Result<String> {
    let mut parts = rounds.iter().flat_map(|round| &round.parts);
    let first = parts.find(|part| part.mapping.is_some());
    let none = || anyhow!("no layer of this network is on macros: there is nothing to trace");
    first.map(|part| part.name.clone()).ok_or_else(none)
}

/// Round and place in its plan of a layer on macros.
fn find(rounds: &[Round], name: &str) -> anyhow::Result<(usize, u32)> {
    for (number, round) in rounds.iter().enumerate() {
        let place = round.parts.iter().position(|part| part.name == name);
        if let Some(place) = place {
            if round.parts[place].mapping.is_none() {
                bail!(
                    "--layer {name}: this layer is computed by the digital unit, it has no word lines"
                );
            }
            return Ok((number, place as u32));
        }
    }
    let parts = rounds.iter().flat_map(|round| &round.parts);
    let known: Vec<&str> = parts
        .filter(|part| part.mapping.is_some())
        .map(|part| part.name.as_str())
        .collect();
    let near = nearest(name, &known).map(|near| format!("; did you mean `{near}`?"));
    bail!(
        "--layer {name}: no such layer; layers on macros are {}{}",
        known.join(", "),
        near.unwrap_or_default()
    )
}
