use std::fmt;

use crate::text::same;

/// An attribute's name, laid out so that a lookup compares one word per candidate.
///
/// The head holds the first seven bytes and the length. Names of up to seven bytes are equal exactly when their heads are;
/// longer ones need one comparison of text, after the head has sorted out nearly all others.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Name {
    head: u64,
    text: Box<str>,
}

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    #[inline]
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    #[inline]
    pub(crate) fn is(&self, probe: Probe<'_>) -> bool {
        self.head == probe.head && (probe.text.len() <= HEAD_BYTES || self.is_long(probe.text))
    }

    #[inline(never)]
    fn is_long(&self, text: &str) -> bool {
        same(self.text.as_bytes(), text.as_bytes())
    }

    #[inline]
    pub(crate) fn probe(&self) -> Probe<'_> {
        Probe {
            head: self.head,
            text: &self.text,
        }
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self {
            head: head(&text),
            text: text.into_boxed_str(),
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self {
            head: head(text),
            text: text.into(),
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// A name that is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe<'a> {
    head: u64,
    text: &'a str,
}

impl Probe<'static> {
    /// The probe for `value`.
    pub(crate) const VALUE: Self = Self {
        head: u64::from_le_bytes(*b"value\0\0\x05"),
        text: "value",
    };
}

impl<'a> Probe<'a> {
    /// The probe for a text whose head is known.
    pub(crate) fn with_head(head: u64, text: &'a str) -> Self {
        Self { head, text }
    }

    #[inline]
    pub(crate) fn head(self) -> u64 {
        self.head
    }

    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            head: head(text),
            text,
        }
    }

    /// Whether a name as long as this one is all in its head.
    #[inline]
    pub(crate) fn is_all_head(text: &str) -> bool {
        text.len() <= HEAD_BYTES
    }

    #[inline]
    pub(crate) fn as_str(self) -> &'a str {
        self.text
    }
}

const HEAD_BYTES: usize = 7;

fn head(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (slot, byte) in bytes.iter_mut().zip(text.bytes().take(HEAD_BYTES)) {
        *slot = byte;
    }
    // Lengths above 255 share a value: they are told apart by their text.
    let [.., last] = &mut bytes;
    *last = u8::try_from(text.len()).unwrap_or(u8::MAX);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_equal_exactly_when_their_texts_are() {
        let texts = [
            "",
            "a",
            "b",
            "a\0",
            "abcdefg",
            "abcdefgh",
            "abcdefgi",
            "abcdefg\0",
            "é",
            "deviceId",
        ];
        assert!(Name::from("value").is(Probe::VALUE));
        for left in texts {
            for right in texts {
                assert_eq!(
                    Name::from(left).is(Probe::new(right)),
                    left == right,
                    "{left:?} {right:?}"
                );
            }
        }
    }
}
