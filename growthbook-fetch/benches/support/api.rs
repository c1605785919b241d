//! A GrowthBook API on the loopback interface, which allocates next to nothing when it answers: what is counted is the
//! client's.

use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use growthbook_fetch::Endpoint;
use growthbook_testkit::{Pushing, Reply, Request, Server};

use crate::SOON;

pub(crate) struct Api {
    server: Server,
    shared: Arc<Shared>,
}

/// An answer, from its status to its last byte.
#[derive(Clone)]
pub(crate) struct Answer {
    bytes: Arc<[u8]>,
    etag: Arc<str>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    answer: Answer,
    /// How long it takes to answer.
    delay: Duration,
    gets: usize,
    streams: Vec<Pushing>,
}

impl Answer {
    pub(crate) fn plain(payload: &str, etag: u64) -> Self {
        Self::new(payload.as_bytes(), etag, "")
    }

    pub(crate) fn gzip(payload: &str, etag: u64) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let written = encoder.write_all(payload.as_bytes());
        let body = written.and_then(|()| encoder.finish());
        let body = body.expect("memory can be written to");
        Self::new(&body, etag, "Content-Encoding: gzip\r\n")
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn new(body: &[u8], etag: u64, headers: &str) -> Self {
        let etag = format!("W/\"{etag}\"");
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: {etag}\r\n{OFFER}{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        Self {
            bytes: [head.as_bytes(), body].concat().into(),
            etag: etag.into(),
        }
    }
}

impl Api {
    pub(crate) fn serving(answer: Answer) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                answer,
                delay: Duration::ZERO,
                gets: 0,
                streams: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let of_server = Arc::clone(&shared);
        let answer = move |request: &Request, reply: &mut Reply| of_server.answer(request, reply);
        let server = Server::start(answer).expect("the loopback interface has a free port");
        Self { server, shared }
    }

    pub(crate) fn serve(&self, answer: Answer) {
        self.shared.lock().answer = answer;
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.shared.lock().delay = delay;
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        endpoint(&self.server.url())
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Waits until a client streams, and has asked again after it began to: from then on nothing comes but what is pushed.
    pub(crate) fn wait_for_stream(&self) {
        let is_quiet = |state: &mut State| state.gets > 1 && !state.streams.is_empty();
        let changed = &self.shared.changed;
        let waited = changed.wait_timeout_while(self.shared.lock(), SOON, |state| !is_quiet(state));
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(is_quiet(&mut state), "nobody streams");
    }

    /// Sends bytes down every stream.
    pub(crate) fn push(&self, bytes: &[u8]) {
        for stream in &mut self.shared.lock().streams {
            let pushed = stream.raw(bytes);
            pushed.expect("the client listens");
        }
    }
}

impl Shared {
    fn answer(&self, request: &Request, reply: &mut Reply) -> io::Result<()> {
        if request.target().starts_with("/sub/") {
            return self.stream(reply);
        }
        let state = self.lock();
        let (answer, delay) = (state.answer.clone(), state.delay);
        drop(state);
        thread::sleep(delay);
        if request.header("if-none-match") == Some(&answer.etag) {
            let etag = &answer.etag;
            reply.raw(format!("HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n").as_bytes())?;
        } else {
            reply.raw(&answer.bytes)?;
        }
        self.change(|state| state.gets += 1);
        Ok(())
    }

    fn stream(&self, reply: &mut Reply) -> io::Result<()> {
        reply.begin(200, &[("Content-Type", "text/event-stream")])?;
        let stream = reply.pushing()?;
        self.change(|state| state.streams.push(stream));
        reply.hold();
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Fields are set one by one, and none of that panics.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn endpoint(host: &str) -> Endpoint {
    Endpoint::new("sdk-bench").api_host(host).no_proxy()
}

/// A payload as a stream sends it, in one piece of a body in chunks.
pub(crate) fn event(payload: &str) -> Vec<u8> {
    let event = format!("event: features\ndata: {payload}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}

const OFFER: &str = "x-sse-support: enabled\r\n";
