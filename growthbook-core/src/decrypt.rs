//! Opening sealed payloads: AES-128 in CBC mode.
//!
//! Section 24 of the evaluation specification.

use aes::{
    Aes128,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::secret::DecryptionKey;

/// Opens a sealed text: base64 of the initialisation vector, a dot, base64 of the ciphertext
/// (section 24).
///
/// The result is text; whether it is valid JSON is for the caller to find out.
///
/// # Errors
///
/// When the text was not sealed, not sealed with this key, or damaged on the way; nothing tells
/// these apart. Check that the key belongs to the SDK connection, and fetch the payload again.
///
/// # Example
///
/// ```
/// use growthbook_core::{DecryptionKey, decrypt};
///
/// let key = DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlZg==")?;
/// let sealed = "BwcHBwcHBwcHBwcHBwcHBw==.S330KajsGls2F7baSc44wQ==";
/// assert_eq!(decrypt(sealed, &key)?, r#"{"features":{}}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decrypt(sealed: &str, key: &DecryptionKey) -> Result<String, DecryptError> {
    let (iv, ciphertext) = sealed.split_once('.').ok_or(DecryptError)?;
    let iv = decode_base64(iv).ok_or(DecryptError)?;
    let mut buffer = decode_base64(ciphertext).ok_or(DecryptError)?;
    let length = cbc::Decryptor::<Aes128>::new_from_slices(key.as_bytes(), &iv)
        .map_err(|_| DecryptError)?
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| DecryptError)?
        .len();
    buffer.truncate(length);
    String::from_utf8(buffer).map_err(|_| DecryptError)
}

/// The text could not be opened. It says neither why nor with what, so that it may be logged and
/// helps nobody to guess.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[error("the encrypted payload cannot be decrypted with this key")]
pub struct DecryptError;

/// Standard base64 as a browser's `atob` reads it: white space is skipped, padding may be missing;
/// any other character outside the alphabet is an error.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return BASE64.decode(text).ok();
    }
    let dense: String = text.split_ascii_whitespace().collect();
    BASE64.decode(dense).ok()
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use aes::cipher::BlockModeEncrypt;
    use proptest::prelude::*;

    use super::*;

    const IV: [u8; 16] = [7; 16];

    fn key() -> DecryptionKey {
        DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlZg==").unwrap()
    }

    fn seal(plain: &[u8]) -> String {
        let mut buffer = plain.to_vec();
        buffer.resize(plain.len() + 16, 0);
        let sealed = cbc::Encryptor::<Aes128>::new_from_slices(key().as_bytes(), &IV)
            .unwrap()
            .encrypt_padded::<Pkcs7>(&mut buffer, plain.len())
            .unwrap();
        format!("{}.{}", BASE64.encode(IV), BASE64.encode(sealed))
    }

    #[test]
    fn opens_what_was_sealed() {
        for plain in [
            "",
            "{\"a\":true}",
            "{broken",
            "exactly 16 bytes",
            "ünïcode 😀",
        ] {
            assert_eq!(
                decrypt(&seal(plain.as_bytes()), &key()).as_deref(),
                Ok(plain)
            );
        }
    }

    #[test]
    fn white_space_and_missing_padding_do_not_matter() {
        let sealed = seal(b"{}").replace('=', "");
        let spaced: String = sealed.chars().flat_map(|c| [c, '\n']).collect();
        assert_eq!(decrypt(&sealed, &key()).as_deref(), Ok("{}"));
        assert_eq!(decrypt(&spaced, &key()).as_deref(), Ok("{}"));
    }

    #[test]
    fn refuses_everything_else() {
        let sealed = seal(b"{}");
        let (iv, ciphertext) = sealed.split_once('.').unwrap();
        let another_key = DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlYQ==").unwrap();
        assert_eq!(decrypt(&sealed, &another_key), Err(DecryptError));
        for text in [
            String::new(),
            ".".to_owned(),
            format!("{iv}{ciphertext}"),
            format!("{iv}."),
            format!(".{ciphertext}"),
            format!("{sealed}."),
            format!("{sealed}.{ciphertext}"),
            format!("{iv}.*{ciphertext}"),
            format!("{iv}.\u{2003}{ciphertext}"),
            format!("{iv}.{}", BASE64.encode([1; 15])),
            format!("{}.{ciphertext}", BASE64.encode([7; 15])),
            format!("{}.{ciphertext}", BASE64.encode([7; 17])),
            seal(&[0xFF, 0xFE]),
        ] {
            assert_eq!(decrypt(&text, &key()), Err(DecryptError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(plain: String) {
            prop_assert_eq!(decrypt(&seal(plain.as_bytes()), &key()), Ok(plain));
        }

        #[test]
        fn any_text_is_handled(text in "[A-Za-z0-9+/=.]{0,80}") {
            let _: Result<_, _> = decrypt(&text, &key());
        }
    }
}
