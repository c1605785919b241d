//! Faults that take whole processes: the system starves them, stops them or kills their server, and they go on. They are the
//! clients and servers in `growthbook-fetch/tests/it/processes.rs`.

mod process;
mod rows;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::process::Process;
use self::rows::ROWS;
use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::Step;
use crate::workspace::Workspace;

/// `cargo xtask faults [row]`: all rows, or one.
///
/// A row that fails does not stop the ones after it.
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Outcome {
    let only = arguments.word();
    arguments.finish()?;
    if !cfg!(target_os = "linux") {
        println!("skipped: faults of processes, which are made with what Linux has");
        return Ok(());
    }
    let rows: Vec<&Row> = ROWS
        .iter()
        .filter(|row| only.as_ref().is_none_or(|only| row.id == only))
        .collect();
    if rows.is_empty() {
        let known: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
        return Err(Failure::new(format!("the rows are {}", known.join(", "))));
    }
    let ground = Ground::prepare(workspace)?;
    let mut lines = Vec::new();
    let mut broken = Vec::new();
    for row in rows {
        eprintln!("\n== {} {}", row.id, row.about);
        let started = Instant::now();
        let (verdict, words) = match (row.run)(&ground) {
            Ok(Came::Out(words)) => ("ok", words),
            Ok(Came::Skipped(why)) => ("SKIPPED", why),
            Err(failure) => ("BROKEN", failure.to_string()),
        };
        let took = started.elapsed().as_secs_f64();
        lines.push(format!(
            "{:<5}{verdict:<9}{took:>5.1} s  {}\n{:23}{words}",
            row.id, row.about, ""
        ));
        if verdict == "BROKEN" {
            broken.push(format!("{}: {words}", row.id));
        }
    }
    println!("\n{}", lines.join("\n"));
    Failure::unless_empty("these promises are broken:", &broken)
}

/// A fault: what is done, and what must come out.
struct Row {
    id: &'static str,
    about: &'static str,
    run: fn(&Ground) -> Outcome<Came>,
}

enum Came {
    Out(String),
    Skipped(String),
}

/// Where rows find what they need.
struct Ground {
    /// The tests of growthbook-fetch, two of which are a client and a server.
    binary: PathBuf,
    folder: PathBuf,
}

impl Ground {
    fn prepare(workspace: &Workspace) -> Outcome<Self> {
        let step = Step::cargo().args(["test", "--locked", "-p", "growthbook-fetch"]);
        let step = step.args(["--all-features", "--test", "it", "--no-run"]);
        let messages = step.arg("--message-format=json").stdout()?;
        let executable = |line| {
            let message: Value = serde_json::from_str(line).ok()?;
            Some(PathBuf::from(message.get("executable")?.as_str()?))
        };
        let binary = messages.lines().filter_map(executable).next_back();
        let folder = workspace.target("faults");
        std::fs::create_dir_all(&folder).map_err(failed("make a folder"))?;
        Ok(Self {
            binary: binary.ok_or_else(|| Failure::new("cargo names no test binary"))?,
            folder,
        })
    }

    /// A client of `host`, run by another program with these words before it.
    fn client_under(&self, before: &[&str], host: &str) -> Step {
        self.program(before, "processes::a_client")
            .env("GROWTHBOOK_FAULTS_HOST", host)
    }

    fn client(&self, host: &str) -> Step {
        self.client_under(&[], host)
    }

    /// A server at this address, which has begun to listen.
    fn server(&self, address: &str, value: u32) -> Outcome<Process> {
        Self::listening(self.server_at(address, value))
    }

    fn server_at(&self, address: &str, value: u32) -> Step {
        self.program(&[], "processes::a_server")
            .env("GROWTHBOOK_FAULTS_ADDRESS", address)
            .env("GROWTHBOOK_FAULTS_VALUE", value.to_string())
    }

    fn listening(server: Step) -> Outcome<Process> {
        let mut server = Process::start(server)?;
        server.wait_for("listening", SOON)?;
        Ok(server)
    }

    fn program(&self, before: &[&str], test: &str) -> Step {
        let step = match before {
            [] => Step::executable(&self.binary),
            [program, words @ ..] => Step::program(program).args(words).arg(&self.binary),
        };
        let step = step.args([test, "--exact", "--ignored", "--nocapture"]);
        let names = ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];
        names.iter().fold(step, |step, name| {
            step.env_remove(name).env_remove(&name.to_lowercase())
        })
    }
}

fn failed(doing: &str) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::new(format!("cannot {doing}: {error}"))
}

/// How long to wait for what should be there at once.
const SOON: Duration = Duration::from_secs(20);
