//! What the fuzz target `sse_parser` does with its input: the fuzzer and an ordinary test over `fuzz/seeds/` call it.

use super::naive;
use super::parser::{Event, Parser};

/// A first byte that says how long the pieces are, a second for the limit, and a stream: however it is cut, it gives what
/// the simple reading of it gives, and the parser stays small.
pub(crate) fn sse_parser(bytes: &[u8]) {
    let [cut, limit, stream @ ..] = bytes else {
        return;
    };
    let limit = match limit {
        255 => 16 << 20,
        // Half a byte order mark is no line yet, so a limit below it has no meaning.
        limit => usize::from(*limit).max(3),
    };
    let expected = naive::events(stream, limit);
    let mut seed = u64::from(*cut);
    let pieces: [&mut dyn FnMut() -> usize; 4] = [
        &mut || usize::MAX,
        &mut || 1,
        &mut || usize::from(*cut) + 1,
        &mut || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 59) as usize
        },
    ];
    for length in pieces {
        assert_eq!(events(stream, limit, length), expected);
    }
}

/// Each event as its type, its data and the last id after it; `None` for what is too long.
pub(crate) fn events(
    mut stream: &[u8],
    limit: usize,
    mut length: impl FnMut() -> usize,
) -> Vec<Option<[String; 3]>> {
    let mut parser = Parser::new(limit);
    let mut events = Vec::new();
    while !stream.is_empty() {
        let (mut piece, rest) = stream.split_at(length().min(stream.len()));
        stream = rest;
        while let Some(event) = parser.next_event(&mut piece) {
            events.push(match event {
                Event::Message { event_type, data } => {
                    Some([event_type, data, parser.last_event_id().to_owned()])
                }
                Event::TooLong => None,
            });
        }
        assert!(piece.is_empty());
        assert!(parser.memory() <= 2 * limit + SMALL, "{parser:?}");
    }
    events
}

/// Two ids, and buffers at their smallest.
const SMALL: usize = 17 << 10;
