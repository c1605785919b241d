//! The project's own commands: `cargo xtask <command>`.
//!
//! Each command prints every other command that it runs, so that any step can be repeated by hand
//! from the workspace's root. Nothing here goes through a shell, and nothing is installed but
//! a Redis for the tests, where there is none. `cargo xtask` alone lists what there is.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands exist to print: results on stdout, progress and errors on stderr"
)]

mod arguments;
mod bench;
mod boundaries;
mod ci;
mod conformance;
mod corpus;
mod failure;
mod faults;
mod features;
mod fuzz;
mod redis;
mod regex_differential;
mod release;
mod step;
mod tally;
mod test;
mod workspace;

use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::workspace::Workspace;

struct Command {
    name: &'static str,
    options: &'static str,
    about: &'static str,
    run: fn(&Workspace, Arguments) -> Outcome,
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(name) = words.next() else {
        println!("{}", help());
        return ExitCode::SUCCESS;
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        println!("{}", help());
        return ExitCode::SUCCESS;
    }
    match dispatch(&name, Arguments::new(words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(name: &str, arguments: Arguments) -> Outcome {
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return Err(Failure::new(format!(
            "there is no command `{name}`\n\n{}",
            help()
        )));
    };
    let workspace = Workspace::load()?;
    workspace.enter()?;
    (command.run)(&workspace, arguments)
}

fn help() -> String {
    let mut lines = vec!["usage: cargo xtask <command>\n".to_owned()];
    for Command {
        name,
        options,
        about,
        ..
    } in COMMANDS
    {
        let usage = format!("{name} {options}");
        lines.push(format!("  {usage:<44}{about}"));
    }
    lines.join("\n")
}

const COMMANDS: &[Command] = &[
    Command {
        name: "bench",
        options: "[--instructions] [filter]",
        about: "time evaluating and staying fresh, or count instructions under valgrind",
        run: bench::run,
    },
    Command {
        name: "boundaries",
        options: "",
        about: "check what core depends on, calls and names",
        run: boundaries::run,
    },
    Command {
        name: "ci",
        options: "[--with-tools]",
        about: "everything that CI checks, in CI's order",
        run: ci::run,
    },
    Command {
        name: "conformance",
        options: "[--json]",
        about: "run the upstream corpus and print a table of its suites",
        run: conformance::run,
    },
    Command {
        name: "corpus",
        options: "pull|verify",
        about: "get the pinned corpus, or check the copy that is there",
        run: corpus::run,
    },
    Command {
        name: "faults",
        options: "[row]",
        about: "faults of whole processes: no name server, no descriptors, a stopped or killed server, a herd",
        run: faults::run,
    },
    Command {
        name: "features",
        options: "",
        about: "check every combination of features, package by package",
        run: features::run,
    },
    Command {
        name: "fuzz",
        options: "[target] [--seconds N]",
        about: "run the fuzz targets (nightly, cargo-fuzz)",
        run: fuzz::run,
    },
    Command {
        name: "regex-differential",
        options: "[--seed S] [--count N]",
        about: "compare regular expressions with Node's on random samples",
        run: regex_differential::run,
    },
    Command {
        name: "release",
        options: "check",
        about: "check versions, changelog, README and package contents",
        run: release::run,
    },
    Command {
        name: "test",
        options: "[--without-redis]",
        about: "every test of the workspace, then the conformance table; finds or installs redis-server",
        run: test::run,
    },
];
