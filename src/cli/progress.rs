//! Progress: on a terminal only, with the time left; and the seconds every stage took.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Instant;

/// A bar over `total` units, hidden unless standard error is a terminal and output is wanted.
pub fn bar(total: u64, what: &str, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{msg:28} [{bar:30}] {pos}/{len} {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what.to_string());
    bar
}

/// One bar for a run of several stages, and a stopwatch per stage.
pub struct Stages {
    bar: ProgressBar,
    state: Mutex<State>,
}

struct State {
    shown: String,
    began: Instant,
    seconds: Vec<(String, f64)>,
}

impl Stages {
    /// Before the first stage.
    pub fn new(quiet: bool) -> Self {
        Stages {
            bar: bar(1, "", quiet),
            state: Mutex::new(State {
                shown: String::new(),
                began: Instant::now(),
                seconds: Vec::new(),
            }),
        }
    }

    /// `done` of `total` units of a stage are done. What stands after a comma or colon in the name ("noise, 1 of 3") is shown
    /// but its time counts for the whole stage.
    pub fn show(&self, stage: &str, done: u64, total: u64) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        if state.shown != stage {
            state.close();
            state.shown = stage.to_string();
            self.bar.reset();
            self.bar.set_message(stage.to_string());
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// Takes the bar away; seconds per stage in the order of their first appearance.
    pub fn finish(&self) -> Vec<(String, f64)> {
        self.bar.finish_and_clear();
        let Ok(mut state) = self.state.lock() else {
            return Vec::new();
        };
        state.close();
        std::mem::take(&mut state.seconds)
    }
}

impl State {
    fn close(&mut self) {
        let spent = self.began.elapsed().as_secs_f64();
        self.began = Instant::now();
        let name = self.shown.split([',', ':']).next().unwrap_or_default();
        if name.is_empty() {
            return;
        }
        match self.seconds.iter_mut().find(|(stage, _)| stage == name) {
            Some((_, seconds)) => *seconds += spent,
            None => self.seconds.push((name.to_string(), spent)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_timed_under_their_common_name() {
        let stages = Stages::new(true);
        stages.show("noise, 1 of 2", 0, 1);
        stages.show("noise, 2 of 2", 0, 1);
        stages.show("chips", 0, 1);
        let seconds = stages.finish();
        let names: Vec<&str> = seconds.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["noise", "chips"]);
    }
}
