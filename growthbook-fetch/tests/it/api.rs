//! A GrowthBook API on the loopback interface: it serves a payload, answers conditional requests, and streams what the test
//! pushes.

use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use growthbook_fetch::Endpoint;
use growthbook_testkit::{Pushing, Reply, Request, Server};

/// How long to wait for what should be there at once, on a machine with other things to do.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Where nobody listens: a port that no system gives away, as it may one that was free a moment ago.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

pub(crate) const CLIENT_KEY: &str = "sdk-canary0";

pub(crate) struct Api {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The body of a good answer; `None` for an error page.
    payload: Option<Vec<u8>>,
    version: u64,
    /// Whether answers say that there is a stream.
    offers_streaming: bool,
    /// The status of `/sub/`; 200 streams.
    stream_status: u16,
    stream_headers: Vec<(&'static str, &'static str)>,
    streams: Vec<Pushing>,
    streams_opened: usize,
    last_event_ids: Vec<Option<String>>,
    gets: usize,
    not_modified: usize,
    /// Requests for features wait for this many permits, if there is a number.
    permits: Option<usize>,
    /// What answers features instead, while it is there.
    instead: Option<Instead>,
}

type Instead = Arc<dyn Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync>;

impl Default for State {
    fn default() -> Self {
        Self {
            payload: None,
            version: 0,
            offers_streaming: false,
            stream_status: 200,
            stream_headers: Vec::new(),
            streams: Vec::new(),
            streams_opened: 0,
            last_event_ids: Vec::new(),
            gets: 0,
            not_modified: 0,
            permits: None,
            instead: None,
        }
    }
}

impl Api {
    pub(crate) fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// One at this address, where another one may have been before.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let shared = Arc::<Shared>::default();
        let of_server = Arc::clone(&shared);
        let answer = move |request: &Request, reply: &mut Reply| of_server.answer(request, reply);
        let server = Server::start_at(address, answer).unwrap();
        Self { server, shared }
    }

    /// One that serves the feature `f` with this value.
    pub(crate) fn serving(value: u32) -> Self {
        let api = Self::start();
        api.serve(value);
        api
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::new(CLIENT_KEY)
            .api_host(self.server.url())
            .no_proxy()
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn serve(&self, value: u32) {
        self.serve_bytes(Some(features(value).as_bytes()));
    }

    pub(crate) fn serve_bytes(&self, payload: Option<&[u8]>) {
        self.change(|state| {
            state.payload = payload.map(Vec::from);
            state.version += 1;
        });
    }

    pub(crate) fn offer_streaming(&self) {
        self.change(|state| state.offers_streaming = true);
    }

    pub(crate) fn answer_streams(&self, status: u16, headers: &[(&'static str, &'static str)]) {
        self.change(|state| {
            state.stream_status = status;
            state.stream_headers = headers.to_vec();
        });
    }

    /// Answers features by this from now on.
    pub(crate) fn answer_by(
        &self,
        answer: impl Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync + 'static,
    ) {
        self.change(|state| state.instead = Some(Arc::new(answer)));
    }

    /// Answers features as usual again.
    pub(crate) fn answer_as_usual(&self) {
        self.change(|state| state.instead = None);
    }

    /// Holds back the answers to requests for features from now on; each says what there was when it was asked.
    pub(crate) fn hold_back(&self) {
        self.change(|state| state.permits = Some(0));
    }

    pub(crate) fn let_go(&self) {
        self.change(|state| state.permits = None);
    }

    /// Sends bytes down every open stream.
    pub(crate) fn push(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state
            .streams
            .retain_mut(|stream| stream.chunk(bytes).is_ok());
        assert!(!state.streams.is_empty(), "no stream is open");
    }

    /// Sends a payload down every open stream, as GrowthBook's proxy does.
    pub(crate) fn push_features(&self, payload: &str) {
        self.push(format!("id: 7 \nevent: features\ndata: {payload}\n\n").as_bytes());
    }

    /// Ends the open streams in good order.
    pub(crate) fn end_streams(&self) {
        for mut stream in std::mem::take(&mut self.lock().streams) {
            let _ = stream.chunk(b"");
            stream.close();
        }
    }

    /// Cuts them off.
    pub(crate) fn cut_streams(&self) {
        for stream in std::mem::take(&mut self.lock().streams) {
            stream.close();
        }
    }

    pub(crate) fn gets(&self) -> usize {
        self.lock().gets
    }

    pub(crate) fn not_modified(&self) -> usize {
        self.lock().not_modified
    }

    pub(crate) fn last_event_ids(&self) -> Vec<Option<String>> {
        self.lock().last_event_ids.clone()
    }

    #[track_caller]
    pub(crate) fn wait_for_gets(&self, count: usize) {
        let came = self.wait(|state| state.gets >= count);
        assert!(came, "{} of {count} requests for features", self.gets());
    }

    #[track_caller]
    pub(crate) fn wait_for_streams(&self, count: usize) {
        let came = self.wait(|state| state.streams_opened >= count);
        assert!(came, "no stream number {count}");
    }

    fn wait(&self, is_so: impl Fn(&State) -> bool) -> bool {
        let changed = &self.shared.changed;
        let waited = changed.wait_timeout_while(self.lock(), SOON, |state| !is_so(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_so(&state)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.shared.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Shared {
    fn answer(&self, request: &Request, reply: &mut Reply) -> io::Result<()> {
        if request.target().starts_with("/sub/") {
            self.stream(request, reply)
        } else {
            self.features(request, reply)
        }
    }

    fn features(&self, request: &Request, reply: &mut Reply) -> io::Result<()> {
        let mut state = self.lock();
        state.gets += 1;
        let (payload, version) = (state.payload.clone(), state.version);
        let instead = state.instead.clone();
        let offers_streaming = state.offers_streaming;
        self.changed.notify_all();
        let held = self
            .changed
            .wait_while(state, |state| state.permits == Some(0));
        drop(held.unwrap_or_else(PoisonError::into_inner));
        if let Some(instead) = instead {
            return instead(request, reply);
        }
        let Some(payload) = payload else {
            return reply.respond(500, &[], b"{\"status\": 500, \"features\": {}}");
        };
        let tag = format!("W/\"{version}-{:x}\"", fingerprint(&payload));
        let mut headers = vec![("ETag", &*tag)];
        if offers_streaming {
            headers.push(("x-sse-support", "enabled"));
        }
        if request.header("if-none-match") == Some(&tag) {
            self.lock().not_modified += 1;
            let line = |(name, value): &(&str, &str)| format!("{name}: {value}\r\n");
            let lines: String = headers.iter().map(line).collect();
            return reply.raw(format!("HTTP/1.1 304 Not Modified\r\n{lines}\r\n").as_bytes());
        }
        reply.respond(200, &headers, &payload)
    }

    fn stream(&self, request: &Request, reply: &mut Reply) -> io::Result<()> {
        let mut state = self.lock();
        let id = request.header("last-event-id").map(str::to_owned);
        state.last_event_ids.push(id);
        let (status, mut headers) = (state.stream_status, state.stream_headers.clone());
        drop(state);
        if status != 200 {
            let answered = reply.respond(status, &headers, b"{}");
            self.opened();
            return answered;
        }
        if headers.is_empty() {
            headers.push(("Content-Type", "text/event-stream"));
        }
        // Before the client can know of it.
        let mut state = self.lock();
        reply.begin(200, &headers)?;
        state.streams.push(reply.pushing()?);
        drop(state);
        self.opened();
        reply.hold();
        Ok(())
    }

    fn opened(&self) {
        self.lock().streams_opened += 1;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A payload in which the feature `f` has this value.
pub(crate) fn features(value: u32) -> String {
    format!(r#"{{"features": {{"f": {{"defaultValue": {value}}}}}}}"#)
}

/// So that a server that was started anew has other tags for other payloads.
fn fingerprint(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(payload);
    hasher.finish()
}
