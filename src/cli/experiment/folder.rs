//! The folder of a training against the training that is asked for: do the commands noted there, the state and the network
//! belong to it?
//!
//! What differs is refused, because hours of work stand behind it and nothing here throws them away. What an older program
//! did not record is not held against its files. Not responsible for results (`record`).

use super::commands::Training;
use super::fingerprints::Fingerprints;
use super::noted::{COMMANDS, Noted, difference};
use super::record::RESULT;
use crate::cli::start::is_shipped;
use crate::cli::train_arguments::MethodName;
use crate::cli::train_images::{count, images_id};
use crate::data::Dataset;
use crate::fingerprint::fingerprint;
use crate::gzip;
use crate::net::checkpoint::{self, Metadata};
use crate::net::network::Network;
use crate::report::learning_curve;
use crate::train::ancestry::RANDOM_WEIGHTS;
use crate::train::model::Method;
use crate::train::mvm::settings::Mvm;
use crate::train::state::{self, Identity};
use anyhow::{Context, bail};
use std::path::PathBuf;

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
        let noted = Noted::read(&training.arguments.out);
        match &noted {
            Some(noted) => self.check_commands(noted, training)?,
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

    /// Those of some states that say that they are that of the training, start and images too, and have ended.
    pub fn ended(
        &self,
        training: &Training,
        states: Vec<PathBuf>,
    ) -> impl Iterator<Item = PathBuf> {
        let identity = self.identity(training).ok();
        let identity = identity.filter(|identity| identity.start.is_some());
        let epochs = training.arguments.epochs;
        let has_ended = move |path: &PathBuf, identity: &Identity| {
            // What is not recorded is not compared; here nobody has put the state where it lies for this training.
            state::belonging(path, identity).is_ok_and(|found| {
                let is_recorded = found.start.is_some() && found.train_data.is_some();
                is_recorded && found.curve.len() == epochs
            })
        };
        // States are large: each is read when it is asked for.
        let states = states.into_iter();
        states.filter(move |path| identity.as_ref().is_some_and(|own| has_ended(path, own)))
    }

    /// Notes in the folder of a training its commands and what it starts from.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn note(&self, training: &Training) -> anyhow::Result<()> {
        let noted = Noted {
            commands: training.chain.clone(),
            start: self.start(training),
            images: Some(self.images(training)?),
        };
        noted.write(&training.arguments.out)
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
        let Some(noted) = Noted::read(out).filter(|_| !is_left) else {
            return Ok(());
        };
        let kept = match noted.commands == training.chain {
            // What was only tried under another command is in nobody's way.
            false => &[RESULT][..],
            true if self.is_of(&noted, training) => &[],
            true => &[RESULT, learning_curve::NAMES[0]],
        };
        if let Some(kept) = kept.iter().find(|name| out.join(name).is_file()) {
            bail!(
                "{}/{kept} is of another training or of other images ({COMMANDS} there); move the folder away to keep it, remove it to train anew, or take another row name or --out",
                out.display()
            );
        }
        Ok(())
    }

    /// True if the folder of a training says that it was this one, whatever is left of it.
    pub fn is_noted(&self, training: &Training) -> bool {
        let noted = Noted::read(&training.arguments.out);
        noted.is_some_and(|noted| self.is_of(&noted, training))
    }

    /// True if commands, and images where they are noted, are those of a training.
    fn is_of(&self, noted: &Noted, training: &Training) -> bool {
        let same_images = noted.images.is_none() || noted.images == self.images(training).ok();
        same_images && noted.commands == training.chain
    }

    /// Fingerprint of the images that a training sees.
    fn images(&self, training: &Training) -> anyhow::Result<String> {
        self.fingerprints.trained_on(&training.arguments, self.data)
    }

    /// Fingerprint of what a training starts from, a state or the shipped network; `None` without one.
    fn start(&self, training: &Training) -> Option<String> {
        let init = training.arguments.init.as_ref()?;
        match is_shipped(init) {
            true => self.fingerprints.shipped(self.network, self.data),
            false => self.fingerprints.file(init),
        }
    }

    fn check_commands(&self, noted: &Noted, training: &Training) -> anyhow::Result<()> {
        let folder = training.arguments.out.display();
        if noted.commands != training.chain {
            let (there, now) = difference(&noted.commands, &training.chain);
            bail!(
                "{folder}/{COMMANDS}: another training stands there (`{there}` there, `{now}` now); remove {folder} to train anew, or take another --out"
            );
        }
        let (Some(there), Some(now)) = (&noted.start, self.start(training)) else {
            return Ok(());
        };
        if *there != now {
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
        identity.train_data = Some(self.images(training)?);
        identity.start = match arguments.init {
            None => Some(RANDOM_WEIGHTS.into()),
            Some(_) => self.start(training),
        };
        Ok(identity)
    }
}

/// What the network of a training says about itself.
fn metadata(training: &Training) -> anyhow::Result<Metadata> {
    let path = training.deployed();
    let bytes = gzip::read(&path).with_context(|| path.display().to_string())?;
    let found = checkpoint::metadata(&bytes, &path.display().to_string());
    found.with_context(|| {
        let folder = training.arguments.out.display();
        format!("{folder}: remove it to train anew")
    })
}
