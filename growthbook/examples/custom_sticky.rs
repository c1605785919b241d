//! Sticky buckets in a store of one's own: `cargo run -p growthbook --example custom_sticky`.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use growthbook::{
    Attributes, BackendError, Experiment, GrowthBookClient, Saved, StickyAssignments,
    StickyBucketService, StickyIdentity, StickyWrite, UserContext,
};

/// One row for each identity and experiment, as a table would have it.
#[derive(Debug, Default)]
struct Rows(Mutex<HashMap<(StickyIdentity, String), String>>);

type Documents = BTreeMap<StickyIdentity, StickyAssignments>;

impl StickyBucketService for Rows {
    fn load(&self, identities: &[StickyIdentity]) -> Result<Documents, BackendError> {
        // A panic elsewhere leaves no row half written, here and below.
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut documents = Documents::new();
        for ((identity, key), variation) in &*rows {
            if identities.contains(identity) {
                let document = documents.entry(identity.clone()).or_default();
                document.insert(key.clone(), variation.clone());
            }
        }
        Ok(documents)
    }

    /// Compare and set in one step: here under the lock, in a database in one statement.
    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = rows.entry((write.identity.clone(), write.key.to_owned()));
        let standing = row.or_insert_with(|| write.variation.to_owned());
        if *standing != write.variation && Some(&**standing) != write.expected {
            return Ok(Saved::Kept(standing.clone()));
        }
        write.variation.clone_into(standing);
        Ok(Saved::Stored)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = GrowthBookClient::builder()
        .sticky_buckets(Rows::default())
        .build()?;
    let user = UserContext::new(Attributes::new().with("id", "u-1"));
    for weights in [[1.0, 0.0], [0.0, 1.0]] {
        let experiment = Experiment::builder("colour", ["blue", "green"])
            .variation_keys(["blue", "green"])
            .weights(weights)
            .build()?;
        let result = client.run(&experiment, &user);
        let kept = result.assignment().sticky_bucket_used();
        println!("{weights:?}: {}, from before: {kept}", result.value());
    }
    Ok(())
}
