//! The WHATWG event stream, byte for byte, and what differs: see [`Parser`].

mod block;
mod event;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::time::Duration;

use self::block::{Block, Field, TooLong};
pub(crate) use self::event::Event;

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
    /// Bytes of the line so far.
    line: usize,
    place: Place,
    /// The name of the line's field, as far as it can be one that is known.
    name: Vec<u8>,
    block: Block,
    /// The block was too long, and is passed over.
    skipping: bool,
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
            line: 0,
            place: Place::Name,
            name: Vec::new(),
            block: Block::new(limit),
            skipping: false,
            id: String::new(),
            last_event_id: String::new(),
            retry: None,
        }
    }

    /// The next event in the bytes, which are taken off the front of `input`; `None` when all are taken.
    pub(crate) fn next_event(&mut self, input: &mut &[u8]) -> Option<Event> {
        self.read(input).unwrap_or_else(|TooLong| {
            self.skipping = true;
            self.block = Block::new(self.limit);
            self.name.clear();
            Some(Event::TooLong)
        })
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

    /// The id of the last event that has been given, just as the server sent it; empty if there is none.
    pub(crate) fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The last time to reconnect after that the server named, just as it did; `None` if it did not.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Bytes of memory that the parser holds for the stream.
    pub(crate) fn memory(&self) -> usize {
        let text = self.id.capacity() + self.last_event_id.capacity();
        self.name.capacity() + self.block.memory() + text
    }

    fn read(&mut self, input: &mut &[u8]) -> Result<Option<Event>, TooLong> {
        self.pass_mark(input)?;
        while let Some(first) = input.first() {
            if mem::take(&mut self.after_return) && *first == LF {
                take(input, 1);
                continue;
            }
            let part = input.split(|byte| matches!(*byte, LF | CR)).next();
            let part = take(input, part.map_or(0, <[u8]>::len));
            self.part(part)?;
            let Some(end) = take(input, 1).first() else {
                break;
            };
            self.after_return = *end == CR;
            if let Some(event) = self.end_line()? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Passes over a byte order mark at the very start. If it is not one after all, its bytes are those of a line.
    fn pass_mark(&mut self, input: &mut &[u8]) -> Result<(), TooLong> {
        while let (Some(matched), Some(first)) = (self.mark, input.first()) {
            if MARK.get(matched) == Some(first) {
                take(input, 1);
                self.mark = Some(matched + 1);
                continue;
            }
            self.mark = None;
            if matched < MARK.len() {
                self.part(MARK.get(..matched).unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// A part of a line, without its end.
    fn part(&mut self, part: &[u8]) -> Result<(), TooLong> {
        self.line = self.line.saturating_add(part.len());
        if self.skipping || part.is_empty() {
            return Ok(());
        }
        if self.line > self.limit {
            return Err(TooLong);
        }
        match self.place {
            Place::Name => self.part_of_name(part),
            Place::Space(field) => {
                self.place = Place::Value(field);
                let part = part.strip_prefix(b" ").unwrap_or(part);
                self.block.append(field, part)
            }
            Place::Value(field) => self.block.append(field, part),
        }
    }

    fn part_of_name(&mut self, part: &[u8]) -> Result<(), TooLong> {
        let name = part.split(|byte| *byte == b':').next().unwrap_or_default();
        // One byte more than the longest name that is known tells it from a longer one.
        let room = (LONGEST_NAME + 1).saturating_sub(self.name.len());
        self.name.extend(name.iter().take(room));
        let Some([_, value @ ..]) = part.get(name.len()..) else {
            return Ok(());
        };
        let field = self.begin_field()?;
        self.place = Place::Space(field);
        if value.is_empty() {
            return Ok(());
        }
        self.place = Place::Value(field);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        self.block.append(field, value)
    }

    fn end_line(&mut self) -> Result<Option<Event>, TooLong> {
        let place = mem::replace(&mut self.place, Place::Name);
        if mem::take(&mut self.line) == 0 {
            return Ok(self.end_block());
        }
        if self.skipping {
            return Ok(None);
        }
        let field = match place {
            Place::Name => self.begin_field()?,
            Place::Space(field) | Place::Value(field) => field,
        };
        let value = self.block.take_value();
        match field {
            Field::Event => self.block.set_event_type(value),
            Field::Id if !value.contains(&0) => {
                self.id = block::decode(value, LONGEST_ID).unwrap_or_default();
            }
            Field::Retry if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                self.retry = Some(Duration::from_millis(number(&value)));
            }
            Field::Data | Field::Id | Field::Ignored | Field::Retry => {}
        }
        Ok(None)
    }

    /// The name is complete.
    fn begin_field(&mut self) -> Result<Field, TooLong> {
        let field = match self.name.as_slice() {
            b"data" => Field::Data,
            b"event" => Field::Event,
            b"id" => Field::Id,
            b"retry" => Field::Retry,
            _ => Field::Ignored,
        };
        self.name.clear();
        self.block.begin(field)?;
        Ok(field)
    }

    fn end_block(&mut self) -> Option<Event> {
        self.last_event_id.clone_from(&self.id);
        let block = mem::replace(&mut self.block, Block::new(self.limit));
        if mem::take(&mut self.skipping) {
            return None;
        }
        // Nothing is left to be passed over.
        block.finish().unwrap_or(Some(Event::TooLong))
    }
}

impl fmt::Debug for Parser {
    /// Says how much it holds, and not what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser")
            .field("limit", &self.limit)
            .field("memory", &self.memory())
            .finish_non_exhaustive()
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

/// Takes so many bytes, or as many as there are, off the front.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
    *input = rest;
    taken
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
const LONGEST_NAME: usize = "event".len();
const LONGEST_ID: usize = 4 << 10;
