//! Changes of documents that lose nothing: compare the whole document, and set it.
//!
//! The server decodes no document: Lua's JSON makes empty objects into lists and rounds numbers, and would damage what
//! others wrote. The change is made here, on the JSON's text, and the server only checks that nobody was faster.

use std::collections::BTreeMap;
use std::time::Duration;

use growthbook_core::{Saved, StickyIdentity, StickyWrite};
use redis::{Cmd, ErrorKind, Pipeline, RedisResult, ServerErrorKind};

use super::document::Document;
use super::failure::words;
use super::pool::Link;

/// All writes of one document, and what has become of them.
pub(super) struct Change<'a> {
    key: String,
    identity: &'a StickyIdentity,
    /// With their places in the order of the caller.
    writes: Vec<(usize, StickyWrite<'a>)>,
    /// What was under the key when it was last seen. At first nothing: a new document takes one exchange then, and of one
    /// that is there the server tells what it is.
    seen: Vec<u8>,
    outcome: Option<Result<Vec<Saved>, &'static str>>,
}

/// The script that compares and sets.
pub(super) struct Script(redis::Script);

struct Proposal {
    value: String,
    answers: Vec<Saved>,
}

impl<'a> Change<'a> {
    pub(super) fn group(
        writes: &[StickyWrite<'a>],
        key: impl Fn(&StickyIdentity) -> String,
    ) -> Vec<Self> {
        let mut documents: BTreeMap<&StickyIdentity, Vec<_>> = BTreeMap::new();
        for (place, write) in writes.iter().enumerate() {
            let of_document = documents.entry(write.identity).or_default();
            of_document.push((place, *write));
        }
        let changes = documents.into_iter().map(|(identity, writes)| Self {
            key: key(identity),
            identity,
            writes,
            seen: Vec::new(),
            outcome: None,
        });
        changes.collect()
    }

    /// What became of each write, by its place; `unfinished` if that is not known.
    pub(super) fn into_answers(
        self,
        unfinished: &'static str,
    ) -> impl Iterator<Item = (usize, Result<Saved, &'static str>)> {
        let outcome = self.outcome.unwrap_or(Err(unfinished));
        let (answers, failure) = match outcome {
            Ok(answers) => (answers, unfinished),
            Err(failure) => (Vec::new(), failure),
        };
        let answers = answers.into_iter().map(Ok);
        let answers = answers.chain(std::iter::repeat(Err(failure)));
        let places = self.writes.into_iter().map(|(place, _)| place);
        places.zip(answers)
    }

    /// The document with the writes in it; `None` if there is nothing to do any more.
    fn propose(&mut self) -> Option<Proposal> {
        if self.outcome.is_some() {
            return None;
        }
        let mut document = match Document::parse(&self.seen) {
            Some(document) if document.identity() == self.identity => document,
            Some(_) => {
                self.outcome = Some(Err("the key holds the document of somebody else"));
                return None;
            }
            None => {
                if !self.seen.is_empty() {
                    log::warn!(target: crate::LOG, "what is no sticky bucket document is replaced by one");
                }
                Document::new(self.identity.clone())
            }
        };
        let writes = self.writes.iter();
        let answers: Vec<Saved> = writes.map(|(_, write)| document.save(write)).collect();
        if !document.is_changed() {
            self.outcome = Some(Ok(answers));
            return None;
        }
        let value = document.to_json();
        Some(Proposal { value, answers })
    }
}

impl Script {
    pub(super) fn new() -> Self {
        Self(redis::Script::new(COMPARE_AND_SET))
    }

    /// Makes all changes, again and again where somebody else was faster. The link's time limits how often. It can be
    /// called again with the same changes if the link breaks.
    pub(super) fn run(
        &self,
        link: &mut Link,
        changes: &mut [Change<'_>],
        ttl: Option<Duration>,
    ) -> RedisResult<()> {
        let mut is_known = true;
        loop {
            let proposals = changes.iter_mut().filter_map(|change| {
                let proposal = change.propose()?;
                Some((change, proposal))
            });
            let proposals: Vec<_> = proposals.collect();
            if proposals.is_empty() {
                return Ok(());
            }
            let mut pipeline = Pipeline::with_capacity(proposals.len());
            for (change, proposal) in &proposals {
                pipeline.add_command(self.command(change, &proposal.value, ttl, is_known));
            }
            let replies = link.query::<Option<Vec<u8>>>(pipeline.ignore_errors())?;
            let mut is_missing = false;
            for ((change, proposal), reply) in proposals.into_iter().zip(replies) {
                match reply {
                    Ok(None) => change.outcome = Some(Ok(proposal.answers)),
                    Ok(Some(seen)) => change.seen = seen,
                    Err(error) if is_known && error.kind() == NO_SCRIPT => is_missing = true,
                    Err(error) => change.outcome = Some(Err(words(&error))),
                }
            }
            is_known = !is_missing;
        }
    }

    /// By the script's name, which is shorter, or by its text, which the server then knows by name.
    fn command(
        &self,
        change: &Change<'_>,
        value: &str,
        ttl: Option<Duration>,
        is_known: bool,
    ) -> Cmd {
        let mut command = if is_known {
            redis::cmd("EVALSHA")
        } else {
            redis::cmd("EVAL")
        };
        command.arg(if is_known {
            self.0.get_hash()
        } else {
            COMPARE_AND_SET
        });
        command.arg(1).arg(&change.key).arg(&change.seen).arg(value);
        if let Some(ttl) = ttl {
            command.arg(
                u64::try_from(ttl.as_millis())
                    .unwrap_or(LONGEST_TTL)
                    .min(LONGEST_TTL),
            );
        }
        command
    }
}

const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

/// Milliseconds; more than that, added to the date, is more than Redis counts.
const LONGEST_TTL: u64 = 1 << 52;

/// Nothing is said if it was set, otherwise what is there; an absent value and an empty one are the same.
const COMPARE_AND_SET: &str = "\
local value = redis.call('GET', KEYS[1]) or ''
if value ~= ARGV[1] then return value end
if ARGV[3] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else redis.call('SET', KEYS[1], ARGV[2]) end
return false";
