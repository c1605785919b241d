//! How threads are told of things while they wait for a time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use growthbook_core::PayloadSink;

/// Where letters for a thread are put. Its reader is a [`Waiter`].
pub(crate) struct Mailbox<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    letters: VecDeque<T>,
    /// The clock that the reader waits by was moved.
    is_woken: bool,
    is_closed: bool,
}

/// What the reader finds.
#[derive(Debug)]
pub(crate) enum Mail<T> {
    /// There is nothing more to do.
    Closed,
    /// The time has come.
    Due,
    Letter(T),
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                letters: VecDeque::new(),
                is_woken: false,
                is_closed: false,
            }),
            changed: Condvar::new(),
        })
    }

    /// Whether the reader will get it: not after the end.
    pub(crate) fn post(&self, letter: T) -> bool {
        self.post_unless(letter, |_| false)
    }

    /// The same, if no such letter waits already.
    pub(crate) fn post_unless(&self, letter: T, is_such: impl Fn(&T) -> bool) -> bool {
        let mut state = self.lock();
        if state.is_closed {
            return false;
        }
        if !state.letters.iter().any(is_such) {
            state.letters.push_back(letter);
            drop(state);
            self.changed.notify_all();
        }
        true
    }

    /// All that waits, without waiting for more.
    pub(crate) fn take(&self) -> Vec<T> {
        self.lock().letters.drain(..).collect()
    }

    /// Nothing more is read.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let unread = std::mem::take(&mut state.letters);
        drop(state);
        self.changed.notify_all();
        // With no lock held: whoever waits for an answer hears by this that there is none.
        drop(unread);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Letters are put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> Wake for Mailbox<T> {
    fn wake(self: Arc<Self>) {
        self.lock().is_woken = true;
        self.changed.notify_all();
    }
}

impl<T> fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Mailbox")
            .field("letters", &state.letters.len())
            .field("is_closed", &state.is_closed)
            .finish()
    }
}

/// Reads a mailbox, and waits by the client's clock.
pub(crate) struct Waiter<T> {
    mailbox: Arc<Mailbox<T>>,
    sink: PayloadSink,
    waker: Waker,
}

impl<T: Send + 'static> Waiter<T> {
    pub(crate) fn new(mailbox: Arc<Mailbox<T>>, sink: PayloadSink) -> Self {
        Self {
            waker: Waker::from(Arc::clone(&mailbox)),
            mailbox,
            sink,
        }
    }

    /// The next letter, or what there is instead by the time `until`.
    pub(crate) fn wait(&self, until: Option<Duration>) -> Mail<T> {
        loop {
            let mut state = self.mailbox.lock();
            if state.is_closed {
                return Mail::Closed;
            }
            if let Some(letter) = state.letters.pop_front() {
                return Mail::Letter(letter);
            }
            state.is_woken = false;
            drop(state);
            let Some(until) = until else {
                self.rest(None);
                continue;
            };
            // Asked with no lock held: the clock may be the program's, and may wake at once.
            let Some(now) = self.sink.monotonic() else {
                return Mail::Closed;
            };
            if now >= until {
                return Mail::Due;
            }
            let is_woken_then = self.sink.wake_at(until, &self.waker);
            self.rest((!is_woken_then).then(|| until.saturating_sub(now)));
        }
    }

    /// Waits until there may be something to see, at most for the limit.
    fn rest(&self, limit: Option<Duration>) {
        let is_idle =
            |state: &mut State<T>| !state.is_closed && !state.is_woken && state.letters.is_empty();
        let (state, changed) = (self.mailbox.lock(), &self.mailbox.changed);
        match limit {
            None => drop(changed.wait_while(state, is_idle)),
            Some(limit) => drop(changed.wait_timeout_while(state, limit, is_idle)),
        }
    }
}
