//! Keys that must not end up in a log.

use std::fmt;

use aes::cipher::zeroize::Zeroize;

use crate::decrypt::decode_base64;

/// The client key of an SDK connection, normally `sdk-` and some random characters.
///
/// Whoever knows it can read the payload, so `Debug` hides it and there is no `Display`.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct ClientKey(Box<str>);

impl ClientKey {
    /// Takes the key as the GrowthBook application shows it. An empty one means "no key": fine for
    /// a client with a local payload, refused where something must be fetched.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into().into_boxed_str())
    }

    /// The key itself, for the request that needs it and for nothing that is printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientKey(..)")
    }
}

/// The key that opens sealed payloads: 128 bits, overwritten in memory when dropped.
///
/// `Debug` hides it and there is no `Display`.
#[derive(Clone, Eq, PartialEq)]
pub struct DecryptionKey([u8; 16]);

impl DecryptionKey {
    /// Reads the key as the GrowthBook application shows it: 16 bytes in standard base64 (section
    /// 24). White space and missing padding do not matter.
    ///
    /// # Errors
    ///
    /// When the text is not base64 or not 16 bytes: copy the key again from the SDK connection.
    pub fn new(base64: &str) -> Result<Self, DecryptionKeyError> {
        let mut bytes = decode_base64(base64).ok_or(DecryptionKeyError)?;
        let key = <[u8; 16]>::try_from(bytes.as_slice());
        bytes.as_mut_slice().zeroize();
        key.map(Self).map_err(|_| DecryptionKeyError)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Drop for DecryptionKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DecryptionKey(..)")
    }
}

/// The text is not a decryption key. It says nothing about the text, which may be most of one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[error("the decryption key is not 16 bytes of base64")]
pub struct DecryptionKeyError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_of_base64_make_a_key() {
        let expected = DecryptionKey(*b"0123456789abcdef");
        for text in [
            "MDEyMzQ1Njc4OWFiY2RlZg==",
            "MDEyMzQ1Njc4OWFiY2RlZg",
            " MDEyMzQ1Njc4\tOWFiY2RlZg==\r\n",
        ] {
            assert_eq!(DecryptionKey::new(text), Ok(expected.clone()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "MDEyMzQ1Njc4OWFiY2RlZg==MDEy",
            "MDEyMzQ1Njc4OWFiY2Rl",
            "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "MDEyMzQ1Njc4OWFiY2RlZ%==",
            "MDEyMzQ1Njc4OWFi-_RlZg==",
            "MDEyMzQ1Njc4OWFiY2RlZg==\u{A0}",
            "0123456789abcdef",
        ] {
            assert_eq!(DecryptionKey::new(text), Err(DecryptionKeyError), "{text}");
        }
    }

    #[test]
    fn nothing_printed_contains_a_key() {
        let client_key = ClientKey::new("sdk-canary");
        assert_eq!(format!("{client_key:?}"), "ClientKey(..)");
        assert_eq!(client_key.as_str(), "sdk-canary");
        assert!(!client_key.is_empty() && ClientKey::new("").is_empty());
        let key = DecryptionKey::new("MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
        assert_eq!(format!("{key:?}"), "DecryptionKey(..)");
        let error = DecryptionKey::new("canary!").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
