//! The threads of a source, as whoever ends it sees them.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, ThreadId};
use std::time::Duration;

/// Starts threads and waits for their end.
#[derive(Default)]
pub(crate) struct Crew {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    /// Those that were started and have not ended.
    at_work: usize,
    members: Vec<ThreadId>,
}

impl Crew {
    /// Runs `work` in a thread of this name. It must end by itself once it is told to.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(crate) fn start(
        self: &Arc<Self>,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let mut membership = Membership::new(Arc::clone(self));
        let started = Builder::new().name(name.to_owned()).spawn(move || {
            membership.enter();
            work();
            drop(membership);
        });
        // If there is no thread, the membership went with what it was to run.
        started.map(drop)
    }

    /// Whether the calling thread is one of these.
    pub(crate) fn is_member(&self) -> bool {
        let own = thread::current().id();
        self.lock().members.contains(&own)
    }

    /// Waits until all have ended but the calling thread, at most for the limit. Says whether they have.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let own = usize::from(self.is_member());
        let is_busy = |state: &mut State| state.at_work > own;
        let waited = self.left.wait_timeout_while(self.lock(), limit, is_busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !is_busy(&mut state)
    }

    /// Numbers are counted and ids added, which cannot be left half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("at_work", &self.lock().at_work)
            .finish()
    }
}

/// A thread is counted for as long as this lives.
struct Membership {
    crew: Arc<Crew>,
    /// Which one it is, once it runs. Where there is no thread to be had, whoever wanted it drops this.
    member: Option<ThreadId>,
}

impl Membership {
    fn new(crew: Arc<Crew>) -> Self {
        crew.lock().at_work += 1;
        Self { crew, member: None }
    }

    fn enter(&mut self) {
        let own = thread::current().id();
        self.member = Some(own);
        self.crew.lock().members.push(own);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut state = self.crew.lock();
        state.at_work = state.at_work.saturating_sub(1);
        state.members.retain(|member| Some(*member) != self.member);
        drop(state);
        self.crew.left.notify_all();
    }
}

/// Runs a step of a thread's work, which has to go on whatever happens: a panic is a `None`.
pub(crate) fn guarded<T>(step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step)).map_or_else(
        |thrown| {
            // Dropping what was thrown could panic again.
            std::mem::forget(thrown);
            None
        },
        Some,
    )
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// F40.
    #[test]
    fn a_member_who_gets_no_thread_stays_a_member() {
        let crew = Arc::<Crew>::default();
        let (tell, told) = channel();
        let own = Arc::clone(&crew);
        let work = move || {
            drop(Membership::new(Arc::clone(&own)));
            tell.send(own.is_member()).unwrap();
        };
        crew.start("gb-test", work).unwrap();
        assert!(told.recv().unwrap());
        assert!(crew.wait(Duration::from_secs(20)));
    }
}
