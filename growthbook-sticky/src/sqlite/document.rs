//! The assignments of a row, as JSON.

use std::collections::BTreeMap;

use growthbook_core::StickyAssignments;
use serde_json::value::RawValue;

/// A JSON object of assignments. Members that are none, since they are not text, stay as they were written.
#[derive(Debug, Default)]
pub(super) struct Document(BTreeMap<String, Box<RawValue>>);

/// What a row has in the place of assignments is something else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NoObject;

impl Document {
    /// Where there is nothing, or `null`, there are no assignments.
    pub(super) fn parse(stored: &[u8]) -> Result<Self, NoObject> {
        match stored.trim_ascii() {
            b"" | b"null" => Ok(Self::default()),
            object => serde_json::from_slice(object)
                .map(Self)
                .map_err(|_| NoObject),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<String> {
        text(self.0.get(key)?)
    }

    pub(super) fn insert(&mut self, key: &str, variation: &str) -> Result<(), NoObject> {
        let variation = serde_json::value::to_raw_value(variation).map_err(|_| NoObject)?;
        self.0.insert(key.to_owned(), variation);
        Ok(())
    }

    pub(super) fn to_json(&self) -> Result<String, NoObject> {
        serde_json::to_string(&self.0).map_err(|_| NoObject)
    }

    pub(super) fn into_assignments(self) -> StickyAssignments {
        let members = self.0.into_iter();
        members
            .filter_map(|(key, value)| Some((key, text(&value)?)))
            .collect()
    }
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(stored: &str) -> Document {
        Document::parse(stored.as_bytes()).unwrap()
    }

    #[test]
    fn what_python_writes_is_read() {
        let document = parse(r#"{"gr\u00f6\u00dfe__0": "\ud83c\udf38", "b__1": "x"}"#);
        assert_eq!(document.get("größe__0").as_deref(), Some("🌸"));
        let assignments = document.into_assignments();
        assert_eq!((assignments.len(), &*assignments["b__1"]), (2, "x"));
    }

    #[test]
    fn what_is_no_assignment_stays_as_it_is() {
        let mut document = parse(
            r#"{"z": 12345678901234567890.10, "o": {"b": 1, "a": [1.0, null]}, "n": null, "a__0": "x"}"#,
        );
        assert_eq!((document.get("z"), document.get("n")), (None, None));
        document.insert("a__0", "y\"\0").unwrap();
        document.insert("new__0", "🌸").unwrap();
        assert_eq!(
            document.to_json().unwrap(),
            r#"{"a__0":"y\"\u0000","n":null,"new__0":"🌸","o":{"b": 1, "a": [1.0, null]},"z":12345678901234567890.10}"#
        );
        assert_eq!(document.into_assignments().len(), 2);
    }

    #[test]
    fn keys_are_text_whatever_the_version() {
        let versions = ["-1", "0", "9007199254740993", "1e400", "NaN", ""];
        let mut document = Document::default();
        for version in versions {
            let key = format!("exp__{version}");
            document.insert(&key, version).unwrap();
        }
        let document = parse(&document.to_json().unwrap());
        for version in versions {
            let read = document.get(&format!("exp__{version}"));
            assert_eq!(read.as_deref(), Some(version));
        }
    }

    #[test]
    fn nothing_is_an_empty_document_and_anything_else_is_none() {
        for nothing in ["", " \n", "null", "{}", " { } "] {
            assert!(parse(nothing).into_assignments().is_empty());
        }
        for other in [
            "[]",
            "1",
            "\"{}\"",
            "{",
            "{}{}",
            "{\"a\": NaN}",
            "{'a': 'b'}",
        ] {
            assert!(Document::parse(other.as_bytes()).is_err(), "{other}");
        }
        assert_eq!(Document::parse(b"{\"a\": \"\xff\"}").err(), Some(NoObject));
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        // Deeper than anything is read, or kept whole: no stack is exhausted by it.
        let _ = Document::parse(deep.as_bytes()).map(Document::into_assignments);
    }
}
