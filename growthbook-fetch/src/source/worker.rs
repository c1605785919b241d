//! The thread that asks the server: when the plan says so, when a change is heard of, and when the program wants it to.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use growthbook_core::{
    CacheKey, CachedPayload, FeatureFetcher, PayloadSink, Refresh, RefreshError, RefreshMode,
};

use super::board::{Board, Stream};
use super::crew::guarded;
use super::mailbox::{Mail, Mailbox, Waiter};
use super::plan::{Plan, Strategy};
use super::streamer::{Listener, Streaming};
use crate::fetcher::HttpFetcher;

/// What the worker is told.
#[derive(Debug)]
pub(crate) enum Letter {
    /// Something has changed on the server, or something came over the stream that cannot be used, or the program says so.
    Changed,
    /// An evaluation found the features stale.
    Nudge,
    /// The program wants a refresh, and waits for the answer.
    Refresh(Wish),
    StreamClosed,
    StreamOpened,
}

impl Mailbox<Letter> {
    /// Something has changed. That is told once until it is read.
    pub(crate) fn post_change(&self) -> bool {
        self.post_unless(Letter::Changed, |letter| matches!(letter, Letter::Changed))
    }
}

#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) mode: RefreshMode,
    pub(crate) answer: SyncSender<Result<Refresh, RefreshError>>,
}

pub(crate) struct Worker {
    pub(crate) fetcher: HttpFetcher,
    pub(crate) sink: PayloadSink,
    pub(crate) mailbox: Arc<Mailbox<Letter>>,
    pub(crate) board: Arc<Board>,
    pub(crate) plan: Plan,
    pub(crate) strategy: Strategy,
    /// How to stream, if that is wanted and has not begun.
    pub(crate) streaming: Option<Streaming>,
    pub(crate) random: fastrand::Rng,
    pub(crate) waiter: Waiter<Letter>,
}

impl Worker {
    /// Works until the mailbox is closed. Nothing else ends it.
    pub(crate) fn run(mut self) {
        guarded(|| self.begin());
        loop {
            self.board.planned(self.plan.due(), self.plan.failures());
            match guarded(|| self.step()) {
                Some(true) => {}
                Some(false) => return,
                None => {
                    log::error!(target: crate::LOG, "a defect ended a refresh; the next one follows");
                    self.note(&Err(RefreshError::Panicked));
                }
            }
        }
    }

    /// What the caches have is there before the first answer, and may do for a while.
    fn begin(&mut self) {
        self.sink.begin_refresh(&self.fetcher.cache_key());
        if let Some(now) = self.sink.monotonic() {
            let fresh_for = self.sink.fresh_for();
            self.plan = Plan::new(self.strategy, now, fresh_for, self.random.f64());
        }
        self.stream();
    }

    /// Whether there is more to do.
    fn step(&mut self) -> bool {
        match self.waiter.wait(self.plan.due()) {
            Mail::Closed => false,
            Mail::Due => self.ask(self.plan.mode(), Vec::new()),
            Mail::Letter(Letter::Refresh(wish)) => self.grant(wish),
            Mail::Letter(letter) => self.read(&letter),
        }
    }

    fn read(&mut self, letter: &Letter) -> bool {
        let Some(now) = self.sink.monotonic() else {
            return false;
        };
        match letter {
            Letter::Changed => self.plan.changed(now, self.random.f64()),
            Letter::Nudge => self.plan.nudged(now, self.sink.fresh_for()),
            Letter::StreamClosed => self.plan.stream_closed(now, self.random.f64()),
            Letter::StreamOpened => self.plan.stream_opened(now),
            Letter::Refresh(_) => {}
        }
        true
    }

    /// One request serves all who wait, in the way of whoever wants most.
    fn grant(&mut self, first: Wish) -> bool {
        let mut wishes = vec![first];
        for letter in self.mailbox.take() {
            match letter {
                Letter::Refresh(wish) => wishes.push(wish),
                letter => {
                    self.read(&letter);
                }
            }
        }
        let wants = |mode| wishes.iter().any(|wish| wish.mode == mode);
        let mode = match self.plan.mode() {
            RefreshMode::Forced => RefreshMode::Forced,
            _ if wants(RefreshMode::Forced) => RefreshMode::Forced,
            planned if wants(planned) => planned,
            _ => RefreshMode::IfStale,
        };
        self.ask(mode, wishes)
    }

    fn ask(&mut self, mode: RefreshMode, wishes: Vec<Wish>) -> bool {
        let Some(now) = self.sink.monotonic() else {
            return false;
        };
        self.plan.asking(now, mode);
        let last_attempt = self.board.asking(now);
        let answer = self.sink.refresh(&self.fetcher, mode);
        if matches!(answer, Ok(Refresh::Fresh | Refresh::FromCache)) {
            self.board.spared(last_attempt);
        }
        if self.mailbox.is_closed() {
            return false;
        }
        self.note(&answer);
        for wish in wishes {
            // Whoever has stopped waiting needs no answer.
            let _ = wish.answer.try_send(answer.clone());
        }
        self.stream();
        true
    }

    fn note(&mut self, answer: &Result<Refresh, RefreshError>) {
        if let Some(now) = self.sink.monotonic() {
            self.plan.answered(now, answer, self.random.f64());
        }
        self.board.planned(self.plan.due(), self.plan.failures());
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::new(Delivery {
            key: self.fetcher.cache_key(),
            sink: self.sink.clone(),
            worker: Arc::clone(&self.mailbox),
        })
    }

    /// Opens the stream as soon as the server has said that there is one.
    fn stream(&mut self) {
        let Some(streaming) = &self.streaming else {
            return;
        };
        if !streaming.is_unconditional && self.fetcher.offers_streaming() != Some(true) {
            if self.fetcher.offers_streaming() == Some(false) {
                self.board.stream(Stream::Unsupported);
            }
            return;
        }
        if let Some(streaming) = self.streaming.take()
            && let Err(error) = streaming.start(&self.sink, self.listener(), &self.board)
        {
            log::error!(target: crate::LOG, "no thread for the stream, so features are polled: {}", error.kind());
            self.board.stream(Stream::Unsupported);
        }
    }
}

/// Takes what comes over the stream to the client, and tells the worker of the rest.
struct Delivery {
    key: CacheKey,
    sink: PayloadSink,
    worker: Arc<Mailbox<Letter>>,
}

impl Listener for Delivery {
    /// The worker asks each time: an answer that there is nothing new costs little.
    fn opened(&self, _: bool) {
        self.worker.post(Letter::StreamOpened);
    }

    fn closed(&self) {
        self.worker.post(Letter::StreamClosed);
    }

    fn changed(&self) {
        self.worker.post_change();
    }

    fn payload(&self, payload: String) -> bool {
        let payload = CachedPayload::new(payload.into_bytes());
        matches!(
            self.sink.deliver(&self.key, payload),
            Ok(_) | Err(RefreshError::Closed)
        )
    }
}
