//! The package, and a process that runs it.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// A server in a process of its own, which ends with this.
pub(super) struct Node {
    process: Child,
    port: u16,
    _payloads: TempDir,
}

impl Node {
    /// Starts one that evaluates these payloads, by their client keys, or says why there is none.
    pub(super) fn start(payloads: &Value) -> Result<Self, String> {
        let packages = PACKAGES.lock().unwrap().clone()?;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("payloads.json");
        fs::write(&file, payloads.to_string()).unwrap();
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/it/remote/proxy_eval.cjs"
        );
        let mut node = Command::new("node");
        node.arg(script).arg(packages).arg(&file);
        node.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = node.spawn().map_err(|error| format!("node: {error}"))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().parse().unwrap();
        Ok(Self {
            process,
            port,
            _payloads: folder,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the packages are, looked for once.
static PACKAGES: LazyLock<Mutex<Result<PathBuf, String>>> =
    LazyLock::new(|| Mutex::new(packages()));

fn packages() -> Result<PathBuf, String> {
    match env::var_os("GROWTHBOOK_TEST_PROXY_EVAL") {
        Some(none) if none == "none" => {
            return Err("GROWTHBOOK_TEST_PROXY_EVAL is none".to_owned());
        }
        Some(folder) => return Ok(folder.into()),
        None => {}
    }
    let test = env::current_exe().unwrap();
    // The test is in `<target>/<profile>/deps`.
    let target = test.ancestors().nth(3).unwrap_or(Path::new("."));
    let folder = target.join(format!("npm/proxy-eval-{PROXY_EVAL}-{SDK}"));
    let packages = folder.join("node_modules");
    if packages.is_dir() {
        return Ok(packages);
    }
    // Into a folder of its own first: another process may be at it, too.
    fs::create_dir_all(target.join("npm")).map_err(|error| error.to_string())?;
    let apart = tempfile::tempdir_in(target.join("npm")).map_err(|error| error.to_string())?;
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.args([
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
    ])
    .arg(apart.path())
    .arg(format!("@growthbook/proxy-eval@{PROXY_EVAL}"))
    .arg(format!("@growthbook/growthbook@{SDK}"));
    let output = npm.output().map_err(|error| format!("npm: {error}"))?;
    if !output.status.success() {
        return Err("npm could not install the packages".to_owned());
    }
    let _ = fs::rename(apart.path(), &folder);
    if packages.is_dir() {
        Ok(packages)
    } else {
        Err("the packages are not where npm was to put them".to_owned())
    }
}

/// Says what was not tested: loudly, since the test passes.
pub(super) fn skipped(why: &str) {
    let test = thread::current();
    let name = test.name().unwrap_or("a test");
    let _ = writeln!(io::stderr(), "SKIPPED: {name}: {why}");
}

const PROXY_EVAL: &str = "1.1.2";
/// The SDK that it evaluates with.
const SDK: &str = "1.8.0";
