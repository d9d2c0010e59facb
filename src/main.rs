//! Entry point of the `imcsim` command: hands the arguments to [`imcsim::cli`] and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    imcsim::cli::main()
}
