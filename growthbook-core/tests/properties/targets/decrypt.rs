use std::sync::Arc;

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use growthbook_core::{DecryptionKey, GrowthBookClient, Ruleset};

use crate::grammar::quoted;

/// A key's text, a line's end, and a text: opening it never fails badly, what we seal opens again, and a damaged text
/// goes through the gate like any other.
pub fn decrypt(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (key_text, sealed) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(key) = DecryptionKey::new(key_text) {
        let _ = growthbook_core::decrypt(sealed, &key);
        load(sealed, &key);
    }
    let key = DecryptionKey::new(&STANDARD.encode(KEY)).unwrap();
    let _ = growthbook_core::decrypt(sealed, &key);
    load(sealed, &key);
    let ours = seal(sealed.as_bytes());
    assert_eq!(growthbook_core::decrypt(&ours, &key).as_deref(), Ok(sealed));

    let features = format!("{{\"f\":{{\"defaultValue\":{}}}}}", quoted(sealed));
    let mut damaged = seal(features.as_bytes()).into_bytes();
    let payload = format!(
        "{{\"encryptedFeatures\":{}}}",
        quoted(std::str::from_utf8(&damaged).unwrap())
    );
    assert!(Ruleset::from_json(payload.as_bytes(), Some(&key)).is_ok());
    let place = bytes.iter().fold(0, |place: usize, byte| {
        place.wrapping_mul(31).wrapping_add((*byte).into())
    });
    let bit = place % (damaged.len() * 7);
    damaged[bit / 7] ^= 1 << (bit % 7);
    load(std::str::from_utf8(&damaged).unwrap(), &key);
}

/// Loads a sealed text as the features: it is accepted or changes nothing.
fn load(sealed: &str, key: &DecryptionKey) {
    let client = GrowthBookClient::builder()
        .decryption_key(key.clone())
        .build()
        .unwrap();
    let before = client.ruleset();
    for section in ["Features", "SavedGroups"] {
        let payload = format!(
            "{{\"features\":{{}},\"encrypted{section}\":{}}}",
            quoted(sealed)
        );
        match client.load(payload.as_bytes()) {
            Ok(_) => assert!(
                section == "SavedGroups"
                    || sealed.is_empty()
                    || growthbook_core::decrypt(sealed, key).is_ok()
            ),
            Err(_) => assert!(section == "Features" && Arc::ptr_eq(&before, &client.ruleset())),
        }
    }
}

/// Seals a text as the GrowthBook API does.
pub(crate) fn seal(plain: &[u8]) -> String {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + 16, 0);
    let sealed = cbc::Encryptor::<Aes128>::new_from_slices(KEY, IV)
        .unwrap()
        .encrypt_padded::<Pkcs7>(&mut buffer, plain.len())
        .unwrap();
    format!("{}.{}", STANDARD.encode(IV), STANDARD.encode(sealed))
}

const KEY: &[u8; 16] = b"0123456789abcdef";

const IV: &[u8; 16] = b"a vector we know";
