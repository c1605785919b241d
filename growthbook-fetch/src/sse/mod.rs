//! A stream of server-sent events, without the stream: the parser takes bytes and gives events, and the policy takes how a
//! stream ended and says when to open the next one. Neither reads, waits nor looks at a clock.

mod parser;
mod reconnect;

#[cfg(test)]
mod naive;
#[cfg(test)]
mod target;

pub(crate) use self::parser::{Event, Parser};
pub(crate) use self::reconnect::{Ended, Next, Reconnect};
