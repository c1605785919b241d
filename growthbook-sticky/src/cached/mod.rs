mod meanwhile;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::mem;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use growthbook_core::{
    BackendError, Clock, FlushError, Saved, StickyAssignments, StickyBucketService, StickyIdentity,
    StickyWrite, SystemClock,
};

use self::meanwhile::{Meanwhile, Outcome};

/// Remembers for a while what another store said, so that users who come back soon are not looked up again.
///
/// What this process assigns is remembered at once; what other processes assign shows when an entry has become too old,
/// after 30 seconds unless [`ttl`](Self::ttl) is called. Users without a document are remembered as well. It holds between
/// `entries` and twice as many documents, 1,000 unless [`entries`](Self::entries) is called: those that were used lately.
///
/// If the store cannot be read, what is too old is still used: a variation of half a minute ago is better than none.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::{GrowthBookClient, MemoryStickyBuckets};
/// use growthbook_sticky::Cached;
///
/// let buckets = Cached::new(MemoryStickyBuckets::new()).ttl(Duration::from_secs(60));
/// let client = GrowthBookClient::builder().sticky_buckets(buckets).build()?;
/// # let _ = client;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
pub struct Cached<S> {
    store: S,
    ttl: Duration,
    entries: usize,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    young: HashMap<StickyIdentity, Entry>,
    old: HashMap<StickyIdentity, Entry>,
    meanwhile: Meanwhile,
    saving: HashMap<StickyIdentity, Saving>,
    hits: u64,
    misses: u64,
}

/// The saves to one document that have begun and not ended.
#[derive(Default)]
struct Saving {
    running: usize,
    is_contested: bool,
}

#[derive(Clone)]
struct Entry {
    /// Empty for a user without a document.
    assignments: StickyAssignments,
    loaded_at: Duration,
}

impl<S> Cached<S> {
    /// Remembers what this store says.
    pub fn new(store: S) -> Self {
        Self {
            store,
            ttl: Duration::from_secs(30),
            entries: 1_000,
            clock: Arc::new(SystemClock::new()),
            state: Mutex::default(),
        }
    }

    /// How long an entry is believed.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl, ..self }
    }

    /// How many documents are remembered at least; at most it is twice as many. With 0 nothing is.
    #[must_use]
    pub fn entries(self, entries: usize) -> Self {
        Self { entries, ..self }
    }

    /// Where time comes from: the operating system, unless a test brings another clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        let clock = Arc::new(clock);
        Self { clock, ..self }
    }

    /// The store behind it.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Documents that were asked for and remembered, since it was made.
    pub fn hits(&self) -> u64 {
        self.lock().hits
    }

    /// Documents that were asked for and had to be loaded.
    pub fn misses(&self) -> u64 {
        self.lock().misses
    }

    /// Takes what is remembered and fresh out of what is asked for; what is left has to be loaded, which begins then.
    fn recall(
        &self,
        identities: &[StickyIdentity],
        now: Duration,
    ) -> (
        BTreeMap<StickyIdentity, StickyAssignments>,
        Option<Loading<'_, S>>,
    ) {
        let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
        let mut state = self.lock();
        for identity in identities {
            let fresh = state.find(identity, self.entries);
            let fresh = fresh.filter(|entry| now.saturating_sub(entry.loaded_at) < self.ttl);
            if let Some(entry) = fresh {
                state.hits += 1;
                found.insert(identity.clone(), entry.assignments);
            } else {
                state.misses += 1;
                missing.push(identity.clone());
            }
        }
        let loading = (!missing.is_empty()).then(|| Loading {
            cached: self,
            load: state.meanwhile.load_begins(),
            missing,
        });
        (found, loading)
    }

    /// What is remembered of all of them, however old; `None` if something is not.
    fn recall_old(
        &self,
        identities: &[StickyIdentity],
    ) -> Option<BTreeMap<StickyIdentity, StickyAssignments>> {
        let mut state = self.lock();
        let recalled = identities.iter().map(|identity| {
            let entry = state.find(identity, self.entries)?;
            Some((identity.clone(), entry.assignments))
        });
        recalled.collect()
    }

    /// Remembers what was loaded, with what was saved since.
    fn remember(
        &self,
        loading: &Loading<'_, S>,
        loaded: &BTreeMap<StickyIdentity, StickyAssignments>,
        loaded_at: Duration,
    ) -> BTreeMap<StickyIdentity, StickyAssignments> {
        let mut state = self.lock();
        let mut documents = BTreeMap::new();
        for identity in &loading.missing {
            let mut assignments = loaded.get(identity).cloned().unwrap_or_default();
            let mut is_known = true;
            for outcome in state.meanwhile.since(loading.load, identity) {
                match outcome {
                    Outcome::Unknown => is_known = false,
                    Outcome::Stands { key, variation } => {
                        assignments.insert(key.clone(), variation.clone());
                    }
                }
            }
            if is_known {
                let assignments = assignments.clone();
                let entry = Entry {
                    assignments,
                    loaded_at,
                };
                state.put(identity.clone(), entry, self.entries);
            }
            documents.insert(identity.clone(), assignments);
        }
        documents
    }

    fn save_begins(&self, write: &StickyWrite<'_>) {
        let mut state = self.lock();
        let saving = state.saving.entry(write.identity.clone()).or_default();
        saving.running += 1;
        saving.is_contested |= saving.running > 1;
    }

    fn save_ended(&self, write: &StickyWrite<'_>, saved: Option<&Saved>) {
        let mut state = self.lock();
        let mut is_contested = true;
        if let Some(saving) = state.saving.get_mut(write.identity) {
            saving.running -= 1;
            is_contested = saving.is_contested;
            if saving.running == 0 {
                state.saving.remove(write.identity);
            }
        }
        let variation = match saved {
            Some(Saved::Kept(other)) => Some(&**other),
            Some(Saved::Stored) => Some(write.variation),
            None => None,
        };
        let mut outcome = Outcome::Unknown;
        if let Some(variation) = variation.filter(|_| !is_contested) {
            if let Some(entry) = state.entry(write.identity) {
                entry.assignments.insert(write.key.into(), variation.into());
            }
            outcome = Outcome::Stands {
                key: write.key.into(),
                variation: variation.into(),
            };
        } else {
            state.forget(write.identity);
        }
        state.meanwhile.save_ended(write.identity, outcome);
    }

    /// Entries are put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// An entry that is used is young again.
    fn find(&mut self, identity: &StickyIdentity, most: usize) -> Option<Entry> {
        if let Some(entry) = self.young.get(identity) {
            return Some(entry.clone());
        }
        let (identity, entry) = self.old.remove_entry(identity)?;
        self.put(identity, entry.clone(), most);
        Some(entry)
    }

    fn entry(&mut self, identity: &StickyIdentity) -> Option<&mut Entry> {
        match self.young.get_mut(identity) {
            Some(entry) => Some(entry),
            None => self.old.get_mut(identity),
        }
    }

    fn forget(&mut self, identity: &StickyIdentity) {
        self.young.remove(identity);
        self.old.remove(identity);
    }

    fn put(&mut self, identity: StickyIdentity, entry: Entry, most: usize) {
        if most == 0 {
            return;
        }
        self.old.remove(&identity);
        if self.young.len() >= most && !self.young.contains_key(&identity) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(identity, entry);
    }
}

/// A load is over, though the store may have panicked in it.
struct Loading<'a, S> {
    cached: &'a Cached<S>,
    load: u64,
    missing: Vec<StickyIdentity>,
}

impl<S> Drop for Loading<'_, S> {
    fn drop(&mut self) {
        self.cached.lock().meanwhile.load_ended(self.load);
    }
}

/// Saves that have begun. They end, though the store may panic in them.
struct Saves<'a, S> {
    cached: &'a Cached<S>,
    writes: &'a [StickyWrite<'a>],
}

impl<'a, S> Saves<'a, S> {
    fn begin(cached: &'a Cached<S>, writes: &'a [StickyWrite<'a>]) -> Self {
        for write in writes {
            cached.save_begins(write);
        }
        Self { cached, writes }
    }

    fn end(&mut self, answers: &[Result<Saved, BackendError>]) {
        let mut answers = answers.iter();
        for write in mem::take(&mut self.writes) {
            let saved = answers.next().and_then(|answer| answer.as_ref().ok());
            self.cached.save_ended(write, saved);
        }
    }
}

impl<S> Drop for Saves<'_, S> {
    fn drop(&mut self) {
        self.end(&[]);
    }
}

impl<S: StickyBucketService> StickyBucketService for Cached<S> {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        let now = self.clock.monotonic();
        let (mut documents, loading) = self.recall(identities, now);
        if let Some(loading) = loading {
            match self.store.load(&loading.missing) {
                Ok(loaded) => documents.append(&mut self.remember(&loading, &loaded, now)),
                Err(error) => {
                    documents.append(&mut self.recall_old(&loading.missing).ok_or(error)?);
                }
            }
        }
        documents.retain(|_, assignments| !assignments.is_empty());
        Ok(documents)
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let mut under_way = Saves::begin(self, slice::from_ref(write));
        let saved = self.store.save(write);
        under_way.end(slice::from_ref(&saved));
        saved
    }

    fn save_all(&self, writes: &[StickyWrite<'_>]) -> Vec<Result<Saved, BackendError>> {
        let mut under_way = Saves::begin(self, writes);
        let answers = self.store.save_all(writes);
        under_way.end(&answers);
        answers
    }

    fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        self.store.flush(limit)
    }
}

impl<S: fmt::Debug> fmt::Debug for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Cached")
            .field("store", &self.store)
            .field("ttl", &self.ttl)
            .field("remembered", &(state.young.len() + state.old.len()))
            .finish_non_exhaustive()
    }
}
