//! The Redis that tests start for themselves: found, or installed where that is possible.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::step::{Step, find_installed, is_installed};
use crate::workspace::Workspace;

/// Tells tests where the server's program is, or that there is none.
pub(crate) const VARIABLE: &str = "GROWTHBOOK_TEST_REDIS_SERVER";

/// What [`VARIABLE`] says if tests shall do without.
pub(crate) const NONE: &str = "none";

/// The value for [`VARIABLE`]. In CI tests never do without.
pub(crate) fn provide(workspace: &Workspace, is_wanted: bool) -> Outcome<PathBuf> {
    let is_ci = env::var_os("CI").is_some();
    match Wish::of(env::var_os(VARIABLE), is_wanted) {
        Wish::None if is_ci => Err(Failure::new("CI does not test without Redis")),
        Wish::None => {
            eprintln!(
                "\nNO REDIS: whatever needs one is SKIPPED, and nothing is known about it.\n"
            );
            Ok(NONE.into())
        }
        Wish::Named(path) if path.is_file() => Ok(path),
        Wish::Named(path) => {
            let path = path.display();
            let missing = format!("{VARIABLE} names `{path}`, which is no file");
            Err(Failure::new(missing))
        }
        Wish::Any => {
            let place = workspace.target("xtask/redis-server");
            let found = found().or_else(|| unpacked(&place));
            found.map_or_else(|| installed(&place), Ok)
        }
    }
}

#[derive(Debug, PartialEq)]
enum Wish {
    Any,
    Named(PathBuf),
    None,
}

impl Wish {
    /// An empty variable names nothing, as one that is not set.
    fn of(variable: Option<OsString>, is_wanted: bool) -> Self {
        let named = variable.filter(|named| !named.is_empty());
        match named {
            _ if !is_wanted => Self::None,
            Some(named) if named == NONE => Self::None,
            Some(named) => Self::Named(named.into()),
            None => Self::Any,
        }
    }
}

fn found() -> Option<PathBuf> {
    let mut programs = ["redis-server", "valkey-server"].into_iter();
    programs.find_map(find_installed)
}

/// Installs the package that holds the program and no service: what is never started need not be stopped, and a server
/// that is somebody else's cannot be hit.
fn installed(place: &Path) -> Outcome<PathBuf> {
    if !is_debian() || !is_installed("apt-get") || !is_root()? {
        return Err(Failure::new(MISSING));
    }
    let apt = |words: &[&str]| {
        let step = Step::program("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
        step.args(words).on_stderr().run()
    };
    let install = ["install", "-y", "-qq", "--no-install-recommends", PACKAGE];
    if apt(&install).is_err() {
        apt(&["update", "-qq"])?;
        apt(&install)?;
    }
    let program = found().or_else(|| unpacked(place));
    program.ok_or_else(|| Failure::new(MISSING))
}

/// The server as that package has it: one program is server and checker of dumps, and which of them depends on its name.
fn unpacked(place: &Path) -> Option<PathBuf> {
    let program = find_installed("redis-check-rdb")?;
    fs::create_dir_all(place.parent()?).ok()?;
    // A running copy cannot be written to, but replaced.
    let _ = fs::remove_file(place);
    fs::copy(program, place).ok()?;
    let version = Step::executable(place).arg("--version").stdout().ok()?;
    version
        .starts_with("Redis server")
        .then(|| place.to_owned())
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

/// Of Debian and its relatives. `redis-server` has only the service, and this program under another name.
const PACKAGE: &str = "redis-tools";

const MISSING: &str = "\
there is no redis-server, and it could not be installed from here: that takes apt-get and root
  - install it: `sudo apt-get install redis-server`, `sudo dnf install valkey`, `brew install redis`
  - or name a program: GROWTHBOOK_TEST_REDIS_SERVER=/path/to/redis-server
  - or run everything else: `cargo xtask test --without-redis`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_taken_and_none_is_none() {
        let wish = |variable: &str, is_wanted| Wish::of(Some(variable.into()), is_wanted);
        assert_eq!(Wish::of(None, true), Wish::Any);
        assert_eq!(wish("", true), Wish::Any);
        assert_eq!(wish("none", true), Wish::None);
        assert_eq!(wish("/opt/redis", true), Wish::Named("/opt/redis".into()));
        assert_eq!(wish("/opt/redis", false), Wish::None);
        assert_eq!(Wish::of(None, false), Wish::None);
    }

    #[test]
    fn the_family_is_what_the_system_says() {
        assert!(names_debian("NAME=\"x\"\nID=debian\n"));
        assert!(names_debian("ID=pop\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!names_debian("ID=fedora\nHOME_URL=debian\nID_LIKE=\"\"\n"));
        assert!(!names_debian(""));
    }
}
