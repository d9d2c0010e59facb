//! What is trained through: a macro, how its reads are treated in the forward pass, and which slope the backward pass takes.
//!
//! Not responsible for tables (`tables`) nor for the loop (`trainer`).

use super::Estimator;
use super::code_law::HOTTEST;
use crate::hw::chip::Hardware;
use crate::hw::readout::Kind;
use crate::hw::readout::decode::DecodeRule;
use crate::hw::reference::References;
use crate::train::error::TrainError;

/// A macro to train through.
#[derive(Clone, Debug)]
pub struct Mvm {
    /// The macro.
    pub hardware: Hardware,
    /// How.
    pub settings: MvmSettings,
}

/// How the reads of the macro are treated.
#[derive(Clone, Debug, PartialEq)]
pub struct MvmSettings {
    /// Slope of a read, with its temperature in the first epoch.
    pub estimator: Estimator,
    /// Temperature in the last epoch; in between it falls exponentially.
    pub final_temperature: f64,
    /// Noise at each read of the forward pass over that of the macro; 0: reads without noise.
    pub noise: f64,
    /// Share of the epochs over which the noise grows to that; one epoch or less: all of it from the first on.
    pub ramp: f64,
    /// Standard deviation of an offset of every read-out in MAC units, drawn anew for every batch; as on a chip, neighbouring columns share
    /// a read-out.
    ///
    /// An offset is the same in all images of a batch and in every group (a chip whose layer lies on several arrays along its rows draws
    /// one for each array): it moves the sum of an output by about the number of
    /// groups times itself, and the statistics of the same batch take that out again. Training sees only the shifted thresholds of
    /// each conversion, while the running mean (momentum 0.1) keeps a random error of about 0.23 times groups times this. Networks
    /// trained with it are for chips whose batch norm is re-estimated.
    pub column_offset: f64,
    /// What of the read-out is trained.
    pub learn: Learn,
    /// Training images that references are placed on.
    pub calibration_images: usize,
}

/// What of the read-out is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learn {
    /// Nothing: references are placed on the sums of the network at every epoch.
    Nothing,
    /// The step of every layer's references.
    Step,
    /// The step of the references of every output column.
    StepPerColumn,
    /// Every threshold of every layer; codes keep the values of the first placement.
    Thresholds,
}

fn wrong(what: String, advice: &str) -> Result<(), TrainError> {
    let advice = advice.into();
    Err(TrainError::Setting { what, advice })
}

impl Mvm {
    /// Checks the settings against each other and the macro.
    ///
    /// # Errors
    /// If one is out of range or two contradict.
    pub fn check(&self) -> Result<(), TrainError> {
        let settings = &self.settings;
        let legal = |value: f64, most: f64| value.is_finite() && (0.0..=most).contains(&value);
        if !legal(settings.noise, 100.0) || !legal(settings.ramp, 1.0) {
            return wrong(
                format!("--noise {} --noise-ramp {}", settings.noise, settings.ramp),
                "noise is a factor from 0 to 100, the ramp a share from 0 to 1",
            );
        }
        if !legal(settings.column_offset, 100.0) {
            return wrong(
                format!("--column-offset {}", settings.column_offset),
                "a standard deviation from 0 to 100 MAC units",
            );
        }
        let estimator = settings.estimator;
        if let Some(temperature) = estimator.temperature() {
            let ends = [temperature, settings.final_temperature];
            if !ends
                .iter()
                .all(|t| t.is_finite() && (0.01..=HOTTEST).contains(t))
            {
                return wrong(
                    format!("--temperature {temperature}:{}", settings.final_temperature),
                    &format!(
                        "temperatures lie between 0.01 and {HOTTEST}; above, codes too rare to be drawn would count"
                    ),
                );
            }
        }
        let name = estimator.name();
        if estimator.needs_noise() && settings.noise == 0.0 {
            return wrong(
                format!("--estimator {name} with --noise 0"),
                "its slopes are those of a noisy read-out; take secant, lattice or straight-through, or train with noise",
            );
        }
        let by_draw = estimator.needs_code() || matches!(estimator, Estimator::Soft { .. });
        if by_draw && settings.column_offset > 0.0 {
            return wrong(
                format!("--estimator {name} with --column-offset"),
                "offsets of columns go with straight-through, expectation, lattice and secant",
            );
        }
        self.check_kind()?;
        if settings.learn != Learn::Nothing && settings.column_offset > 0.0 {
            return wrong(
                format!("--learn with --column-offset {}", settings.column_offset),
                "what is learned of the references is the same for all columns or their own; train it without drawn offsets",
            );
        }
        if settings.learn != Learn::Nothing && matches!(estimator, Estimator::Soft { .. }) {
            return wrong(
                format!("--learn with --estimator {name}"),
                "gradients of references are those of hard codes, and relaxed values have another mean; train the network with it, or learn with another estimator",
            );
        }
        if settings.learn == Learn::Step {
            self.check_step("step")?;
        }
        if settings.learn == Learn::StepPerColumn {
            if by_draw {
                return wrong(
                    format!("--learn step-per-column with --estimator {name}"),
                    "columns of several steps go with straight-through, expectation, lattice and secant",
                );
            }
            self.check_step("step-per-column")?;
        }
        if settings.learn == Learn::Thresholds {
            if settings.noise == 0.0 {
                return wrong(
                    "--learn thresholds with --noise 0".into(),
                    "without noise no threshold has a gradient; train with noise, or --learn step",
                );
            }
            self.check_calibrated("thresholds")?;
        }
        if settings.calibration_images == 0 {
            return wrong(
                "--calibration-images 0".into(),
                "references are placed on at least one image",
            );
        }
        Ok(())
    }

    /// What read-outs that are not made of comparisons cannot do.
    fn check_kind(&self) -> Result<(), TrainError> {
        let settings = &self.settings;
        let kind = match &self.hardware.readout.kind {
            Kind::Converter(_) => return Ok(()),
            Kind::Ideal => "an ideal read-out",
            Kind::Measured(_) => "a measured read-out",
        };
        if settings.column_offset > 0.0 {
            return wrong(
                format!("--column-offset {} on {kind}", settings.column_offset),
                "an offset moves what references are compared with; train through a flash, binary_search or ramp read-out",
            );
        }
        if settings.noise > 1.0 {
            return wrong(
                format!("--noise {} on {kind}", settings.noise),
                "its noise is what was measured: from 0 (none of the reads has it) to 1 (all have)",
            );
        }
        Ok(())
    }

    fn check_calibrated(&self, learn: &str) -> Result<(), TrainError> {
        match self.hardware.readout.references() {
            Some(References::Calibrated { .. }) => Ok(()),
            _ => wrong(
                format!("--learn {learn} on a macro whose references are not calibrated"),
                "train through a flash, binary_search or ramp read-out with references.calibrated",
            ),
        }
    }

    /// Refuses a trained step where thresholds and values of codes are not all that follows it.
    ///
    /// Where the training starts and how it goes on takes both for multiples of one step (`parameters::step_slopes`). Conditional
    /// means are multiples of no step; rounded values keep still while the step moves and then jump; a limit of the current stays
    /// where it is.
    fn check_step(&self, learn: &str) -> Result<(), TrainError> {
        self.check_calibrated(learn)?;
        let readout = &self.hardware.readout;
        let uneven = match &readout.kind {
            Kind::Converter(converter) if converter.decode != DecodeRule::Centre => Some(converter),
            Kind::Converter(_) | Kind::Ideal | Kind::Measured(_) => None,
        };
        if let Some(converter) = uneven {
            let (key, word) = (converter.key("decode"), converter.decode.word());
            return wrong(
                format!("--learn {learn} with {key} = \"{word}\""),
                "a trained step moves codes that are worth multiples of it; write decode = \"centre\", or take --learn thresholds",
            );
        }
        if readout.limit.is_some() {
            return wrong(
                format!("--learn {learn} with bit_line.saturation.clamp"),
                "the limit of the current does not move with the step, and its gradient does not count that; write saturation.none = {}, or take --learn thresholds",
            );
        }
        Ok(())
    }

    /// Scale of the read noise in an epoch (from 1) of `epochs`.
    pub fn noise_at(&self, epoch: usize, epochs: usize) -> f64 {
        let ramp = (self.settings.ramp * epochs as f64).max(1.0);
        self.settings.noise * (epoch as f64 / ramp).min(1.0)
    }

    /// The estimator in an epoch (from 1) of `epochs`.
    pub fn estimator_at(&self, epoch: usize, epochs: usize) -> Estimator {
        let estimator = self.settings.estimator;
        let Some(first) = estimator.temperature() else {
            return estimator;
        };
        let share = (epoch - 1) as f64 / (epochs.max(2) - 1) as f64;
        estimator.with_temperature(first * (self.settings.final_temperature / first).powf(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mvm(change: impl FnOnce(&mut MvmSettings)) -> Mvm {
        on(include_str!("../../../arch/reram_9wl.toml"), change)
    }

    fn on(arch: &str, change: impl FnOnce(&mut MvmSettings)) -> Mvm {
        let spec = toml::from_str(arch).expect("parses");
        let mut settings = MvmSettings {
            estimator: Estimator::GumbelRao { temperature: 1.0 },
            final_temperature: 0.25,
            noise: 1.0,
            ramp: 0.5,
            column_offset: 0.0,
            learn: Learn::Nothing,
            calibration_images: 32,
        };
        change(&mut settings);
        let hardware = Hardware::resolve(&spec).expect("the shipped macro");
        Mvm { hardware, settings }
    }

    #[test]
    fn schedules_reach_their_ends() {
        let mvm = mvm(|_| ());
        let noise: Vec<f64> = (1..=4).map(|epoch| mvm.noise_at(epoch, 4)).collect();
        assert_eq!(noise, [0.5, 1.0, 1.0, 1.0]);
        let temperature = |epoch| mvm.estimator_at(epoch, 3).temperature();
        assert_eq!(temperature(1), Some(1.0));
        assert!((temperature(2).unwrap_or(0.0) - 0.5).abs() < 1e-12);
        assert!((temperature(3).unwrap_or(0.0) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_ramp_of_an_epoch_or_less_is_none() {
        for (ramp, epochs) in [(0.0, 3), (0.33, 3), (0.5, 2), (1.0, 1)] {
            let mvm = mvm(|s| s.ramp = ramp);
            assert_eq!(mvm.noise_at(1, epochs), 1.0, "{ramp} of {epochs}");
        }
        assert!(mvm(|s| s.ramp = 0.34).noise_at(1, 3) < 1.0);
    }

    #[test]
    fn a_step_is_learned_only_where_all_that_counts_follows_it() {
        let plain = include_str!("../../../arch/reram_9wl.toml");
        let told = |(from, to): (&str, &str), learn: Learn| {
            assert!(plain.contains(from), "{from}");
            let mvm = on(&plain.replace(from, to), |settings| {
                settings.estimator = Estimator::Lattice;
                settings.learn = learn;
            });
            mvm.check().err().map(|error| error.to_string())
        };
        let centre = "decode = \"centre\"";
        let clamp = "saturation.clamp = { limit_ua = 90.0 }";
        for (change, named) in [
            (
                (centre, "decode = \"conditional_mean\""),
                "readout.binary_search.decode = \"conditional_mean\"; ",
            ),
            (
                (centre, "decode = \"nearest_integer\""),
                "readout.binary_search.decode = \"nearest_integer\"; ",
            ),
            (
                ("saturation.none = {}", clamp),
                "bit_line.saturation.clamp; ",
            ),
        ] {
            for (learn, name) in [
                (Learn::Step, "step"),
                (Learn::StepPerColumn, "step-per-column"),
            ] {
                let error = told(change, learn).expect("refused");
                let start = format!("--learn {name} with {named}");
                assert!(error.starts_with(&start), "{error}");
                assert_eq!(told((centre, centre), learn), None);
            }
            for learn in [Learn::Nothing, Learn::Thresholds] {
                assert_eq!(told(change, learn), None);
            }
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let refused = |change: fn(&mut MvmSettings)| mvm(change).check().is_err();
        assert!(!refused(|_| ()));
        assert!(refused(|s| s.noise = 0.0));
        assert!(refused(|s| s.noise = f64::NAN));
        assert!(refused(|s| s.ramp = 1.5));
        assert!(refused(|s| s.column_offset = 0.5));
        assert!(refused(|s| s.final_temperature = 0.0));
        assert!(refused(|s| s.calibration_images = 0));
        assert!(!refused(|s| s.learn = Learn::Thresholds));
        assert!(refused(|s| {
            s.learn = Learn::Step;
            s.estimator = Estimator::Lattice;
            s.column_offset = 0.5;
        }));
        assert!(refused(|s| s.learn = Learn::StepPerColumn), "by draws");
        assert!(!refused(|s| s.learn = Learn::Step));
        let soft = |settings: &mut MvmSettings, learn: Learn| {
            settings.estimator = Estimator::Soft { temperature: 1.0 };
            settings.learn = learn;
        };
        let refuses_soft = |learn: Learn| mvm(|s| soft(s, learn)).check().is_err();
        assert!(!refuses_soft(Learn::Nothing));
        assert!(refuses_soft(Learn::Step) && refuses_soft(Learn::Thresholds));
        assert!(!refused(|s| {
            s.learn = Learn::StepPerColumn;
            s.estimator = Estimator::Lattice;
            s.noise = 0.0;
        }));
        assert!(refused(|s| {
            s.learn = Learn::StepPerColumn;
            s.estimator = Estimator::Lattice;
            s.column_offset = 0.5;
        }));
        assert!(refused(|s| {
            s.learn = Learn::Thresholds;
            s.estimator = Estimator::Lattice;
            s.noise = 0.0;
        }));
    }
}
