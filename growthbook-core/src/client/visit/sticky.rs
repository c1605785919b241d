//! Evaluating with sticky buckets: load what concerns the user, evaluate, store what was assigned.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::effects::Effects;
use super::question::Question;
use crate::client::background::BackgroundError;
use crate::client::log::Trouble;
use crate::client::shared::{Shared, Snapshot};
use crate::engine::Subject;
use crate::guard::is_within;
use crate::sticky::{StickyDocuments, StickyIdentity};
use crate::sticky_service::Saved;

/// A user's documents, as far as they were needed.
#[derive(Debug, Default)]
pub(crate) struct StickyState {
    documents: Mutex<Documents>,
    /// The caller gave them: the store is not asked.
    is_supplied: bool,
}

#[derive(Clone, Debug, Default)]
struct Documents {
    known: StickyDocuments,
    /// Whom the store was asked about.
    asked: BTreeSet<StickyIdentity>,
    /// The store could not be read, so nothing may be written: it could replace what could not be read.
    is_unreadable: bool,
}

impl StickyState {
    pub(crate) fn supplied(known: StickyDocuments) -> Self {
        Self {
            documents: Mutex::new(Documents {
                known,
                ..Documents::default()
            }),
            is_supplied: true,
        }
    }

    pub(crate) fn fork(&self) -> Self {
        Self {
            documents: Mutex::new(self.lock().clone()),
            is_supplied: self.is_supplied,
        }
    }

    pub(crate) fn is_supplied(&self) -> bool {
        self.is_supplied
    }

    pub(crate) fn documents(&self) -> StickyDocuments {
        self.lock().known.clone()
    }

    /// Asks the engine with the user's documents.
    ///
    /// If another process assigned the user first, its assignment stands and the question is asked again with it, so that
    /// what is served is what is stored.
    pub(crate) fn ask<'a, Q: Question<'a>>(
        &self,
        shared: &Shared,
        snapshot: &'a Snapshot,
        subject: &Subject<'a>,
        question: &Q,
        effects: &mut Effects<'_, 'a>,
    ) -> Q::Answer {
        if is_within(&shared.sticky, SERVICE) {
            // The store itself asks. What it is about to say is not known yet, and nothing is stored.
            let known = Some(&mut self.documents());
            return question.ask(&snapshot.ruleset, subject, known, effects);
        }
        self.prepare(shared, || question.identities(&snapshot.ruleset, subject));
        let mut asked = 0;
        loop {
            asked += 1;
            // The engine calls nobody, so the lock is held for as long as it computes.
            let mut documents = self.lock();
            let sticky = Some(&mut documents.known);
            let answer = question.ask(&snapshot.ruleset, subject, sticky, effects);
            let may_write = !documents.is_unreadable && shared.sticky.is_some();
            if may_write {
                // Until the store has answered, nobody else is to go by what may not stand.
                effects.withdraw_from(&mut documents.known);
            }
            drop(documents);
            if !may_write || asked > MOST_RERUNS {
                // What is served then is what stands, as far as it could be found out.
                return answer;
            }
            if !self.save(shared, effects) {
                return answer;
            }
            effects.clear();
        }
    }

    /// Loads the documents of these identities, those that are not there yet, at once.
    pub(crate) fn prepare(
        &self,
        shared: &Shared,
        identities: impl FnOnce() -> Vec<StickyIdentity>,
    ) {
        let Some(service) = shared.sticky.as_deref().filter(|_| !self.is_supplied) else {
            return;
        };
        if is_within(&shared.sticky, SERVICE) {
            return;
        }
        let mut missing = identities();
        {
            let documents = self.lock();
            if documents.is_unreadable {
                return;
            }
            missing.retain(|identity| !documents.asked.contains(identity));
        }
        if missing.is_empty() {
            return;
        }
        match shared.call_backend(&shared.sticky, SERVICE, || service.load(&missing)) {
            Ok(loaded) => {
                let mut documents = self.lock();
                for (identity, assignments) in loaded {
                    // Another thread may have loaded it meanwhile, and have assigned since.
                    if !documents.asked.contains(&identity) {
                        documents.known.insert(identity, assignments);
                    }
                }
                documents.asked.extend(missing);
            }
            Err(error) => {
                self.lock().is_unreadable = true;
                shared.counters.sticky_failed();
                shared.report(&BackgroundError::Sticky(error));
            }
        }
    }

    /// Stores what was assigned, and adds what stands to the documents. Says whether another process was first with any
    /// of it.
    fn save(&self, shared: &Shared, effects: &mut Effects<'_, '_>) -> bool {
        let Some(service) = shared.sticky.as_deref() else {
            return false;
        };
        let mut lost = false;
        for write in effects.take_writes() {
            let save = || service.save(&write.borrow());
            let saved = shared.call_backend(&shared.sticky, SERVICE, save);
            let mut documents = self.lock();
            match &saved {
                Ok(Saved::Kept(standing)) => {
                    lost = true;
                    write.settle_in(&mut documents.known, standing);
                }
                Ok(Saved::Stored) => write.settle_in(&mut documents.known, &write.variation),
                // What is not stored holds for the scope's other questions, unless something else was found to stand.
                Err(_) if write.is_open_in(&documents.known) => {
                    write.settle_in(&mut documents.known, &write.variation);
                }
                Err(_) => {}
            }
            drop(documents);
            if let Err(error) = saved {
                shared.counters.sticky_failed();
                shared.report_as(Trouble::StickyLost, &BackgroundError::Sticky(error));
            }
        }
        lost
    }

    /// Nothing panics under the lock that would leave a document half changed.
    fn lock(&self) -> MutexGuard<'_, Documents> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

const SERVICE: &str = "sticky bucket service";

/// How often a question is asked again because another process was first.
const MOST_RERUNS: usize = 3;
