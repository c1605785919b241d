//! Running other programs: each run prints its command line first.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use crate::failure::{Failure, Outcome};

/// One run of another program, from the workspace's root unless [`Step::folder`] says otherwise.
#[derive(Debug)]
pub(crate) struct Step {
    command: Command,
    line: Vec<String>,
}

impl Step {
    /// The cargo that started this program.
    pub(crate) fn cargo() -> Self {
        Self::named(
            "cargo",
            env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        )
    }

    /// A program that is looked up on `PATH`.
    pub(crate) fn program(name: &str) -> Self {
        Self::named(name, name.into())
    }

    /// A program at a known place.
    pub(crate) fn executable(path: &Path) -> Self {
        Self::named(&path.display().to_string(), path.into())
    }

    fn named(name: &str, program: OsString) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        for (variable, _) in env::vars_os() {
            if describes_this_package(&variable) {
                command.env_remove(variable);
            }
        }
        Self {
            command,
            line: vec![quoted(name)],
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.line.push(quoted(&arg.as_ref().to_string_lossy()));
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<T: AsRef<OsStr>>(self, args: impl IntoIterator<Item = T>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let setting = format!("{name}={}", quoted(&value.as_ref().to_string_lossy()));
        self.line.insert(0, setting);
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sends what the program prints to stderr, so that our own stdout stays clean.
    pub(crate) fn on_stderr(mut self) -> Self {
        self.command.stdout(std::io::stderr());
        self
    }

    /// Runs the program; anything but success is a failure.
    pub(crate) fn run(mut self) -> Outcome {
        self.announce();
        let status = self
            .command
            .status()
            .map_err(|error| self.not_started(&error))?;
        self.judge(status)
    }

    /// Runs the program and shows its stdout line by line as `each` sees it.
    pub(crate) fn run_watched(mut self, mut each: impl FnMut(&str)) -> Outcome {
        self.announce();
        let child = self.command.stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| self.not_started(&error))?;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                // A reader that went away (`| head`) is no reason to stop the program.
                let _ = writeln!(std::io::stdout(), "{line}");
                each(&line);
            }
        }
        let status = child.wait().map_err(|error| self.not_started(&error))?;
        self.judge(status)
    }

    /// Runs the program and returns its stdout; stderr passes through.
    pub(crate) fn stdout(mut self) -> Outcome<String> {
        self.command.stderr(Stdio::inherit());
        self.output()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs the program and returns its stderr; stdout is dropped.
    pub(crate) fn stderr(self) -> Outcome<String> {
        self.output()
            .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Starts the program, to be talked to while it runs; stderr is dropped.
    pub(crate) fn spawn(mut self) -> Outcome<Child> {
        self.announce();
        let command = self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.stderr(Stdio::null()).spawn();
        child.map_err(|error| self.not_started(&error))
    }

    fn output(mut self) -> Outcome<Output> {
        self.announce();
        let output = self
            .command
            .output()
            .map_err(|error| self.not_started(&error))?;
        self.judge(output.status).map(|()| output)
    }

    fn announce(&self) {
        eprintln!("$ {}", self.line.join(" "));
    }

    fn judge(&self, status: ExitStatus) -> Outcome {
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "`{}` failed ({status})",
            self.line.join(" ")
        )))
    }

    fn not_started(&self, error: &std::io::Error) -> Failure {
        Failure::new(format!("`{}` did not start: {error}", self.line.join(" ")))
    }
}

/// Whether a program of that name is on `PATH`.
pub(crate) fn is_installed(name: &str) -> bool {
    find_installed(name).is_some()
}

/// The first program of that name on `PATH`.
pub(crate) fn find_installed(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut files = env::split_paths(&path).map(|folder| folder.join(&file));
    files.find(|file| file.is_file())
}

/// Cargo describes xtask to xtask in its environment. Handed on, that would make build scripts
/// which look at it run again.
fn describes_this_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || matches!(
            name.as_ref(),
            "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR"
        )
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains(char::is_whitespace) {
        return format!("'{word}'");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_line_can_be_repeated() {
        let step = Step::cargo()
            .args(["doc", "--locked"])
            .env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            step.line.join(" "),
            "RUSTDOCFLAGS='-D warnings' cargo doc --locked"
        );
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let failure = Step::program("no-such-program-anywhere").run().unwrap_err();
        assert!(
            failure
                .to_string()
                .contains("`no-such-program-anywhere` did not start")
        );
        assert!(!is_installed("no-such-program-anywhere"));
    }

    #[test]
    fn only_what_describes_xtask_is_dropped() {
        assert!(describes_this_package(OsStr::new("CARGO_PKG_NAME")));
        assert!(!describes_this_package(OsStr::new("CARGO_TARGET_DIR")));
    }
}
