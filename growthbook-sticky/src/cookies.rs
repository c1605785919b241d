//! Sticky buckets in cookies, for web services that keep nothing: as GrowthBook's JavaScript SDK reads and writes them.
//!
//! A request brings its user's documents along; the scope is given them, and what it assigned goes back with the answer:
//!
//! ```
//! use growthbook_core::{Attributes, GrowthBookClient, UserContext};
//! use growthbook_sticky::cookies;
//!
//! # let payload = r#"{"features": {"f": {"rules": [{"key": "exp", "variations": [1, 2], "meta": [{"key": "a"}, {"key": "b"}]}]}}}"#;
//! let client = GrowthBookClient::builder().payload(payload).build()?;
//! let cookie_header = "session=1; theme=dark";
//! let known = cookies::read(cookie_header);
//!
//! let user = UserContext::new(Attributes::new().with("id", "u-1"));
//! let scope = client.scope(user).with_sticky_documents(known.clone());
//! scope.is_on("f");
//!
//! for cookie in cookies::changed(&known, &scope.sticky_documents()) {
//!     // One header each, before the answer is sent.
//!     println!("Set-Cookie: {cookie}");
//! }
//! # Ok::<(), growthbook_core::BuildError>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use growthbook_core::{StickyAssignments, StickyDocuments, StickyIdentity};
use serde_json::{Map, Value};

/// The documents in a request's `Cookie` header, or in several of them joined by `; `. What is no document, or names another
/// user than its cookie does, is passed over: a cookie is what its user makes of it.
///
/// Both forms that GrowthBook's JavaScript SDK has written are read: with the value encoded once, and twice.
pub fn read(header: &str) -> StickyDocuments {
    let mut documents = StickyDocuments::new();
    // The name as it is written here wins over the one that is encoded, so it comes last.
    for is_raw in [false, true] {
        let pairs = header.split(';').filter_map(|pair| pair.split_once('='));
        for (name, value) in pairs {
            let (name, value) = (name.trim(), unquoted(value.trim()));
            if name.contains('|') == is_raw
                && let Some((identity, assignments)) = document(name, value)
            {
                documents.insert(identity, assignments);
            }
        }
    }
    documents
}

/// The cookies to set after an evaluation: one for each document that has changed or is new.
pub fn changed<'a>(
    before: &'a StickyDocuments,
    after: &'a StickyDocuments,
) -> impl Iterator<Item = StickyCookie> {
    // Whoever asks can bring along thousands.
    let known: BTreeMap<_, _> = before.iter().collect();
    let is_new = move |(identity, assignments): &(&StickyIdentity, &StickyAssignments)| {
        known.get(identity) != Some(assignments)
    };
    let documents = after.iter().filter(is_new);
    documents.map(|(identity, assignments)| StickyCookie::new(identity, assignments))
}

/// One document as a cookie. `Display` is what follows `Set-Cookie: `.
///
/// `Debug` says how long it is, not what is in it: the name holds an attribute's value.
#[derive(Clone, Eq, PartialEq)]
pub struct StickyCookie {
    name: String,
    value: String,
    max_age: Duration,
    attributes: String,
}

impl StickyCookie {
    /// The cookie of a document: for 180 days, on all paths.
    pub fn new(identity: &StickyIdentity, assignments: &StickyAssignments) -> Self {
        let key = identity.to_string();
        let parts: Vec<String> = key.split('|').map(encoded).collect();
        let assignments = assignments.iter();
        let assignments =
            assignments.map(|(key, variation)| (key.clone(), Value::from(&**variation)));
        let members = [
            ("attributeName", Value::from(identity.attribute())),
            ("attributeValue", Value::from(identity.value())),
            ("assignments", assignments.collect::<Map<_, _>>().into()),
        ];
        let members = members.map(|(name, value)| format!("\"{name}\":{value}"));
        let cookie = Self {
            name: format!("{PREFIX}{}", parts.join("|")),
            value: encoded(&format!("{{{}}}", members.join(","))),
            max_age: MAX_AGE,
            attributes: String::new(),
        };
        if cookie.name.len() + cookie.value.len() > MOST_BYTES {
            log::warn!(target: crate::LOG, "a sticky bucket cookie of {} bytes is longer than browsers keep", cookie.name.len() + cookie.value.len());
        }
        cookie
    }

    /// The cookie's name: `gbStickyBuckets__`, the attribute's name, `||` and its value.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The document as JSON, percent-encoded once.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// For how long browsers keep it; 180 days unless set, in whole seconds.
    #[must_use]
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age, ..self }
    }

    /// Further attributes, such as `Secure; SameSite=Lax; Domain=example.com`.
    #[must_use]
    pub fn attributes(self, attributes: impl Into<String>) -> Self {
        let attributes = attributes.into();
        Self { attributes, ..self }
    }
}

impl fmt::Display for StickyCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, value, seconds) = (&self.name, &self.value, self.max_age.as_secs());
        write!(f, "{name}={value}; Max-Age={seconds}; Path=/")?;
        if !self.attributes.is_empty() {
            write!(f, "; {}", self.attributes)?;
        }
        Ok(())
    }
}

impl fmt::Debug for StickyCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StickyCookie")
            .field("bytes", &(self.name.len() + self.value.len()))
            .finish_non_exhaustive()
    }
}

fn document(name: &str, value: &str) -> Option<(StickyIdentity, StickyAssignments)> {
    let key = decoded(name)?;
    let key = key.strip_prefix(PREFIX)?;
    let once = decoded(value)?;
    let (identity, assignments) = parsed(&once).or_else(|| parsed(&decoded(&once)?))?;
    (identity.to_string() == key).then_some((identity, assignments))
}

/// A document of another SDK, which has a name, a value, and assignments by text.
fn parsed(json: &str) -> Option<(StickyIdentity, StickyAssignments)> {
    let document: Value = serde_json::from_str(json).ok()?;
    let text = |member| {
        document
            .get(member)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let identity = StickyIdentity::new(text("attributeName")?, text("attributeValue")?);
    let assignments = document.get("assignments")?.as_object()?.iter();
    let assignments = assignments
        .filter_map(|(key, variation)| Some((key.clone(), variation.as_str()?.to_owned())));
    Some((identity, assignments.collect()))
}

fn unquoted(value: &str) -> &str {
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value)
}

/// As JavaScript's `encodeURIComponent`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(byte.into());
        } else {
            let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
            let digits =
                [digit(byte >> 4), digit(byte & 15)].map(|digit| digit.to_ascii_uppercase());
            encoded.push('%');
            encoded.extend(digits);
        }
    }
    encoded
}

/// What was percent-encoded; `None` if that is no text. A `%` that begins nothing stands for itself.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        match tail.split_at_checked(2) {
            Some((digits, after)) if *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit) => {
                bytes.push(hex(digits)?);
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

const PREFIX: &str = "gbStickyBuckets__";
const MAX_AGE: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// Name and value of a cookie that every browser keeps.
const MOST_BYTES: usize = 4_093;

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    fn documents(attribute: &str, value: &str, key: &str, variation: &str) -> StickyDocuments {
        let assignments = StickyAssignments::from_iter([(key.to_owned(), variation.to_owned())]);
        StickyDocuments::from_iter([(StickyIdentity::new(attribute, value), assignments)])
    }

    fn cookies(documents: &StickyDocuments) -> Vec<StickyCookie> {
        changed(&StickyDocuments::new(), documents).collect()
    }

    #[test]
    fn the_form_is_that_of_the_javascript_sdk() {
        let documents = documents("id", "123", "exp1__0", "control");
        let [cookie] = &cookies(&documents)[..] else {
            panic!("one document, one cookie")
        };
        assert_eq!(
            cookie.to_string(),
            "gbStickyBuckets__id||123=%7B%22attributeName%22%3A%22id%22%2C%22attributeValue%22%3A%22123%22%2C\
             %22assignments%22%3A%7B%22exp1__0%22%3A%22control%22%7D%7D; Max-Age=15552000; Path=/"
        );
        let shorter = cookie.clone().max_age(Duration::from_secs(60));
        let shorter = shorter.attributes("Secure; SameSite=Lax").to_string();
        assert!(shorter.ends_with("; Max-Age=60; Path=/; Secure; SameSite=Lax"));
        assert!(!format!("{cookie:?}").contains("123"));
    }

    #[test]
    fn all_forms_in_the_wild_are_read() {
        let expected = documents("id", "123", "exp1__0", "control");
        let json =
            r#"{"attributeName":"id","attributeValue":"123","assignments":{"exp1__0":"control"}}"#;
        let (once, raw) = (encoded(json), "gbStickyBuckets__id||123");
        // As the browser's library leaves some characters, and as a quoted value.
        let some = once
            .replace("%3A", ":")
            .replace("%7B", "{")
            .replace("%7D", "}");
        for header in [
            format!("{raw}={once}"),
            format!("a=b; {raw}={some};c=d"),
            format!("{raw}=\"{once}\""),
            format!("gbStickyBuckets__id%7C%7C123={once}"),
            format!("gbStickyBuckets__id%7C%7C123={}", encoded(&once)),
            format!(
                "gbStickyBuckets__id%7C%7C123={}; {raw}={once}",
                encoded("{}")
            ),
        ] {
            assert_eq!(read(&header), expected, "{header}");
        }
    }

    #[test]
    fn the_raw_name_wins() {
        let json = |variation: &str| {
            let json = r#"{"attributeName":"id","attributeValue":"1","assignments":{"e__0":"?"}}"#;
            encoded(&json.replace('?', variation))
        };
        let header = format!(
            "gbStickyBuckets__id||1={}; gbStickyBuckets__id%7C%7C1={}",
            json("raw"),
            json("encoded")
        );
        assert_eq!(read(&header), documents("id", "1", "e__0", "raw"));
    }

    #[test]
    fn what_is_no_document_is_passed_over() {
        for value in [
            "",
            "%",
            "%FF",
            "null",
            "{}",
            r#"{"attributeName":"id","attributeValue":"1"}"#,
            r#"{"attributeName":"id","attributeValue":"","assignments":{}}"#,
            r#"{"attributeName":"id","attributeValue":1,"assignments":{}}"#,
            r#"{"attributeName":"id","attributeValue":"2","assignments":{}}"#,
            r#"{"attributeName":"id","attributeValue":"1","assignments":[]}"#,
        ] {
            let header = format!("gbStickyBuckets__id||1={}", encoded(value));
            assert_eq!(read(&header), StickyDocuments::new(), "{value}");
        }
        for header in ["", ";;=;", "gbStickyBuckets__", "other=1"] {
            assert_eq!(read(header), StickyDocuments::new());
        }
        let mixed =
            r#"{"attributeName":"id","attributeValue":"1","assignments":{"e__0":"a","f__0":5}}"#;
        let header = format!("gbStickyBuckets__id||1={}", encoded(mixed));
        assert_eq!(read(&header), documents("id", "1", "e__0", "a"));
    }

    #[test]
    fn only_what_changed_is_set() {
        let before = documents("id", "1", "e__0", "a");
        let mut after = before.clone();
        assert_eq!(changed(&before, &after).count(), 0);
        let other = StickyAssignments::from_iter([("e__0".to_owned(), "b".to_owned())]);
        after.insert(StickyIdentity::new("deviceId", "d"), other);
        let set: Vec<_> = changed(&before, &after).collect();
        assert_eq!(set.len(), 1);
        assert_eq!(set[0].name(), "gbStickyBuckets__deviceId||d");
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read(
            attribute in "\\PC{1,12}", value in "\\PC{1,20}", key in ".{0,20}", variation in ".{0,20}",
        ) {
            let documents = documents(&attribute, &value, &key, &variation);
            let header: Vec<String> = cookies(&documents)
                .iter()
                .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
                .collect();
            prop_assert_eq!(read(&header.join("; ")), documents);
        }

        #[test]
        fn no_header_harms(header in ".{0,200}") {
            read(&header);
        }
    }
}
