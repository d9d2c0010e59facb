//! `imcsim experiment`: a declared set of trainings and evaluations, row by row and seed by seed; the same command again
//! goes on where it stopped.
//!
//! `commands` writes every training as an `imcsim train` command, `fit` holds every macro against the network, `session` trains and evaluates, `folder` and `record`
//! compare trainings and results on the disk with what is asked for (`expected`), `elsewhere` takes what another experiment has trained already, `curves` reads the learning curves, `page` writes tables and figures.

mod commands;
mod curves;
mod elsewhere;
mod expected;
mod fingerprints;
mod fit;
mod folder;
mod noted;
mod page;
mod record;
mod session;

use super::{input, output, shell};
use crate::data::{DataSource, load};
use crate::experiment::{self, Plan};
use crate::net::shipped::load_network;
use anyhow::{anyhow, bail};
use clap::Args;
use commands::Commands;
use session::Session;
use std::path::{Path, PathBuf};

/// Options of `imcsim experiment`.
#[derive(Args, Debug)]
pub struct ExperimentArguments {
    /// Experiment: a shipped name (smoke, mnist_lenet, cifar10_main, cifar10_ablation, cifar10_slopes, cifar10_conditions, cifar10_noise, cifar10_word_lines, cifar10_three_levels, cifar10_row_order, cifar10_chips) or a TOML file.
    pub file: String,
    /// builtin, mnist:DIR, cifar10:DIR or images:DIR, of the kind that the file names [default: builtin].
    #[arg(long)]
    pub data: Option<String>,
    /// Folder that the experiment's own folder stands in.
    #[arg(long, default_value = "imcsim-out")]
    pub out: PathBuf,
    /// Only these of the file's seeds, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = super::seed)]
    pub seeds: Vec<u64>,
    /// Only these rows, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub rows: Vec<String>,
    /// Print errors only.
    #[arg(long)]
    pub quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the input is wrong (exit code 2), or rows failed (exit code 1): the others are done then.
pub fn run(arguments: &ExperimentArguments) -> anyhow::Result<()> {
    let plan = experiment::load(&arguments.file).map_err(input)?;
    let work = selected(arguments, &plan).map_err(input)?;
    let source = source(arguments, &plan).map_err(input)?;
    let network = load_network(&plan.model).map_err(input)?;
    let commands = Commands::new(&plan, &arguments.out);
    commands.check().map_err(input)?;
    fit::check(&commands, &network).map_err(input)?;
    let data = load(&source, network.input).map_err(input)?;
    commands.check_numbers(&network, &data).map_err(input)?;
    let mut session = Session::new(&commands, &network, &data, arguments.quiet);
    for &(seed, row) in &work {
        session.check(seed, row).map_err(input)?;
    }
    let mut failed = Vec::new();
    let mut shown = None;
    let mut lap = work.clone();
    for _ in 0..LAPS {
        for &(seed, row) in &lap {
            if let Err(error) = session.row(seed, row) {
                output::complain(&error.context(named(seed, row)));
                failed.push(named(seed, row));
            }
            let mut found = session.all();
            found.command = command(arguments, &plan);
            // A row that was there already changes nothing: its figures are drawn.
            let found = (found, session.curves());
            if shown.as_ref() != Some(&found) {
                page::write(&found.0, &found.1, &commands.folder())?;
                shown = Some(found);
            }
        }
        // A network that a row trained anew may not be the one that rows before it were evaluated on.
        lap.retain(|&(seed, row)| {
            !failed.contains(&named(seed, row)) && session.is_missing(seed, row)
        });
    }
    // A pre-training that had to be done again may be the start of a row no more that was there before.
    for &(seed, row) in &work {
        if failed.contains(&named(seed, row)) {
            continue;
        }
        if let Err(error) = session.check(seed, row) {
            output::complain(&error.context(named(seed, row)));
            failed.push(named(seed, row));
        }
    }
    session.say(&format!(
        "results: {}",
        commands.folder().join("results.md").display()
    ))?;
    if failed.is_empty() {
        return Ok(());
    }
    bail!(
        "{} of {} rows failed ({}); the others are done, and the same command tries these again",
        failed.len(),
        work.len(),
        failed.join("; ")
    )
}

/// The command as a page shows it, without the folders of one machine: all rows and seeds, whichever of them were asked for last.
fn command(arguments: &ExperimentArguments, plan: &Plan) -> String {
    let file = Path::new(&arguments.file).file_name();
    let file = file.map_or(arguments.file.clone(), |name| {
        name.to_string_lossy().into_owned()
    });
    let mut words = vec!["experiment".to_string(), file];
    let mut option = |name: &str, value: String| words.extend([name.to_string(), value]);
    if plan.data != "builtin" {
        option("--data", format!("{}:DIR", plan.data));
    }
    option("--out", "OUT".into());
    shell(words.into_iter())
}

fn named(seed: u64, row: &experiment::Row) -> String {
    format!("seed {seed}, row {}", row.name)
}

/// Times that rows are gone through: what the first leaves without its network, the second evaluates.
const LAPS: usize = 2;

type Work<'a> = Vec<(u64, &'a experiment::Row)>;

/// What is asked for, seed by seed, in the order of the file.
fn selected<'a>(arguments: &ExperimentArguments, plan: &'a Plan) -> anyhow::Result<Work<'a>> {
    for name in &arguments.rows {
        if plan.row(name).is_none() {
            let names: Vec<&str> = plan.rows.iter().map(|row| row.name.as_str()).collect();
            bail!(
                "--rows {name}: {} has the rows {}",
                plan.file,
                names.join(", ")
            );
        }
    }
    for seed in &arguments.seeds {
        if !plan.seeds.contains(seed) {
            bail!(
                "--seeds {seed}: {} has the seeds {:?}; add it there",
                plan.file,
                plan.seeds
            );
        }
    }
    let seeds = plan.seeds.iter();
    let seeds = seeds.filter(|seed| arguments.seeds.is_empty() || arguments.seeds.contains(seed));
    let rows = || {
        let rows = plan.rows.iter();
        rows.filter(|row| arguments.rows.is_empty() || arguments.rows.contains(&row.name))
    };
    Ok(seeds
        .flat_map(|&seed| rows().map(move |row| (seed, row)))
        .collect())
}

/// Where the images are: of the kind that the file names.
fn source(arguments: &ExperimentArguments, plan: &Plan) -> anyhow::Result<DataSource> {
    let kind = &plan.data;
    let given = match &arguments.data {
        Some(given) => given,
        None if kind == "builtin" => "builtin",
        None => bail!("{} is about {kind}; add --data {kind}:DIR", plan.file),
    };
    if given.split(':').next() != Some(kind) {
        return Err(anyhow!(
            "--data {given}: {} is about {kind}, and its results are those of other images",
            plan.file
        ));
    }
    Ok(given.parse()?)
}
