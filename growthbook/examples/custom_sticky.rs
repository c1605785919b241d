//! Sticky buckets in a store of one's own, a plain file: `cargo run -p growthbook --example custom_sticky`.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use growthbook::{Attributes, BackendError, Experiment, GrowthBookClient, UserContext};
use growthbook::{Saved, StickyAssignments, StickyBucketService, StickyIdentity, StickyWrite};
use std::{collections::BTreeMap, env, fs, io, io::Write, path::PathBuf, process};

/// A line for each assignment, such as `["id","u-1","colour__0","blue"]`. The last one of its kind counts.
#[derive(Debug)]
pub(crate) struct Lines(pub(crate) PathBuf);
type Documents = BTreeMap<StickyIdentity, StickyAssignments>;
impl Lines {
    /// Nobody else has the file until it is closed. What is no whole line, somebody was kept from writing.
    fn open(&self) -> io::Result<(fs::File, Documents)> {
        let mut options = fs::File::options();
        let file = options.read(true).append(true).create(true).open(&self.0)?;
        file.lock()?;
        let (text, mut documents) = (io::read_to_string(&file)?, Documents::new());
        for [name, value, key, kept] in text.lines().flat_map(serde_json::from_str::<[String; 4]>) {
            let document = documents.entry(StickyIdentity::new(name, value));
            document.or_default().insert(key, kept);
        }
        Ok((file, documents))
    }
}

impl StickyBucketService for Lines {
    fn load(&self, identities: &[StickyIdentity]) -> Result<Documents, BackendError> {
        let failed = |error| BackendError::new("lines", "load", error);
        let (_, mut all) = self.open().map_err(failed)?;
        all.retain(|identity, _| identities.contains(identity));
        Ok(all)
    }
    /// Compare and set in one step: here under the lock, in a database in one statement.
    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let failed = |error| BackendError::new("lines", "save", error);
        let (mut file, all) = self.open().map_err(failed)?;
        let standing = all.get(write.identity).and_then(|it| it.get(write.key));
        if let Some(standing) = write.is_kept_out_by(standing.map(String::as_str)) {
            return Ok(Saved::Kept(standing.to_owned()));
        }
        let (name, value) = (write.identity.attribute(), write.identity.value());
        let line = serde_json::json!([name, value, write.key, write.variation]);
        write!(file, "\n{line}").map_err(failed)?;
        Ok(Saved::Stored)
    }
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = env::temp_dir().join(format!("growthbook-{}.jsonl", process::id()));
    let builder = GrowthBookClient::builder().sticky_buckets(Lines(path.clone()));
    let client = builder.build()?;
    let user = UserContext::new(Attributes::new().with("id", "u-1"));
    for weights in [[1.0, 0.0], [0.0, 1.0]] {
        let builder = Experiment::builder("colour", ["blue", "green"]).weights(weights);
        let experiment = builder.variation_keys(["blue", "green"]).build()?;
        println!("{weights:?}: {}", client.run(&experiment, &user).value());
    }
    Ok(fs::remove_file(path)?)
}
