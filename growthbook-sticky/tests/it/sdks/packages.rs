//! Packages of other languages, each set installed once into the folder that cargo keeps for tests.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What to run the other SDK with.
#[derive(Clone, Debug)]
pub(super) struct Packages {
    pub(super) interpreter: &'static str,
    /// Where the interpreter looks for packages.
    pub(super) variable: &'static str,
    pub(super) folder: PathBuf,
}

/// Found or installed once, if it can be.
static JAVASCRIPT: OnceLock<Result<Packages, String>> = OnceLock::new();
static PYTHON: OnceLock<Result<Packages, String>> = OnceLock::new();

/// `@growthbook/growthbook`, with what it is to reach a Redis and a SQLite file with. None of them is compiled here.
pub(super) fn javascript() -> Result<Packages, String> {
    JAVASCRIPT.get_or_init(find_javascript).clone()
}

/// `growthbook`, and `redis` to reach one; SQLite comes with Python.
pub(super) fn python() -> Result<Packages, String> {
    PYTHON.get_or_init(find_python).clone()
}

fn find_javascript() -> Result<Packages, String> {
    let install = |folder: &Path| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
        npm.args(["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]);
        npm.arg("--fetch-timeout=60000");
        npm.arg("--prefix").arg(folder).args(NPM);
        npm
    };
    let packages = Packages {
        interpreter: "node",
        variable: "NODE_PATH",
        folder: installed(&NPM, install)?.join("node_modules"),
    };
    let script =
        "require('@growthbook/growthbook'); require('ioredis'); require('@photostructure/sqlite')";
    packages.check(["-e", script])
}

fn find_python() -> Result<Packages, String> {
    let install = |folder: &Path| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--only-binary=:all:"]);
        pip.args(["--disable-pip-version-check", "--root-user-action=ignore"]);
        pip.args(["--retries=1", "--timeout=60", "--target"]);
        pip.arg(folder).args(PIP);
        pip
    };
    let packages = Packages {
        interpreter: "python3",
        variable: "PYTHONPATH",
        folder: installed(&PIP, install)?,
    };
    packages.check(["-c", "import growthbook, redis, sqlite3"])
}

/// Python as it comes, without packages.
#[cfg(feature = "sqlite")]
pub(super) fn bare_python() -> Result<Packages, String> {
    let packages = Packages {
        interpreter: "python3",
        variable: "PYTHONPATH",
        folder: PathBuf::new(),
    };
    packages.check(["-c", "import sqlite3"])
}

impl Packages {
    fn check(self, arguments: [&str; 2]) -> Result<Self, String> {
        let mut command = Command::new(self.interpreter);
        command.args(arguments).env(self.variable, &self.folder);
        run(command).map(|()| self)
    }
}

/// The folder with these packages, which `install` puts there if they are not.
fn installed(packages: &[&str], install: impl FnOnce(&Path) -> Command) -> Result<PathBuf, String> {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdks");
    let told = |error: io::Error| format!("no folder for packages: {error}");
    fs::create_dir_all(&kept).map_err(told)?;
    // Another test may be at it, in this process or in another one.
    let lock = File::create(kept.join("lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    let name = packages.join("+").replace(['@', '/'], "_");
    let folder = kept.join(name);
    if !folder.exists() {
        // Under its name there is never half of it.
        let half = tempfile::tempdir_in(&kept).map_err(told)?;
        run(install(half.path()))?;
        fs::rename(half.keep(), &folder).map_err(told)?;
    }
    Ok(folder)
}

/// Runs it to its end; what is wrong if that is no good one.
fn run(mut command: Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut process = command
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match process.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{program} failed: {status}")),
            Ok(None) if Instant::now() < deadline => {
                std::thread::park_timeout(Duration::from_millis(20));
            }
            _ => {
                let _ = process.kill();
                let _ = process.wait();
                return Err(format!("{program} took longer than {PATIENCE:?}"));
            }
        }
    }
}

/// The SQLite comes compiled for the usual systems.
const NPM: [&str; 3] = [
    "@growthbook/growthbook@1.8.0",
    "ioredis@6.0.0",
    "@photostructure/sqlite@1.2.1",
];
const PIP: [&str; 2] = ["growthbook==4.0.0", "redis==8.1.0"];

/// For a registry that is slow, and a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(240);
