//! The Redis that tests start for themselves: found, or installed where that is possible.

use std::env;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::step::{Step, find_installed, is_installed};

/// Tells tests where the server's program is, or that there is none.
pub(crate) const VARIABLE: &str = "GROWTHBOOK_TEST_REDIS_SERVER";

/// What [`VARIABLE`] says if tests shall do without.
pub(crate) const NONE: &str = "none";

/// The value for [`VARIABLE`]. In CI tests never do without.
pub(crate) fn provide(is_wanted: bool) -> Outcome<PathBuf> {
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let is_wanted = is_wanted && named.as_ref().is_none_or(|path| path.as_os_str() != NONE);
    if !is_wanted {
        if env::var_os("CI").is_some() {
            return Err(Failure::new("CI does not test without Redis"));
        }
        eprintln!("\nNO REDIS: whatever needs one is SKIPPED, and nothing is known about it.\n");
        return Ok(NONE.into());
    }
    if let Some(path) = named {
        let missing = format!("{VARIABLE} names `{}`, which is no file", path.display());
        return path.is_file().then_some(path).ok_or(Failure::new(missing));
    }
    if let Some(path) = found() {
        return Ok(path);
    }
    if is_debian() && is_installed("apt-get") && is_root()? {
        install()?;
    }
    found().ok_or_else(|| Failure::new(MISSING))
}

fn found() -> Option<PathBuf> {
    let mut programs = ["redis-server", "valkey-server"].into_iter();
    programs.find_map(find_installed)
}

/// Installs the package. Tests start servers of their own, so the one that packages start is stopped.
fn install() -> Outcome {
    let was_listening = is_listening();
    let apt = |words: &[&str]| {
        let step = Step::program("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
        // Packages start no services in the single-user runlevel.
        step.env("RUNLEVEL", "1").args(words).on_stderr().run()
    };
    let install = [
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        "redis-server",
    ];
    if apt(&install).is_err() {
        apt(&["update", "-qq"])?;
        apt(&install)?;
    }
    if was_listening || !is_listening() {
        return Ok(());
    }
    if is_installed("systemctl") {
        let step = Step::program("systemctl").args(["disable", "--now", "redis-server"]);
        return step.on_stderr().run();
    }
    let step = Step::program("service").args(["redis-server", "stop"]);
    step.on_stderr().run()
}

fn is_listening() -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT));
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

fn is_debian() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|release| names_debian(&release))
}

fn names_debian(release: &str) -> bool {
    let mut settings = release.lines().filter_map(|line| line.split_once('='));
    settings.any(|(name, value)| {
        let mut families = value.trim_matches('"').split(' ');
        matches!(name, "ID" | "ID_LIKE") && families.any(|it| matches!(it, "debian" | "ubuntu"))
    })
}

fn is_root() -> Outcome<bool> {
    let id = Step::program("id").arg("-u").stdout()?;
    Ok(id.trim() == "0")
}

const DEFAULT_PORT: u16 = 6379;

const MISSING: &str = "\
there is no redis-server, and it could not be installed from here: that takes apt-get and root
  - install it: `sudo apt-get install redis-server`, `sudo dnf install valkey`, `brew install redis`
  - or name a program: GROWTHBOOK_TEST_REDIS_SERVER=/path/to/redis-server
  - or run everything else: `cargo xtask test --without-redis`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_is_what_the_system_says() {
        assert!(names_debian("NAME=\"x\"\nID=debian\n"));
        assert!(names_debian("ID=pop\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!names_debian("ID=fedora\nHOME_URL=debian\nID_LIKE=\"\"\n"));
        assert!(!names_debian(""));
    }
}
