//! The command line: one file per command, `output` as the only place that prints, and the exit codes (0 done, 1 the run
//! failed, 2 wrong input).

mod deployed;
pub mod experiment;
mod fidelity;
mod image_choice;
pub mod learning_curve;
pub mod margin;
pub mod mvm_options;
pub mod output;
pub mod progress;
pub mod record;
pub mod recorded;
pub mod run;
mod run_chip;
pub mod show;
mod start;
pub mod trace;
pub mod train;
pub mod train_arguments;
mod train_choices;
mod train_images;
mod training_lock;
mod unused_options;

use crate::arch::Loaded;
use crate::instructions::{self, Instructions};
use crate::report::folder::folder_name;
use crate::results::run::RunResult;
use clap::builder::PossibleValue;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Simulator and hardware-aware trainer for ReRAM in-memory-computing macros.
#[derive(Parser)]
#[command(name = "imcsim", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Threads to compute with (results do not depend on it).
    #[arg(long, global = true, allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Take no more than these vector instructions, as where a training was begun: then it repeats bit for bit [default: all that the processor has].
    #[arg(long, global = true, value_name = "SET")]
    instructions: Option<Instructions>,
}

impl ValueEnum for Instructions {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

#[derive(Subcommand)]
enum Command {
    /// Simulate a network on a macro: accuracy, margins, errors, accuracy against ADC bits, as a report folder.
    Run(Box<run::RunArguments>),
    /// Show the resolved hardware: what is built, what it implies, what is assumed.
    Show(show::ShowArguments),
    /// Train a network, resumable.
    Train(train_arguments::TrainArguments),
    /// Run a declared set of trainings and evaluations, resumable: tables and figures.
    Experiment(experiment::ExperimentArguments),
    /// A network on the chip cycle by cycle: time, stalls, energy, a timeline, waveforms and golden vectors.
    Trace(trace::TraceArguments),
    /// Record the inputs of single layers as a trace file, which run and trace take instead of a network.
    Record(record::RecordArguments),
    /// Look at a macro alone: distributions, read margins, ADC confusion, error rates.
    Margin(margin::MarginArguments),
}

/// An error of the user's input: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct InputError(#[from] pub anyhow::Error);

/// Marks an error as one of the user's input.
pub fn input(error: impl Into<anyhow::Error>) -> anyhow::Error {
    anyhow::Error::new(InputError(error.into()))
}

/// A seed; the standard parser calls a minus sign an "invalid digit" and leaves the range to be guessed.
fn seed(text: &str) -> Result<u64, String> {
    let range = || format!("expected a whole number from 0 to {}", u64::MAX);
    text.parse().map_err(|_| range())
}

/// The report folder where none is named: names from users' files do not lead out of it.
fn default_out(name: &str) -> PathBuf {
    Path::new("imcsim-out").join(folder_name(name))
}

/// A report's head: program, command, seed and hardware; nothing is found out yet.
fn about(seed: u64, loaded: &Loaded) -> RunResult {
    RunResult {
        schema: 1,
        program: concat!("imcsim ", env!("CARGO_PKG_VERSION")).into(),
        command: command_line(),
        seed,
        arch: loaded.summary.clone(),
        ..RunResult::default()
    }
}

/// The command as typed, without the path of the program.
fn command_line() -> String {
    let arguments = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned());
    shell(arguments)
}

/// A command of this program as a shell takes it.
fn shell(arguments: impl Iterator<Item = String>) -> String {
    let quoted = |argument: String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+".contains(c);
        if !argument.is_empty() && argument.chars().all(plain) {
            argument
        } else {
            format!("'{}'", argument.replace('\'', "'\\''"))
        }
    };
    std::iter::once("imcsim".to_string())
        .chain(arguments.map(quoted))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Settles the vector instructions, where they are given.
fn choose(asked: Option<Instructions>) -> anyhow::Result<()> {
    asked.map_or(Ok(()), instructions::choose).map_err(input)
}

impl Command {
    fn run(&self) -> anyhow::Result<()> {
        match self {
            Command::Run(arguments) => run::run(arguments),
            Command::Show(arguments) => show::run(arguments),
            Command::Train(arguments) => train::run(arguments),
            Command::Experiment(arguments) => experiment::run(arguments),
            Command::Margin(arguments) => margin::run(arguments),
            Command::Record(arguments) => record::run(arguments),
            Command::Trace(arguments) => trace::run(arguments),
        }
    }
}

/// Parses the process arguments, runs the command, prints the error chain if there is one.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(threads) = arguments.threads {
        // Fails only if a pool exists already, and then that pool is as good.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global();
    }
    let result = choose(arguments.instructions).and_then(|()| arguments.command.run());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(if error.is::<InputError>() { 2 } else { 1 })
        }
    }
}
