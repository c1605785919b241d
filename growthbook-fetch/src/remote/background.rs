//! The thread that asks anew for what is stale.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use growthbook_core::ErrorReporter;

use super::desk::Desk;
use super::inputs::{Inputs, Key};
use super::source::Streams;
use super::told;
use crate::source::crew::{Crew, guarded};

/// Asks in the background, in a thread that is started when there is something to ask.
#[derive(Debug, Default)]
pub(super) struct Background {
    crew: Arc<Crew>,
    queue: Mutex<Option<SyncSender<Letter>>>,
}

/// What is to be asked, and who is told if that fails.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) key: Key,
    pub(super) inputs: Inputs,
    pub(super) reporter: ErrorReporter,
}

impl Background {
    /// Takes a letter, if there is room for it. Waits for nothing.
    pub(super) fn post(&self, letter: Letter, desk: &Arc<Desk>, streams: &Arc<Streams>) -> bool {
        let mut queue = self.lock();
        if queue.is_none() {
            match self.start(desk, streams) {
                Ok(started) => *queue = Some(started),
                Err(error) => {
                    drop(queue);
                    log::error!(target: crate::LOG, "no thread to evaluate in, so users wait for the server: {}", error.kind());
                    return false;
                }
            }
        }
        let sender = queue.clone();
        drop(queue);
        sender.is_some_and(|sender| sender.try_send(letter).is_ok())
    }

    fn start(&self, desk: &Arc<Desk>, streams: &Arc<Streams>) -> io::Result<SyncSender<Letter>> {
        let (sender, letters) = sync_channel(MOST_LETTERS);
        let (desk, streams) = (Arc::clone(desk), Arc::clone(streams));
        self.crew
            .start("gb-remote", move || work(&desk, &streams, &letters))?;
        Ok(sender)
    }

    /// Ends the thread, when it has done what it is at, and waits for that as long as the limit.
    pub(super) fn close(&self, limit: Duration) {
        drop(self.lock().take());
        if !self.crew.wait(limit) {
            log::debug!(target: crate::LOG, "a thread is still in the middle of connecting, and ends when that has ended");
        }
    }

    /// A sender is put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, Option<SyncSender<Letter>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(desk: &Desk, streams: &Streams, letters: &Receiver<Letter>) {
    while let Ok(letter) = letters.recv() {
        let Letter {
            key,
            inputs,
            reporter,
        } = letter;
        let is_over = || desk.connection().is_closed();
        if is_over() {
            return;
        }
        let step = || match desk.renew(&key, &inputs) {
            Some(Err(error)) if !is_over() => reporter.report(&told(error)),
            Some(Ok(_)) => streams.open_if_offered(desk),
            _ => {}
        };
        if guarded(step).is_none() {
            log::error!(target: crate::LOG, "a defect ended an evaluation; the next one follows");
        }
    }
}

/// Users whose answers are to be asked for anew. Of others it is done when they ask the next time.
const MOST_LETTERS: usize = 256;
