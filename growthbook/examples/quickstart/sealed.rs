//! The same features in a sealed payload, which only the holder of the key can read.

use std::error::Error;

use growthbook::{DecryptionKey, GrowthBookClient};

use super::customers;

pub(crate) fn answers_alike(plain: &GrowthBookClient) -> Result<(), Box<dyn Error>> {
    let sealed = GrowthBookClient::builder()
        .payload(include_bytes!("../data/shop.sealed.json"))
        .decryption_key(DecryptionKey::new(DEMO_KEY)?)
        .build()?;

    let (mut asked, mut equal) = (0, 0);
    for customer in customers::all()? {
        for feature in plain.ruleset().feature_keys() {
            asked += 1;
            let [one, other] =
                [plain, &sealed].map(|client| client.evaluate(feature, &customer.context));
            equal += usize::from(one == other);
        }
    }
    println!("\nThe sealed payload gives the same answers: {equal} of {asked}.");
    Ok(())
}

/// The key of the demonstration file `shop.sealed.json`, and of nothing else. A real key belongs in a secret store.
const DEMO_KEY: &str = "ZGVtby1rZXktb2Ytc2hvcA==";
