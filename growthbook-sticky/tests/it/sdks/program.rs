//! A program in another language that does as it is told.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use super::super::faulty::SOON;
use super::packages::{self, Packages};
use super::skipped;

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

/// What the other one keeps documents in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// An address.
    #[cfg(all(unix, feature = "redis"))]
    Redis(&'a str),
    /// A path.
    #[cfg(feature = "sqlite")]
    Sqlite(&'a str),
}

impl Program {
    /// The SDK for JavaScript, unless it cannot be had.
    pub(crate) fn javascript(place: Place<'_>) -> Option<Self> {
        Self::start(packages::javascript(), "program.cjs", place)
    }

    /// The SDK for Python, unless it cannot be had.
    pub(crate) fn python(place: Place<'_>) -> Option<Self> {
        Self::start(packages::python(), "program.py", place)
    }

    /// The same store in Python, which needs no SDK.
    #[cfg(feature = "sqlite")]
    pub(crate) fn bare_python(place: Place<'_>) -> Option<Self> {
        Self::start(packages::bare_python(), "program.py", place)
    }

    fn start(packages: Result<Packages, String>, name: &str, place: Place<'_>) -> Option<Self> {
        let packages = match packages {
            Ok(packages) => packages,
            Err(why) => {
                skipped(&format!("{why}; what was recorded is read all the same"));
                return None;
            }
        };
        let (kind, place) = match place {
            #[cfg(all(unix, feature = "redis"))]
            Place::Redis(url) => ("redis", url),
            #[cfg(feature = "sqlite")]
            Place::Sqlite(path) => ("sqlite", path),
        };
        let script = format!("{}/tests/it/sdks/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(packages.interpreter);
        command.args([&*script, kind, place]);
        command.env(packages.variable, packages.folder);
        command.env("PYTHONIOENCODING", "utf-8");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (sender, answers) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let requests = process.stdin.take().unwrap();
        Some(Self {
            process,
            requests,
            answers,
        })
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").unwrap();
        let answer = self.answers.recv_timeout(SOON);
        let answer = answer.expect("the program says above what is wrong with it");
        serde_json::from_str(&answer).unwrap()
    }

    /// The user's document, with its name.
    pub(crate) fn document(&mut self, name: &str, value: &str) -> Value {
        self.ask(&json!({"do": "document", "name": name, "value": value}))
    }

    /// Saves a whole document.
    pub(crate) fn save(&mut self, name: &str, value: &Value, assignments: &Value) {
        let request =
            json!({"do": "save", "name": name, "value": value, "assignments": assignments});
        self.ask(&request);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
