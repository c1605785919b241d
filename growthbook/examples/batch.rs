//! Which layout of the checkout everybody in a file of users gets: `cargo run -p growthbook --example batch`. `USERS`
//! names another file: a JSON object with a user's attributes in each line. Exposures go to the file that `EVENTS` names.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use growthbook::{Attributes, Experiment, GrowthBookClient, SecureSalt, Track, UserContext};
// In a program: `growthbook::{BatchTracker, JsonLines}`, with the Cargo feature `tracking`.
use growthbook_tracking::{BatchTracker, JsonLines};

/// A thousand users or a billion: one is in memory at a time.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let events = env::var_os("EVENTS").map(PathBuf::from);
    let events = events.unwrap_or_else(|| env::temp_dir().join("growthbook-events.jsonl"));
    let tracker = BatchTracker::new(JsonLines::new(events));
    let client = GrowthBookClient::builder()
        .payload(include_bytes!("data/shop.json"))
        .plugin(tracker.clone())
        .build()?;
    // Conditions on attributes that GrowthBook calls secure are hashed, so what is compared with them is, too.
    let salt = env::var("SECURE_ATTRIBUTE_SALT").ok().map(SecureSalt::new);
    let letter = Experiment::builder("spring-letter", ["short", "long"]).build()?;
    let (mut layouts, mut letters) = (BTreeMap::new(), BTreeMap::new());
    let mut unreadable = 0;
    let path = env::var("USERS").unwrap_or_else(|_| USERS.to_owned());
    for (number, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let Ok(attributes) = Attributes::from_json(&line?) else {
            unreadable += 1;
            continue;
        };
        let attributes = match &salt {
            Some(salt) => attributes.secure(["email"], salt),
            None => attributes,
        };
        let scope = client.scope(UserContext::new(attributes));
        // Nobody sees the layout because of this program, so it is asked without being reported ..
        let asked = scope.clone().with_track(Track::Off);
        *layouts
            .entry(asked.value("checkout-layout", "classic").to_owned())
            .or_insert(0) += 1;
        // .. and the letter is sent by it.
        *letters.entry(*scope.run(&letter).value()).or_insert(0) += 1;
        // The queue holds ten thousand: a job that is faster than its analytics waits for them.
        if number % 5_000 == 4_999 {
            client.flush(Duration::from_secs(60))?;
        }
    }
    client.close(Duration::from_secs(60));
    println!("layouts {layouts:?}");
    println!("letters {letters:?}, unreadable {unreadable}");
    println!("exposures: {}", tracker.report());
    Ok(())
}

const USERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/users.jsonl");
