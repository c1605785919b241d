//! The npm package, installed once into the folder that cargo keeps for tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PACKAGE: &str = "@growthbook/growthbook@1.8.0";

/// Where node finds the package; or why it does not.
pub(super) fn node_path() -> Result<PathBuf, String> {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("javascript");
    fs::create_dir_all(&kept).map_err(|error| format!("no folder for packages: {error}"))?;
    // Another process may be at it.
    let lock = File::create(kept.join("lock")).and_then(|lock| lock.lock().map(|()| lock));
    let _lock = lock.map_err(|error| format!("no lock on that folder: {error}"))?;
    let folder = kept.join(PACKAGE.replace(['@', '/'], "_"));
    if !folder.exists() {
        // Under its name there is never half of it.
        let half = tempfile::tempdir_in(&kept).map_err(|error| error.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
        npm.args(["--fetch-retries=1", "--fetch-timeout=60000", "--prefix"]);
        run(npm.arg(half.path()).arg(PACKAGE))?;
        fs::rename(half.keep(), &folder).map_err(|error| error.to_string())?;
    }
    Ok(folder.join("node_modules"))
}

/// Runs it to its end; what is wrong if that is no good one.
pub(super) fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} failed: {}: {said}", output.status))
}
