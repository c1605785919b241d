//! Changes of documents that lose nothing: compare the whole document, and set it.
//!
//! The server decodes no document: Lua's JSON makes empty objects into lists and rounds numbers, and would damage what
//! others wrote. The change is made here, on the JSON's text, and the server only checks that nobody was faster.

use std::collections::BTreeMap;
use std::time::Duration;

use growthbook_core::{Saved, StickyIdentity, StickyWrite};
use growthbook_redis::{Call, Command, RedisError, Reply, Script};

use super::document::Document;

/// All writes of one document, and what has become of them.
pub(super) struct Change<'a> {
    key: String,
    identity: &'a StickyIdentity,
    /// With their places in the order of the caller.
    writes: Vec<(usize, StickyWrite<'a>)>,
    /// What was under the key when it was last seen. At first nothing: a new document takes one exchange then, and of one
    /// that is there the server tells what it is.
    seen: Vec<u8>,
    outcome: Option<Result<Vec<Saved>, Failure>>,
}

/// Why a write was not made.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("the key holds the document of somebody else")]
    SomebodyElse,
}

/// The script that compares and sets.
pub(super) struct CompareAndSet {
    script: Script,
    /// For how long, in milliseconds.
    ttl: Option<String>,
}

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

    /// What became of each write, by its place.
    pub(super) fn into_answers(self) -> Vec<(usize, Result<Saved, Failure>)> {
        let places = self.writes.iter().map(|(place, _)| *place);
        match self.outcome {
            Some(Ok(answers)) => places.zip(answers.into_iter().map(Ok)).collect(),
            Some(Err(failure)) => places.map(|place| (place, Err(failure))).collect(),
            None => Vec::new(),
        }
    }

    /// The document with the writes in it; `None` if there is nothing to do any more.
    fn propose(&mut self) -> Option<Proposal> {
        if self.outcome.is_some() {
            return None;
        }
        let mut document = match Document::parse(&self.seen) {
            Some(document) if document.identity() == self.identity => document,
            Some(_) => {
                self.outcome = Some(Err(Failure::SomebodyElse));
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

impl CompareAndSet {
    pub(super) fn new(ttl: Option<Duration>) -> Self {
        let milliseconds = |ttl: Duration| u64::try_from(ttl.as_millis()).unwrap_or(LONGEST_TTL);
        Self {
            script: Script::new(COMPARE_AND_SET),
            ttl: ttl.map(|ttl| milliseconds(ttl).min(LONGEST_TTL).to_string()),
        }
    }

    /// Makes all changes, again and again where somebody else was faster. The call's time limits how often.
    pub(super) fn run(&self, call: &Call<'_>, changes: &mut [Change<'_>]) {
        loop {
            let proposals = changes.iter_mut().filter_map(|change| {
                let proposal = change.propose()?;
                Some((change, proposal))
            });
            let proposals: Vec<_> = proposals.collect();
            if proposals.is_empty() {
                return;
            }
            let commands = proposals.iter();
            let commands = commands.map(|(change, proposal)| self.command(change, &proposal.value));
            let replies = call.send(&commands.collect::<Vec<_>>());
            for ((change, proposal), reply) in proposals.into_iter().zip(replies) {
                match reply.and_then(Reply::into_data) {
                    Ok(None) => change.outcome = Some(Ok(proposal.answers)),
                    Ok(Some(seen)) => change.seen = seen,
                    Err(error) => change.outcome = Some(Err(error.into())),
                }
            }
        }
    }

    fn command(&self, change: &Change<'_>, value: &str) -> Command {
        let command = self.script.command(&[&change.key]);
        let command = command.arg(&change.seen).arg(value);
        match &self.ttl {
            Some(ttl) => command.arg(ttl),
            None => command,
        }
    }
}

/// Milliseconds; more than that, added to the date, is more than Redis counts.
const LONGEST_TTL: u64 = 1 << 52;

/// Nothing is said if it was set, otherwise what is there; an absent value and an empty one are the same.
const COMPARE_AND_SET: &str = "\
local value = redis.call('GET', KEYS[1]) or ''
if value ~= ARGV[1] then return value end
if ARGV[3] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else redis.call('SET', KEYS[1], ARGV[2]) end
return false";
