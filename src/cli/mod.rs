//! The command line: one file per command, the only place that prints, and the exit codes (0 done, 1 the run failed, 2 wrong input).

use std::process::ExitCode;

/// Parses the process arguments, runs the command, prints the error chain if there is one.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
