//! `commands.txt` in the folder of a training: its commands from full precision on, and fingerprints of what it starts from and of
//! its images.
//!
//! Not responsible for what is compared with them (`folder`).

use crate::bounded;
use crate::durable;
use anyhow::Context;
use std::path::Path;

/// Name of the file.
pub const COMMANDS: &str = "commands.txt";
/// What stands there before the fingerprint of the state that the last command starts from.
const START: &str = "# its --init has the fingerprint ";
/// What stands there before the fingerprint of the training images.
const IMAGES: &str = "# its images have the fingerprint ";

/// Largest file that is read.
const LARGEST_BYTES: u64 = 1 << 20;

/// What the file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted {
    /// Commands, the training's own last.
    pub commands: Vec<String>,
    /// Fingerprint of the state or network that it starts from.
    pub start: Option<String>,
    /// Fingerprint of its images; an older program did not note it.
    pub images: Option<String>,
}

impl Noted {
    /// What is noted in a folder; `None` without such a file, or if it is no text.
    pub fn read(folder: &Path) -> Option<Self> {
        let bytes = bounded::read(&folder.join(COMMANDS), LARGEST_BYTES).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let after = |words: &str| text.lines().find_map(|line| line.strip_prefix(words));
        let commands = text.lines().filter(|line| !line.starts_with('#'));
        Some(Noted {
            start: after(START).map(str::to_string),
            images: after(IMAGES).map(str::to_string),
            commands: commands.map(str::to_string).collect(),
        })
    }

    /// Writes it into a folder.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let mut text = self.commands.join("\n") + "\n";
        for (words, found) in [(START, &self.start), (IMAGES, &self.images)] {
            if let Some(found) = found {
                text.push_str(&format!("{words}{found}\n"));
            }
        }
        let path = folder.join(COMMANDS);
        durable::replace(&path, text.as_bytes()).with_context(|| path.display().to_string())
    }
}

/// The first commands that differ.
pub fn difference<'a>(found: &'a [String], expected: &'a [String]) -> (&'a str, &'a str) {
    let at = |list: &'a [String], index: usize| list.get(index).map_or("nothing", String::as_str);
    let most = found.len().max(expected.len());
    let index = (0..most).find(|&index| found.get(index) != expected.get(index));
    let index = index.unwrap_or(0);
    (at(found, index), at(expected, index))
}
