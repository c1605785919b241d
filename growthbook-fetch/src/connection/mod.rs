//! Requests to one endpoint, and what becomes of them.

mod agents;
mod body;
mod failure;
mod redirect;
mod stream;
mod target;
#[cfg(test)]
mod tests;
#[cfg_attr(not(feature = "rustls"), path = "no_tls.rs")]
mod tls;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant, SystemTime};

use growthbook_core::{CacheKey, FetchError, Validator};
use ureq::http::header::IF_NONE_MATCH;
use ureq::http::{HeaderMap, HeaderValue, Request, Response};
use ureq::{Agent, Body};

use self::failure::{failure, is_dropped, is_idle, transport};
pub(crate) use self::stream::{Refused, broken, unusable};
use self::target::{Target, user_agent};
use crate::config::ConfigError;
use crate::endpoint::Endpoint;
use crate::host::Host;
use crate::response::{self, Verdict, judge};

/// Both addresses of an endpoint, ready for requests from any thread.
///
/// Features and streams have an agent each, since the one must end within a time and the other need not. Both are made
/// here and no more later, so [`close`](Self::close) cannot miss one.
pub(crate) struct Connection {
    cache_key: CacheKey,
    features: Target,
    stream: Target,
    features_agent: Agent,
    stream_agent: Agent,
    timeout: Duration,
    max_body_bytes: usize,
    closed: Arc<AtomicBool>,
    /// Whether some answer has come, so that a connection may be kept that the server has given up since.
    answered: AtomicBool,
    offers_streaming: AtomicU8,
    wants_probe: AtomicBool,
}

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
    /// Checks the endpoint. Nothing is sent.
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, ConfigError> {
        let key = &endpoint.client_key;
        if key.is_empty() {
            return Err(ConfigError::MissingClientKey);
        }
        if endpoint.timeout.is_zero() || endpoint.connect_timeout.is_zero() {
            return Err(ConfigError::InvalidTimeout);
        }
        let api_host = match Host::parse(&endpoint.api_host)? {
            Some(host) => host,
            None => Host::growthbook_cloud(),
        };
        let streaming_host = Host::parse(&endpoint.streaming_host)?;
        let streaming_host = streaming_host.unwrap_or_else(|| api_host.clone());
        for host in [&api_host, &streaming_host] {
            if !host.is_https() && !host.is_loopback() && !endpoint.allow_insecure_http {
                return Err(ConfigError::InsecureHost);
            }
        }
        let needs_tls = api_host.is_https() || streaming_host.is_https();
        let tls = tls::tls(&endpoint.root_certificates, needs_tls)?;
        let proxy = agents::proxy(&endpoint.proxy)?;
        let agent = user_agent(&endpoint.user_agent_suffix);
        Ok(Self {
            cache_key: CacheKey::new(api_host.as_str(), key),
            features: Target::features(&api_host, key, &agent, &endpoint.headers)?,
            stream: Target::stream(&streaming_host, key, &agent, &endpoint.streaming_headers)?,
            features_agent: agents::for_features(endpoint, &agent, proxy.clone(), tls.clone()),
            stream_agent: agents::for_streams(endpoint, &agent, proxy, tls),
            timeout: agents::bounded(endpoint.timeout),
            max_body_bytes: endpoint.max_body_bytes,
            closed: Arc::default(),
            answered: AtomicBool::new(false),
            offers_streaming: AtomicU8::new(UNKNOWN),
            wants_probe: AtomicBool::new(false),
        })
    }

    pub(crate) fn cache_key(&self) -> &CacheKey {
        &self.cache_key
    }

    /// Asks for features, or only for others than those that `known` names. It ends within the endpoint's time.
    pub(crate) fn features(&self, known: Option<&Validator>) -> Result<Answer, FetchError> {
        let deadline = Instant::now() + self.timeout;
        let probing = self.wants_probe.load(Ordering::SeqCst) && self.offers_streaming().is_none();
        let known = known.filter(|_| !probing).and_then(sendable);
        let unasked = known.is_none();
        let mut answer = self.ask(known, deadline);
        if unasked && matches!(answer, Ok(Answer::Unchanged)) {
            // A cache on the way mistook the request for somebody else's.
            answer = self.ask(None, deadline);
            if matches!(answer, Ok(Answer::Unchanged)) {
                answer = Err(FetchError::Status {
                    status: 304,
                    retry_after: None,
                });
            }
        }
        answer
    }

    /// Whether the server says that changes can be streamed; `None` as long as no answer said either.
    pub(crate) fn offers_streaming(&self) -> Option<bool> {
        match self.offers_streaming.load(Ordering::SeqCst) {
            UNKNOWN => None,
            known => Some(known == OFFERED),
        }
    }

    /// Makes requests for features unconditional until it is known whether changes can be streamed: an answer that there is
    /// nothing new need not say.
    pub(crate) fn want_probe(&self) {
        self.wants_probe.store(true, Ordering::SeqCst);
    }

    /// Ends the requests and streams that are under way, and refuses new ones. Only a lookup of the host and an attempt to
    /// connect go on, for the time they have.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for agent in [&self.features_agent, &self.stream_agent] {
            agent.clone().shutdown();
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// One request for features, wherever it is redirected to.
    fn ask(&self, known: Option<HeaderValue>, deadline: Instant) -> Result<Answer, FetchError> {
        let started = Instant::now();
        let outcome = self.exchange(known, deadline);
        let label = &self.features.label;
        let took = started.elapsed().as_millis();
        match &outcome {
            Ok(Answer::Payload { bytes, .. }) => {
                log::debug!(target: crate::LOG, "GET {label}: status 200, {} bytes, {took} ms", bytes.len());
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
    ) -> Result<Answer, FetchError> {
        let extra = known.map(|tag| (IF_NONE_MATCH, tag));
        let mut address = self.features.address.clone();
        for hop in 0..=MAX_REDIRECTS {
            let request = self.features.request(&address, extra.clone());
            let response = self.send(request, (hop > 0).then_some(deadline), deadline)?;
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
    fn send(
        &self,
        request: Request<()>,
        limit: Option<Instant>,
        deadline: Instant,
    ) -> Result<Response<Body>, FetchError> {
        let may_be_stale = self.answered.load(Ordering::SeqCst);
        let mut sent = match limit {
            None => self.features_agent.run(request.clone()),
            Some(limit) => self.send_within(request.clone(), limit, false)?,
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

    fn send_within(
        &self,
        request: Request<()>,
        limit: Instant,
        anew: bool,
    ) -> Result<Result<Response<Body>, ureq::Error>, FetchError> {
        let left = limit.saturating_duration_since(Instant::now());
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
        if response::is_encoded(response.headers()) {
            return Err(transport(
                FETCH,
                "the encoding of the answer was not asked for",
            ));
        }
        let validator = response::validator(response.headers());
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
        Ok(Answer::Payload { bytes, validator })
    }

    /// Remembers what an answer says of streaming, or else `otherwise`.
    fn learn(&self, headers: &HeaderMap, otherwise: Option<bool>) {
        let Some(offered) = response::offers_streaming(headers).or(otherwise) else {
            return;
        };
        let known = if offered { OFFERED } else { NOT_OFFERED };
        self.offers_streaming.store(known, Ordering::SeqCst);
    }

    fn failed(&self, error: &ureq::Error, doing: &'static str) -> FetchError {
        if self.is_closed() {
            closed(doing)
        } else {
            failure(error, doing)
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("features", &self.features.label)
            .field("stream", &self.stream.label)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
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

fn closed(doing: &'static str) -> FetchError {
    transport(doing, "it was closed")
}

const FETCH: &str = "fetch features";
const GZIP: [u8; 2] = [0x1F, 0x8B];
const LONGEST_VALIDATOR: usize = 1024;
const MAX_REDIRECTS: usize = 3;

const UNKNOWN: u8 = 0;
const NOT_OFFERED: u8 = 1;
const OFFERED: u8 = 2;
