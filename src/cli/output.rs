//! What the commands say: text on standard output and errors on standard error, neither of which minds a reader that left.
//!
//! A closed pipe (`| head`, a pager that was quit) is no failure: the reader has seen enough, and the work goes on. Names come
//! from users' files: what would command a terminal is shown as an unknown character ([`clean`]).

use anyhow::Context;
use std::io::{ErrorKind, Write};

/// Writes text to standard output.
///
/// # Errors
/// If it cannot be written for another reason than that nobody reads it.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let text = clean(text);
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output"),
    }
}

/// Text without control characters but for ends of lines and tabs: any other one (an escape begins a command of the
/// terminal) becomes U+FFFD.
pub fn clean(text: &str) -> String {
    let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
    let text = text.replace("\r\n", "\n");
    text.replace(|c: char| !harmless(c), "\u{fffd}")
}

/// Writes an error with its causes to standard error; there is no place left to complain if that fails.
pub fn complain(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "error: {}", clean(&chain(error)));
}

/// Writes a warning to standard error.
pub fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {}", clean(text));
}

/// The error and its causes; a cause that the text so far holds already is not said twice.
fn chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn nothing_commands_the_terminal() {
        let text = "a\u{1b}[31mb\0\u{9b}2J\u{7f}\r";
        assert_eq!(
            clean(text),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}2J\u{fffd}\u{fffd}"
        );
        for kept in ["a\tb\n", "Größe 3 µA, 1\u{a0}000", ""] {
            assert_eq!(clean(kept), kept);
        }
        assert_eq!(clean("a line\r\nof a file\r\n"), "a line\nof a file\n");
    }

    #[test]
    fn a_cause_is_said_once() {
        let twice = anyhow!("no such file").context("weights: no such file");
        assert_eq!(chain(&twice), "weights: no such file");
        let once = anyhow!("no such file").context("weights");
        assert_eq!(chain(&once), "weights: no such file");
    }
}
