//! A payload's outermost layer: which sections it has, plain or sealed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::decrypt::decrypt;
use crate::json::{Json, Key};
use crate::secret::DecryptionKey;

/// The sections of a payload that evaluation uses (spec 1.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Section {
    ContextualBandits,
    Experiments,
    Features,
    SavedGroups,
}

impl Section {
    pub(crate) const ALL: [Self; 4] = [
        Self::Features,
        Self::SavedGroups,
        Self::Experiments,
        Self::ContextualBandits,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ContextualBandits => "contextualBandits",
            Self::Experiments => "experiments",
            Self::Features => "features",
            Self::SavedGroups => "savedGroups",
        }
    }

    pub(crate) fn sealed_name(self) -> &'static str {
        match self {
            Self::ContextualBandits => "encryptedContextualBandits",
            Self::Experiments => "encryptedExperiments",
            Self::Features => "encryptedFeatures",
            Self::SavedGroups => "encryptedSavedGroups",
        }
    }
}

/// Receives a payload piece by piece, in the order of the text. A piece is a feature, a saved group, an experiment or a
/// bandit: what is in memory as a tree at any time is one of those, not the payload.
pub(crate) trait Sink {
    /// A section begins, and what came of it before does not count.
    fn start(&mut self, section: Section);
    /// One member of a section that is an object, or one item, without a key, of one that is an array.
    fn piece(&mut self, section: Section, key: Option<&str>, value: &Json<'_>);
    /// The section is not what it should be, but `found`.
    fn malformed(&mut self, section: Section, found: &'static str);
    /// `dateUpdated`.
    fn date_updated(&mut self, date: &str);
}

/// The sealed sections that were met.
pub(crate) type Sealed<'t> = Vec<(Section, Cow<'t, str>)>;

/// Reads the plain sections of a payload into `sink`, and returns the sealed ones. With `only`, other sections are skipped.
pub(crate) fn read_plain<'t>(
    text: &'t str,
    only: Option<Section>,
    sink: &mut impl Sink,
) -> Result<Sealed<'t>, ReadError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let reader = PayloadReader { only, sink };
    let sealed = reader
        .deserialize(&mut deserializer)
        .map_err(ReadError::of)?;
    deserializer.end().map_err(ReadError::of)?;
    sealed.ok_or(ReadError::NotAnObject)
}

/// Opens a sealed section and reads it into `sink`.
pub(crate) fn read_sealed(
    section: Section,
    sealed: &str,
    key: &DecryptionKey,
    sink: &mut impl Sink,
) -> Result<(), SealError> {
    let text = decrypt(sealed, key).map_err(|_| SealError)?;
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    SectionReader { section, sink }
        .deserialize(&mut deserializer)
        .map_err(|_| SealError)?;
    deserializer.end().map_err(|_| SealError)
}

/// Why a text is not a payload.
#[derive(Debug)]
pub(crate) enum ReadError {
    Json { line: usize, column: usize },
    NotAnObject,
}

impl ReadError {
    /// Keeps the place and drops the text, which may quote values.
    #[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
    fn of(error: serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// A section could not be opened: wrong key, damaged text, or no JSON inside. The three are not told apart, so that
/// nothing of the plaintext can leak.
#[derive(Debug)]
pub(crate) struct SealError;

struct PayloadReader<'s, S> {
    only: Option<Section>,
    sink: &'s mut S,
}

impl<'de, S: Sink> DeserializeSeed<'de> for PayloadReader<'_, S> {
    type Value = Option<Sealed<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Sink> Visitor<'de> for PayloadReader<'_, S> {
    /// The sealed sections, or nothing if the payload is not an object.
    type Value = Option<Sealed<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut sealed: Sealed<'de> = Vec::new();
        while let Some(Key(key)) = entries.next_key()? {
            let plain = Section::ALL.into_iter().find(|it| it.name() == key);
            let encrypted = Section::ALL.into_iter().find(|it| it.sealed_name() == key);
            match (plain, encrypted) {
                (Some(section), _) if self.only.is_none_or(|only| only == section) => {
                    entries.next_value_seed(SectionReader {
                        section,
                        sink: &mut *self.sink,
                    })?;
                }
                (_, Some(section)) if self.only.is_none_or(|only| only == section) => {
                    if let Json::String(text) = entries.next_value()?
                        && !text.is_empty()
                    {
                        sealed.retain(|(other, _)| *other != section);
                        sealed.push((section, text));
                    }
                }
                _ if key == "dateUpdated" && self.only.is_none() => {
                    if let Json::String(date) = entries.next_value()? {
                        self.sink.date_updated(&date);
                    }
                }
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Some(sealed))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct SectionReader<'s, S> {
    section: Section,
    sink: &'s mut S,
}

impl<'de, S: Sink> DeserializeSeed<'de> for SectionReader<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Sink> Visitor<'de> for SectionReader<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section of a payload")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        if self.section == Section::Experiments {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return self.give_up("an object");
        }
        self.sink.start(self.section);
        while let Some(Key(key)) = entries.next_key()? {
            let value = entries.next_value()?;
            self.sink.piece(self.section, Some(&key), &value);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.section != Section::Experiments {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return self.give_up("an array");
        }
        self.sink.start(self.section);
        while let Some(item) = items.next_element()? {
            self.sink.piece(self.section, None, &item);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.give_up("null")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.give_up("a boolean")
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.give_up("a number")
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.give_up("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.give_up("a number")
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.give_up("a string")
    }
}

impl<S: Sink> SectionReader<'_, S> {
    #[expect(clippy::unnecessary_wraps, reason = "what every visit returns")]
    fn give_up<E>(self, found: &'static str) -> Result<(), E> {
        self.sink.malformed(self.section, found);
        Ok(())
    }
}
