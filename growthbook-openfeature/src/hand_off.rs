//! Work that is handed to another thread, and the future that waits for what comes of it, under any executor.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::builder::BlockingWork;
use crate::guard::guarded;

/// Hands work on. The answer is `None` if the work panics, or is dropped instead of run. Dropping the answer does not stop
/// the work.
pub(crate) fn hand_off<T: Send + 'static>(
    spawn: impl FnOnce(BlockingWork),
    work: impl FnOnce() -> T + Send + 'static,
) -> Answer<T> {
    let shared = Arc::new(Mutex::new(State::Open(None)));
    let promise = Promise {
        shared: Arc::clone(&shared),
    };
    spawn(Box::new(move || promise.settle(guarded(work))));
    Answer { shared }
}

/// A thread for this work alone. Without one, the work is dropped.
pub(crate) fn on_a_thread(work: BlockingWork) {
    let thread = thread::Builder::new().name("gb-openfeature".to_owned());
    if let Err(error) = thread.spawn(work) {
        log::warn!(target: crate::LOG, "no thread to wait in, so nobody waits: {}", error.kind());
    }
}

/// What comes of the work.
#[must_use = "it does nothing unless it is awaited"]
pub(crate) struct Answer<T> {
    shared: Arc<Mutex<State<T>>>,
}

/// The work's side: it answers once, at the latest when it is dropped.
struct Promise<T> {
    shared: Arc<Mutex<State<T>>>,
}

enum State<T> {
    /// Whoever waits.
    Open(Option<Waker>),
    Settled(Option<T>),
}

impl<T> Promise<T> {
    fn settle(&self, answer: Option<T>) {
        let mut state = lock(&self.shared);
        let State::Open(waiting) = &mut *state else {
            return;
        };
        let waiting = waiting.take();
        *state = State::Settled(answer);
        drop(state);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.settle(None);
    }
}

impl<T> Future for Answer<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        // A waker's own code is not called under the lock.
        let waker = context.waker().clone();
        let mut state = lock(&self.shared);
        let earlier = match &mut *state {
            State::Open(waiting) => waiting.replace(waker),
            State::Settled(answer) => return Poll::Ready(answer.take()),
        };
        drop(state);
        drop(earlier);
        Poll::Pending
    }
}

/// Nothing panics under the lock.
fn lock<T>(shared: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
