//! Which database is open: opened when it is needed, and again when another file is in its place.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Options;
use super::database::Database;
use super::fault::{Fault, ReadOnly};
use super::file::Identity;
use super::open;
use super::patience::Patience;

#[derive(Debug)]
pub(super) struct Slot {
    options: Options,
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Debug, Default)]
struct State {
    database: Option<Arc<Database>>,
    /// Somebody does it; the others wait.
    is_opening: bool,
    /// Which file was last looked at whole, and when.
    checked: Option<(Identity, Instant)>,
}

impl Slot {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            state: Mutex::default(),
            opened: Condvar::new(),
        }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn read_only(&self) -> Option<ReadOnly> {
        let state = self.lock();
        state.database.as_ref().and_then(|it| it.read_only())
    }

    /// Does something with the database, and once more if that turns out to be one that was moved away meanwhile: what was
    /// written to it would be lost.
    pub(super) fn with<T>(
        &self,
        work: impl Fn(&Database, Patience) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let patience = Patience::new(self.options.busy_timeout);
        for _ in 0..ATTEMPTS {
            let database = match self.database(patience) {
                Err(Fault::Moved) => continue,
                database => database?,
            };
            let done = work(&database, patience);
            match done {
                Err(Fault::Moved) => {}
                Err(fault) => {
                    if fault == Fault::Corrupt {
                        self.distrust(&database);
                    }
                    return Err(fault);
                }
                Ok(done) if database.is_good() => return Ok(done),
                Ok(_) => {}
            }
        }
        Err(Fault::Moved)
    }

    /// The database that the path leads to.
    fn database(&self, patience: Patience) -> Result<Arc<Database>, Fault> {
        let known = self.lock().database.clone();
        if let Some(database) = known.filter(|it| it.is_good()) {
            return Ok(database);
        }
        let (state, left) = (self.lock(), patience.left());
        let is_opening = |state: &mut State| state.is_opening;
        let waited = self.opened.wait_timeout_while(state, left, is_opening);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Err(Fault::Busy);
        }
        state.is_opening = true;
        let old = state.database.clone();
        let checked = state.checked;
        drop(state);
        let mut opening = Opening {
            slot: self,
            database: None,
        };
        // Whoever was opening it when this one came may have done it.
        if let Some(database) = old.clone().filter(|it| it.is_good()) {
            opening.database = Some(Arc::clone(&database));
            return Ok(database);
        }
        if let Some(old) = old {
            old.part(patience);
        }
        let is_checked = checked.filter(|(_, at)| at.elapsed() < BETWEEN_CHECKS);
        let skip = is_checked.map(|(identity, _)| identity);
        let database = Arc::new(open::open(&self.options, skip, patience)?);
        opening.database = Some(Arc::clone(&database));
        Ok(database)
    }

    /// Something in it is damaged: it is opened again, and looked at whole unless that was just done.
    fn distrust(&self, database: &Arc<Database>) {
        let mut state = self.lock();
        let is_known = |(identity, at): &(Identity, Instant)| {
            *identity == database.identity() && at.elapsed() < BETWEEN_CHECKS
        };
        if !state.checked.as_ref().is_some_and(is_known) {
            state.database.take_if(|it| Arc::ptr_eq(it, database));
        }
    }

    /// Under the lock a database is put in or taken out, whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the others, however it ended.
struct Opening<'s> {
    slot: &'s Slot,
    database: Option<Arc<Database>>,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        let mut state = self.slot.lock();
        state.is_opening = false;
        if let Some(database) = &self.database {
            let identity = database.identity();
            if state
                .checked
                .is_none_or(|(it, at)| it != identity || at.elapsed() >= BETWEEN_CHECKS)
            {
                state.checked = Some((identity, Instant::now()));
            }
        }
        state.database = self.database.take();
        drop(state);
        self.slot.opened.notify_all();
    }
}

const ATTEMPTS: usize = 3;
/// A file that is damaged in a way that no check finds is not checked for every user.
const BETWEEN_CHECKS: Duration = Duration::from_secs(60);
