//! What the commands say: text on standard output and errors on standard error, neither of which minds a reader that left.
//!
//! A closed pipe (`| head`, a pager that was quit) is no failure: the reader has seen enough, and the work goes on.

use std::io::{ErrorKind, Write};

/// Writes text to standard output.
///
/// # Errors
/// If it cannot be written for another reason than that nobody reads it.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Writes an error with its causes to standard error; there is no place left to complain if that fails.
pub fn complain(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "error: {}", chain(error));
}

/// Writes a warning to standard error.
pub fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {text}");
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
    fn a_cause_is_said_once() {
        let twice = anyhow!("no such file").context("weights: no such file");
        assert_eq!(chain(&twice), "weights: no such file");
        let once = anyhow!("no such file").context("weights");
        assert_eq!(chain(&once), "weights: no such file");
    }
}
