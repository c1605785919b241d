//! The WHATWG event stream, byte for byte, with two relaxations and a limit: see [`Parser`].

#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::time::Duration;

/// Takes the bytes of event streams, in pieces of any size, and gives their events.
///
/// It does what the WHATWG standard says, and differs in this:
///
/// * An event of the type `features-updated` is given though it has no data: it says that something is new, no more.
/// * A line, or what one event holds, may be as long as the limit. Of what is longer nothing is kept: as soon as that is
///   known there is an [`Event::TooLong`], and the rest is passed over, up to the next empty line.
/// * An id of more than 4 KiB, which no server could be asked for, counts as an empty one.
///
/// The memory that it holds is at most twice the limit, and goes back with the event that took it.
pub(crate) struct Parser {
    limit: usize,
    /// How much of the byte order mark has been seen; `None` once it is behind, or is not there.
    mark: Option<usize>,
    /// The last line ended with a CR, and an LF right after belongs to it.
    after_return: bool,
    /// How many lines have ended.
    lines: u64,
    /// Bytes of the line so far.
    line: usize,
    place: Place,
    /// The name of the line's field, as far as it can be one that is known.
    name: Vec<u8>,
    /// The value of the line's field, unless it is data.
    value: Vec<u8>,
    /// The block was too long, and is passed over.
    skipping: bool,
    event_type: Vec<u8>,
    /// `None` before the first line of data.
    data: Option<Vec<u8>>,
    id: String,
    last_event_id: String,
    retry: Option<Duration>,
}

impl Parser {
    /// A parser for a stream from its start, with a limit in bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            mark: Some(0),
            after_return: false,
            lines: 0,
            line: 0,
            place: Place::Name,
            name: Vec::new(),
            value: Vec::new(),
            skipping: false,
            event_type: Vec::new(),
            data: None,
            id: String::new(),
            last_event_id: String::new(),
            retry: None,
        }
    }

    /// The next event in the bytes, which are taken off the front of `input`; `None` when all are taken.
    pub(crate) fn next_event(&mut self, input: &mut &[u8]) -> Option<Event> {
        if let Some(event) = self.pass_mark(input) {
            return Some(event);
        }
        while let Some(first) = input.first() {
            if mem::take(&mut self.after_return) && *first == LF {
                take(input, 1);
                continue;
            }
            let part = input
                .split(|byte| is_line_end(*byte))
                .next()
                .unwrap_or_default();
            let part = take(input, part.len());
            if let Some(event) = self.part(part) {
                return Some(event);
            }
            let Some(end) = take(input, 1).first() else {
                break;
            };
            self.after_return = *end == CR;
            if let Some(event) = self.end_line() {
                return Some(event);
            }
        }
        None
    }

    /// Starts anew, for the stream of the next connection. What was not finished is forgotten; the last id and the retry
    /// stay.
    pub(crate) fn restart(&mut self) {
        *self = Self {
            id: self.last_event_id.clone(),
            last_event_id: mem::take(&mut self.last_event_id),
            retry: self.retry,
            ..Self::new(self.limit)
        };
    }

    /// How many lines have been received since the start of the stream, comments and empty ones included.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// The id of the last event that has been given, just as the server sent it; empty if there is none.
    pub(crate) fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The value for the header `Last-Event-ID`, without the spaces around it; `None` if there is none that a header can
    /// hold. It may be other text than ASCII.
    pub(crate) fn last_event_id_header(&self) -> Option<&str> {
        let id = self.last_event_id.trim_matches(' ');
        let fits = !id.is_empty() && id.len() <= LONGEST_HEADER && !id.contains(char::is_control);
        fits.then_some(id)
    }

    /// The last time to reconnect after that the server named, just as it did; `None` if it did not.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Bytes of memory that the parser holds for the stream.
    pub(crate) fn memory(&self) -> usize {
        let bytes = [&self.name, &self.value, &self.event_type].map(Vec::capacity);
        let text = [&self.id, &self.last_event_id].map(String::capacity);
        let data = self.data.as_ref().map_or(0, Vec::capacity);
        bytes.iter().chain(&text).sum::<usize>() + data
    }

    /// Passes over a byte order mark at the very start. If it is not one after all, its bytes are those of a line.
    fn pass_mark(&mut self, input: &mut &[u8]) -> Option<Event> {
        while let Some(matched) = self.mark {
            let Some(expected) = MARK.get(matched) else {
                self.mark = None;
                break;
            };
            if input.first()? == expected {
                take(input, 1);
                self.mark = Some(matched + 1);
            } else {
                self.mark = None;
                return self.part(MARK.get(..matched).unwrap_or_default());
            }
        }
        None
    }

    /// A part of a line, without its end.
    fn part(&mut self, part: &[u8]) -> Option<Event> {
        self.line = self.line.saturating_add(part.len());
        if self.skipping || part.is_empty() {
            return None;
        }
        if self.line > self.limit {
            return Some(self.skip());
        }
        let field = match self.place {
            Place::Name => return self.part_of_name(part),
            Place::Space(field) => {
                self.place = Place::Value(field);
                return self.append(field, part.strip_prefix(b" ").unwrap_or(part));
            }
            Place::Value(field) => field,
        };
        self.append(field, part)
    }

    fn part_of_name(&mut self, part: &[u8]) -> Option<Event> {
        let name = part.split(|byte| *byte == b':').next().unwrap_or_default();
        // One byte more than the longest name that is known tells it from a longer one.
        let room = (LONGEST_NAME + 1).saturating_sub(self.name.len());
        self.name.extend(name.iter().take(room));
        let Some([_, value @ ..]) = part.get(name.len()..) else {
            return None;
        };
        let field = self.field();
        self.place = Place::Space(field);
        if let Some(event) = self.begin(field) {
            return Some(event);
        }
        if value.is_empty() {
            return None;
        }
        self.place = Place::Value(field);
        self.append(field, value.strip_prefix(b" ").unwrap_or(value))
    }

    fn end_line(&mut self) -> Option<Event> {
        self.lines = self.lines.saturating_add(1);
        let place = mem::replace(&mut self.place, Place::Name);
        if mem::take(&mut self.line) == 0 {
            return self.dispatch();
        }
        if self.skipping {
            return None;
        }
        let field = match place {
            Place::Name => {
                let field = self.field();
                if let Some(event) = self.begin(field) {
                    return Some(event);
                }
                field
            }
            Place::Space(field) | Place::Value(field) => field,
        };
        self.finish(field);
        None
    }

    /// The field that the name names, which is complete.
    fn field(&mut self) -> Field {
        let field = match self.name.as_slice() {
            b"data" => Field::Data,
            b"event" => Field::Event,
            b"id" => Field::Id,
            b"retry" => Field::Retry,
            _ => Field::Ignored,
        };
        self.name.clear();
        field
    }

    fn begin(&mut self, field: Field) -> Option<Event> {
        if field != Field::Data {
            return None;
        }
        if self.data.is_some() {
            return self.append(field, b"\n");
        }
        self.data = Some(Vec::new());
        None
    }

    fn append(&mut self, field: Field, part: &[u8]) -> Option<Event> {
        if field == Field::Ignored {
            return None;
        }
        let data = self.data.as_ref().map_or(0, Vec::len);
        let held = self.event_type.len() + self.value.len() + data;
        if held.saturating_add(part.len()) > self.limit {
            return Some(self.skip());
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
        None
    }

    fn finish(&mut self, field: Field) {
        let mut value = mem::take(&mut self.value);
        value.shrink_to_fit();
        match field {
            Field::Event => self.event_type = value,
            Field::Id if !value.contains(&0) => {
                self.id = decode(value, LONGEST_ID).unwrap_or_default();
            }
            Field::Retry if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                self.retry = Some(Duration::from_millis(number(&value)));
            }
            Field::Data | Field::Id | Field::Ignored | Field::Retry => {}
        }
    }

    /// The empty line at the end of a block.
    fn dispatch(&mut self) -> Option<Event> {
        self.last_event_id.clone_from(&self.id);
        let event_type = mem::take(&mut self.event_type);
        let data = mem::take(&mut self.data);
        if mem::take(&mut self.skipping) {
            return None;
        }
        let data = match data {
            Some(data) => data,
            None if event_type == FEATURES_UPDATED => Vec::new(),
            None => return None,
        };
        let Some(mut event_type) = decode(event_type, self.limit) else {
            return Some(Event::TooLong);
        };
        let Some(data) = decode(data, self.limit.saturating_sub(event_type.len())) else {
            return Some(Event::TooLong);
        };
        if event_type.is_empty() {
            MESSAGE.clone_into(&mut event_type);
        }
        Some(Event::Message { event_type, data })
    }

    /// Gives up the block.
    fn skip(&mut self) -> Event {
        self.skipping = true;
        self.event_type = Vec::new();
        self.data = None;
        self.name.clear();
        self.value = Vec::new();
        Event::TooLong
    }
}

impl fmt::Debug for Parser {
    /// Says how much it holds, and not what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser")
            .field("limit", &self.limit)
            .field("lines", &self.lines)
            .field("memory", &self.memory())
            .finish_non_exhaustive()
    }
}

/// What a stream says.
#[derive(PartialEq)]
pub(crate) enum Event {
    /// An event, its type being `message` if the server named none.
    Message { event_type: String, data: String },
    /// There was something, longer than the limit. It may have been new features.
    TooLong,
}

impl fmt::Debug for Event {
    /// Says how many bytes of data there are, and not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { event_type, data } => f
                .debug_struct("Message")
                .field("event_type", event_type)
                .field("data", &data.len())
                .finish(),
            Self::TooLong => f.write_str("TooLong"),
        }
    }
}

/// Where in a line the next byte belongs.
#[derive(Clone, Copy)]
enum Place {
    Name,
    /// Right after the colon, where one space is not part of the value.
    Space(Field),
    Value(Field),
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Data,
    Event,
    Id,
    /// A comment, or a name that nobody knows.
    Ignored,
    Retry,
}

/// Takes so many bytes, or as many as there are, off the front.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
    *input = rest;
    taken
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, LF | CR)
}

/// The text, with U+FFFD for what is not UTF-8, unless it is longer than `most` bytes.
fn decode(bytes: Vec<u8>, most: usize) -> Option<String> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return (text.len() <= most).then_some(text),
        Err(error) => error.into_bytes(),
    };
    let replacement = |invalid: &[u8]| if invalid.is_empty() { "" } else { "\u{FFFD}" };
    let chunks = || bytes.utf8_chunks();
    let length = chunks().map(|chunk| chunk.valid().len() + replacement(chunk.invalid()).len());
    let length = length.sum();
    if length > most {
        return None;
    }
    let mut text = String::with_capacity(length);
    for chunk in chunks() {
        text.push_str(chunk.valid());
        text.push_str(replacement(chunk.invalid()));
    }
    Some(text)
}

/// What the digits mean, or the greatest number.
fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number: u64, digit| {
        let digit = u64::from(digit.saturating_sub(b'0'));
        number.saturating_mul(10).saturating_add(digit)
    })
}

const LF: u8 = b'\n';
const CR: u8 = b'\r';
const MARK: &[u8] = b"\xEF\xBB\xBF";
const MESSAGE: &str = "message";
const FEATURES_UPDATED: &[u8] = b"features-updated";
const LONGEST_NAME: usize = "event".len();
const LONGEST_ID: usize = 4 << 10;
const LONGEST_HEADER: usize = 256;
/// The least that a buffer takes, so that one fed byte by byte does not grow byte by byte.
const SMALLEST: usize = 64;
