//! The suite passes our own store, and finds what is wrong with each of these.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use super::super::suite::complaint;
use super::*;
use crate::error::{BackendError, FlushError};
use crate::sticky_service::MemoryStickyBuckets;

#[test]
fn our_own_store_keeps_the_contract() {
    sticky_contract(MemoryStickyBuckets::new);
}

#[test]
fn a_shared_store_keeps_the_contract() {
    sticky_contract(|| std::sync::Arc::new(MemoryStickyBuckets::new()));
}

#[test]
fn every_flaw_is_found() {
    for (flaw, found) in [
        (Flaw::AnswersInReverse, "in their order"),
        (Flaw::CannotFlush, "no reason to fail"),
        (Flaw::CannotLoad, "`load` failed"),
        (Flaw::CannotSave, "`save` failed"),
        (Flaw::ChecksThenWrites, "of many first writers at once"),
        (Flaw::EverythingForNobody, "who asks for no documents"),
        (
            Flaw::ExpectationIsTrusted,
            "no longer stands does not replace",
        ),
        (Flaw::FlushForgets, "is there after `flush`"),
        (Flaw::IgnoresAttribute, "comes back as it was saved"),
        (Flaw::IgnoresCase, "comes back as it was saved"),
        (
            Flaw::IgnoresExpected,
            "who read the variation that stands replaces it",
        ),
        (Flaw::IgnoresVersion, "another assignment"),
        (Flaw::InsistsOnExpected, "whatever it expected"),
        (Flaw::InventsDocuments, "an empty store has no documents"),
        (
            Flaw::InventsOneAmongOthers,
            "an identity without a document is left out",
        ),
        (Flaw::KeptNamesTheLoser, "told which variation stands"),
        (Flaw::KeptOnRepeat, "no conflict"),
        (Flaw::LastWriterWins, "told which variation stands"),
        (Flaw::LoadsAPortion, "however many"),
        (Flaw::MergesOldDocument, "writers of different assignments"),
        (Flaw::NormalisesText, "comes back as it was saved"),
        (Flaw::OnlyAsciiAttributes, "comes back as it was saved"),
        (Flaw::OnlyAsciiValues, "comes back as it was saved"),
        (Flaw::OnlyAsciiVariations, "comes back as it was saved"),
        (Flaw::ReplacementIsNotWritten, "a replacement stands"),
        (
            Flaw::ReplacesChecksThenWrites,
            "of many who replace the same at once",
        ),
        (Flaw::ReplacesDocument, "comes back as it was saved"),
        (Flaw::ReplacementDropsOthers, "leaves the other assignments"),
        (Flaw::SavesAllBlindly, "`save_all` does with each write"),
        (Flaw::SilentlyKeeps, "told which variation stands"),
        (Flaw::SplitsAtBars, "comes back as it was saved"),
        (Flaw::Trims, "comes back as it was saved"),
    ] {
        let complaint = complaint(|| sticky_contract(|| Flawed::new(flaw)));
        let complaint = complaint.unwrap_or_else(|| panic!("{flaw:?} was not found"));
        assert!(complaint.contains(found), "{flaw:?}: {complaint}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    AnswersInReverse,
    CannotFlush,
    CannotLoad,
    CannotSave,
    ChecksThenWrites,
    EverythingForNobody,
    ExpectationIsTrusted,
    FlushForgets,
    IgnoresAttribute,
    IgnoresCase,
    IgnoresExpected,
    IgnoresVersion,
    InsistsOnExpected,
    InventsDocuments,
    InventsOneAmongOthers,
    KeptNamesTheLoser,
    KeptOnRepeat,
    LastWriterWins,
    LoadsAPortion,
    MergesOldDocument,
    NormalisesText,
    OnlyAsciiAttributes,
    OnlyAsciiValues,
    OnlyAsciiVariations,
    ReplacementDropsOthers,
    ReplacementIsNotWritten,
    ReplacesChecksThenWrites,
    ReplacesDocument,
    SavesAllBlindly,
    SilentlyKeeps,
    SplitsAtBars,
    Trims,
}

type Documents = BTreeMap<StickyIdentity, StickyAssignments>;

/// A store with a flaw, right in everything else.
#[derive(Debug)]
struct Flawed {
    flaw: Flaw,
    documents: Mutex<Documents>,
    between: AtomicUsize,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            documents: Mutex::default(),
            between: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Documents> {
        self.documents.lock().unwrap()
    }

    /// Whom the store takes an identity for.
    fn identity(&self, identity: &StickyIdentity) -> StickyIdentity {
        let (attribute, value) = (identity.attribute(), identity.value());
        match self.flaw {
            Flaw::IgnoresAttribute => StickyIdentity::new("", value),
            Flaw::IgnoresCase => StickyIdentity::new(attribute, value.to_lowercase()),
            Flaw::NormalisesText => StickyIdentity::new(attribute, value.replace("e\u{308}", "ë")),
            Flaw::OnlyAsciiAttributes => StickyIdentity::new(ascii(attribute), value),
            Flaw::OnlyAsciiValues => StickyIdentity::new(attribute, ascii(value)),
            Flaw::SplitsAtBars => {
                let joined = identity.to_string();
                let mut parts = joined.split("||");
                StickyIdentity::new(parts.next().unwrap(), parts.next().unwrap())
            }
            Flaw::Trims => StickyIdentity::new(attribute, value.trim()),
            _ => identity.clone(),
        }
    }

    /// What a write that finds `standing` is answered.
    fn answer(&self, write: &StickyWrite<'_>, standing: Option<&str>) -> Saved {
        let expected = match self.flaw {
            Flaw::ExpectationIsTrusted if write.expected.is_some() => standing,
            Flaw::IgnoresExpected => None,
            Flaw::LastWriterWins => standing,
            _ => write.expected,
        };
        match standing {
            None if expected.is_some() && self.flaw == Flaw::InsistsOnExpected => {
                Saved::Kept(String::new())
            }
            Some(standing) if standing == write.variation && self.flaw == Flaw::KeptOnRepeat => {
                Saved::Kept(standing.to_owned())
            }
            Some(other) if other != write.variation && standing != expected => {
                Saved::Kept(other.to_owned())
            }
            _ => Saved::Stored,
        }
    }

    /// Whether this write is looked up first and written later, although others may write between.
    fn takes_two_steps(&self, write: &StickyWrite<'_>) -> bool {
        match self.flaw {
            Flaw::ChecksThenWrites | Flaw::MergesOldDocument => write.expected.is_none(),
            Flaw::ReplacesChecksThenWrites => write.expected.is_some(),
            _ => false,
        }
    }

    /// Waits a little until another writer is between its two steps as well.
    fn wait_for_another_writer(&self) {
        self.between.fetch_add(1, Ordering::SeqCst);
        let mut patience = 20;
        while self.between.load(Ordering::SeqCst) < 2 && patience > 0 {
            thread::park_timeout(Duration::from_millis(1));
            patience -= 1;
        }
    }
}

impl StickyBucketService for Flawed {
    fn load(&self, identities: &[StickyIdentity]) -> Result<Documents, BackendError> {
        if self.flaw == Flaw::CannotLoad {
            return Err(BackendError::new("flawed", "load", "on purpose"));
        }
        let documents = self.lock();
        let mut loaded = Documents::new();
        for identity in identities {
            if let Some(document) = documents.get(&self.identity(identity)) {
                loaded.insert(identity.clone(), document.clone());
            }
        }
        match self.flaw {
            Flaw::InventsDocuments => {
                let invented = identities.iter().cloned();
                loaded.extend(invented.map(|it| (it, StickyAssignments::new())));
            }
            Flaw::InventsOneAmongOthers if identities.len() == 3 => {
                loaded.entry(identities[1].clone()).or_default();
            }
            Flaw::EverythingForNobody if identities.is_empty() => loaded = documents.clone(),
            Flaw::LoadsAPortion => loaded = loaded.into_iter().take(100).collect(),
            _ => {}
        }
        Ok(loaded)
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        if self.flaw == Flaw::CannotSave {
            return Err(BackendError::new("flawed", "save", "on purpose"));
        }
        let identity = self.identity(write.identity);
        let before = self.lock().get(&identity).cloned().unwrap_or_default();
        let in_two_steps = self.takes_two_steps(write);
        if in_two_steps {
            self.wait_for_another_writer();
        }
        let mut documents = self.lock();
        let document = documents.entry(identity).or_default();
        // Who merges an old document checks as it must, and then writes too much.
        let is_late = in_two_steps && self.flaw != Flaw::MergesOldDocument;
        let checked = if is_late { &before } else { &*document };
        let key = match write.key.split_once("__") {
            Some((experiment, _)) if self.flaw == Flaw::IgnoresVersion => {
                format!("{experiment}__0")
            }
            _ => write.key.to_owned(),
        };
        let answer = self.answer(write, checked.get(&key).map(String::as_str));
        if answer == Saved::Stored {
            match self.flaw {
                Flaw::MergesOldDocument => *document = before,
                Flaw::ReplacementDropsOthers if write.expected.is_some() => document.clear(),
                Flaw::ReplacesDocument => document.clear(),
                _ => {}
            }
            let variation = match self.flaw {
                Flaw::OnlyAsciiVariations => ascii(write.variation),
                Flaw::ReplacementIsNotWritten if document.contains_key(&key) => {
                    document[&key].clone()
                }
                _ => write.variation.to_owned(),
            };
            document.insert(key, variation);
        }
        if in_two_steps {
            self.between.fetch_sub(1, Ordering::SeqCst);
        }
        Ok(match (self.flaw, answer) {
            (Flaw::KeptNamesTheLoser, Saved::Kept(_)) => Saved::Kept(write.variation.to_owned()),
            (Flaw::SilentlyKeeps, _) => Saved::Stored,
            (_, answer) => answer,
        })
    }

    fn save_all(&self, writes: &[StickyWrite<'_>]) -> Vec<Result<Saved, BackendError>> {
        let mut answers: Vec<_> = writes.iter().map(|write| self.save(write)).collect();
        match self.flaw {
            Flaw::AnswersInReverse => answers.reverse(),
            Flaw::SavesAllBlindly => answers.iter_mut().for_each(|it| *it = Ok(Saved::Stored)),
            _ => {}
        }
        answers
    }

    fn flush(&self, _: Duration) -> Result<(), FlushError> {
        match self.flaw {
            Flaw::CannotFlush => return Err(FlushError::TimedOut),
            Flaw::FlushForgets => self.lock().clear(),
            _ => {}
        }
        Ok(())
    }
}

fn ascii(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii(), "?")
}
