//! A sealed payload: `cargo run -p growthbook --example encrypted`.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::error::Error;

use growthbook::{Attributes, DecryptionKey, GrowthBookClient, UserContext};

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let key = DecryptionKey::new(DEMO_KEY)?;
    println!("printed, the key is {key:?}");

    let client = GrowthBookClient::builder()
        .payload(SEALED)
        .decryption_key(key)
        .build()?;
    let user = UserContext::new(
        Attributes::new()
            .with("country", "FR")
            .with("loggedIn", true),
    );
    println!(
        "with the key, payment methods are {}",
        client.evaluate("payment-methods", &user).value()
    );

    // The cause says what is wrong, and nothing of the key or the payload.
    for (what, builder) in [
        (
            "another key",
            GrowthBookClient::builder().decryption_key(DecryptionKey::new(OTHER_KEY)?),
        ),
        ("no key", GrowthBookClient::builder()),
    ] {
        if let Err(error) = builder.payload(SEALED).build() {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            println!("with {what}: {error}: {cause}");
        }
    }
    Ok(())
}

const SEALED: &[u8] = include_bytes!("data/shop.sealed.json");

/// The key of the demonstration file `shop.sealed.json`, and of nothing else. A real key belongs in a secret store.
const DEMO_KEY: &str = "ZGVtby1rZXktb2Ytc2hvcA==";

/// Any other 16 bytes.
const OTHER_KEY: &str = "c29tZS1vdGhlci1rZXktMQ==";
