//! FNV-1a over UTF-16, and the two ways to make a bucket of it.

/// A seed prepared for hashing many users.
///
/// A rule's seed is known when the payload is loaded, and version 2 hashes the seed before the
/// user's value, so the part of the hash that belongs to the seed is computed once, here.
///
/// # Example
///
/// ```
/// use growthbook_core::bucketing::{HashSeed, HashVersion};
///
/// let seed = HashSeed::new("seed");
/// assert_eq!(seed.bucket("a", HashVersion::V2), 0.0505);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct HashSeed {
    text: Box<str>,
    /// The hash of `text`, which version 2 continues with the user's value.
    state: u32,
}

impl HashSeed {
    /// Prepares a seed.
    pub fn new(seed: &str) -> Self {
        Self {
            text: seed.into(),
            state: fnv1a(OFFSET_BASIS, seed),
        }
    }

    /// The seed as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The bucket of `value`, in `[0, 1)`; a multiple of 1/1000 in version 1 and of 1/10000 in
    /// version 2 (section 7.2). Allocates nothing.
    #[inline]
    pub fn bucket(&self, value: &str, version: HashVersion) -> f64 {
        match version {
            HashVersion::V1 => {
                let hash = fnv1a(fnv1a(OFFSET_BASIS, value), &self.text);
                f64::from(hash % 1000) / 1000.0
            }
            HashVersion::V2 => {
                let hash = fnv1a_of_decimal(fnv1a(self.state, value));
                f64::from(hash % 10000) / 10000.0
            }
        }
    }
}

/// How a seed and a value become a bucket (section 7.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a third version is a new contract, not an addition"
)]
pub enum HashVersion {
    /// One round over the value followed by the seed. Neighbouring experiments correlate; kept for
    /// the experiments that started with it.
    V1,
    /// Two rounds over the seed followed by the value. What new experiments use.
    V2,
}

impl HashVersion {
    /// The version that a payload names, or nothing if the number is neither 1 nor 2.
    ///
    /// An unknown version excludes the user rather than falling back to a known one, because a
    /// wrong bucket is worse than none.
    pub fn from_number(number: f64) -> Option<Self> {
        match number {
            1.0 => Some(Self::V1),
            2.0 => Some(Self::V2),
            _ => None,
        }
    }
}

/// The bucket of `value` under `seed`, or nothing for a version other than 1 and 2 (section 7.2).
///
/// # Example
///
/// ```
/// use growthbook_core::bucketing::hash;
///
/// assert_eq!(hash("", "a", 1.0), Some(0.22));
/// assert_eq!(hash("abc", "def", 99.0), None);
/// ```
pub fn hash(seed: &str, value: &str, version: f64) -> Option<f64> {
    let version = HashVersion::from_number(version)?;
    Some(HashSeed::new(seed).bucket(value, version))
}

/// Continues an FNV-1a hash with the UTF-16 code units of `text`, a whole unit per step (section
/// 7.1).
#[inline]
fn fnv1a(state: u32, text: &str) -> u32 {
    // For ASCII the bytes are the code units. Eight at a time, so that little stands beside the chain of
    // multiplications, which is as long as the text.
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    let (mut hash, mut seen) = (state, 0);
    for chunk in chunks {
        seen |= u64::from_ne_bytes(*chunk);
        hash = chunk
            .iter()
            .fold(hash, |hash, byte| fnv1a_step(hash, (*byte).into()));
    }
    for byte in rest {
        seen |= u64::from(*byte);
        hash = fnv1a_step(hash, (*byte).into());
    }
    if seen & NOT_ASCII == 0 {
        return hash;
    }
    fnv1a_of_units(state, text)
}

#[cold]
fn fnv1a_of_units(state: u32, text: &str) -> u32 {
    text.encode_utf16().map(u32::from).fold(state, fnv1a_step)
}

/// The hash of the decimal digits of `number`.
#[inline]
fn fnv1a_of_decimal(number: u32) -> u32 {
    // The number as a fixed-point multiple of 10^8, a little too large. Multiplying what is behind the point by ten
    // brings out the digits first to last, without a division, and for every `u32` the excess stays below the last one.
    let mut fraction = u64::from(number) * PER_HUNDRED_MILLION;
    let mut digits_out = |base: u64| {
        fraction *= base;
        let digits = fraction >> FRACTION_BITS;
        fraction &= (1 << FRACTION_BITS) - 1;
        digits as u32
    };
    let first = digits_out(1);
    if first == 0 {
        return fnv1a_of_few_digits(number);
    }
    let mut hash = OFFSET_BASIS;
    if first >= 10 {
        hash = fnv1a_step(hash, digit(first / 10));
    }
    hash = fnv1a_step(hash, digit(first % 10));
    for _ in 0..8 {
        hash = fnv1a_step(hash, digit(digits_out(10)));
    }
    hash
}

/// The same for numbers below 10^8: one hash in forty.
#[cold]
fn fnv1a_of_few_digits(number: u32) -> u32 {
    let digits = number.checked_ilog10().unwrap_or(0);
    (0..=digits).rev().fold(OFFSET_BASIS, |hash, place| {
        fnv1a_step(hash, digit(number / 10_u32.pow(place) % 10))
    })
}

/// The character of a digit.
fn digit(value: u32) -> u32 {
    u32::from(b'0') + value
}

fn fnv1a_step(hash: u32, unit: u32) -> u32 {
    (hash ^ unit).wrapping_mul(PRIME)
}

const OFFSET_BASIS: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// The bits that a byte beyond ASCII sets, in each of eight bytes.
const NOT_ASCII: u64 = 0x8080_8080_8080_8080;

const FRACTION_BITS: u32 = 57;

/// 2^57 / 10^8, rounded up.
const PER_HUNDRED_MILLION: u64 = (1_u64 << FRACTION_BITS).div_ceil(100_000_000);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fnv1a_xors_whole_utf16_units() {
        for (text, expected) in [
            ("", 2_166_136_261),
            ("a", 3_826_002_220),
            ("foobar", 3_214_735_720),
            ("é", 1_812_687_940),
            ("😀", 3_409_036_472),
        ] {
            assert_eq!(fnv1a(OFFSET_BASIS, text), expected, "{text}");
        }
    }

    #[test]
    fn versions_put_seed_and_value_in_opposite_order() {
        assert_eq!(hash("", "a", 1.0), Some(0.22));
        assert_eq!(hash("seed", "a", 2.0), Some(0.0505));
        for (id, expected) in [("1", 0.906), ("2", 0.845), ("3", 0.276)] {
            assert_eq!(hash("feature", id, 1.0), Some(expected), "{id}");
        }
        assert_eq!(hash("seed", "1", 2.0), Some(0.214));
    }

    #[test]
    fn only_exactly_one_and_two_are_versions() {
        for number in [
            0.0,
            1.5,
            2.000_000_1,
            3.0,
            99.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
        ] {
            assert_eq!(hash("abc", "def", number), None, "{number}");
        }
    }

    #[test]
    fn seed_keeps_its_text() {
        assert_eq!(HashSeed::new("expérience").as_str(), "expérience");
    }

    #[test]
    fn inner_hash_of_few_digits_has_no_leading_zeros() {
        for number in [
            0,
            7,
            10,
            909,
            99_999_999,
            100_000_000,
            999_999_999,
            1_000_000_000,
            u32::MAX - 1,
            u32::MAX,
        ] {
            let text = number.to_string();
            assert_eq!(
                fnv1a_of_decimal(number),
                fnv1a(OFFSET_BASIS, &text),
                "{number}"
            );
        }
    }

    proptest! {
        #[test]
        fn decimal_digits_hash_like_their_text(number: u32) {
            prop_assert_eq!(fnv1a_of_decimal(number), fnv1a(OFFSET_BASIS, &number.to_string()));
        }

        #[test]
        fn buckets_follow_the_definition(seed: String, value: String) {
            let units = |text: String| text.encode_utf16().map(u32::from).fold(OFFSET_BASIS, fnv1a_step);
            let first = f64::from(units(format!("{value}{seed}")) % 1000) / 1000.0;
            let inner = units(format!("{seed}{value}"));
            let second = f64::from(units(inner.to_string()) % 10000) / 10000.0;
            prop_assert_eq!(hash(&seed, &value, 1.0), Some(first));
            prop_assert_eq!(hash(&seed, &value, 2.0), Some(second));
            prop_assert!((0.0..1.0).contains(&first) && (0.0..1.0).contains(&second));
        }
    }
}
