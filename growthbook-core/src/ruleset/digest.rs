//! A few bits that tell one definition of a feature from another.

use crate::json::{Json, Object};

/// A hash of a definition as JSON: of what is read from it, so that white space, escapes and the way in which a number is
/// written do not count, and the order of keys does.
///
/// Its seed is fixed, so that two payloads can be compared. Two definitions of one feature that differ and hash alike are
/// one case in 2^64, or somebody's pains; what comes of it is a list of changes that lacks one. No evaluation asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct FeatureDigest(u64);

impl FeatureDigest {
    /// Of a feature that the payload does not hold.
    pub(super) const ABSENT: Self = Self(0);

    pub(super) fn of(json: &Json<'_>) -> Self {
        let mut hasher = TreeHasher(SEED);
        hasher.value(json);
        Self(hasher.0.max(1))
    }

    pub(super) fn is_present(self) -> bool {
        self != Self::ABSENT
    }
}

/// Folds a tree two words at a time. A payload has a few dozen values per feature, mostly short texts, which a
/// `Hasher` of general use takes in less directly.
struct TreeHasher(u64);

impl TreeHasher {
    /// Every value begins with its kind, and what can be longer or shorter with its length, so that no two trees write the
    /// same words.
    #[inline]
    fn value(&mut self, json: &Json<'_>) {
        match json {
            Json::Null => self.fold(0, NULL),
            Json::Bool(value) => self.fold((*value).into(), BOOL),
            // Zero has two signs, and is one number.
            Json::Number(number) => self.fold((number.value + 0.0).to_bits(), NUMBER),
            Json::String(text) => {
                self.0 ^= STRING;
                self.text(text.as_bytes());
            }
            Json::Array(items) => self.array(items),
            Json::Object(object) => self.object(object),
        }
    }

    #[inline(never)]
    fn array(&mut self, items: &[Json<'_>]) {
        self.fold(items.len() as u64, ARRAY);
        for item in items {
            self.value(item);
        }
    }

    #[inline(never)]
    fn object(&mut self, object: &Object<'_>) {
        self.fold(object.len() as u64, OBJECT);
        for (key, value) in object.members() {
            self.text(key.as_bytes());
            self.value(value);
        }
    }

    #[inline]
    fn text(&mut self, bytes: &[u8]) {
        let length = (bytes.len() as u64).wrapping_mul(LENGTH);
        self.0 = self.0.wrapping_add(length);
        if bytes.len() > 16 {
            self.pairs(bytes);
        }
        // What is at the start and at the end, which overlap in short texts.
        if let (Some(first), Some(last)) = (word(bytes.first_chunk()), word(bytes.last_chunk())) {
            self.fold(first, last);
        } else if let (Some(first), Some(last)) =
            (half(bytes.first_chunk()), half(bytes.last_chunk()))
        {
            self.fold(first, last);
        } else {
            let all = bytes
                .iter()
                .fold(0, |all, byte| all << 8 | u64::from(*byte));
            self.fold(all, 0);
        }
    }

    /// All but the last word or two of a long text, two words at a time.
    fn pairs(&mut self, bytes: &[u8]) {
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            let pair = u128::from_le_bytes(*pair);
            self.fold(low(pair), high(pair));
        }
        self.0 ^= word(rest.first_chunk()).unwrap_or_default();
    }

    #[inline]
    fn fold(&mut self, one: u64, other: u64) {
        let product = u128::from(self.0 ^ one) * u128::from(other ^ FACTOR);
        self.0 = low(product) ^ high(product);
    }
}

fn word(bytes: Option<&[u8; 8]>) -> Option<u64> {
    bytes.map(|bytes| u64::from_le_bytes(*bytes))
}

fn half(bytes: Option<&[u8; 4]>) -> Option<u64> {
    bytes.map(|bytes| u32::from_le_bytes(*bytes).into())
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half of it")]
fn low(pair: u128) -> u64 {
    pair as u64
}

fn high(pair: u128) -> u64 {
    low(pair >> 64)
}

// Digits of pi: numbers with nothing up their sleeve.

const SEED: u64 = 0x243f_6a88_85a3_08d3;
const FACTOR: u64 = 0x1319_8a2e_0370_7344;
const LENGTH: u64 = 0xa409_3822_299f_31d1;
const STRING: u64 = 0x082e_fa98_ec4e_6c89;
const NULL: u64 = 0x4528_21e6_38d0_1377;
const BOOL: u64 = 0xbe54_66cf_34e9_0c6c;
const NUMBER: u64 = 0xc0ac_29b7_c97c_50dd;
const ARRAY: u64 = 0x3f84_d5b5_b547_0917;
const OBJECT: u64 = 0x9216_d5d9_8979_fb1b;

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> FeatureDigest {
        FeatureDigest::of(&Json::parse(text).unwrap())
    }

    #[test]
    fn how_it_is_written_does_not_count() {
        for (one, other) in [
            (r#"{"a":[1,"é"]}"#, " { \"a\" :\n[ 1.0 , \"\\u00e9\" ] } "),
            ("0", "-0"),
            ("100", "1e2"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        ] {
            assert_eq!(digest(one), digest(other), "{one} {other}");
        }
    }

    #[test]
    fn every_byte_counts() {
        for length in 0..70 {
            let text = "a".repeat(length);
            let all = digest(&format!("\"{text}\""));
            assert_ne!(all, digest(&format!("\"{text}a\"")), "{length}");
            for place in 0..length {
                let mut other = text.clone();
                other.replace_range(place..=place, "b");
                assert_ne!(all, digest(&format!("\"{other}\"")), "{length} {place}");
            }
        }
    }

    #[test]
    fn what_it_says_counts() {
        let texts = [
            "null",
            "false",
            "true",
            "0",
            "1",
            "2",
            "3",
            r#""""#,
            r#""0""#,
            r#""null""#,
            "[]",
            "{}",
            "[[]]",
            "[[],[]]",
            "[[[]]]",
            r#"["a",1]"#,
            r#"[1,"a"]"#,
            r#"["ab",""]"#,
            r#"["a","b"]"#,
            r#"["","ab"]"#,
            r#"{"a":1,"b":2}"#,
            r#"{"b":2,"a":1}"#,
            r#"{"a":"b"}"#,
            r#"{"b":"a"}"#,
            r#"{"a":null}"#,
            "[null]",
            "[{}]",
        ];
        for (index, one) in texts.iter().enumerate() {
            assert!(digest(one).is_present());
            for other in texts.iter().skip(index + 1) {
                assert_ne!(digest(one), digest(other), "{one} {other}");
            }
        }
    }
}
