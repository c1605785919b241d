//! The upstream conformance corpus: where it comes from, and a checked copy of it under the target
//! folder.
//!
//! The corpus is never committed. `conformance/corpus.json` names the published crate that carries
//! it, the file and its SHA-256; cargo itself fetches that crate.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use semver::Version;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::Step;
use crate::workspace::Workspace;

/// `cargo xtask corpus pull|verify`
pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Outcome {
    let action = arguments.word();
    arguments.finish()?;
    let corpus = match action.as_deref() {
        Some("pull") => pull(workspace)?,
        Some("verify") => verify(workspace)?,
        _ => return Err(Failure::new("say `corpus pull` or `corpus verify`")),
    };
    println!(
        "{}: spec {}, {} cases in {} suites",
        corpus.path.display(),
        corpus.spec_version,
        corpus.cases(),
        corpus.suites.len()
    );
    Ok(())
}

/// Makes sure that the checked corpus is under the target folder. Goes to the network only if cargo
/// has not unpacked it before.
pub(crate) fn pull(workspace: &Workspace) -> Outcome<Corpus> {
    let pin = Pin::load(workspace)?;
    let path = pin.path(workspace);
    if let Ok(bytes) = fs::read(&path)
        && let Ok(corpus) = pin.check(&path, &bytes)
    {
        return Ok(corpus);
    }
    let found = match pin.unpacked() {
        Some(found) => found,
        None => pin.fetch()?,
    };
    let bytes = read(&found)?;
    pin.check(&found, &bytes)?;
    write_whole(&path, &bytes)?;
    pin.check(&path, &bytes)
}

/// Checks the copy that is there.
pub(crate) fn verify(workspace: &Workspace) -> Outcome<Corpus> {
    let pin = Pin::load(workspace)?;
    let path = pin.path(workspace);
    let bytes = fs::read(&path).map_err(|error| {
        let path = path.display();
        Failure::new(format!(
            "cannot read {path}: {error}; run `cargo xtask corpus pull`"
        ))
    })?;
    pin.check(&path, &bytes)
}

/// A copy whose sum is right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Corpus {
    path: PathBuf,
    spec_version: Version,
    suites: BTreeMap<String, usize>,
}

impl Corpus {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many cases each suite has. Suites that hold others are counted whole.
    pub(crate) fn suites(&self) -> &BTreeMap<String, usize> {
        &self.suites
    }

    pub(crate) fn cases(&self) -> usize {
        self.suites.values().sum()
    }
}

/// `conformance/corpus.json`
#[derive(Debug, PartialEq, Eq)]
struct Pin {
    spec_version: Version,
    cases: u64,
    package: String,
    version: Version,
    file: String,
    sha256: String,
}

impl Pin {
    fn load(workspace: &Workspace) -> Outcome<Self> {
        let path = workspace.root().join("conformance").join("corpus.json");
        Self::parse(&read(&path)?)
    }

    fn parse(json: &[u8]) -> Outcome<Self> {
        let pin: Value = serde_json::from_slice(json)
            .map_err(|error| Failure::new(format!("conformance/corpus.json: {error}")))?;
        let text = |pointer: &str| match pin.pointer(pointer).and_then(Value::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => Err(Failure::new(format!(
                "conformance/corpus.json has no {pointer}"
            ))),
        };
        Ok(Self {
            spec_version: version(&text("/specVersion")?)?,
            cases: pin.get("cases").and_then(Value::as_u64).unwrap_or_default(),
            package: text("/source/crate")?,
            version: version(&text("/source/version")?)?,
            file: text("/source/file")?,
            sha256: text("/sha256")?,
        })
    }

    fn path(&self, workspace: &Workspace) -> PathBuf {
        workspace
            .target("corpus")
            .join(format!("growthbook-{}.json", self.spec_version))
    }

    fn check(&self, path: &Path, bytes: &[u8]) -> Outcome<Corpus> {
        let sum = hex(&Sha256::digest(bytes));
        if sum != self.sha256 {
            return Err(Failure::new(format!(
                "{} has the SHA-256 {sum}, but conformance/corpus.json pins {}; \
                 `cargo xtask corpus pull` gets the pinned file, \
                 CONTRIBUTING.md says how to pin another",
                path.display(),
                self.sha256
            )));
        }
        let corpus: Value = serde_json::from_slice(bytes)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        let spec_version = corpus
            .get("specVersion")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let spec_version = version(spec_version)?;
        if spec_version != self.spec_version {
            return Err(Failure::new(format!(
                "the corpus is for spec {spec_version}, conformance/corpus.json says {}",
                self.spec_version
            )));
        }
        let suites = corpus.as_object().into_iter().flatten();
        let suites = suites.filter(|(name, _)| *name != "specVersion");
        let suites = suites
            .map(|(name, suite)| (name.clone(), count(suite)))
            .collect();
        let corpus = Corpus {
            path: path.to_owned(),
            spec_version,
            suites,
        };
        if corpus.cases() as u64 != self.cases {
            return Err(Failure::new(format!(
                "the corpus has {} cases, conformance/corpus.json says {}",
                corpus.cases(),
                self.cases
            )));
        }
        Ok(corpus)
    }

    /// Has cargo download and unpack the crate. `cargo info` does that without building anything,
    /// and needs no project around it.
    fn fetch(&self) -> Outcome<PathBuf> {
        let folder = EmptyFolder::create()?;
        let package = format!("{}@{}", self.package, self.version);
        let step = Step::cargo().args(["info", &package]).folder(&folder.0);
        step.stdout().map_err(|failure| {
            Failure::new(format!(
                "{failure}; getting the corpus needs the network, once"
            ))
        })?;
        self.unpacked().ok_or_else(|| {
            Failure::new(format!(
                "cargo knows {package}, but there is no {}-{}/{} in its registry folder; \
                 `cargo fetch` in a project that uses the crate puts it there",
                self.package, self.version, self.file
            ))
        })
    }

    /// The file in the folder where cargo unpacks packages, if it is there.
    fn unpacked(&self) -> Option<PathBuf> {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")))?;
        let registries = fs::read_dir(home.join("registry").join("src")).ok()?;
        registries
            .flatten()
            .map(|registry| registry.path())
            .map(|registry| registry.join(format!("{}-{}", self.package, self.version)))
            .map(|package| package.join(&self.file))
            .find(|file| file.is_file())
    }
}

/// A folder outside every workspace, so that cargo sees no manifest around it; gone when dropped.
struct EmptyFolder(PathBuf);

impl EmptyFolder {
    fn create() -> Outcome<Self> {
        let folder = env::temp_dir().join(format!("growthbook-corpus-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| {
            Failure::new(format!("cannot create {}: {error}", folder.display()))
        })?;
        Ok(Self(folder))
    }
}

impl Drop for EmptyFolder {
    fn drop(&mut self) {
        // An empty folder that stays behind harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn count(suite: &Value) -> usize {
    match suite {
        Value::Array(cases) => cases.len(),
        Value::Object(suites) => suites.values().map(count).sum(),
        _ => 0,
    }
}

fn version(text: &str) -> Outcome<Version> {
    Version::parse(text).map_err(|error| Failure::new(format!("the version `{text}`: {error}")))
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

/// Other runs see the old file or the new one, never half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> Outcome {
    let part = path.with_extension(format!("part{}", std::process::id()));
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| fs::write(&part, bytes))
        .and_then(|()| fs::rename(&part, path))
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xF])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PINNED: &str = include_str!("../../conformance/corpus.json");

    fn pin_of(corpus: &str) -> Pin {
        Pin {
            sha256: hex(&Sha256::digest(corpus)),
            cases: 3,
            ..Pin::parse(PINNED.as_bytes()).unwrap()
        }
    }

    fn check(corpus: &str) -> Result<usize, String> {
        let corpus = pin_of(corpus).check(Path::new("cases.json"), corpus.as_bytes());
        corpus
            .map(|corpus| corpus.cases())
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_committed_pin_is_for_the_spec_that_we_follow() {
        let pin = Pin::parse(PINNED.as_bytes()).unwrap();
        assert_eq!(pin.spec_version, Version::new(0, 12, 0));
        assert_eq!(
            (pin.package.as_str(), pin.version),
            ("growthbook-rust", Version::new(0, 4, 0))
        );
        assert_eq!(pin.cases, 1035);
        assert_eq!(pin.sha256.len(), 64);
    }

    #[test]
    fn counts_cases_in_suites_and_in_suites_of_suites() {
        let corpus =
            r#"{"specVersion": "0.12.0", "hash": [1, 2], "v2": {"run": [1], "feature": []}}"#;
        assert_eq!(check(corpus), Ok(3));
    }

    #[test]
    fn refuses_another_sum_another_spec_and_another_size() {
        let corpus = r#"{"specVersion": "0.12.0", "hash": [1, 2, 3]}"#;
        let other = pin_of("other").check(Path::new("cases.json"), corpus.as_bytes());
        assert!(other.unwrap_err().to_string().contains("pins"));
        let older = check(r#"{"specVersion": "0.11.2", "hash": [1, 2, 3]}"#).unwrap_err();
        assert_eq!(
            older,
            "the corpus is for spec 0.11.2, conformance/corpus.json says 0.12.0"
        );
        let smaller = check(r#"{"specVersion": "0.12.0", "hash": [1]}"#).unwrap_err();
        assert_eq!(
            smaller,
            "the corpus has 1 cases, conformance/corpus.json says 3"
        );
    }
}
