use growthbook_core::{DecryptionKey, decrypt};
use serde_json::json;

use crate::case::difference;
use crate::report::suite;

#[test]
fn decryption() {
    suite("decrypt", |case| {
        let (text, key): (String, String) = (case.get(1), case.get(2));
        let opened = DecryptionKey::new(&key)
            .ok()
            .and_then(|key| decrypt(&text, &key).ok());
        difference(&json!(opened), &case.value(3))
    });
}
