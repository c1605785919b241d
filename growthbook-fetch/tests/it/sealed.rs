//! Payloads that are sealed, as GrowthBook does it.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use aes::Aes128;
use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use growthbook_core::DecryptionKey;

pub(crate) const KEY: [u8; 16] = *b"canary-decrypter";
pub(crate) const OTHER_KEY: [u8; 16] = *b"canary-other-key";

/// In base64, as people copy it.
pub(crate) fn text(key: [u8; 16]) -> String {
    STANDARD.encode(key)
}

pub(crate) fn key(key: [u8; 16]) -> DecryptionKey {
    DecryptionKey::new(&text(key)).unwrap()
}

/// A payload in which the feature `f` has this value, sealed with a key.
pub(crate) fn features(value: u32, key: [u8; 16]) -> String {
    payload(&seal(
        format!(r#"{{"f": {{"defaultValue": {value}}}}}"#).as_bytes(),
        key,
    ))
}

/// A payload with this as its sealed features.
pub(crate) fn payload(sealed: &str) -> String {
    format!(r#"{{"features": {{}}, "encryptedFeatures": "{sealed}"}}"#)
}

pub(crate) fn seal(plain: &[u8], key: [u8; 16]) -> String {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + IV.len(), 0);
    let encryptor = cbc::Encryptor::<Aes128>::new(&key.into(), &IV.into());
    let sealed = encryptor.encrypt_padded::<Pkcs7>(&mut buffer, plain.len());
    joined(&IV, sealed.unwrap())
}

/// Sealed as it is: whole blocks, of which the last one should end with the padding.
pub(crate) fn seal_unpadded(blocks: &[u8]) -> String {
    let mut buffer = blocks.to_vec();
    let encryptor = cbc::Encryptor::<Aes128>::new(&KEY.into(), &IV.into());
    let sealed = encryptor.encrypt_padded::<NoPadding>(&mut buffer, blocks.len());
    joined(&IV, sealed.unwrap())
}

/// The text of both parts.
pub(crate) fn joined(iv: &[u8], sealed: &[u8]) -> String {
    format!("{}.{}", STANDARD.encode(iv), STANDARD.encode(sealed))
}

pub(crate) const IV: [u8; 16] = [7; 16];
