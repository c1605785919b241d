//! One at a time: whoever asks while somebody is at it waits, and shares the answer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;

use super::refresh::{Refresh, RefreshError};
use crate::guard::guarded;

type Answer = Result<Refresh, RefreshError>;

#[derive(Debug, Default)]
pub(crate) struct Flight {
    under_way: Mutex<Option<Arc<Slot>>>,
    landed: Condvar,
}

#[derive(Debug)]
struct Slot {
    pilot: ThreadId,
    answer: OnceLock<Answer>,
}

impl Flight {
    /// Runs `fly`, or waits for whoever is running it.
    ///
    /// Whoever asks `afresh` knows of something that the server said just now. An answer that was under way by then may be
    /// older than that, so they wait for the next one; all who do share it.
    pub(crate) fn join(&self, afresh: bool, fly: impl FnOnce() -> Answer) -> Answer {
        let mut may_be_older = afresh;
        let slot = loop {
            let mut under_way = self.lock();
            let Some(slot) = under_way.clone() else {
                let slot = Arc::new(Slot {
                    pilot: std::thread::current().id(),
                    answer: OnceLock::new(),
                });
                *under_way = Some(Arc::clone(&slot));
                break slot;
            };
            if slot.pilot == std::thread::current().id() {
                // The fetcher or a cache asked in turn: to wait for oneself would be for ever.
                return Err(RefreshError::InProgress);
            }
            let answer = self.wait(under_way, &slot);
            if !std::mem::take(&mut may_be_older) {
                return answer;
            }
        };
        // Those who wait must hear, whatever happens.
        let answer = guarded(fly).unwrap_or(Err(RefreshError::Panicked));
        let mut under_way = self.lock();
        let _ = slot.answer.set(answer.clone());
        *under_way = None;
        drop(under_way);
        self.landed.notify_all();
        answer
    }

    fn wait(&self, mut under_way: MutexGuard<'_, Option<Arc<Slot>>>, slot: &Slot) -> Answer {
        loop {
            if let Some(answer) = slot.answer.get() {
                return answer.clone();
            }
            let waited = self.landed.wait(under_way);
            under_way = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Under the lock a pointer is set, which cannot be left half done.
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Slot>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn those_who_ask_meanwhile_share_the_answer() {
        let (flight, flights) = (Flight::default(), AtomicU32::new(0));
        let (took_off, is_off) = channel();
        let (land, may_land) = channel::<()>();
        let (flight, flights) = (&flight, &flights);
        thread::scope(|scope| {
            let pilot = scope.spawn(move || {
                flight.join(false, || {
                    flights.fetch_add(1, Ordering::Relaxed);
                    took_off.send(()).unwrap();
                    may_land.recv().unwrap();
                    Ok(Refresh::Updated)
                })
            });
            is_off.recv().unwrap();
            let asking = move || {
                flight.join(false, || {
                    flights.fetch_add(1, Ordering::Relaxed);
                    Ok(Refresh::Updated)
                })
            };
            let others = [(); 8].map(|()| scope.spawn(asking));
            land.send(()).unwrap();
            assert_eq!(pilot.join().unwrap().unwrap(), Refresh::Updated);
            for other in others {
                assert_eq!(other.join().unwrap().unwrap(), Refresh::Updated);
            }
        });
        // Whoever asked after the landing flew alone.
        assert!(flights.load(Ordering::Relaxed) >= 1);
    }

    #[test]
    fn those_who_ask_afresh_share_the_next_answer() {
        let (flight, flights) = (Flight::default(), AtomicU32::new(0));
        let (took_off, is_off) = channel();
        let (land, may_land) = channel::<()>();
        let (flight, flights) = (&flight, &flights);
        let asked = Barrier::new(9);
        let asked = &asked;
        thread::scope(|scope| {
            let pilot = scope.spawn(move || {
                flight.join(false, || {
                    took_off.send(()).unwrap();
                    may_land.recv().unwrap();
                    Ok(Refresh::Unchanged)
                })
            });
            is_off.recv().unwrap();
            let asking = move || {
                asked.wait();
                flight.join(true, || {
                    flights.fetch_add(1, Ordering::Relaxed);
                    Ok(Refresh::Updated)
                })
            };
            let others = [(); 8].map(|()| scope.spawn(asking));
            asked.wait();
            land.send(()).unwrap();
            assert_eq!(pilot.join().unwrap().unwrap(), Refresh::Unchanged);
            for other in others {
                assert_eq!(other.join().unwrap().unwrap(), Refresh::Updated);
            }
        });
        // One for all, and more only for those who came when it had landed or taken off.
        assert!(flights.load(Ordering::Relaxed) >= 1);
    }

    #[test]
    fn a_panic_and_a_question_from_within_are_answered() {
        let flight = Flight::default();
        let answer = flight.join(false, || panic!("on the way"));
        assert!(matches!(answer, Err(RefreshError::Panicked)));
        let answer = flight.join(false, || flight.join(false, || Ok(Refresh::Updated)));
        assert!(matches!(answer, Err(RefreshError::InProgress)));
        assert!(flight.join(false, || Ok(Refresh::Fresh)).is_ok());
    }
}
