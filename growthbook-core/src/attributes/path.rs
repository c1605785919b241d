use super::{AttributeValue, Name, Number, Probe};

/// A dotted path to a value, split once (spec 3.4).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttributePath {
    first: Segment,
    rest: Box<[Segment]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Segment {
    name: Name,
    /// What the segment means in a list.
    item: Item,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Item {
    At(usize),
    Length,
    None,
}

impl AttributePath {
    pub(crate) fn new(path: &str) -> Self {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, rest.split('.').map(Segment::new).collect()),
            None => (path, Box::default()),
        };
        Self {
            first: Segment::new(first),
            rest,
        }
    }

    /// The name of the attribute that the path starts from.
    #[inline]
    pub(crate) fn first(&self) -> Probe<'_> {
        self.first.name.probe()
    }

    /// Walks the rest of the path from the attribute that it starts from.
    #[inline]
    pub(crate) fn walk<'v>(&self, start: Option<&'v AttributeValue>) -> Found<'v> {
        let start = start.unwrap_or(&AttributeValue::Null);
        if self.rest.is_empty() {
            Found::Value(start)
        } else {
            walk(start, self.rest.iter())
        }
    }

    /// What is at this path inside `value`, where `value` itself plays the attributes' part: a list offers its items and
    /// its length, anything but a map or a list has no fields (spec 3.6, `$elemMatch`).
    pub(crate) fn find_in<'v>(&self, value: &'v AttributeValue) -> Found<'v> {
        walk(value, std::iter::once(&self.first).chain(&self.rest))
    }
}

impl std::fmt::Display for AttributePath {
    /// Writes the path with its dots.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.first.name.as_str())?;
        let mut rest = self.rest.iter();
        rest.try_for_each(|segment| write!(f, ".{}", segment.name.as_str()))
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'v> {
    /// A list's length, the one thing that is computed instead of found.
    Length(usize),
    /// A value; null if there is none.
    Value(&'v AttributeValue),
}

impl Found<'_> {
    /// Hands the value to `read`.
    #[inline]
    pub(crate) fn read<T>(self, read: impl FnOnce(&AttributeValue) -> T) -> T {
        match self {
            Self::Length(length) => read(&AttributeValue::Number(Number::from(length))),
            Self::Value(value) => read(value),
        }
    }
}

fn walk<'v, 'p>(
    start: &'v AttributeValue,
    mut segments: impl Iterator<Item = &'p Segment>,
) -> Found<'v> {
    const NOTHING: Found<'static> = Found::Value(&AttributeValue::Null);
    let mut current = start;
    while let Some(segment) = segments.next() {
        let next = match (current, segment.item) {
            (AttributeValue::Map(entries), _) => entries.find(segment.name.probe()),
            (AttributeValue::List(items), Item::At(index)) => items.get(index),
            (AttributeValue::List(items), Item::Length) => {
                return if segments.next().is_some() {
                    NOTHING
                } else {
                    Found::Length(items.len())
                };
            }
            _ => None,
        };
        let Some(next) = next else { return NOTHING };
        current = next;
    }
    Found::Value(current)
}

impl Segment {
    fn new(text: &str) -> Self {
        Self {
            name: Name::from(text),
            item: Item::new(text),
        }
    }
}

impl Item {
    /// A canonical index has no leading zero, only ASCII digits, and at most ten of them (spec 3.4).
    fn new(text: &str) -> Self {
        if text == "length" {
            return Self::Length;
        }
        let canonical = match text.as_bytes() {
            [b'0'] => true,
            [b'1'..=b'9', rest @ ..] => rest.len() < 10 && rest.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        match text.parse() {
            Ok(index) if canonical => Self::At(index),
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attributes;

    #[test]
    fn paths_walk_maps_and_lists() {
        let attributes = Attributes::from_json(
            r#"{"a":{"b":1,"":2},"a.b":3,"tags":["x",{"y":4}],"length":5,"toString":6,"s":"text"}"#,
        )
        .unwrap();
        let value = AttributeValue::Map(attributes);
        for (path, expected) in [
            ("a.b", "1"),
            ("a.", "2"),
            ("tags.0", "\"x\""),
            ("tags.1.y", "4"),
            ("tags.length", "2"),
            ("tags.length.x", "null"),
            ("tags.01", "null"),
            ("tags.-0", "null"),
            ("tags.+1", "null"),
            ("tags.1.0", "null"),
            ("tags. 1", "null"),
            ("tags.2", "null"),
            ("length", "5"),
            ("toString", "6"),
            ("s.length", "null"),
            ("constructor", "null"),
            ("", "null"),
        ] {
            let found = AttributePath::new(path)
                .find_in(&value)
                .read(|found| serde_json::to_string(found).unwrap());
            assert_eq!(found, expected, "{path}");
        }
    }
}
