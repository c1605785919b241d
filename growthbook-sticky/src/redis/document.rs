//! The documents that the SDKs share: `{"attributeName":..,"attributeValue":..,"assignments":{..}}`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use growthbook_core::{Saved, StickyAssignments, StickyIdentity, StickyWrite};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A document, with what this SDK does not know as it was written.
pub(super) struct Document<'a> {
    identity: StickyIdentity,
    members: Members<'a>,
    assignments: Members<'a>,
    is_changed: bool,
}

/// Members of an object in their order, each value as its JSON text. Of two with one name the last one counts, as everywhere.
struct Members<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// Of a member; most have nothing in them that stands for something else.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Document<'a> {
    pub(super) fn new(identity: StickyIdentity) -> Self {
        let members = vec![
            (NAME.into(), json(identity.attribute()).into()),
            (VALUE.into(), json(identity.value()).into()),
            (ASSIGNMENTS.into(), "".into()),
        ];
        Self {
            identity,
            members: Members(members),
            assignments: Members(Vec::new()),
            is_changed: false,
        }
    }

    /// `None` for what does not say whose document it is, or has no assignments.
    pub(super) fn parse(value: &'a [u8]) -> Option<Self> {
        let members: Members<'a> = serde_json::from_slice(value).ok()?;
        let name = members.text(NAME).filter(|name| !name.is_empty())?;
        let value = members.text(VALUE).or_else(|| members.integer(VALUE))?;
        let assignments = members.find(ASSIGNMENTS)?;
        // What was just parsed is.
        let Cow::Borrowed(assignments) = assignments else {
            return None;
        };
        let assignments = serde_json::from_str(assignments).ok()?;
        Some(Self {
            identity: StickyIdentity::new(name, value),
            members,
            assignments,
            is_changed: false,
        })
    }

    pub(super) fn identity(&self) -> &StickyIdentity {
        &self.identity
    }

    /// Those that are text: others name no variation.
    pub(super) fn assignments(&self) -> StickyAssignments {
        let members = self.assignments.0.iter();
        // Not one by one by their names: whoever wrote it may have written very many.
        let last: BTreeMap<&str, &str> = members.map(|(key, json)| (&**key, &**json)).collect();
        let texts = last.into_iter().filter_map(|(key, json)| {
            let text = serde_json::from_str(json).ok()?;
            Some((key.to_owned(), text))
        });
        texts.collect()
    }

    pub(super) fn into_identity(self) -> StickyIdentity {
        self.identity
    }

    pub(super) fn save(&mut self, write: &StickyWrite<'_>) -> Saved {
        let standing = self.assignments.text(write.key);
        if let Some(other) = write.is_kept_out_by(standing.as_deref()) {
            return Saved::Kept(other.to_owned());
        }
        if standing.as_deref() != Some(write.variation) {
            self.is_changed = true;
            self.assignments
                .set(write.key, json(write.variation).into());
        }
        Saved::Stored
    }

    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// As JavaScript's `JSON.stringify` does, without spaces between the members.
    pub(super) fn to_json(&self) -> String {
        let members = self.members.0.iter().enumerate();
        let last = self.members.position(ASSIGNMENTS);
        let members = members.map(|(place, (name, text))| {
            if Some(place) == last {
                (&**name, Cow::Owned(self.assignments.to_json()))
            } else {
                (&**name, Cow::Borrowed(&**text))
            }
        });
        object(members)
    }
}

impl<'a> Members<'a> {
    fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().rposition(|(key, _)| key == name)
    }

    fn find(&self, name: &str) -> Option<&Cow<'a, str>> {
        let mut from_the_end = self.0.iter().rev();
        let (_, text) = from_the_end.find(|(key, _)| key == name)?;
        Some(text)
    }

    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.find(name)?).ok()
    }

    fn integer(&self, name: &str) -> Option<String> {
        let integer: i64 = serde_json::from_str(self.find(name)?).ok()?;
        Some(integer.to_string())
    }

    fn set(&mut self, name: &str, text: Cow<'a, str>) {
        let mut from_the_end = self.0.iter_mut().rev();
        match from_the_end.find(|(key, _)| key == name) {
            Some((_, old)) => *old = text,
            None => self.0.push((name.to_owned().into(), text)),
        }
    }

    fn to_json(&self) -> String {
        let members = self.0.iter();
        object(members.map(|(name, text)| (&**name, Cow::Borrowed(&**text))))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<_, &'de RawValue>()? {
                    members.push((name, value.get().into()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

fn object<'m>(members: impl Iterator<Item = (&'m str, Cow<'m, str>)>) -> String {
    let mut text = String::from("{");
    for (name, value) in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&json(name));
        text.push(':');
        text.push_str(&value);
    }
    text.push('}');
    text
}

fn json(text: &str) -> String {
    Value::from(text).to_string()
}

const NAME: &str = "attributeName";
const VALUE: &str = "attributeValue";
const ASSIGNMENTS: &str = "assignments";

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(document: &str, key: &str, variation: &str) -> String {
        let mut document = Document::parse(document.as_bytes()).unwrap();
        let identity = document.identity().clone();
        let saved = document.save(&StickyWrite::new(&identity, key, variation));
        assert_eq!(saved, Saved::Stored);
        document.to_json()
    }

    #[test]
    fn the_form_is_that_of_the_javascript_sdk() {
        let identity = StickyIdentity::new("id", "Zoë \"1\"\u{1}\u{7f}\u{2028}");
        let mut document = Document::new(identity.clone());
        document.save(&StickyWrite::new(&identity, "exp1__0", "control"));
        document.save(&StickyWrite::new(&identity, "a__1", "1"));
        let expected = "{\"attributeName\":\"id\",\"attributeValue\":\"Zoë \\\"1\\\"\\u0001\u{7f}\u{2028}\",\
                        \"assignments\":{\"exp1__0\":\"control\",\"a__1\":\"1\"}}";
        assert_eq!(document.to_json(), expected);
    }

    #[test]
    fn what_is_not_known_stays_as_it_was_written() {
        let foreign = r#"{"v":1.0,"assignments":{"z__0":"a","n__0":12345678901234567890,"o__0":{}},"attributeValue":7,"attributeName":"id","e":{},"l":[ 1e400 ]}"#;
        let with_both = foreign.replace(r#""o__0":{}}"#, r#""o__0":{},"e__0":"b"}"#);
        assert_eq!(saved(foreign, "e__0", "b"), with_both);
        let document = Document::parse(foreign.as_bytes()).unwrap();
        assert_eq!(document.identity(), &StickyIdentity::new("id", "7"));
        let only_text = StickyAssignments::from_iter([("z__0".to_owned(), "a".to_owned())]);
        assert_eq!(document.assignments(), only_text);
        let replaced = foreign.replace("12345678901234567890", "\"c\"");
        assert_eq!(
            saved(foreign, "n__0", "c"),
            replaced,
            "what is no variation keeps none out"
        );
    }

    #[test]
    fn of_two_members_with_one_name_the_last_one_counts() {
        let twice = r#"{"attributeName":"id","attributeValue":"1","assignments":{"a":"x"},"assignments":{"a":"x","a":"y"}}"#;
        let document = Document::parse(twice.as_bytes()).unwrap();
        assert_eq!(document.assignments()["a"], "y");
        let both = twice.replace(r#""a":"y"}"#, r#""a":"y","b":"z"}"#);
        assert_eq!(saved(twice, "b", "z"), both);
    }

    /// Seconds for a million of them, and hours if each is looked for.
    #[test]
    fn a_long_document_takes_no_longer_than_its_length() {
        let assignments: Vec<_> = (0..300_000).map(|it| format!("\"{it}\":\"a\"")).collect();
        let document = format!(
            r#"{{"attributeName":"id","attributeValue":"1","assignments":{{{},"7":1}}}}"#,
            assignments.join(",")
        );
        let started = std::time::Instant::now();
        let document = Document::parse(document.as_bytes()).unwrap();
        let assignments = document.assignments();
        assert_eq!(assignments.len(), 299_999, "the last `7` is none");
        assert!(started.elapsed() < std::time::Duration::from_secs(60));
    }

    #[test]
    fn what_is_no_document_is_none() {
        for value in [
            &b""[..],
            b"x",
            b"\xff",
            b"null",
            b"[]",
            b"{}",
            br#"{"attributeName":"","attributeValue":"1","assignments":{}}"#,
            br#"{"attributeName":"id","attributeValue":null,"assignments":{}}"#,
            br#"{"attributeName":"id","attributeValue":"1","assignments":[]}"#,
            br#"{"attributeName":"id","attributeValue":"1"}"#,
            br#"{"attributeName":"id","attributeValue":"1","assignments":{}} x"#,
        ] {
            assert!(Document::parse(value).is_none(), "{value:?}");
        }
    }
}
