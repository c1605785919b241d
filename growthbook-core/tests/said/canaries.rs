//! Texts that stand for what is private, and where they are found.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What no log and no `Debug` output may hold, each for a kind of thing.
pub(crate) const ALL: [&str; 10] = [
    ATTRIBUTE, HASH_VALUE, URL, PAYLOAD, FORCED, PROPERTY, CLIENT_KEY, KEY, SALT, CAUSE,
];

/// Those that are the user's own.
pub(crate) const OF_THE_USER: [&str; 3] = [ATTRIBUTE, HASH_VALUE, URL];

/// An attribute's value.
pub(crate) const ATTRIBUTE: &str = "canary-attribute";
/// What the user is bucketed by.
pub(crate) const HASH_VALUE: &str = "canary-identity";
/// In the address of the page.
pub(crate) const URL: &str = "canary-address";
/// Text of the payload that is not a name: values, operands, patterns, members of groups, descriptions.
pub(crate) const PAYLOAD: &str = "canary-payload";
/// A value that is forced from code.
pub(crate) const FORCED: &str = "canary-forced";
/// A property of an event.
pub(crate) const PROPERTY: &str = "canary-property";
pub(crate) const CLIENT_KEY: &str = "sdk-canary-client";
/// The decryption key's sixteen bytes.
pub(crate) const KEY: &str = "canary-decrypter";
/// What hashed attributes are salted with.
pub(crate) const SALT: &str = "canary-of-the-salt";
/// In a panic, or in the cause of an error of a store's.
pub(crate) const CAUSE: &str = "canary-cause";

/// Which of the canaries are in a text, in whatever form.
pub(crate) fn found(canaries: &[&'static str], text: &str) -> Vec<&'static str> {
    let is_there = |canary: &&&str| {
        let bytes = format!("{:?}", canary.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']).to_owned();
        // `{:#?}` writes each on a line of its own.
        let lines = bytes.replace(", ", ",");
        let packed = text.replace([' ', '\n'], "");
        let encoded = STANDARD.encode(canary).trim_end_matches('=').to_owned();
        [(**canary).to_owned(), bytes, encoded]
            .iter()
            .any(|form| text.contains(form))
            || packed.contains(&lines)
    };
    canaries.iter().filter(is_there).copied().collect()
}

#[test]
fn canaries_are_found_in_every_form() {
    let shown = |text: String| found(&ALL, &text);
    for canary in ALL {
        assert_eq!(shown(format!("{{ name: {canary:?} }}")), [canary]);
        assert_eq!(shown(format!("{:?}", canary.as_bytes())), [canary]);
        assert_eq!(shown(format!("{:#?}", canary.as_bytes())), [canary]);
        assert_eq!(shown(STANDARD.encode(canary)), [canary]);
    }
    assert!(shown("canary".to_owned()).is_empty());
}
