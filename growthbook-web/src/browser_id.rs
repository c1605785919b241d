//! Ids for users of whom nothing is known: one for each browser, in the cookie that GrowthBook's JavaScript SDK uses.

use std::hash::{BuildHasher, RandomState};
use std::process;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::head::RequestHead;

/// The id that the browser has already: of several cookies, the first that can be one.
pub(crate) fn known(head: &RequestHead<'_>) -> Option<String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_id = |id: &&str| (1..=MOST_BYTES).contains(&id.len()) && id.bytes().all(is_part);
    head.cookies(NAME).find(is_id).map(str::to_owned)
}

/// A UUID of version 4 that no browser has yet, and that nobody can guess.
pub(crate) fn new() -> String {
    // 128 bits of a keyed hash, whose key the operating system drew, of what does not come again. A copy of this process has
    // the key and the number, too.
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let here_and_now = (process::id(), SystemTime::now());
    let half = |half: u8| u128::from(KEY.hash_one((here_and_now, number, half)));
    text(half(0) << 64 | half(1))
}

/// What follows `Set-Cookie: `.
pub(crate) fn cookie(id: &str, attributes: &str) -> String {
    let separator = if attributes.is_empty() { "" } else { "; " };
    format!("{NAME}={id}; Max-Age={MAX_AGE_SECONDS}; Path=/{separator}{attributes}")
}

fn text(random: u128) -> String {
    let id = random & RANDOM | VERSION | VARIANT;
    let (low, mid, version) = (id >> 96, id >> 80 & 0xFFFF, id >> 64 & 0xFFFF);
    let (variant, node) = (id >> 48 & 0xFFFF, id & 0xFFFF_FFFF_FFFF);
    format!("{low:08x}-{mid:04x}-{version:04x}-{variant:04x}-{node:012x}")
}

const NAME: &str = "gbuuid";
/// Browsers keep no cookie for longer than 400 days.
const MAX_AGE_SECONDS: u64 = 400 * 24 * 60 * 60;
const MOST_BYTES: usize = 64;

const VERSION: u128 = 4 << 76;
const VARIANT: u128 = 2 << 62;
const RANDOM: u128 = !(0xF << 76) & !(3 << 62);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn is_a_uuid_of_version_4() {
        assert_eq!(text(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(text(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let ids: HashSet<String> = (0..1_000).map(|_| new()).collect();
        assert_eq!(ids.len(), 1_000);
    }

    #[test]
    fn only_what_can_be_an_id_is_one() {
        let id = new();
        let long = "a".repeat(65);
        for (value, is_id) in [
            (&*id, true),
            ("from_another-Sdk9", true),
            ("", false),
            ("a b", false),
            ("a%20b", false),
            ("<script>", false),
            (&long, false),
        ] {
            let header = format!("gbuuid={value}");
            let head = RequestHead::new("/").with_cookies(&header);
            assert_eq!(known(&head).as_deref(), is_id.then_some(value), "{value}");
        }
    }

    /// A browser sends those of longer paths first, whoever set them.
    #[test]
    fn of_several_the_first_that_can_be_one_is_it() {
        let head = RequestHead::new("/").with_cookies("gbuuid=; gbuuid=a b; gbuuid=c; gbuuid=d");
        assert_eq!(known(&head).as_deref(), Some("c"));
    }

    #[test]
    fn is_kept_for_400_days() {
        assert_eq!(cookie("a", ""), "gbuuid=a; Max-Age=34560000; Path=/");
        let secure = "gbuuid=a; Max-Age=34560000; Path=/; Secure";
        assert_eq!(cookie("a", "Secure"), secure);
    }
}
