//! Signatures: HMAC with SHA-256 (RFC 2104), over a message in parts.

use std::fmt;
use std::fmt::Write;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::digest::zeroize::Zeroize;
use sha2::{Digest, Sha256};

/// Why a text cannot be the secret of a webhook. It says nothing of the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookSecretError {
    /// There is no secret, so that anybody could sign: an environment variable that is not set looks like this. Copy it from
    /// the webhook's page.
    #[error("there is no secret")]
    Empty,
    /// It is the one that a self-hosted GrowthBook makes from the address of the receiver, which anybody can guess. Set a
    /// secret of your own there.
    #[error("the secret can be guessed from an address")]
    Guessable,
    /// It begins with `whsec_`, and what follows is not base64. Copy it again.
    #[error("what follows `whsec_` in the secret is not base64")]
    NotBase64,
}

/// A secret, as far as it was worked out for signing: both hashes with the padded key behind them. The secret itself is
/// kept nowhere, and these are overwritten when they are dropped.
pub(super) struct SigningKey {
    inner: Sha256,
    outer: Sha256,
}

/// A message's code under a key.
pub(super) type Code = [u8; 32];

impl SigningKey {
    /// The secret of an SDK webhook.
    pub(super) fn of_webhook(secret: String) -> Result<Self, WebhookSecretError> {
        wiped(secret, |text| {
            if is_guessable(text) {
                return Err(WebhookSecretError::Guessable);
            }
            let Some(base64) = text.strip_prefix(b"whsec_") else {
                return Self::new(text);
            };
            let mut key = BASE64
                .decode(base64)
                .map_err(|_| WebhookSecretError::NotBase64)?;
            let made = Self::new(&key);
            key.as_mut_slice().zeroize();
            made
        })
    }

    /// A secret that is what it looks like.
    pub(super) fn of_text(secret: String) -> Result<Self, WebhookSecretError> {
        wiped(secret, Self::new)
    }

    fn new(key: &[u8]) -> Result<Self, WebhookSecretError> {
        if key.is_empty() {
            return Err(WebhookSecretError::Empty);
        }
        let mut block = [0; BLOCK_BYTES];
        if key.len() > BLOCK_BYTES {
            let mut digest: Code = Sha256::digest(key).into();
            fill(&mut block, &digest);
            digest.zeroize();
        } else {
            fill(&mut block, key);
        }
        let made = Self {
            inner: padded(&block, 0x36),
            outer: padded(&block, 0x5c),
        };
        block.zeroize();
        Ok(made)
    }

    pub(super) fn sign<'a>(&self, message: impl IntoIterator<Item = &'a [u8]>) -> Code {
        let mut inner = self.inner.clone();
        for part in message {
            inner.update(part);
        }
        let mut outer = self.outer.clone();
        outer.update(inner.finalize());
        outer.finalize().into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// A code as the Standard Webhooks write it.
pub(super) fn versioned(code: &Code) -> String {
    format!("v1,{}", STANDARD.encode(code))
}

/// A code in lower-case hexadecimal.
pub(super) fn hexadecimal(code: &Code) -> String {
    code.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads a secret and overwrites it.
fn wiped<T>(secret: String, read: impl FnOnce(&[u8]) -> T) -> T {
    let mut bytes = secret.into_bytes();
    let read = read(bytes.trim_ascii());
    bytes.as_mut_slice().zeroize();
    read
}

/// `global_` and an MD5 digest.
fn is_guessable(secret: &[u8]) -> bool {
    secret
        .strip_prefix(b"global_")
        .is_some_and(|digest| digest.len() == 32 && digest.iter().all(u8::is_ascii_hexdigit))
}

fn fill(block: &mut [u8], key: &[u8]) {
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
}

fn padded(block: &[u8; BLOCK_BYTES], padding: u8) -> Sha256 {
    let mut padded = block.map(|byte| byte ^ padding);
    let hash = Sha256::new_with_prefix(padded);
    padded.zeroize();
    hash
}

/// What SHA-256 takes at a time.
const BLOCK_BYTES: usize = 64;

/// As people copy it: padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    fn hmac(key: &[u8], parts: &[&[u8]]) -> String {
        hexadecimal(&SigningKey::new(key).unwrap().sign(parts.iter().copied()))
    }

    /// RFC 4231, with its fifth case cut as it says.
    #[test]
    fn the_vectors_of_the_standard_hold() {
        let long = "This is a test using a larger than block-size key and a larger than block-size data. \
            The key needs to be hashed before being used by the HMAC algorithm.";
        let counted: Vec<u8> = (1..=25).collect();
        let cases: [(&[u8], &[u8], &str); 7] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                &counted,
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                &[0x0c; 20],
                b"Test With Truncation",
                "a3b6167473100ee06e0c796c2955552b",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[0xaa; 131],
                long.as_bytes(),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, message, expected) in cases {
            let code = hmac(key, &[message]);
            assert!(code.starts_with(expected), "{code} is not {expected}");
            let (front, back) = message.split_at(message.len() / 3);
            assert_eq!(hmac(key, &[front, b"", back]), code, "in parts");
        }
        // A key may be as long as a block.
        assert_ne!(hmac(&[1; 64], &[b"a"]), hmac(&[1; 65], &[b"a"]));
    }

    #[test]
    fn a_secret_is_text_or_says_that_it_is_not() {
        let code = |secret: &str| {
            SigningKey::of_webhook(secret.to_owned()).map(|key| key.sign([&b"a"[..]]))
        };
        assert_eq!(code(" raw\n"), code("raw"));
        assert_eq!(code("whsec_cmF3"), code("raw"));
        assert_eq!(code("whsec_cmF3dw=="), code("whsec_cmF3dw"));
        assert_ne!(code("cmF3"), code("raw"));
        for (secret, error) in [
            ("", WebhookSecretError::Empty),
            (" \n", WebhookSecretError::Empty),
            ("whsec_", WebhookSecretError::Empty),
            ("whsec_-_", WebhookSecretError::NotBase64),
            ("whsec_cmF3 cmF3", WebhookSecretError::NotBase64),
            (
                "global_0123456789abcdef0123456789abcdef",
                WebhookSecretError::Guessable,
            ),
        ] {
            assert_eq!(code(secret), Err(error), "{secret}");
        }
        assert!(code("global_0123456789abcdef").is_ok());
        let text = SigningKey::of_text("whsec_cmF3".to_owned()).unwrap();
        assert_ne!(Ok(text.sign([&b"a"[..]])), code("raw"));
    }
}
