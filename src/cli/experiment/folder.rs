//! The folder of a training against the training that is asked for: do the commands noted there, the state and the network
//! belong to it?
//!
//! What differs is refused, because hours of work stand behind it and nothing here throws them away. What an older program
//! did not record is not held against its files. Not responsible for results (`record`).

use super::commands::Training;
use super::fingerprints::Fingerprints;
use super::record::RESULT;
use crate::bounded;
use crate::cli::start::is_shipped;
use crate::cli::train_arguments::MethodName;
use crate::cli::train_images::{count, images_id};
use crate::data::Dataset;
use crate::durable;
use crate::fingerprint::fingerprint;
use crate::net::checkpoint::{self, Metadata};
use crate::net::network::Network;
use crate::train::ancestry::RANDOM_WEIGHTS;
use crate::train::model::Method;
use crate::train::mvm::settings::Mvm;
use crate::train::state::{self, Identity};
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// File of a training folder with its commands, from full precision on.
const COMMANDS: &str = "commands.txt";
/// What stands there before the fingerprint of the state that the last command starts from.
const START: &str = "# its --init has the fingerprint ";

/// Largest file of commands that is read.
const LARGEST_BYTES: u64 = 1 << 20;

/// Folders of trainings of one network on one set of images.
pub struct Folders<'a> {
    /// Network.
    pub network: &'a Network,
    /// Images.
    pub data: &'a Dataset,
    /// Of files and images.
    pub fingerprints: Fingerprints,
}

impl Folders<'_> {
    /// Checks that the folder of a training is free or belongs to it. One with neither a state nor a network is free,
    /// whatever command was tried there.
    ///
    /// # Errors
    /// If something else stands there.
    pub fn check(&self, training: &Training) -> anyhow::Result<()> {
        let (state, network) = (training.state(), training.deployed());
        if !state.is_file() && !network.is_file() {
            return Ok(());
        }
        let path = training.arguments.out.join(COMMANDS);
        let noted = read_commands(&path);
        match &noted {
            Some(text) => self.check_commands(text, training)?,
            None => self.check_state(training)?,
        }
        if network.is_file() {
            self.check_network(training, &metadata(training)?)?;
        }
        // Defaults may have changed since a command was written; a state says what was done.
        if noted.is_some() && state.is_file() {
            let found = state::belonging(&state, &self.identity(training)?);
            found.with_context(|| {
                let folder = training.arguments.out.display();
                format!(
                    "{folder}: remove it to train anew, or write into the row what was done there"
                )
            })?;
        }
        Ok(())
    }

    /// True if a training has left its network.
    ///
    /// # Errors
    /// As [`Folders::check`].
    pub fn is_done(&self, training: &Training) -> anyhow::Result<bool> {
        self.check(training)?;
        Ok(training.deployed().is_file())
    }

    /// The first of some states that says that it is that of the training, start and images too, and has ended.
    pub fn ended(
        &self,
        training: &Training,
        states: impl IntoIterator<Item = PathBuf>,
    ) -> Option<PathBuf> {
        let identity = self.identity(training).ok()?;
        identity.start.as_ref()?;
        let has_ended = |path: &PathBuf| {
            // What is not recorded is not compared; here nobody has put the state where it lies for this training.
            state::belonging(path, &identity).is_ok_and(|found| {
                let is_recorded = found.start.is_some() && found.train_data.is_some();
                is_recorded && found.curve.len() == training.arguments.epochs
            })
        };
        states.into_iter().find(has_ended)
    }

    /// Notes in the folder of a training its commands and what it starts from.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn note(&self, training: &Training) -> anyhow::Result<()> {
        let path = training.arguments.out.join(COMMANDS);
        let mut text = training.chain.join("\n") + "\n";
        if let Some(start) = self.start(training) {
            text.push_str(&format!("{START}{start}\n"));
        }
        durable::replace(&path, text.as_bytes()).with_context(|| path.display().to_string())
    }

    /// Fingerprint of what trainings are, one after the other, wherever they are done: files of states are none of it.
    ///
    /// # Errors
    /// If their macros or images are not as they ask for.
    pub fn lineage(&self, trainings: &[&Training]) -> anyhow::Result<String> {
        let words: anyhow::Result<Vec<String>> = trainings
            .iter()
            .map(|training| {
                let identity = self.identity(training)?;
                let shipped = training.arguments.init.as_deref().is_some_and(is_shipped);
                // The shipped network is none of the trainings, and later programs may ship another.
                let start = identity.start.as_ref().filter(|_| shipped);
                let start = start.map_or(String::new(), |start| format!("\n{start}"));
                Ok(identity.words() + &start)
            })
            .collect();
        Ok(fingerprint(words?.join("\n\n").as_bytes()))
    }

    /// Refuses to train where the result of another training was kept without its network.
    ///
    /// # Errors
    /// If that is so.
    pub fn refuse_kept(&self, training: &Training) -> anyhow::Result<()> {
        let out = &training.arguments.out;
        let is_left = training.state().is_file() || training.deployed().is_file();
        let is_other = notes(training) == Some(false);
        if is_other && !is_left && out.join(RESULT).is_file() {
            bail!(
                "{}/{RESULT} is of another training ({COMMANDS} there); move the folder away to keep it, remove it to train anew, or take another row name or --out",
                out.display()
            );
        }
        Ok(())
    }

    /// True if the folder of a training says that it was this one, whatever is left of it.
    pub fn is_noted(&self, training: &Training) -> bool {
        notes(training) == Some(true)
    }

    /// Fingerprint of what a training starts from, a state or the shipped network; `None` without one.
    fn start(&self, training: &Training) -> Option<String> {
        let init = training.arguments.init.as_ref()?;
        match is_shipped(init) {
            true => self.fingerprints.shipped(self.network, self.data),
            false => self.fingerprints.file(init),
        }
    }

    fn check_commands(&self, text: &str, training: &Training) -> anyhow::Result<()> {
        let folder = training.arguments.out.display();
        let found: Vec<String> = commands(text).map(str::to_string).collect();
        if found != training.chain {
            let (there, now) = difference(&found, &training.chain);
            bail!(
                "{folder}/{COMMANDS}: another training stands there (`{there}` there, `{now}` now); remove {folder} to train anew, or take another --out"
            );
        }
        let there = text.lines().find_map(|line| line.strip_prefix(START));
        let (Some(there), Some(now)) = (there, self.start(training)) else {
            return Ok(());
        };
        if there != now {
            let init = training.arguments.init.as_ref();
            bail!(
                "{folder}: it started from something else than {} is now (fingerprint {there} there, {now} now); remove {folder} to train anew from this one, or take another --out",
                init.map(|init| init.display().to_string())
                    .unwrap_or_default()
            );
        }
        Ok(())
    }

    /// A folder without commands, as `imcsim train` leaves it, is known by its state.
    fn check_state(&self, training: &Training) -> anyhow::Result<()> {
        let folder = training.arguments.out.display();
        let (path, network) = (training.state(), training.deployed());
        if !path.is_file() {
            bail!(
                "{}: nothing beside it says how it was trained (neither {COMMANDS} nor a state); remove {folder} to train anew, or put its state there",
                network.display()
            );
        }
        let found = state::belonging(&path, &self.identity(training)?);
        let found = found.with_context(|| {
            format!("{folder} has no {COMMANDS}, and its state is not one of this training; remove {folder} to train anew, or take another row name or --out")
        })?;
        if !network.is_file() {
            return Ok(());
        }
        let about = metadata(training)?;
        let accuracy = about
            .get("accuracy_on_macro")
            .or(about.get("accuracy_quantized"));
        let last = found.curve.last().map(|row| format!("{:.4}", row.4));
        let finished = found.curve.len() == training.arguments.epochs;
        if !finished || (accuracy.is_some() && accuracy != last.as_ref()) {
            bail!(
                "{}: it is not the network of the state beside it; remove it to take that of the state",
                network.display()
            );
        }
        Ok(())
    }

    /// What the network's file says about its training, as far as it does.
    fn check_network(&self, training: &Training, found: &Metadata) -> anyhow::Result<()> {
        let arguments = &training.arguments;
        let (file, folder) = (training.deployed(), arguments.out.display());
        let now = [
            ("method", arguments.method.name().to_string()),
            ("seed", arguments.seed.to_string()),
            ("epochs", arguments.epochs.to_string()),
            ("train_images", count(arguments, self.data)?.to_string()),
            ("data_fingerprint", self.data.fingerprint.clone()),
            (
                "train_data_fingerprint",
                self.fingerprints.trained_on(arguments, self.data)?,
            ),
        ];
        let mvm = arguments.through()?;
        let reads = mvm.as_ref().map(|Mvm { settings, .. }| {
            let estimator = ("estimator", settings.estimator.name().to_string());
            let noise = ("train_noise", settings.noise.to_string());
            let gradient = arguments.settings().step_gradient.name();
            [estimator, noise, ("step_gradient", gradient.to_string())]
        });
        for (key, now) in now.into_iter().chain(reads.into_iter().flatten()) {
            if let Some(there) = found.get(key).filter(|there| **there != now) {
                bail!(
                    "{}: it belongs to another training ({key} {there} there, {now} now); remove {folder} to train anew, or take the same --data or another --out",
                    file.display()
                );
            }
        }
        let now = mvm.map(|mvm| mvm.hardware.fingerprint());
        let there = found.get("trained_through_fingerprint");
        if let (Some(there), Some(now)) = (there, now)
            && *there != now
        {
            bail!(
                "{}: it was trained through another macro than `{}` is now (fingerprint {there} there, {now} now); restore that macro, or remove {folder} to train anew, or take another row name",
                file.display(),
                arguments.mvm.arch_name()
            );
        }
        Ok(())
    }

    fn identity(&self, training: &Training) -> anyhow::Result<Identity> {
        let arguments = &training.arguments;
        let method = match arguments.method {
            MethodName::Float => Method::Float,
            _ => Method::Qat(arguments.rule()),
        };
        let mvm = arguments.through()?;
        let images = images_id(arguments, self.data);
        let settings = arguments.settings();
        let mut identity = Identity::new(self.network, method, mvm.as_ref(), &settings, &images);
        identity.train_data = Some(self.fingerprints.trained_on(arguments, self.data)?);
        identity.start = match arguments.init {
            None => Some(RANDOM_WEIGHTS.into()),
            Some(_) => self.start(training),
        };
        Ok(identity)
    }
}

/// True if the commands noted in the folder of a training are its own; `None` if none are.
fn notes(training: &Training) -> Option<bool> {
    let text = read_commands(&training.arguments.out.join(COMMANDS))?;
    Some(commands(&text).eq(&training.chain))
}

/// The file that notes the commands of a folder; `None` without one, or if it is no text of that kind.
fn read_commands(path: &Path) -> Option<String> {
    String::from_utf8(bounded::read(path, LARGEST_BYTES).ok()?).ok()
}

/// The commands of the file that notes them.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// What the network of a training says about itself.
fn metadata(training: &Training) -> anyhow::Result<Metadata> {
    let path = training.deployed();
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    let found = checkpoint::metadata(&bytes, &path.display().to_string());
    found.with_context(|| {
        let folder = training.arguments.out.display();
        format!("{folder}: remove it to train anew")
    })
}

/// The first commands that differ.
pub fn difference<'a>(found: &'a [String], expected: &'a [String]) -> (&'a str, &'a str) {
    let at = |list: &'a [String], index: usize| list.get(index).map_or("nothing", String::as_str);
    let most = found.len().max(expected.len());
    let index = (0..most).find(|&index| found.get(index) != expected.get(index));
    let index = index.unwrap_or(0);
    (at(found, index), at(expected, index))
}
