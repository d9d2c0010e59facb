//! Every training of an experiment as the `imcsim train` command that reproduces it.
//!
//! The command is written first and parsed by the same declaration as on the command line, so that what a page prints is
//! what was done. OUT and DIR stand in it for the folders of results and data, which differ from machine to machine.

use crate::arch::{self, Loaded};
use crate::cli::deployed::DEPLOYED;
use crate::cli::shell;
use crate::cli::start::{self, SHIPPED};
use crate::cli::train::{self, STATE};
use crate::cli::train_arguments::{MethodName, TrainArguments};
use crate::cli::unused_options;
use crate::data::Dataset;
use crate::experiment::{Beginning, Plan, Row, Weights};
use crate::net::network::Network;
use anyhow::{Context, anyhow};
use clap::Parser;
use std::path::{Path, PathBuf};

/// Options that the experiment sets itself.
const OWN: [&str; 8] = [
    "--model", "--data", "--init", "--seed", "--out", "--quiet", "--arch", "--set",
];

/// `imcsim train` alone.
#[derive(Parser)]
#[command(name = "train", disable_help_flag = true)]
struct Alone {
    #[command(flatten)]
    train: TrainArguments,
}

/// What a training starts from.
enum Before<'a> {
    /// Random weights.
    Nothing,
    /// The shipped network.
    Shipped,
    /// A training in the folder of this name.
    Training(&'a str, Box<Training>),
}

/// One training.
pub struct Training {
    /// Commands from full precision to this one.
    pub chain: Vec<String>,
    /// The last of them, with its real folders.
    pub arguments: TrainArguments,
}

impl Training {
    /// The deployed network.
    pub fn deployed(&self) -> PathBuf {
        self.arguments.out.join(DEPLOYED)
    }

    /// The state.
    pub fn state(&self) -> PathBuf {
        self.arguments.out.join(STATE)
    }
}

/// The trainings of a plan.
pub struct Commands<'a> {
    /// Plan.
    pub plan: &'a Plan,
    out: &'a Path,
}

impl<'a> Commands<'a> {
    /// Of a plan whose results go below `out`.
    pub fn new(plan: &'a Plan, out: &'a Path) -> Self {
        Commands { plan, out }
    }

    /// The folder of all results.
    pub fn out(&self) -> &Path {
        self.out
    }

    /// The folder of the experiment.
    pub fn folder(&self) -> PathBuf {
        self.out.join(&self.plan.name)
    }

    /// A folder of a seed.
    pub fn place(&self, seed: u64, name: &str) -> PathBuf {
        self.folder().join(format!("seed{seed}")).join(name)
    }

    /// The same folder for a page.
    pub fn shown(&self, seed: u64, name: &str) -> String {
        format!("OUT/{}/seed{seed}/{name}", self.plan.name)
    }

    /// Checks every command and macro of the plan.
    ///
    /// # Errors
    /// With the row if one of them is wrong.
    pub fn check(&self) -> anyhow::Result<()> {
        for &seed in &self.plan.seeds {
            self.qat(seed)?;
            for row in &self.plan.rows {
                self.hardware(row)?;
                if let Weights::Trained(options) = &row.weights {
                    let training = self.row(seed, row, options)?;
                    self.check_macro(row, &training)?;
                }
            }
        }
        Ok(())
    }

    /// Checks the numbers of every training against the images.
    ///
    /// # Errors
    /// With the row or the list of options if one of them is wrong.
    pub fn check_numbers(&self, network: &Network, data: &Dataset) -> anyhow::Result<()> {
        let check = |training: Training| train::check(&training.arguments, network, data);
        if self.plan.beginning == Beginning::Shipped {
            let found = start::shipped(network, data);
            found.map_err(|none| {
                let advice = "write the options of a full-precision training as `float` instead";
                self.wrong_list("[pretrain] start", format!("{none:#}; {advice}"))
            })?;
        }
        for &seed in &self.plan.seeds {
            let float = self.float(seed)?.map(|float| ("[pretrain] float", float));
            for (list, training) in float
                .into_iter()
                .chain([("[pretrain] qat", self.qat(seed)?)])
            {
                check(training).map_err(|error| self.wrong_list(list, format!("{error:#}")))?;
            }
            for row in &self.plan.rows {
                if let Weights::Trained(options) = &row.weights {
                    let wrong = |error| self.plan.wrong_row(row, format!("train: {error:#}"));
                    check(self.row(seed, row, options)?).map_err(wrong)?;
                }
            }
        }
        Ok(())
    }

    fn wrong_list(&self, list: &str, problem: String) -> anyhow::Error {
        anyhow!("{}: {list}: {problem}", self.plan.file)
    }

    fn check_macro(&self, row: &Row, training: &Training) -> anyhow::Result<()> {
        let problem =
            |error: anyhow::Error| anyhow!(self.plan.wrong_row(row, format!("{error:#}")));
        match training.arguments.through().map_err(problem)? {
            None => Ok(()),
            Some(mvm) => mvm.check().map_err(|error| problem(error.into())),
        }
    }

    /// The macro that a row is evaluated on.
    ///
    /// # Errors
    /// If its file or an override is wrong.
    pub fn hardware(&self, row: &Row) -> anyhow::Result<Loaded> {
        let loaded = arch::load(&row.arch, &row.evaluation_overrides());
        loaded.with_context(|| self.plan.wrong_row(row, "its macro").to_string())
    }

    /// The full-precision training of a seed; `None` where the shipped network stands for it.
    ///
    /// # Errors
    /// If its options are wrong.
    pub fn float(&self, seed: u64) -> anyhow::Result<Option<Training>> {
        let Beginning::Float(options) = &self.plan.beginning else {
            return Ok(None);
        };
        let method = ["--method".to_string(), "float".into()];
        let all = method.into_iter().chain(options.clone()).collect();
        let problem = |text: String| self.wrong_list("[pretrain] float", text);
        refuse_own(options).map_err(problem)?;
        let training = self.training(seed, "float", all, Before::Nothing);
        training.map(Some).map_err(problem)
    }

    /// The training with ideal MVM values that every row of a seed starts from.
    ///
    /// # Errors
    /// If its options are wrong.
    pub fn qat(&self, seed: u64) -> anyhow::Result<Training> {
        let method = ["--method".to_string(), "qat".into()];
        let options = method.into_iter().chain(self.plan.qat.clone());
        let problem = |text: String| self.wrong_list("[pretrain] qat", text);
        refuse_own(&self.plan.qat).map_err(problem)?;
        let before = match self.float(seed)? {
            Some(float) => Before::Training("float", Box::new(float)),
            None => Before::Shipped,
        };
        self.training(seed, "qat", options.collect(), before)
            .map_err(problem)
    }

    /// The training of a row with these options of its own.
    ///
    /// # Errors
    /// If its options are wrong.
    pub fn row(&self, seed: u64, row: &Row, options: &[String]) -> anyhow::Result<Training> {
        let problem = |text: String| anyhow!(self.plan.wrong_row(row, format!("train: {text}")));
        refuse_own(options).map_err(problem)?;
        refuse_own(&self.plan.common).map_err(|text| self.wrong_list("[train] common", text))?;
        let mut all = options.to_vec();
        all.extend(self.plan.common.iter().cloned());
        let method = parse(&with_head(self, seed, &row.name, all.clone())).map_err(problem)?;
        if method.method == MethodName::Float {
            return Err(problem(
                "--method float: a row starts from the qat network; take qat, imcq or imcaq".into(),
            ));
        }
        if method.method.macro_defaults().is_some() {
            all.extend(["--arch".to_string(), row.arch.clone()]);
            for change in &row.set {
                all.extend(["--set".to_string(), change.clone()]);
            }
        }
        let before = Before::Training("qat", Box::new(self.qat(seed)?));
        self.training(seed, &row.name, all, before).map_err(problem)
    }

    /// What gives a row its network.
    ///
    /// # Errors
    /// If its options are wrong.
    pub fn origin(&self, seed: u64, row: &Row) -> anyhow::Result<Training> {
        let origin = self.plan.origin(row);
        match &origin.weights {
            Weights::Trained(options) => self.row(seed, origin, options),
            _ => self.qat(seed),
        }
    }

    fn training(
        &self,
        seed: u64,
        name: &str,
        mut options: Vec<String>,
        before: Before,
    ) -> Result<Training, String> {
        let (init, shown, mut chain) = match before {
            Before::Nothing => (None, None, Vec::new()),
            Before::Shipped => (Some(SHIPPED.into()), Some(SHIPPED.into()), Vec::new()),
            Before::Training(start, training) => {
                let state = training.arguments.out.join(STATE);
                let shown = format!("{}/{STATE}", self.shown(seed, start));
                (Some(state), Some(shown), training.chain)
            }
        };
        if let Some(shown) = shown {
            options.extend(["--init".into(), shown]);
        }
        let words = with_head(self, seed, name, options);
        let mut arguments = parse(&words)?;
        unused_options::of_method(&arguments).map_err(|error| error.to_string())?;
        arguments.out = self.place(seed, name);
        arguments.init = init;
        chain.push(shell(words.into_iter()));
        Ok(Training { chain, arguments })
    }
}

/// Overrides of the macro that a row is evaluated on, as they are written: results keep them.
pub fn evaluation_set(row: &Row) -> Vec<String> {
    row.set.iter().chain(&row.evaluate_set).cloned().collect()
}

/// The words of a command.
fn with_head(commands: &Commands, seed: u64, name: &str, options: Vec<String>) -> Vec<String> {
    let data = match commands.plan.data.as_str() {
        "builtin" => "builtin".to_string(),
        kind => format!("{kind}:DIR"),
    };
    let model = commands.plan.model.clone();
    let head = [
        "train".to_string(),
        "--model".into(),
        model,
        "--data".into(),
        data,
    ];
    let out = commands.shown(seed, name);
    let tail = ["--seed".to_string(), seed.to_string(), "--out".into(), out];
    head.into_iter().chain(options).chain(tail).collect()
}

fn refuse_own(options: &[String]) -> Result<(), String> {
    let name = |option: &String| option.split('=').next().unwrap_or_default().to_string();
    match options
        .iter()
        .map(name)
        .find(|name| OWN.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(name) => Err(format!(
            "{name} is set by the experiment itself (model, seeds and folders for all; arch and set are keys of the row)"
        )),
    }
}

/// Parses the words as the command line does.
fn parse(words: &[String]) -> Result<TrainArguments, String> {
    let parsed = Alone::try_parse_from(words).map_err(|error| {
        let text = error.render().to_string();
        let lines = text.lines().take_while(|line| !line.trim().is_empty());
        let lines: Vec<&str> = lines.map(str::trim).collect();
        let text = lines.join(" ");
        text.strip_prefix("error: ").unwrap_or(&text).to_string()
    })?;
    Ok(parsed.train)
}
