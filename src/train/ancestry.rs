//! Where a training comes from: what it started from, the images it is trained on, the programs that trained it.
//!
//! Kept in states and deployed networks, so that what lies in a folder can be told from what is asked for. Files of programs
//! that did not record one of these say nothing about it, and nothing is held against them. Not responsible for settings.

use crate::instructions::Instructions;

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

    /// The instructions that the last program trained with, where they are not those of here: what goes on from there is not bit for
    /// bit what it would have been.
    pub fn other_instructions(&self) -> Option<Instructions> {
        let last = self.programs.last()?;
        let mut all = Instructions::ALL.into_iter();
        let before = all.find(|set| last.ends_with(&format!(", {}", set.title())))?;
        (before != Instructions::best()).then_some(before)
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
    let (version, vectors) = (env!("CARGO_PKG_VERSION"), Instructions::best().title());
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

    #[test]
    fn only_known_instructions_differ_from_those_of_here() {
        let other = |program: String| {
            let programs = vec!["not the last".into(), program];
            let ancestry = Ancestry {
                programs,
                ..Ancestry::default()
            };
            ancestry.other_instructions()
        };
        assert_eq!(other(NOT_RECORDED.into()), None);
        assert_eq!(other("imcsim 0.1.0, commit 1234567".into()), None);
        for set in Instructions::ALL {
            let expected = (set != Instructions::best()).then_some(set);
            assert_eq!(
                other(format!("imcsim 0.1.0, commit 12, {}", set.title())),
                expected
            );
        }
    }
}
