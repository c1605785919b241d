//! What has to agree before a release: versions, changelog, README, and what each package carries.

use std::fs;
use std::path::Path;

use semver::{Version, VersionReq};

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::Step;
use crate::workspace::{Package, Workspace};

/// `cargo xtask release check`
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Outcome {
    let action = arguments.word();
    arguments.finish()?;
    if action.as_deref() != Some("check") {
        return Err(Failure::new("say `release check`"));
    }
    let mut problems = Vec::new();
    for check in [versions, changelog, readmes, contents] {
        problems.extend(check(workspace)?);
    }
    Failure::unless_empty("not ready to release:", &problems)?;
    println!("release: versions, changelog, README and packages agree");
    Ok(())
}

/// What each published package carries, as a stage of its own for CI.
pub(crate) fn packages(workspace: &Workspace) -> Outcome {
    Failure::unless_empty("packages lack files:", &contents(workspace)?)
}

/// One version across the workspace, and every crate asks for the others at that version.
fn versions(workspace: &Workspace) -> Outcome<Vec<String>> {
    let Some(first) = workspace.published().next() else {
        return Err(Failure::new("the workspace publishes no package"));
    };
    let mut problems = Vec::new();
    for package in workspace.published() {
        if package.version() != first.version() {
            problems.push(format!(
                "{} has version {}, {} has {}",
                package.name(),
                package.version(),
                first.name(),
                first.version()
            ));
        }
        for (name, requirement) in package.path_dependencies() {
            // Without a version, `cargo package` refuses the dependency; test crates that stay at
            // home have none.
            let known = workspace
                .published()
                .find(|published| published.name() == name);
            if known.is_some_and(|known| !requirement.matches(known.version())) {
                problems.push(format!("{} asks for {name} {requirement}", package.name()));
            }
        }
    }
    Ok(problems)
}

/// The newest section is about the version that the workspace has.
fn changelog(workspace: &Workspace) -> Outcome<Vec<String>> {
    let text = read(&workspace.root().join("CHANGELOG.md"))?;
    let newest = text
        .lines()
        .find_map(|line| line.strip_prefix("## "))
        .unwrap_or_default();
    let about = workspace
        .published()
        .map(Package::version)
        .find(|version| !is_about(newest, version));
    Ok(about
        .map(|version| {
            format!("CHANGELOG.md starts with `## {newest}`, not with {version} or Unreleased")
        })
        .into_iter()
        .collect())
}

fn is_about(heading: &str, version: &Version) -> bool {
    let first = heading.split_whitespace().next().unwrap_or_default();
    let first = first.trim_matches(['[', ']']);
    first.eq_ignore_ascii_case("unreleased")
        || Version::parse(first.trim_start_matches('v')).is_ok_and(|named| named == *version)
}

/// Wherever a README says which version to ask for, that gets this one.
fn readmes(workspace: &Workspace) -> Outcome<Vec<String>> {
    let mut problems = Vec::new();
    let root = workspace.root();
    let folders = workspace.published().map(Package::folder);
    for folder in [root].into_iter().chain(folders) {
        let path = folder
            .strip_prefix(root)
            .unwrap_or(folder)
            .join("README.md");
        if !path.is_file() {
            problems.push(format!("{} is missing", path.display()));
            continue;
        }
        let text = read(&path)?;
        for (name, requirement) in text.lines().filter_map(requested) {
            let package = workspace.published().find(|package| package.name() == name);
            let Some(package) = package else { continue };
            let matches =
                VersionReq::parse(requirement).is_ok_and(|asked| asked.matches(package.version()));
            if !matches {
                problems.push(format!(
                    "{} asks for {name} `{requirement}`, which does not get {}",
                    path.display(),
                    package.version()
                ));
            }
        }
    }
    Ok(problems)
}

/// The crate and the version in a line of a manifest: `growthbook = "0.1"` or `growthbook = {
/// version = "0.1", .. }`.
fn requested(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let value = value.trim();
    let version = match value.strip_prefix('{') {
        Some(table) => table
            .split_once("version")?
            .1
            .trim_start()
            .strip_prefix('=')?
            .trim_start(),
        None => value,
    };
    let version = version.strip_prefix('"')?.split('"').next()?;
    Some((name.trim(), version))
}

/// Every published package carries its README and both licences, and the licences are the
/// workspace's.
fn contents(workspace: &Workspace) -> Outcome<Vec<String>> {
    let mut problems = Vec::new();
    for package in workspace.published() {
        let step = Step::cargo().args(["package", "--list", "--locked", "--allow-dirty"]);
        let listed = step.args(["-p", package.name()]).stdout()?;
        let missing =
            missing(&listed).map(|file| format!("the package {} lacks {file}", package.name()));
        problems.extend(missing);
        for licence in LICENCES {
            let own = fs::read(package.folder().join(licence)).ok();
            if own.is_some() && own != fs::read(workspace.root().join(licence)).ok() {
                problems.push(format!(
                    "{}/{licence} is not a copy of the workspace's; copy it again",
                    package.name()
                ));
            }
        }
    }
    Ok(problems)
}

fn missing(listed: &str) -> impl Iterator<Item = &'static str> {
    let wanted = ["README.md"].into_iter().chain(LICENCES);
    wanted.filter(move |wanted| !listed.lines().any(|file| file == *wanted))
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_about_a_version_or_about_the_next_one() {
        let version = Version::new(0, 1, 0);
        for heading in [
            "0.1.0",
            "0.1.0 (unreleased)",
            "[0.1.0] - 2027-01-01",
            "v0.1.0",
            "Unreleased",
        ] {
            assert!(is_about(heading, &version), "{heading}");
        }
        for heading in ["0.1.1", "0.1", "", "Added"] {
            assert!(!is_about(heading, &version), "{heading}");
        }
    }

    #[test]
    fn reads_versions_out_of_manifest_lines() {
        assert_eq!(
            requested(r#"growthbook = "0.1""#),
            Some(("growthbook", "0.1"))
        );
        let table = r#"growthbook = { version = "0.1", features = ["fetch"] }"#;
        assert_eq!(requested(table), Some(("growthbook", "0.1")));
        assert_eq!(requested(r#"growthbook = { path = "growthbook" }"#), None);
        assert_eq!(requested("let client = builder()"), None);
    }

    #[test]
    fn says_which_files_a_package_lacks() {
        let missing: Vec<_> = missing("Cargo.toml\nLICENSE-MIT\nsrc/lib.rs\n").collect();
        assert_eq!(missing, ["README.md", "LICENSE-APACHE"]);
    }
}
