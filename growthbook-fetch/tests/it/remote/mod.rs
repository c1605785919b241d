//! Features that a server evaluates, over real sockets.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod answers;
mod callbacks;
mod failures;
mod flights;
mod hostile;
mod proxy_eval;
mod question;
mod stream;
mod tracks;

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use growthbook_core::testing::ManualClock;
use growthbook_core::{
    Attributes, GrowthBookClient, GrowthBookClientBuilder, UserContext, UserScope,
};
use growthbook_fetch::{Endpoint, RemoteEvaluation, RemoteEvaluationBuilder};
use growthbook_testkit::{Reply, Request};

use super::api::{Api, features};

/// A server that evaluates: what it answers the test says.
pub(crate) struct Evaluator {
    pub(crate) api: Api,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    questions: Vec<(Request, Vec<u8>)>,
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    /// Says `f` is the number of the question, counted from 1.
    counts: bool,
}

impl Evaluator {
    /// One that says that the feature `f` has the number of the question as its value.
    pub(crate) fn counting() -> Self {
        let evaluator = Self::answering(b"");
        evaluator.shared.lock().unwrap().counts = true;
        evaluator
    }

    /// One that answers with this body.
    pub(crate) fn answering(body: &[u8]) -> Self {
        let api = Api::start();
        let shared = Arc::<Mutex<Shared>>::default();
        let answering = Arc::clone(&shared);
        api.answer_by(move |request, reply| {
            let question = body_of(request, reply)?;
            let mut shared = answering.lock().unwrap();
            shared.questions.push((request.clone(), question));
            let body = if shared.counts {
                let count = u32::try_from(shared.questions.len()).unwrap();
                features(count).into_bytes()
            } else {
                shared.body.clone()
            };
            let (status, headers) = (shared.status, shared.headers.clone());
            drop(shared);
            reply.respond(status, &headers, &body)
        });
        let evaluator = Self { api, shared };
        evaluator.answer(200, &[], body);
        evaluator
    }

    pub(crate) fn answer(
        &self,
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &[u8],
    ) {
        let mut shared = self.shared.lock().unwrap();
        shared.status = status;
        shared.headers = headers.to_vec();
        shared.body = body.to_vec();
        shared.counts = false;
    }

    /// Answers with the number of the question again.
    pub(crate) fn count(&self, headers: &[(&'static str, &'static str)]) {
        self.answer(200, headers, b"");
        self.shared.lock().unwrap().counts = true;
    }

    pub(crate) fn questions(&self) -> usize {
        self.api.gets()
    }

    pub(crate) fn last_question(&self) -> (Request, String) {
        let shared = self.shared.lock().unwrap();
        let (request, body) = shared.questions.last().unwrap();
        (request.clone(), String::from_utf8(body.clone()).unwrap())
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.api.endpoint()
    }
}

/// A client without features of its own, and an evaluation whose clock moves by hand.
pub(crate) struct Rig {
    pub(crate) client: GrowthBookClient,
    pub(crate) remote: RemoteEvaluation,
    pub(crate) clock: ManualClock,
    /// What was told to `on_error`.
    pub(crate) errors: Arc<Mutex<Vec<String>>>,
}

impl Rig {
    pub(crate) fn new(evaluator: &Evaluator) -> Self {
        Self::with(evaluator.endpoint(), |it| it, |it| it)
    }

    pub(crate) fn with(
        endpoint: Endpoint,
        configure: impl FnOnce(RemoteEvaluationBuilder) -> RemoteEvaluationBuilder,
        configure_client: impl FnOnce(GrowthBookClientBuilder) -> GrowthBookClientBuilder,
    ) -> Self {
        let clock = ManualClock::new();
        let errors = Arc::<Mutex<Vec<String>>>::default();
        let noting = Arc::clone(&errors);
        let remote = RemoteEvaluation::builder(endpoint).clock(clock.clone());
        let client = GrowthBookClient::builder()
            .on_error(move |error| noting.lock().unwrap().push(format!("{error:?}")));
        Self {
            client: configure_client(client).build().unwrap(),
            remote: configure(remote).build().unwrap(),
            clock,
            errors,
        }
    }

    pub(crate) fn scope(&self, id: &str) -> UserScope {
        self.remote.scope(&self.client, user(id))
    }

    /// What `f` is for this user; 0 if they have no such feature.
    pub(crate) fn value(&self, id: &str) -> u32 {
        self.scope(id).value("f", 0)
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors.lock().unwrap().len()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn user(id: &str) -> UserContext {
    UserContext::new(Attributes::new().with("id", id))
}

/// The body of a request, whose length its head says. The server itself reads the last byte of a request, and the last
/// one of its head is not read yet when this is called.
fn body_of(request: &Request, reply: &mut Reply) -> std::io::Result<Vec<u8>> {
    let length = request
        .header("content-length")
        .and_then(|it| it.parse().ok());
    let mut bytes = vec![0; length.unwrap_or(0)];
    reply.read_exact(&mut bytes)?;
    bytes.drain(..bytes.len().min(1));
    bytes.push(b'}');
    Ok(bytes)
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + super::api::SOON;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "waited for {what}");
        std::thread::yield_now();
    }
}
