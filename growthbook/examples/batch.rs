//! Which layout of the checkout everybody in a file of users gets: `cargo run -p growthbook --example batch`. `USERS`
//! names another file: a JSON object with a user's attributes in each line.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use growthbook::{Attributes, Experiment, GrowthBookClient, Track, UserContext};

/// A thousand users or a billion: one is in memory at a time.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let viewed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&viewed);
    let client = GrowthBookClient::builder()
        .payload(include_bytes!("data/shop.json"))
        .on_experiment_viewed(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build()?;
    let letter = Experiment::builder("spring-letter", ["short", "long"]).build()?;
    let (mut layouts, mut letters) = (BTreeMap::new(), BTreeMap::new());
    let mut unreadable = 0;
    let path = env::var("USERS").unwrap_or_else(|_| USERS.to_owned());
    for line in BufReader::new(File::open(path)?).lines() {
        let Ok(attributes) = Attributes::from_json(&line?) else {
            unreadable += 1;
            continue;
        };
        let scope = client.scope(UserContext::new(attributes));
        // Nobody sees the layout because of this program, so it is asked without being reported ..
        let asked = scope.clone().with_track(Track::Off);
        *layouts
            .entry(asked.value("checkout-layout", "classic").to_owned())
            .or_insert(0) += 1;
        // .. and the letter is sent by it.
        *letters.entry(*scope.run(&letter).value()).or_insert(0) += 1;
    }
    let is_complete = client.close(Duration::from_secs(2)).is_complete();
    println!("layouts {layouts:?}");
    println!("letters {letters:?}");
    let viewed = viewed.load(Ordering::Relaxed);
    println!("viewed {viewed}, unreadable {unreadable}, closed {is_complete}");
    Ok(())
}

const USERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/users.jsonl");
