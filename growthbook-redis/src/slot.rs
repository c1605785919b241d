//! Which of a cluster's slots a key belongs to.

pub(crate) const SLOTS: u16 = 16_384;

/// The part between the first `{` and the `}` after it counts alone, if there is something.
pub(crate) fn slot(key: &[u8]) -> u16 {
    crc16(tag(key).unwrap_or(key)) % SLOTS
}

fn tag(key: &[u8]) -> Option<&[u8]> {
    let mut parts = key.splitn(2, |byte| *byte == b'{');
    let after = parts.nth(1)?;
    let end = after.iter().position(|byte| *byte == b'}')?;
    after.get(..end).filter(|tag| !tag.is_empty())
}

/// The one of XMODEM: polynomial 0x1021, from zero, most significant bit first; a byte at a time without a table.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        let mut mixed = (crc >> 8) ^ u16::from(*byte);
        mixed ^= mixed >> 4;
        (crc << 8) ^ (mixed << 12) ^ (mixed << 5) ^ mixed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_redis() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        // What `CLUSTER KEYSLOT` says.
        for (key, expected) in [
            ("", 0),
            ("foo", 12_182),
            ("id||ann", 5_011),
            ("{user1000}.following", 3_443),
            ("{user1000}.followers", 3_443),
            ("foo{}{bar}", 8_363),
            ("foo{{bar}}zap", 4_015),
            ("foo{bar}{zap}", 5_061),
        ] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
        assert_eq!(slot(b"foo{bar}{zap}"), slot(b"bar"));
        assert_eq!(slot(b"a{b"), crc16(b"a{b") % SLOTS);
    }
}
