use std::mem;

use super::Event;

/// What is known of one event before its empty line, never more than the limit.
pub(super) struct Block {
    limit: usize,
    event_type: Vec<u8>,
    /// The value of the field that is being read, unless it is data.
    value: Vec<u8>,
    /// `None` before the first line of data.
    data: Option<Vec<u8>>,
}

/// There was more than the limit.
#[derive(Clone, Copy)]
pub(super) struct TooLong;

/// What a line is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Field {
    Data,
    Event,
    Id,
    /// A comment, or a name that nobody knows.
    Ignored,
    Retry,
}

impl Block {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            event_type: Vec::new(),
            value: Vec::new(),
            data: None,
        }
    }

    /// The name of a field is complete.
    pub(super) fn begin(&mut self, field: Field) -> Result<(), TooLong> {
        if field != Field::Data {
            return Ok(());
        }
        if self.data.is_some() {
            return self.append(field, b"\n");
        }
        self.data = Some(Vec::new());
        Ok(())
    }

    /// A part of its value.
    pub(super) fn append(&mut self, field: Field, part: &[u8]) -> Result<(), TooLong> {
        if field == Field::Ignored {
            return Ok(());
        }
        let data = self.data.as_ref().map_or(0, Vec::len);
        let held = self.event_type.len() + self.value.len() + data;
        if held.saturating_add(part.len()) > self.limit {
            return Err(TooLong);
        }
        let buffer = match field {
            Field::Data => self.data.get_or_insert_default(),
            _ => &mut self.value,
        };
        let needed = buffer.len() + part.len();
        if needed > buffer.capacity() {
            let doubled = buffer.capacity().saturating_mul(2).max(SMALLEST);
            let capacity = doubled.min(self.limit).max(needed);
            buffer.reserve_exact(capacity - buffer.len());
        }
        buffer.extend_from_slice(part);
        Ok(())
    }

    /// The value, at the end of its line.
    pub(super) fn take_value(&mut self) -> Vec<u8> {
        mem::take(&mut self.value)
    }

    pub(super) fn set_event_type(&mut self, mut event_type: Vec<u8>) {
        event_type.shrink_to_fit();
        self.event_type = event_type;
    }

    /// The event, if it is one.
    pub(super) fn finish(self) -> Result<Option<Event>, TooLong> {
        let data = match self.data {
            Some(data) => data,
            None if self.event_type == FEATURES_UPDATED => Vec::new(),
            None => return Ok(None),
        };
        let mut event_type = decode(self.event_type, self.limit)?;
        let data = decode(data, self.limit.saturating_sub(event_type.len()))?;
        if event_type.is_empty() {
            MESSAGE.clone_into(&mut event_type);
        }
        Ok(Some(Event::Message { event_type, data }))
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        let data = self.data.as_ref().map_or(0, Vec::capacity);
        self.event_type.capacity() + self.value.capacity() + data
    }
}

/// The text, with U+FFFD for what is not UTF-8, unless it is longer than `most` bytes.
pub(super) fn decode(bytes: Vec<u8>, most: usize) -> Result<String, TooLong> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if text.len() <= most => return Ok(text),
        Ok(_) => return Err(TooLong),
        Err(error) => error.into_bytes(),
    };
    let replacement = |invalid: &[u8]| if invalid.is_empty() { "" } else { "\u{FFFD}" };
    let chunks = || bytes.utf8_chunks();
    let length = chunks().map(|chunk| chunk.valid().len() + replacement(chunk.invalid()).len());
    let length = length.sum();
    if length > most {
        return Err(TooLong);
    }
    let mut text = String::with_capacity(length);
    for chunk in chunks() {
        text.push_str(chunk.valid());
        text.push_str(replacement(chunk.invalid()));
    }
    Ok(text)
}

const MESSAGE: &str = "message";
const FEATURES_UPDATED: &[u8] = b"features-updated";
/// The least that a buffer takes, so that one fed byte by byte does not grow byte by byte.
const SMALLEST: usize = 64;
