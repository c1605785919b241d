//! Requests to one endpoint, and what becomes of them.

mod agents;
mod body;
mod evaluation;
mod failure;
mod features;
mod redirect;
mod stream;
mod target;
#[cfg(test)]
mod tests;
#[cfg_attr(not(feature = "rustls"), path = "no_tls.rs")]
mod tls;

use std::fmt;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use growthbook_core::{CacheKey, FetchError};
use ureq::Agent;
use ureq::http::HeaderMap;

use self::failure::{failure, is_idle, transport};
pub(crate) use self::features::Answer;
pub(crate) use self::stream::{Refused, broken, unusable};
use self::target::{Target, user_agent};
use crate::config::ConfigError;
use crate::endpoint::Endpoint;
use crate::host::Host;
use crate::response;

/// The addresses of an endpoint, ready for requests from any thread.
///
/// Features and streams have an agent each, since the one must end within a time and the other need not. Both are made
/// here and no more later, so [`close`](Self::close) cannot miss one.
pub(crate) struct Connection {
    cache_key: CacheKey,
    evaluation: Target,
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
    is_cloud: bool,
    /// The process that this was made in.
    process: u32,
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
        let on_the_way = |host| proxy.clone().filter(|_| endpoint.proxy.is_for(host));
        let agent = user_agent(&endpoint.user_agent_suffix);
        Ok(Self {
            cache_key: CacheKey::new(api_host.as_str(), key),
            evaluation: Target::evaluation(&api_host, key, &agent, &endpoint.headers)?,
            features: Target::features(&api_host, key, &agent, &endpoint.headers)?,
            stream: Target::stream(&streaming_host, key, &agent, &endpoint.streaming_headers)?,
            features_agent: agents::for_features(
                endpoint,
                &agent,
                on_the_way(&api_host),
                tls.clone(),
            ),
            stream_agent: agents::for_streams(endpoint, &agent, on_the_way(&streaming_host), tls),
            timeout: agents::bounded(endpoint.timeout),
            max_body_bytes: endpoint.max_body_bytes,
            closed: Arc::default(),
            answered: AtomicBool::new(false),
            offers_streaming: AtomicU8::new(UNKNOWN),
            wants_probe: AtomicBool::new(false),
            is_cloud: api_host.is_cloud(),
            process: process::id(),
        })
    }

    pub(crate) fn cache_key(&self) -> &CacheKey {
        &self.cache_key
    }

    /// Whether it leads to the hosted GrowthBook.
    pub(crate) fn is_cloud(&self) -> bool {
        self.is_cloud
    }

    pub(crate) fn max_body_bytes(&self) -> usize {
        self.max_body_bytes
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
    ///
    /// In a copy of the process it ends nothing: what it knows of is the other one's, for whom it would end as well.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if self.is_copy() {
            return;
        }
        for agent in [&self.features_agent, &self.stream_agent] {
            agent.clone().shutdown();
        }
    }

    /// Whether this is a copy (`fork`) of the process that it was made in. The connections that are kept are there as well,
    /// and two who read from one would get each other's answers.
    fn is_copy(&self) -> bool {
        self.process != process::id()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
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

fn closed(doing: &'static str) -> FetchError {
    transport(doing, "it was closed")
}

const MAX_REDIRECTS: usize = 3;

const UNKNOWN: u8 = 0;
const NOT_OFFERED: u8 = 1;
const OFFERED: u8 = 2;
