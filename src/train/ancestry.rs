//! Where a training comes from: what it started from, the images it is trained on, the programs that trained it.
//!
//! Kept in states and deployed networks, so that what lies in a folder can be told from what is asked for. Files of programs
//! that did not record one of these say nothing about it, and nothing is held against them. Not responsible for settings.

use crate::kernel::float::instructions;

/// The start of a training without `--init`.
pub const RANDOM_WEIGHTS: &str = "random weights";
/// The programs behind a state that does not name them.
pub const NOT_RECORDED: &str = "not recorded";

/// Where a training comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ancestry {
    /// Fingerprint of the file it started from, or [`RANDOM_WEIGHTS`]; `None`: not recorded.
    pub start: Option<String>,
    /// Fingerprint of the training images; `None`: not recorded.
    pub images: Option<String>,
    /// Programs that trained it or what it started from, in order, each once.
    pub programs: Vec<String>,
}

impl Ancestry {
    /// Notes that this program trains it.
    pub fn trained_here(&mut self) {
        let here = program();
        if !self.programs.contains(&here) {
            self.programs.push(here);
        }
    }
}

/// The programs that a state names.
pub fn recorded(programs: Vec<String>) -> Vec<String> {
    if programs.is_empty() {
        vec![NOT_RECORDED.into()]
    } else {
        programs
    }
}

/// This program: name, version, the commit it was built from, if it was told when it was compiled, and the instructions it trains
/// with, which decide how sums of gradients are rounded.
pub fn program() -> String {
    let commit = option_env!("IMCSIM_COMMIT").unwrap_or(NOT_RECORDED);
    let (version, vectors) = (env!("CARGO_PKG_VERSION"), instructions());
    format!("imcsim {version}, commit {commit}, {vectors}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_named_once_and_unknown_ones_stay_unknown() {
        let mut ancestry = Ancestry {
            programs: recorded(Vec::new()),
            ..Ancestry::default()
        };
        ancestry.trained_here();
        ancestry.trained_here();
        assert_eq!(ancestry.programs, [NOT_RECORDED.to_string(), program()]);
    }
}
