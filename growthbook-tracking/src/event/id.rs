use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// What tells an event from all others: made once, and the same however often the event is sent.
///
/// Its text is a UUID of version 7, which starts with the time, so that what is sorted by it is sorted by age.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EventId(u128);

impl EventId {
    /// The id of something that happened then; `random` tells it from others of the same millisecond.
    pub(crate) fn new(at: SystemTime, random: u128) -> Self {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = since.as_millis() & 0xFFFF_FFFF_FFFF;
        Self(time << 80 | random & RANDOM | VERSION | VARIANT)
    }

    /// The id as a number, for stores that keep such.
    pub fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        let (low, mid, version) = (id >> 96, id >> 80 & 0xFFFF, id >> 64 & 0xFFFF);
        let (variant, node) = (id >> 48 & 0xFFFF, id & 0xFFFF_FFFF_FFFF);
        write!(
            f,
            "{low:08x}-{mid:04x}-{version:04x}-{variant:04x}-{node:012x}"
        )
    }
}

impl FromStr for EventId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|&it| it != '-').collect();
        u128::from_str_radix(&digits, 16).map(Self)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

const VERSION: u128 = 7 << 76;
const VARIANT: u128 = 2 << 62;
const RANDOM: u128 = (0xFFF << 64) | ((1 << 62) - 1);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn is_a_uuid_that_starts_with_the_time() {
        let at = UNIX_EPOCH + Duration::from_millis(0x0123_4567_89AB);
        let id = EventId::new(at, u128::MAX);
        assert_eq!(id.to_string(), "01234567-89ab-7fff-bfff-ffffffffffff");
        let id = EventId::new(at, 0);
        assert_eq!(id.to_string(), "01234567-89ab-7000-8000-000000000000");
    }

    #[test]
    fn is_read_as_it_is_written() {
        let id = EventId::new(SystemTime::now(), 42);
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<EventId>(&json).unwrap(), id);
    }
}
