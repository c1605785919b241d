//! The workspace as cargo describes it.

use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::step::Step;

#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    name: String,
    version: Version,
    folder: PathBuf,
    features: Vec<String>,
    has_defaults: bool,
    dependencies: Vec<(String, VersionReq)>,
    is_published: bool,
}

impl Workspace {
    /// Asks cargo about the workspace around the current folder.
    pub(crate) fn load() -> Outcome<Self> {
        let args = ["metadata", "--no-deps", "--format-version", "1"];
        Self::parse(&Step::cargo().args(args).stdout()?)
    }

    /// Makes the workspace's root the folder that everything else runs in.
    pub(crate) fn enter(&self) -> Outcome {
        std::env::set_current_dir(&self.root)
            .map_err(|error| Failure::new(format!("cannot enter {}: {error}", self.root.display())))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A place under cargo's target folder, wherever the environment puts that.
    pub(crate) fn target(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    pub(crate) fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// What goes to the registry: everything but our tools.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_published)
    }

    fn parse(metadata: &str) -> Outcome<Self> {
        let metadata: Value = serde_json::from_str(metadata)
            .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))?;
        let packages = list(&metadata, "packages");
        Ok(Self {
            root: text(&metadata, "workspace_root")?.into(),
            target: text(&metadata, "target_directory")?.into(),
            packages: packages.map(Package::parse).collect::<Outcome<_>>()?,
        })
    }
}

impl Package {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn version(&self) -> &Version {
        &self.version
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names of its features, without `default`, sorted.
    pub(crate) fn features(&self) -> &[String] {
        &self.features
    }

    /// Whether some features are on unless somebody turns them off.
    pub(crate) fn has_defaults(&self) -> bool {
        self.has_defaults
    }

    /// Packages that it asks for from its own folder tree, with the version it asks for.
    pub(crate) fn path_dependencies(&self) -> &[(String, VersionReq)] {
        &self.dependencies
    }

    fn parse(metadata: &Value) -> Outcome<Self> {
        let name = text(metadata, "name")?;
        let version = text(metadata, "version")?;
        let manifest = PathBuf::from(text(metadata, "manifest_path")?);
        let features = metadata.get("features").and_then(Value::as_object);
        let has_defaults = features.is_some_and(|features| features.contains_key("default"));
        let mut features: Vec<String> = features
            .into_iter()
            .flat_map(|features| features.keys())
            .filter(|feature| *feature != "default")
            .cloned()
            .collect();
        features.sort();
        let dependencies = list(metadata, "dependencies")
            .filter(|dependency| dependency.get("path").is_some_and(Value::is_string))
            .map(|dependency| Ok((text(dependency, "name")?, requirement(dependency)?)))
            .collect::<Outcome<_>>()?;
        Ok(Self {
            version: Version::parse(&version).map_err(|error| {
                Failure::new(format!("{name} has the version `{version}`: {error}"))
            })?,
            folder: manifest.parent().map(Path::to_owned).unwrap_or_default(),
            features,
            has_defaults,
            dependencies,
            // `publish = false` is an empty list of registries.
            is_published: metadata
                .get("publish")
                .and_then(Value::as_array)
                .is_none_or(|registries| !registries.is_empty()),
            name,
        })
    }
}

fn requirement(dependency: &Value) -> Outcome<VersionReq> {
    let requirement = text(dependency, "req")?;
    VersionReq::parse(&requirement)
        .map_err(|error| Failure::new(format!("cannot read the version `{requirement}`: {error}")))
}

fn list<'a>(object: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    object
        .get(member)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text(object: &Value, member: &str) -> Outcome<String> {
    match object.get(member).and_then(Value::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Failure::new(format!("cargo metadata has no `{member}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_says() {
        let workspace = Workspace::parse(
            r#"{"workspace_root": "/w", "target_directory": "/t", "packages": [
                {"name": "tool", "version": "0.1.0", "manifest_path": "/w/tool/Cargo.toml",
                 "publish": [], "features": {}, "dependencies": []},
                {"name": "engine", "version": "0.1.0", "manifest_path": "/w/engine/Cargo.toml",
                 "publish": null, "features": {"default": ["fast"], "tls": [], "fast": []},
                 "dependencies": [{"name": "base", "req": "^0.1.0", "path": "/w/base"},
                                  {"name": "serde", "req": "^1"}]}]}"#,
        )
        .unwrap();
        assert_eq!(workspace.target("corpus"), PathBuf::from("/t/corpus"));
        let published: Vec<&Package> = workspace.published().collect();
        assert_eq!(published.len(), 1);
        assert_eq!(published[0].name(), "engine");
        assert_eq!(published[0].folder(), Path::new("/w/engine"));
        assert_eq!(published[0].features(), ["fast", "tls"]);
        assert!(published[0].has_defaults());
        assert_eq!(published[0].path_dependencies().len(), 1);
    }

    #[test]
    fn says_what_is_missing() {
        let failure = Workspace::parse("{}").unwrap_err();
        assert_eq!(
            failure.to_string(),
            "cargo metadata has no `workspace_root`"
        );
    }
}
