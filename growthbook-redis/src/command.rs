//! What is said to a server, packed as it goes over the wire.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use crate::slot::slot;

/// A command with its arguments. Keys are named as such, since in a cluster they say which node it is for: all keys of one
/// command must be of one slot, which a common `{tag}` in them sees to.
///
/// A command can be run twice, when a connection that was kept turns out to be closed while it is under way, so it should
/// be one that bears it.
///
/// # Example
///
/// ```
/// use growthbook_redis::Command;
///
/// let set = Command::new("SET").key("greeting").arg("hello").arg("PX").arg(60_000.to_string());
/// let add = Command::new("XADD").key("events").arg("*").arg("event").arg(b"\x00\xff");
/// # let _ = (set, add);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Command {
    head: Head,
    /// What follows the head, each with its length before it.
    rest: Vec<u8>,
    count: usize,
    /// Where the first key is in `rest`.
    key: Option<Range<usize>>,
}

/// A script, which a server remembers by its digest: its text is sent only to a server that does not know it.
///
/// # Example
///
/// ```
/// use growthbook_redis::Script;
///
/// let script = Script::new("return redis.call('GET', KEYS[1]) == ARGV[1]");
/// let command = script.command(&["greeting"]).arg("hello");
/// # let _ = command;
/// ```
#[derive(Clone)]
pub struct Script(Arc<Text>);

/// What a command begins with.
#[derive(Clone)]
enum Head {
    Name(Cow<'static, str>),
    Script { script: Script, keys: usize },
}

struct Text {
    text: String,
    digest: String,
}

impl Command {
    /// A command by its name, such as `GET`.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self::beginning(Head::Name(name.into()))
    }

    /// Adds a key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        let key = key.as_ref();
        let place = self.add(key);
        self.key.get_or_insert(place);
        self
    }

    /// Adds what is no key.
    pub fn arg(mut self, arg: impl AsRef<[u8]>) -> Self {
        self.add(arg.as_ref());
        self
    }

    /// Which node of a cluster it is for; any, if it has no key.
    pub(crate) fn slot(&self) -> Option<u16> {
        let key = self.rest.get(self.key.clone()?)?;
        Some(slot(key))
    }

    pub(crate) fn is_script(&self) -> bool {
        matches!(self.head, Head::Script { .. })
    }

    /// As the wire has it. A script goes by its digest or by its text.
    pub(crate) fn write(&self, wire: &mut Vec<u8>, by_text: bool) {
        match &self.head {
            Head::Name(name) => {
                open(wire, 1 + self.count);
                part(wire, name.as_bytes());
            }
            Head::Script { script, keys } => {
                let Text { text, digest } = &*script.0;
                let (name, body) = if by_text {
                    ("EVAL", text)
                } else {
                    ("EVALSHA", digest)
                };
                open(wire, 3 + self.count);
                part(wire, name.as_bytes());
                part(wire, body.as_bytes());
                part(wire, keys.to_string().as_bytes());
            }
        }
        wire.extend_from_slice(&self.rest);
    }

    fn beginning(head: Head) -> Self {
        Self {
            head,
            rest: Vec::new(),
            count: 0,
            key: None,
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Range<usize> {
        self.count += 1;
        part(&mut self.rest, bytes);
        let end = self.rest.len().saturating_sub(END.len());
        end.saturating_sub(bytes.len())..end
    }
}

impl Script {
    /// A script in Lua.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let digest = redis::Script::new(&text).get_hash().to_owned();
        Self(Arc::new(Text { text, digest }))
    }

    /// The command that runs it with these keys; what is added to it are the script's arguments.
    pub fn command<K: AsRef<[u8]>>(&self, keys: &[K]) -> Command {
        let command = Command::beginning(Head::Script {
            script: self.clone(),
            keys: keys.len(),
        });
        keys.iter().fold(command, Command::key)
    }
}

impl fmt::Debug for Command {
    /// Without its arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.head {
            Head::Name(name) => name,
            Head::Script { .. } => "EVALSHA",
        };
        let mut command = f.debug_struct("Command");
        command.field("name", &name).field("count", &self.count);
        command.finish_non_exhaustive()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Script").field(&self.0.digest).finish()
    }
}

fn open(wire: &mut Vec<u8>, count: usize) {
    number(wire, b'*', count);
}

fn part(wire: &mut Vec<u8>, bytes: &[u8]) {
    number(wire, b'$', bytes.len());
    wire.extend_from_slice(bytes);
    wire.extend_from_slice(END);
}

fn number(wire: &mut Vec<u8>, kind: u8, number: usize) {
    wire.push(kind);
    // Bytes in memory take everything.
    let _ = write!(wire, "{number}");
    wire.extend_from_slice(END);
}

const END: &[u8] = b"\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(command: &Command, by_text: bool) -> String {
        let mut wire = Vec::new();
        command.write(&mut wire, by_text);
        String::from_utf8(wire).unwrap().replace("\r\n", " ")
    }

    #[test]
    fn commands_are_packed_as_the_protocol_has_it() {
        let command = Command::new("SET").key("id||ann").arg("Zoë");
        assert_eq!(wire(&command, false), "*3 $3 SET $7 id||ann $4 Zoë ");
        assert_eq!(wire(&command, true), wire(&command, false));
        assert_eq!(command.slot(), Some(slot(b"id||ann")));
        assert_eq!(Command::new("PING").arg("x").slot(), None);
        let later = Command::new("OBJECT").arg("ENCODING").key("k").key("l");
        assert_eq!(later.slot(), Some(slot(b"k")));
        assert!(!format!("{command:?}").contains("ann"));
    }

    #[test]
    fn scripts_go_by_digest_or_by_text() {
        let command = Script::new("return 1").command(&["k", "l"]).arg("a");
        let digest = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
        assert_eq!(
            wire(&command, false),
            format!("*6 $7 EVALSHA $40 {digest} $1 2 $1 k $1 l $1 a ")
        );
        assert_eq!(
            wire(&command, true),
            "*6 $4 EVAL $8 return 1 $1 2 $1 k $1 l $1 a "
        );
    }
}
