//! What holds of all messages.

use std::path::Path;

use growthbook_fetch::WebhookError;
use proptest::prelude::*;

use super::{NOW, Sent, target, webhook};

/// Who is believed, whatever the body is worth.
fn is_believed(secret: &str, sent: &Sent, body: &[u8]) -> bool {
    match webhook(secret).verify(sent.headers(), body) {
        Ok(_) | Err(WebhookError::UnknownForm) => true,
        Err(_) => false,
    }
}

fn id() -> impl Strategy<Value = String> {
    "[!-~]{1,40}"
}

proptest! {
    #[test]
    fn the_right_signature_is_believed_and_no_other(
        secret in "[!-~]{1,80}".prop_filter("standard", |it| !it.starts_with("whsec_")),
        other in "[!-~]{1,80}",
        id in id(),
        body in prop::collection::vec(any::<u8>(), 0..200),
        place in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let sent = Sent::with(id, NOW.to_string(), &secret, &body);
        prop_assert!(is_believed(&secret, &sent, &body));
        prop_assert!(other == secret || other.starts_with("whsec_") || !is_believed(&other, &sent, &body));
        // One bit of what was signed.
        let mut changed = body.clone();
        if changed.is_empty() {
            changed.push(bit);
        } else {
            let place = place.index(changed.len());
            changed[place] ^= 1 << bit;
        }
        prop_assert!(!is_believed(&secret, &sent, &changed));
        let mut later = sent.clone();
        later.timestamp = (NOW + 1 + u64::from(bit)).to_string();
        prop_assert!(!is_believed(&secret, &later, &body));
        let mut renamed = sent.clone();
        renamed.id.push('x');
        prop_assert!(!is_believed(&secret, &renamed, &body));
        // One character of the signature.
        let mut signature = sent.signature.clone().into_bytes();
        let place = place.index(signature.len());
        signature[place] = if signature[place] == b'A' { b'B' } else { b'A' };
        let forged = Sent { signature: String::from_utf8(signature).unwrap(), ..sent };
        prop_assert!(!is_believed(&secret, &forged, &body));
    }

    #[test]
    fn anything_can_come(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        target::webhook(&bytes);
    }

    #[test]
    fn anything_like_a_message_can_come(text in r#"(webhook-(id|timestamp|signature): ?[0-9a-z=,]{0,12}\n){0,4}\n\{("(type|data|items|features|payload|value)":[\[\{]?("[a-z{}.]*"|null|1|\{\})[\]\}]?,?){0,4}\}"#) {
        target::webhook(text.as_bytes());
    }
}

#[test]
fn every_seed_passes_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/webhook");
    let seeds: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        target::webhook(&std::fs::read(seed.unwrap().path()).unwrap());
    }
}
