use std::sync::Arc;

use growthbook_core::{Attributes, GrowthBookClient, Ruleset, UserContext};

use super::{check_getters, evaluate};

/// Any bytes as a payload: what is accepted is the same when it is read again, and what is not changes nothing.
pub fn payload_gate(bytes: &[u8]) {
    let client = GrowthBookClient::builder()
        .payload(*br#"{"features":{"f":{"defaultValue":1}},"savedGroups":{"g":["1"]}}"#)
        .build()
        .unwrap();
    let before = client.ruleset();
    let user = UserContext::new(Attributes::new().with("id", "1").with("a", 1))
        .with_url("https://example.com/a?k=1");
    match Ruleset::from_json(bytes, None) {
        Ok(first) => {
            let again = Arc::new(Ruleset::from_json(first.payload(), None).unwrap());
            let first = Arc::new(first);
            assert_eq!(first.revision(), again.revision());
            assert_eq!(first.diagnostics(), again.diagnostics());
            assert_eq!(first.date_updated(), again.date_updated());
            assert!(first.remote_groups().eq(again.remote_groups()));
            assert!(first.feature_keys().eq(again.feature_keys()));
            assert_eq!(first.feature_count(), first.feature_keys().count());
            for key in first.feature_keys() {
                let result = evaluate(&first, key, &user);
                assert_eq!(result, evaluate(&again, key, &user));
                check_getters(&result, key);
            }
            for diagnostic in first.diagnostics() {
                assert!(!diagnostic.to_string().is_empty());
            }
            let loaded = client.load(bytes).unwrap();
            assert!(Arc::ptr_eq(&loaded, &client.ruleset()));
            assert_eq!(loaded.revision(), first.revision());
            assert!(loaded.feature_keys().eq(first.feature_keys()));
        }
        Err(error) => {
            assert_eq!(client.load(bytes).unwrap_err(), error);
            assert!(Arc::ptr_eq(&before, &client.ruleset()));
            assert!(!format!("{error} {error:?}").is_empty());
        }
    }
}
