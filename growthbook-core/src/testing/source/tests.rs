//! The suite passes a source that is right, and finds what is wrong with each of these.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use super::super::suite::{all_are_found, in_background};
use super::*;
use crate::cache::{CacheKey, CachedPayload, Validator};
use crate::client::{BuildError, PayloadSink, RefreshMode, SourceHandle, SourceStatus};
use crate::error::BackendError;
use crate::fetch::FetchError;
use crate::secret::ClientKey;

#[test]
fn a_source_in_memory_keeps_the_contract() {
    check(Flaw::None);
}

#[test]
fn every_flaw_is_found() {
    let flaws = [
        (Flaw::AcceptsAfterClose, "accepts no request"),
        (Flaw::BlocksInStart, "`start` did not come to an end"),
        (
            Flaw::CloseLeaks,
            "is closed, and this one still holds its sink",
        ),
        (
            Flaw::CloseWaitsForItself,
            "but `refresh` waits for the thread that it is called on",
        ),
        (
            Flaw::DeliversNothingOnFailure,
            "not even a payload without features",
        ),
        (Flaw::DropLeaks, "is dropped, though nobody closed it"),
        (Flaw::FetchesInStart, "this one brings features itself"),
        (Flaw::ForgetsRequests, "asks the server soon"),
        (Flaw::HidesFailures, "from a server that fails is an error"),
        (Flaw::KeepsFailuresToItself, "is told to the sink"),
        (
            Flaw::LocksWhileDelivering,
            "called on, also when a callback makes it",
        ),
        (Flaw::NeedsAServer, "is no reason not to start"),
        (Flaw::NeverConfirms, "features seem to age"),
        (Flaw::OneAtATime, "each gets an answer"),
        (Flaw::OtherKey, "under which its own are kept"),
        (Flaw::RefreshesAfterClose, "a refresh is an error then"),
        (Flaw::RefreshesLater, "`refresh` asks the server now"),
        (Flaw::RequestsHere, "not in the one that requests it"),
        (
            Flaw::RequestsWait,
            "called on, also when a callback makes it",
        ),
        (Flaw::SecondClosePanics, "`close` a second time panicked"),
        (
            Flaw::StaysBroken,
            "though the server answers (after it was down",
        ),
        (Flaw::Trims, "byte for byte"),
        (Flaw::WaitsToBeAsked, "features come by themselves"),
        (Flaw::WipesOnFailure, "stays in force when the server fails"),
    ];
    all_are_found(&flaws, check);
}

fn check(flaw: Flaw) {
    source_contract(|| {
        let server = Arc::new(Mutex::new(None));
        let source = Flawed {
            flaw,
            server: Arc::clone(&server),
        };
        let serve = move |payload: Option<&[u8]>| *server.lock().unwrap() = payload.map(Vec::from);
        (source, serve)
    });
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    AcceptsAfterClose,
    BlocksInStart,
    CloseLeaks,
    CloseWaitsForItself,
    DeliversNothingOnFailure,
    DropLeaks,
    FetchesInStart,
    ForgetsRequests,
    HidesFailures,
    KeepsFailuresToItself,
    LocksWhileDelivering,
    NeedsAServer,
    NeverConfirms,
    None,
    OneAtATime,
    OtherKey,
    RefreshesAfterClose,
    RefreshesLater,
    RequestsHere,
    RequestsWait,
    SecondClosePanics,
    StaysBroken,
    Trims,
    WaitsToBeAsked,
    WipesOnFailure,
}

type Server = Arc<Mutex<Option<Vec<u8>>>>;

/// A source with a flaw, right in everything else: a thread that asks when it starts, and then when it is told to.
#[derive(Debug)]
struct Flawed {
    flaw: Flaw,
    server: Server,
}

type Reply = Sender<Result<Refresh, RefreshError>>;

impl PayloadSource for Flawed {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        let (commands, inbox) = channel();
        let flaw = self.flaw;
        let mut asking = Asking {
            flaw,
            server: self.server,
            sink,
            has_failed: false,
            working: Arc::default(),
        };
        match flaw {
            Flaw::BlocksInStart => thread::park_timeout(HOUR),
            Flaw::FetchesInStart => drop(asking.ask()),
            Flaw::NeedsAServer if asking.server.lock().unwrap().is_none() => {
                let cause = BackendError::new("the source", "start", "nobody is there");
                return Err(BuildError::Source(cause));
            }
            _ => {}
        }
        let working = Arc::clone(&asking.working);
        let asks_here = matches!(flaw, Flaw::RefreshesAfterClose | Flaw::RequestsHere);
        let here = asks_here.then(|| asking.clone());
        let thread = in_background(move || asking.run(&inbox));
        Ok(Box::new(Handle {
            flaw,
            commands: Mutex::new(Some(commands)),
            thread: Mutex::new(Some(thread)),
            working,
            here,
        }))
    }
}

#[derive(Clone, Debug)]
struct Asking {
    flaw: Flaw,
    server: Server,
    sink: PayloadSink,
    has_failed: bool,
    working: Arc<Mutex<()>>,
}

impl Asking {
    fn run(&mut self, inbox: &Receiver<Reply>) {
        if self.flaw != Flaw::WaitsToBeAsked {
            drop(self.ask());
        }
        loop {
            match inbox.recv_timeout(HOUR) {
                Ok(reply)
                    if self.flaw == Flaw::RefreshesLater && self.sink.validator().is_some() =>
                {
                    drop(reply.send(Ok(Refresh::Fresh)));
                }
                Ok(reply) => drop(reply.send(self.ask())),
                Err(RecvTimeoutError::Disconnected) if self.flaw == Flaw::CloseLeaks => {
                    thread::park_timeout(HOUR);
                }
                Err(_) => break,
            }
        }
    }

    fn ask(&mut self) -> Result<Refresh, RefreshError> {
        let working = Arc::clone(&self.working);
        let _working = (self.flaw == Flaw::LocksWhileDelivering).then(|| working.lock().unwrap());
        let key = CacheKey::new("memory", &ClientKey::new(""));
        let served = self.server.lock().unwrap().clone();
        let broken = self.flaw == Flaw::StaysBroken && self.has_failed;
        let Some(bytes) = served.filter(|_| !broken) else {
            self.has_failed = true;
            let nothing = CachedPayload::new(*br#"{"features": {}}"#);
            let is_empty = self.sink.validator().is_none();
            if self.flaw == Flaw::DeliversNothingOnFailure && is_empty
                || self.flaw == Flaw::WipesOnFailure && !is_empty
            {
                drop(self.sink.deliver(&key, nothing));
            }
            if self.flaw == Flaw::HidesFailures {
                return Ok(Refresh::Unchanged);
            }
            if self.flaw != Flaw::KeepsFailuresToItself {
                self.sink.fail(FetchError::TimedOut);
            }
            return Err(RefreshError::Fetch(FetchError::TimedOut));
        };
        let validator = Validator::new(String::from_utf8_lossy(&bytes));
        if self.sink.validator().as_ref() == Some(&validator) {
            if self.flaw != Flaw::NeverConfirms
                && let Some(known) = self.sink.validator()
            {
                self.sink.confirm(&key, &known, None);
            }
            return Ok(Refresh::Unchanged);
        }
        let bytes = match self.flaw {
            Flaw::Trims => bytes.trim_ascii().to_vec(),
            _ => bytes,
        };
        let payload = CachedPayload::new(bytes).with_validator(validator);
        self.sink.deliver(&key, payload)
    }
}

#[derive(Debug)]
struct Handle {
    flaw: Flaw,
    commands: Mutex<Option<Sender<Reply>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    working: Arc<Mutex<()>>,
    here: Option<Asking>,
}

impl SourceHandle for Handle {
    fn refresh(&self, _: RefreshMode, limit: Duration) -> Result<Refresh, RefreshError> {
        let commands = match self.flaw {
            Flaw::OneAtATime => {
                let taken = self.commands.lock().unwrap().take();
                thread::park_timeout(Duration::from_millis(500));
                *self.commands.lock().unwrap() = taken.clone();
                taken
            }
            _ => self.commands.lock().unwrap().clone(),
        };
        if let (None, Some(here)) = (&commands, &self.here) {
            return here.clone().ask();
        }
        let commands = commands.ok_or(RefreshError::Closed)?;
        let (reply, answer) = channel();
        commands.send(reply).map_err(|_| RefreshError::Closed)?;
        drop(commands);
        answer
            .recv_timeout(limit)
            .unwrap_or(Err(RefreshError::TimedOut))
    }

    fn cache_key(&self) -> Option<CacheKey> {
        let name = if self.flaw == Flaw::OtherKey {
            "another"
        } else {
            "memory"
        };
        Some(CacheKey::new(name, &ClientKey::new("")))
    }

    fn request_refresh(&self) -> bool {
        match (self.flaw, &self.here) {
            (Flaw::ForgetsRequests, _) => true,
            (Flaw::RequestsHere, Some(here)) => here.clone().ask().is_ok(),
            (Flaw::RequestsWait, _) => self.refresh(RefreshMode::Forced, HOUR).is_ok(),
            (flaw, _) => {
                let commands = self.commands.lock().unwrap().clone();
                let is_sent = commands.is_some_and(|commands| commands.send(channel().0).is_ok());
                is_sent || flaw == Flaw::AcceptsAfterClose
            }
        }
    }

    fn status(&self) -> SourceStatus {
        drop(self.working.lock().unwrap());
        SourceStatus::default()
    }

    fn close(&self, limit: Duration) {
        let commands = self.commands.lock().unwrap().take();
        assert!(
            commands.is_some() || self.flaw != Flaw::SecondClosePanics,
            "on purpose"
        );
        drop(commands);
        let Some(thread) = self.thread.lock().unwrap().take() else {
            return;
        };
        if self.flaw == Flaw::CloseWaitsForItself {
            eventually_within(limit, || thread.is_finished());
        } else if self.flaw != Flaw::CloseLeaks && thread.thread().id() != thread::current().id() {
            eventually_within(limit, || thread.is_finished());
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.flaw == Flaw::DropLeaks {
            std::mem::forget(self.commands.lock().unwrap().take());
        }
    }
}

fn eventually_within(limit: Duration, is_so: impl Fn() -> bool) {
    let mut left = limit.as_millis();
    while !is_so() && left > 0 {
        thread::park_timeout(Duration::from_millis(1));
        left -= 1;
    }
}
