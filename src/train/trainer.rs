//! The training loop: epochs of shuffled batches, evaluation, and a state that resumes exactly.
//!
//! Shuffling and augmentation are keyed by (seed, epoch, image), so an interrupted training goes on as if it had not been
//! interrupted, on any number of threads. The library reports through callbacks and never prints.

use super::ancestry::Ancestry;
use super::augment::{Augment, Source, blocks};
use super::deploy::deploy;
use super::epoch::{Epoch, GradientNorms};
use super::error::TrainError;
use super::evaluate::{accuracy, accuracy_on_macro};
use super::finite::diverged;
use super::model::{LayerParams, Method, Model, PIXEL_SCALE};
use super::mvm::Estimator;
use super::mvm::readings::{Readings, When};
use super::mvm::settings::{Learn, Mvm};
use super::ops::cross_entropy;
use super::optimizer::Optimizer;
use super::schedule::factor;
use super::settings::Settings;
use super::tape::Tape;
use crate::data::Dataset;
use crate::net::references::LayerReferences;
use crate::rng::{Purpose, keyed};
use rand::seq::SliceRandom;

/// A training in progress.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// Model.
    pub model: Model<f32>,
    /// Optimizer.
    pub optimizer: Optimizer<f32>,
    /// Settings.
    pub settings: Settings,
    /// The macro it is trained through; `None` for ideal MVM values.
    pub mvm: Option<Mvm>,
    /// Test accuracy of the full-precision training this one goes back to.
    pub full_precision: Option<f64>,
    /// Where it comes from.
    pub ancestry: Ancestry,
    /// Finished epochs.
    pub curve: Vec<Epoch>,
}

/// Number of the first reading of the test images: beyond the repeats of every evaluation, which read their images with noise of
/// its own.
const TEST_READS: u64 = 1 << 40;
/// Number of the first training step: beyond all of those.
const TRAINING_READS: u64 = 1 << 41;

impl Trainer {
    /// A training before its first epoch.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn new(model: Model<f32>, settings: Settings, data: &Dataset) -> Result<Self, TrainError> {
        settings.check(data)?;
        let optimizer = Optimizer::new(settings.rule, settings.weight_decay, &model.params);
        Ok(Trainer {
            model,
            optimizer,
            settings,
            mvm: None,
            full_precision: None,
            ancestry: Ancestry {
                images: Some(data.train.fingerprint()),
                ..Ancestry::default()
            },
            curve: Vec::new(),
        })
    }

    /// The same training through a macro.
    ///
    /// # Errors
    /// If a setting is out of range, the model has no integer form, or it does not fit the macro.
    pub fn through(mut self, mvm: Mvm, data: &Dataset) -> Result<Self, TrainError> {
        mvm.check()?;
        let Some(network) = deploy(&self.model) else {
            return Err(TrainError::Setting {
                what: "a full-precision model through a macro".into(),
                advice: "quantize it first".into(),
            });
        };
        if mvm.settings.learn != Learn::Nothing {
            let when = When {
                epoch: 1,
                epochs: self.settings.epochs.max(1),
            };
            let seed = self.settings.seed;
            let readings = Readings::new(&mvm, &network, &data.train, seed, when)?;
            self.learn_references(mvm.settings.learn, &readings);
            let (rule, decay) = (self.settings.rule, self.settings.weight_decay);
            self.optimizer = Optimizer::new(rule, decay, &self.model.params);
        }
        self.mvm = Some(mvm);
        Ok(self)
    }

    /// Takes the statistics of every batch norm from a batch of training images with ideal MVM values: those of a full-precision
    /// network, or none, are not those of its codes, and references are placed with them.
    pub fn see_statistics(&mut self, data: &Dataset) {
        let all = data.train.labels.len();
        let count = self.settings.batch.min(all);
        // From all over the data: a folder of pictures lies class by class.
        let images: Vec<usize> = (0..count).map(|image| image * all / count).collect();
        let source = Source {
            pixels: &data.train.pixels,
            shape: data.shape,
            scale: 1.0,
            border: self.model.network.layers[0].geometry.padding,
        };
        let batch = blocks::<f32>(&source, &images, Augment::NONE, (0, 0));
        let (_, seen) = self.model.forward(&mut Tape::new(), batch, &[]);
        self.model.keep_statistics(&seen, true);
    }

    /// Makes references trained numbers, from where they are placed on.
    fn learn_references(&mut self, learn: Learn, readings: &Readings) {
        match learn {
            Learn::Nothing => {}
            Learn::Step | Learn::StepPerColumn => {
                for (layer, step) in readings.steps().into_iter().enumerate() {
                    match step {
                        Some(step) if learn == Learn::Step => {
                            self.model.learn_reference_step(layer, step);
                        }
                        Some(step) => self.model.learn_column_steps(layer, step),
                        None => {}
                    }
                }
            }
            Learn::Thresholds => {
                for (layer, readout) in readings.first_readouts().into_iter().enumerate() {
                    if let Some(readout) = readout {
                        self.model.learn_thresholds(layer, readout);
                    }
                }
            }
        }
    }

    /// References per layer as far as they are trained.
    fn references(&self) -> Vec<LayerReferences> {
        let layers = self.model.layers.iter();
        let one = |layer: &LayerParams| layer.references.deployed(&self.model.params);
        layers.map(one).collect()
    }

    /// The read-outs of the next epoch.
    fn readings<'a>(
        &self,
        mvm: Option<&'a Mvm>,
        data: &Dataset,
    ) -> Result<Option<Readings<'a>>, TrainError> {
        let (Some(mvm), Some(network)) = (mvm, deploy(&self.model)) else {
            return Ok(None);
        };
        let when = When {
            epoch: self.curve.len() + 1,
            epochs: self.settings.epochs,
        };
        Readings::new(mvm, &network, &data.train, self.settings.seed, when).map(Some)
    }

    /// Runs the next epoch; `progress(done, total)` is called after every batch.
    ///
    /// # Errors
    /// If a loss or anything that is trained is not finite; the trainer is then not usable any more.
    pub fn epoch(
        &mut self,
        data: &Dataset,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Epoch, TrainError> {
        let number = self.curve.len() + 1;
        let mut order: Vec<usize> = (0..data.train.labels.len()).collect();
        order.shuffle(&mut keyed(
            self.settings.seed,
            Purpose::Shuffle,
            &[number as u64],
        ));
        let batches = order.len() / self.settings.batch;
        let mvm = self.mvm.clone();
        let readings = self.readings(mvm.as_ref(), data)?;
        let (mut loss, mut correct, mut rate) = (0.0, 0, 0.0);
        let mut norms = Vec::with_capacity(batches);
        for (index, images) in order.chunks_exact(self.settings.batch).enumerate() {
            let step = (number - 1) * batches + index;
            let warmup = (self.settings.warmup * batches as f64) as usize;
            rate = self.settings.rate
                * factor(
                    self.settings.schedule,
                    step,
                    warmup,
                    self.settings.epochs * batches,
                );
            let seen = self.step(data, images, (number as u64, step as u64), rate, &readings)?;
            loss += seen.loss;
            correct += seen.correct;
            norms.push(seen.gradient_norm);
            if !loss.is_finite() {
                let what = format!("the loss became {loss}");
                return Err(TrainError::Diverged {
                    epoch: number,
                    what,
                });
            }
            progress(index + 1, batches);
        }
        if let Some(what) = diverged(&self.model, &self.optimizer, &norms) {
            return Err(TrainError::Diverged {
                epoch: number,
                what,
            });
        }
        let epoch = Epoch {
            epoch: number,
            rate,
            loss: loss / batches as f64,
            train_accuracy: correct as f64 / (batches * self.settings.batch) as f64,
            test_accuracy: self.test_accuracy(data, number)?,
            gradient: GradientNorms::new(norms),
        };
        self.ancestry.trained_here();
        self.curve.push(epoch.clone());
        Ok(epoch)
    }

    /// On the macro as it is then, if there is one: its read-outs placed for the network after the epoch.
    fn test_accuracy(&self, data: &Dataset, epoch: usize) -> Result<f64, TrainError> {
        let (Some(mvm), Some(network)) = (&self.mvm, deploy(&self.model)) else {
            return Ok(accuracy(&self.model, &data.test));
        };
        let when = When {
            epoch,
            epochs: self.settings.epochs,
        };
        let seed = self.settings.seed;
        let mut mvm = mvm.clone();
        if matches!(mvm.settings.estimator, Estimator::Soft { .. }) {
            // A macro has no soft codes: what is classified with are its own reads, whatever their slope.
            mvm.settings.estimator = Estimator::StraightThrough;
        }
        let readings = Readings::new(&mvm, &network, &data.train, seed, when)?;
        let readings = readings.batch(seed, TEST_READS + epoch as u64, &[])?;
        Ok(accuracy_on_macro(&network, &readings, &data.test))
    }

    fn step(
        &mut self,
        data: &Dataset,
        images: &[usize],
        (epoch, number): (u64, u64),
        rate: f64,
        readings: &Option<Readings>,
    ) -> Result<Seen, TrainError> {
        let scale = if self.model.method == Method::Float {
            PIXEL_SCALE
        } else {
            1.0
        };
        let border = self.model.network.layers[0].geometry.padding;
        let source = Source {
            pixels: &data.train.pixels,
            shape: data.shape,
            scale,
            border,
        };
        let batch = blocks::<f32>(
            &source,
            images,
            self.settings.augment,
            (self.settings.seed, epoch),
        );
        let labels: Vec<u8> = images
            .iter()
            .map(|&image| data.train.labels[image])
            .collect();
        let mut tape = Tape::with(self.settings.step_gradient);
        let readings = match readings {
            Some(readings) => {
                let repeat = TRAINING_READS + number;
                readings.batch(self.settings.seed, repeat, &self.references())?
            }
            None => Vec::new(),
        };
        let (logits, seen) = self.model.forward(&mut tape, batch, &readings);
        let (loss, correct, gradient) = cross_entropy::f_df(tape.value(logits), &labels);
        let mut gradients = self.model.params.zeros();
        tape.backward(&self.model.params, logits, gradient, &mut gradients);
        let gradient_norm = gradients.clip(self.settings.clip_norm);
        self.optimizer
            .update(&mut self.model.params, &gradients, rate);
        self.model.project();
        self.model.keep_statistics(&seen, number == 0);
        Ok(Seen {
            loss,
            correct,
            gradient_norm,
        })
    }
}

/// What one update has seen.
struct Seen {
    loss: f64,
    correct: usize,
    gradient_norm: f64,
}
