//! Asking for features.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use growthbook_core::{FetchError, Validator};
use ureq::http::header::IF_NONE_MATCH;
use ureq::http::{HeaderValue, Request, Response};
use ureq::{AsSendBody, Body};

use super::failure::{failure, is_dropped, transport};
use super::{Connection, MAX_REDIRECTS, body, closed, redirect};
use crate::response::{self, Verdict, judge};

/// A good answer to a request for features.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The body, not parsed, and what the server calls this version of it.
    Payload {
        bytes: Vec<u8>,
        validator: Option<Validator>,
    },
    /// The server still has the version that was asked about.
    Unchanged,
}

impl Connection {
    /// Asks for features, or only for others than those that `known` names. It ends within the endpoint's time.
    pub(crate) fn features(&self, known: Option<&Validator>) -> Result<Answer, FetchError> {
        let deadline = Instant::now() + self.timeout;
        let probing = self.wants_probe.load(Ordering::SeqCst) && self.offers_streaming().is_none();
        let known = known.filter(|_| !probing).and_then(sendable);
        let unasked = known.is_none();
        let mut answer = self.ask(known, deadline, false);
        if unasked && matches!(answer, Ok(Answer::Unchanged)) {
            // A cache on the way mistook the request for somebody else's.
            answer = self.ask(None, deadline, true);
            if matches!(answer, Ok(Answer::Unchanged)) {
                answer = Err(FetchError::Status {
                    status: 304,
                    retry_after: None,
                });
            }
        }
        answer
    }

    /// One request for features, wherever it is redirected to.
    fn ask(
        &self,
        known: Option<HeaderValue>,
        deadline: Instant,
        again: bool,
    ) -> Result<Answer, FetchError> {
        let started = Instant::now();
        let outcome = self.exchange(known, deadline, again);
        let label = &self.features.label;
        let took = started.elapsed().as_millis();
        match &outcome {
            Ok(Answer::Payload { bytes, validator }) => {
                let tag = validator.as_ref().map_or(0, |tag| tag.as_str().len());
                log::debug!(target: crate::LOG, "GET {label}: status 200, {} bytes, ETag of {tag}, {took} ms", bytes.len());
            }
            Ok(Answer::Unchanged) => {
                log::debug!(target: crate::LOG, "GET {label}: status 304, {took} ms");
            }
            Err(error) => log::debug!(target: crate::LOG, "GET {label}: {error}, {took} ms"),
        }
        outcome
    }

    fn exchange(
        &self,
        known: Option<HeaderValue>,
        deadline: Instant,
        again: bool,
    ) -> Result<Answer, FetchError> {
        let extra = known.map(|tag| (IF_NONE_MATCH, tag));
        let mut address = self.features.address.clone();
        for hop in 0..=MAX_REDIRECTS {
            let request = self.features.request(&address, extra.clone());
            let response = self.send(request, hop == 0 && !again, deadline)?;
            let status = response.status().as_u16();
            let location = match judge(status, response.headers(), SystemTime::now()) {
                Verdict::Body => {
                    self.learn(response.headers(), Some(false));
                    return self.payload(response);
                }
                Verdict::Failed(error) => return Err(error),
                Verdict::Moved(location) => location,
                Verdict::Unchanged => {
                    self.learn(response.headers(), None);
                    return Ok(Answer::Unchanged);
                }
            };
            address = redirect::followed(&address, &location).ok_or(FetchError::Redirected)?;
        }
        Err(FetchError::Redirected)
    }

    /// Sends a request, and once more over a new connection if the server had given up the one that was kept.
    ///
    /// The agent itself limits a first request, so that it may keep what it prepared for TLS; any other has what is left.
    pub(super) fn send<B: AsSendBody + Clone>(
        &self,
        request: Request<B>,
        first: bool,
        deadline: Instant,
    ) -> Result<Response<Body>, FetchError> {
        let may_be_stale = self.answered.load(Ordering::SeqCst);
        let is_copy = self.is_copy();
        let mut sent = if first && !is_copy {
            self.features_agent.run(request.clone())
        } else {
            self.send_within(request.clone(), deadline, is_copy)?
        };
        if may_be_stale && sent.as_ref().is_err_and(is_dropped) && !self.is_closed() {
            sent = self.send_within(request, deadline, true)?;
        }
        match sent {
            Ok(response) => {
                self.answered.store(true, Ordering::SeqCst);
                Ok(response)
            }
            Err(error) => Err(self.failed(&error, FETCH)),
        }
    }

    fn send_within<B: AsSendBody>(
        &self,
        request: Request<B>,
        deadline: Instant,
        anew: bool,
    ) -> Result<Result<Response<Body>, ureq::Error>, FetchError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(FetchError::TimedOut);
        }
        let config = self.features_agent.configure_request(request);
        let config = config.timeout_global(Some(left));
        let config = if anew {
            config.max_idle_age(Duration::ZERO)
        } else {
            config
        };
        Ok(self.features_agent.run(config.build()))
    }

    fn payload(&self, response: Response<Body>) -> Result<Answer, FetchError> {
        let validator = response::validator(response.headers());
        let bytes = self.body(response)?;
        Ok(Answer::Payload { bytes, validator })
    }

    /// All of an answer's body, within the limits of the endpoint.
    pub(super) fn body(&self, response: Response<Body>) -> Result<Vec<u8>, FetchError> {
        if response::is_encoded(response.headers()) {
            return Err(transport(
                FETCH,
                "the encoding of the answer was not asked for",
            ));
        }
        let limit = self.max_body_bytes;
        let read = body::read_all(response.into_body().into_reader(), limit);
        if self.is_closed() {
            // The end of a body that was cut off from here can look like its end.
            return Err(closed(FETCH));
        }
        let bytes = read.map_err(|error| failure(&error.into(), FETCH))?;
        let bytes = bytes.ok_or(FetchError::TooLarge { limit })?;
        if bytes.starts_with(&GZIP) {
            return Err(transport(
                FETCH,
                "the answer is compressed twice, or does not say that it is",
            ));
        }
        Ok(bytes)
    }
}

/// The validator as a header; `None` if it cannot be one, or is too long for any server to have sent it.
fn sendable(validator: &Validator) -> Option<HeaderValue> {
    let text = validator.as_str();
    if text.is_empty() || !text.is_ascii() || text.len() > LONGEST_VALIDATOR {
        return None;
    }
    text.parse().ok()
}

const FETCH: &str = "fetch features";
const GZIP: [u8; 2] = [0x1F, 0x8B];
const LONGEST_VALIDATOR: usize = 1024;
