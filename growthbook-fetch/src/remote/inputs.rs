//! What a server is told of a user, and what its answer is kept under.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;

use growthbook_core::engine::Subject;
use growthbook_core::{AttributeValue, Attributes, BackendError, CacheKey, FetchError};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::RemoteEvaluationError;

/// All that an answer depends on, as it was when somebody asked: whoever changes their user later changes nothing here.
pub(super) struct Inputs {
    attributes: Attributes,
    forced_features: Vec<(String, Value)>,
    forced_variations: BTreeMap<String, usize>,
    url: String,
}

impl Inputs {
    pub(super) fn of(subject: &Subject<'_>) -> Self {
        let features = subject.forced_values().into_iter();
        let variations = subject.forced_variations().into_iter();
        Self {
            attributes: subject.merged_attributes(),
            forced_features: features
                .map(|(key, value)| (key.to_owned(), value.clone()))
                .collect(),
            forced_variations: variations
                .map(|(key, index)| (key.to_owned(), index))
                .collect(),
            url: subject.user().url().unwrap_or_default().to_owned(),
        }
    }

    /// What the answer is kept under. Of the attributes, those named in `only` count, if there are such names. Forced
    /// features do not count: they hold without the server.
    pub(super) fn key(&self, connection: &CacheKey, only: Option<&BTreeSet<String>>) -> Key {
        Key(Sha256::digest(self.key_text(connection, only)).into())
    }

    /// `{host}::{client key}||{"ca":..,"fv":..,"url":..}`, with all names in the order of their bytes. What is written here
    /// always has a JSON, and memory always takes it.
    fn key_text(&self, connection: &CacheKey, only: Option<&BTreeSet<String>>) -> Vec<u8> {
        let counts = |name: &str| only.is_none_or(|only| only.contains(name));
        let mut text = connection.as_str().as_bytes().to_vec();
        text.extend(br#"||{"ca":"#);
        write_sorted_map(
            &mut text,
            self.attributes.iter().filter(|(it, _)| counts(it)),
        );
        text.extend(br#","fv":"#);
        let _ = serde_json::to_writer(&mut text, &self.forced_variations);
        text.extend(br#","url":"#);
        let _ = serde_json::to_writer(&mut text, &self.url);
        text.push(b'}');
        text
    }

    /// The question itself.
    pub(super) fn body(&self) -> Result<Vec<u8>, RemoteEvaluationError> {
        let counted = [
            ("attributes", self.attributes.len()),
            ("forced features", self.forced_features.len()),
            ("forced variations", self.forced_variations.len()),
        ];
        for (what, count) in counted {
            if count > MOST_NAMES {
                let limit = MOST_NAMES;
                return Err(RemoteEvaluationError::TooMany { what, limit });
            }
        }
        let written = || {
            let mut body = Vec::new();
            body.write_all(br#"{"attributes":"#)?;
            serde_json::to_writer(&mut body, &self.attributes)?;
            body.write_all(br#","forcedFeatures":"#)?;
            serde_json::to_writer(&mut body, &self.forced_features)?;
            body.write_all(br#","forcedVariations":"#)?;
            serde_json::to_writer(&mut body, &self.forced_variations)?;
            body.write_all(br#","url":"#)?;
            serde_json::to_writer(&mut body, &self.url)?;
            body.write_all(b"}")?;
            Ok::<_, std::io::Error>(body)
        };
        let body = written().map_err(|_| {
            let error = BackendError::new("http", "write the question", "it has no JSON");
            RemoteEvaluationError::Fetch(FetchError::Transport(error))
        })?;
        if body.len() > MOST_BYTES {
            return Err(RemoteEvaluationError::TooLarge { limit: MOST_BYTES });
        }
        Ok(body)
    }
}

impl fmt::Debug for Inputs {
    /// Says how many there are, and not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("attributes", &self.attributes.len())
            .field("forced_features", &self.forced_features.len())
            .field("forced_variations", &self.forced_variations.len())
            .finish_non_exhaustive()
    }
}

/// Stands for a text that holds personal data, which is nowhere kept.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Writes a value with the names of its maps in order: maps that differ in theirs say the same of a user.
fn write_sorted(text: &mut Vec<u8>, value: &AttributeValue) {
    match value {
        AttributeValue::List(items) => {
            text.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(b',');
                }
                write_sorted(text, item);
            }
            text.push(b']');
        }
        AttributeValue::Map(entries) => write_sorted_map(text, entries.iter()),
        plain => {
            let _ = serde_json::to_writer(text, plain);
        }
    }
}

fn write_sorted_map<'a>(
    text: &mut Vec<u8>,
    entries: impl Iterator<Item = (&'a str, &'a AttributeValue)>,
) {
    let sorted: BTreeMap<_, _> = entries.collect();
    text.push(b'{');
    for (position, (name, value)) in sorted.into_iter().enumerate() {
        if position > 0 {
            text.push(b',');
        }
        let _ = serde_json::to_writer(&mut *text, name);
        text.push(b':');
        write_sorted(text, value);
    }
    text.push(b'}');
}

/// The names of each kind that GrowthBook's proxy reads.
const MOST_NAMES: usize = 1_000;
/// The bytes that it reads.
const MOST_BYTES: usize = 2 << 20;

#[cfg(test)]
mod tests {
    use growthbook_core::{ClientKey, GlobalContext, UserContext};
    use serde_json::json;

    use super::*;

    fn inputs(user: &UserContext) -> Inputs {
        Inputs::of(&Subject::new(user))
    }

    fn user(attributes: &str) -> UserContext {
        UserContext::new(Attributes::from_json(attributes).unwrap())
    }

    #[track_caller]
    fn check_key(user: &UserContext, only: Option<&[&str]>, expected: &str) {
        let only = only.map(|only| only.iter().copied().map(str::to_owned).collect());
        let connection = CacheKey::new("https://h", &ClientKey::new("sdk-1"));
        let text = inputs(user).key_text(&connection, only.as_ref());
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, format!("https://h::sdk-1||{expected}"));
    }

    #[test]
    fn a_key_names_what_the_answer_depends_on() {
        check_key(
            &UserContext::default(),
            None,
            r#"{"ca":{},"fv":{},"url":""}"#,
        );
        let full =
            user(r#"{"id": "ü\"1", "b": [{"z": 1.0, "a": null}, true], "a": {"y": 2.5, "x": {}}}"#)
                .with_url("https://shop.example/cart?x=1")
                .with_forced_variation("zeta", 2)
                .with_forced_variation("alpha", 0)
                .with_forced_value("banner", json!("v2"));
        check_key(
            &full,
            None,
            r#"{"ca":{"a":{"x":{},"y":2.5},"b":[{"a":null,"z":1},true],"id":"ü\"1"},"fv":{"alpha":0,"zeta":2},"url":"https://shop.example/cart?x=1"}"#,
        );
        check_key(
            &full,
            Some(&["id", "none"]),
            r#"{"ca":{"id":"ü\"1"},"fv":{"alpha":0,"zeta":2},"url":"https://shop.example/cart?x=1"}"#,
        );
        check_key(
            &user(r#"{"id": 1}"#),
            Some(&[]),
            r#"{"ca":{},"fv":{},"url":""}"#,
        );
    }

    #[test]
    fn the_order_of_names_and_forced_features_make_no_other_key() {
        let connection = CacheKey::new("https://h", &ClientKey::new("sdk-1"));
        let key = |user: &UserContext| inputs(user).key(&connection, None);
        let one = user(r#"{"a": {"x": 1, "y": 2}, "b": 3}"#);
        let same = user(r#"{"b": 3, "a": {"y": 2, "x": 1}}"#).with_forced_value("f", json!(1));
        assert_eq!(key(&one), key(&same));
        for other in [
            user(r#"{"a": {"x": 1, "y": 2}, "b": "3"}"#),
            one.clone().with_url("https://h/"),
            one.clone().with_forced_variation("e", 0),
        ] {
            assert_ne!(key(&one), key(&other));
        }
        assert_eq!(format!("{:?}", key(&one)), "Key(..)");
    }

    #[test]
    fn a_body_has_all_four_members() {
        let body = |user: &UserContext, global: &GlobalContext| {
            let body = Inputs::of(&Subject::new(user).within(global))
                .body()
                .unwrap();
            String::from_utf8(body).unwrap()
        };
        assert_eq!(
            body(&UserContext::default(), &GlobalContext::new()),
            r#"{"attributes":{},"forcedFeatures":[],"forcedVariations":{},"url":""}"#
        );
        let global = GlobalContext::new()
            .with_attributes(Attributes::new().with("tier", "gold").with("id", "nobody"))
            .with_forced_variation("exp-1", 0)
            .with_forced_variation("exp-2", 1)
            .with_forced_value("everywhere", json!({"z": 1}));
        let user = user(r#"{"id": "u1", "map": {"z": 1, "a": 2}}"#)
            .with_attribute_overrides(Attributes::new().with("tier", "none"))
            .with_remote_groups(["g1"])
            .with_url("https://shop.example/cart")
            .with_forced_variation("exp-1", 2)
            .with_forced_value("banner", json!("v2"));
        assert_eq!(
            body(&user, &global),
            r#"{"attributes":{"tier":"none","id":"u1","map":{"z":1,"a":2},"__gb_remoteGroupIds":["g1"]},"forcedFeatures":[["banner","v2"],["everywhere",{"z":1}]],"forcedVariations":{"exp-1":2,"exp-2":1},"url":"https://shop.example/cart"}"#
        );
    }

    #[test]
    fn what_the_server_would_refuse_is_not_written() {
        let many = |count: u32| (0..count).map(|n| (format!("a{n}"), n)).collect();
        assert!(inputs(&UserContext::new(many(1_000))).body().is_ok());
        let body = |user: UserContext| inputs(&user).body();
        let refused = |user, kind| {
            let error = body(user).unwrap_err();
            assert!(
                matches!(error, RemoteEvaluationError::TooMany { what, limit: 1_000 } if what == kind),
                "{error}"
            );
        };
        refused(UserContext::new(many(1_001)), "attributes");
        let each = 0..1_001;
        let forced = each.clone().fold(UserContext::default(), |user, n| {
            user.with_forced_variation(format!("e{n}"), 0)
        });
        refused(forced, "forced variations");
        let forced = each.fold(UserContext::default(), |user, n| {
            user.with_forced_value(format!("f{n}"), json!(n))
        });
        refused(forced, "forced features");
        let around =
            r#"{"attributes":{"a":""},"forcedFeatures":[],"forcedVariations":{},"url":""}"#;
        let long = |bytes: usize| {
            UserContext::new(Attributes::new().with("a", "x".repeat(bytes - around.len())))
        };
        assert_eq!(body(long(MOST_BYTES)).unwrap().len(), MOST_BYTES);
        let error = body(long(MOST_BYTES + 1)).unwrap_err();
        assert!(matches!(
            error,
            RemoteEvaluationError::TooLarge { limit: MOST_BYTES }
        ));
        assert_eq!(
            error.to_string(),
            "the user takes more than 2097152 bytes to describe"
        );
    }
}
