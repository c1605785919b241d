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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use tokio::runtime::Builder;

    use super::*;

    fn wait<T>(answer: Answer<T>) -> Option<T> {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(answer)
    }

    #[test]
    fn the_answer_is_there_at_once_or_later() {
        assert_eq!(wait(hand_off(|work| work(), || 1)), Some(1));
        assert_eq!(wait(hand_off(on_a_thread, || 2)), Some(2));
        // Whoever polls may do so from another task each time: the last one is woken.
        for number in 0..1_000 {
            let (ask, asked) = channel::<()>();
            let answer = hand_off(on_a_thread, move || asked.recv().map(|()| number));
            let mut answer = Box::pin(answer);
            let mut context = Context::from_waker(Waker::noop());
            assert!(answer.as_mut().poll(&mut context).is_pending());
            ask.send(()).unwrap();
            let runtime = Builder::new_current_thread().build().unwrap();
            assert_eq!(runtime.block_on(answer), Some(Ok(number)));
        }
    }

    #[test]
    fn without_an_answer_there_is_none() {
        assert_eq!(wait(hand_off(drop, || 1)), None);
        let panicking = || -> u8 { panic!("it broke") };
        assert_eq!(wait(hand_off(|work| work(), panicking)), None);
        assert_eq!(wait(hand_off(on_a_thread, panicking)), None);
    }

    #[test]
    fn work_goes_on_when_nobody_waits_any_more() {
        let (tell, told) = channel();
        drop(hand_off(on_a_thread, move || tell.send(1)));
        assert_eq!(told.recv(), Ok(1));
    }
}
