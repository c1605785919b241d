//! The payloads that the examples share: they load without complaint, and say the same plain and sealed.

use growthbook::{DecryptionKey, GrowthBookClient, Ruleset, decrypt};
use serde_json::Value;

pub(crate) const PLAIN: &[u8] = include_bytes!("../../examples/data/shop.json");
const SEALED: &[u8] = include_bytes!("../../examples/data/shop.sealed.json");

/// Of the demonstration file alone.
const DEMO_KEY: &str = "ZGVtby1rZXktb2Ytc2hvcA==";

pub(crate) fn client() -> GrowthBookClient {
    GrowthBookClient::builder().payload(PLAIN).build().unwrap()
}

fn key() -> DecryptionKey {
    DecryptionKey::new(DEMO_KEY).unwrap()
}

#[test]
fn nothing_is_wrong_with_the_payload() {
    for (payload, key) in [(PLAIN, None), (SEALED, Some(key()))] {
        let ruleset = Ruleset::from_json(payload, key.as_ref()).unwrap();
        assert_eq!(ruleset.diagnostics(), []);
        assert_eq!(ruleset.feature_count(), 36);
        assert_eq!(ruleset.date_updated(), Some("2026-05-04T09:30:00.000Z"));
    }
}

/// If this fails, `shop.json` has changed: seal it again, as `examples/data/README.md` says.
#[test]
fn the_sealed_payload_opens_to_the_plain_one() {
    let plain: Value = serde_json::from_slice(PLAIN).unwrap();
    let sealed: Value = serde_json::from_slice(SEALED).unwrap();
    for (section, sealed_section) in [
        ("contextualBandits", "encryptedContextualBandits"),
        ("experiments", "encryptedExperiments"),
        ("features", "encryptedFeatures"),
        ("savedGroups", "encryptedSavedGroups"),
    ] {
        let opened = decrypt(sealed[sealed_section].as_str().unwrap(), &key()).unwrap();
        let opened: Value = serde_json::from_str(&opened).unwrap();
        assert_eq!(opened, plain[section], "{section}");
    }
}
