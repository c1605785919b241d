//! Signing as the standards word it, without a thought for time or for secrets.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// HMAC with SHA-256, as RFC 2104 words it.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut key = if key.len() > 64 {
        Sha256::digest(key).to_vec()
    } else {
        key.to_vec()
    };
    key.resize(64, 0);
    let padded = |padding: u8| key.iter().map(|byte| byte ^ padding).collect::<Vec<u8>>();
    let inner = Sha256::digest([&padded(0x36), message].concat());
    Sha256::digest([&padded(0x5c), &*inner].concat()).into()
}

pub(crate) fn hexadecimal(code: &[u8]) -> String {
    code.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The headers of a message.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) signature: String,
    pub(crate) client_key: Option<String>,
}

impl Sent {
    /// A message of now, signed with this key.
    pub(crate) fn new(key: impl AsRef<[u8]>, body: &[u8]) -> Self {
        Self::with("msg_1", super::NOW.to_string(), key, body)
    }

    pub(crate) fn with(
        id: impl Into<String>,
        timestamp: impl Into<String>,
        key: impl AsRef<[u8]>,
        body: &[u8],
    ) -> Self {
        let (id, timestamp) = (id.into(), timestamp.into());
        let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let code = STANDARD.encode(hmac(key.as_ref(), &message));
        Self {
            id,
            timestamp,
            signature: format!("v1,{code}"),
            client_key: None,
        }
    }

    /// As GrowthBook sends them.
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        let mut headers = vec![
            ("Content-Type", "application/json"),
            ("webhook-id", &*self.id),
            ("webhook-timestamp", &*self.timestamp),
            ("webhook-signature", &*self.signature),
        ];
        headers.extend(
            self.client_key
                .as_deref()
                .map(|key| ("webhook-sdk-key", key)),
        );
        headers
    }
}
