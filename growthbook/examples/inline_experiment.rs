//! An experiment that needs no feature: `cargo run -p growthbook --example inline_experiment`.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::error::Error;

use growthbook::{Attributes, Experiment, GrowthBookClient, UserContext};
use serde_json::json;

/// What is tried. The compiler sees to it that every variation is handled.
#[derive(Clone, Copy, Debug)]
enum Reminder {
    None,
    Mail { after_hours: u32 },
    Push { after_hours: u32 },
}

impl Reminder {
    fn describe(self) -> String {
        match self {
            Self::None => "no reminder".to_owned(),
            Self::Mail { after_hours } => format!("a mail after {after_hours} h"),
            Self::Push { after_hours } => format!("a notification after {after_hours} h"),
        }
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let client = GrowthBookClient::builder().build()?;
    let variations = [
        Reminder::None,
        Reminder::Mail { after_hours: 24 },
        Reminder::Push { after_hours: 3 },
    ];
    // Build it once and keep it: conditions are parsed and bucket ranges added up here.
    let experiment = Experiment::builder("cart-reminder", variations)
        .variation_keys(["none", "mail", "push"])
        .weights([0.2, 0.4, 0.4])
        .hash_version(2)
        .condition(&json!({"consent": true}))
        .build()?;

    for (id, consent) in [("u-1", true), ("u-2", true), ("u-3", true), ("u-4", false)] {
        let user = UserContext::new(Attributes::new().with("id", id).with("consent", consent));
        let result = client.run(&experiment, &user);
        let assignment = result.assignment();
        println!(
            "{id}: {:<26} {}",
            result.value().describe(),
            if assignment.in_experiment() {
                assignment.variation_key()
            } else {
                "(not in the experiment)"
            }
        );
    }
    Ok(())
}
