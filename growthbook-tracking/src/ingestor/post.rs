//! Posting a body, and hearing what became of it.

use std::io::{self, Read};
use std::time::{Duration, Instant, SystemTime};

use ureq::http::header::{ACCEPT, CONTENT_TYPE};
use ureq::http::{Request, Response, Uri};
use ureq::{Agent, Body};

use super::address::Address;
use super::answer::{Verdict, judge};
use super::failure::{Failure, is_dropped};
use crate::DeliveryError;
use crate::guard::say;

/// Posts bodies to one address, one at a time. Connections are kept for the next.
pub(super) struct Post {
    agent: Agent,
    address: Address,
    content_type: &'static str,
    /// What the agent allows a request.
    timeout: Duration,
    /// Whether some answer has come, so that a connection may be kept that the server has given up since.
    answered: bool,
}

impl Post {
    pub(super) fn new(
        agent: Agent,
        address: Address,
        content_type: &'static str,
        timeout: Duration,
    ) -> Self {
        Self {
            agent,
            address,
            content_type,
            timeout,
            answered: false,
        }
    }

    /// The address, without the key.
    pub(super) fn label(&self) -> &str {
        &self.address.label
    }

    /// Posts a body of so many events, within `limit`.
    pub(super) fn send(
        &mut self,
        body: &[u8],
        events: usize,
        limit: Duration,
    ) -> Result<(), DeliveryError> {
        let time = Time {
            started: Instant::now(),
            limit: limit.min(self.timeout),
        };
        let sent = self.exchange(body, time);
        let (label, bytes) = (self.label(), body.len());
        let took = time.started.elapsed().as_millis();
        match &sent {
            Ok(status) => {
                say!(
                    debug,
                    "POST {label}: status {status}, {events} events, {bytes} bytes, {took} ms"
                );
            }
            Err(error) => {
                let why = std::error::Error::source(error);
                let why = why.map(ToString::to_string).unwrap_or_default();
                say!(
                    debug,
                    "POST {label}: {why}, {events} events, {bytes} bytes, {took} ms"
                );
            }
        }
        sent.map(drop)
    }

    fn exchange(&mut self, body: &[u8], time: Time) -> Result<u16, DeliveryError> {
        let mut uri = self.address.uri.clone();
        for hop in 0..=MAX_REDIRECTS {
            let answered = self.answer(&uri, body, time, hop == 0);
            let response = answered.map_err(DeliveryError::unavailable)?;
            let status = response.status().as_u16();
            let (head, rest) = response.into_parts();
            // A connection whose body was read to its end is used again. What it says is for people.
            let mut rest = rest.into_reader().take(MOST_BODY);
            let _ = io::copy(&mut rest, &mut io::sink());
            let location = match judge(status, &head.headers, SystemTime::now()) {
                Verdict::Delivered => return Ok(status),
                Verdict::Failed(error) => return Err(error),
                Verdict::Moved(location) => location,
            };
            let next = self.address.followed(&uri, location);
            uri = next.ok_or_else(|| DeliveryError::refused(Failure::Redirected))?;
        }
        Err(DeliveryError::refused(Failure::Redirected))
    }

    /// Sends a request, and once more over a new connection if the server had given up the one that was kept: that is nobody's
    /// failure, and nothing to wait for.
    ///
    /// The agent itself limits a first request, so that it may keep what it prepared for TLS; any other has what is left.
    fn answer(
        &mut self,
        uri: &Uri,
        body: &[u8],
        time: Time,
        is_first: bool,
    ) -> Result<Response<Body>, Failure> {
        let request = self
            .request(uri, body)
            .map_err(|error| Failure::from(&error))?;
        let mut answer = if is_first && time.limit == self.timeout {
            self.agent.run(request.clone())
        } else {
            let config = self.agent.configure_request(request.clone());
            let config = config.timeout_global(Some(time.left()?));
            self.agent.run(config.build())
        };
        if self.answered && answer.as_ref().is_err_and(is_dropped) {
            let config = self.agent.configure_request(request);
            let config = config.timeout_global(Some(time.left()?));
            let config = config.max_idle_age(Duration::ZERO);
            answer = self.agent.run(config.build());
        }
        self.answered |= answer.is_ok();
        answer.map_err(|error| Failure::from(&error))
    }

    fn request<'b>(&self, uri: &Uri, body: &'b [u8]) -> Result<Request<&'b [u8]>, ureq::Error> {
        let request = Request::post(uri)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, self.content_type);
        Ok(request.body(body)?)
    }
}

/// How long a delivery may take, and since when it does.
#[derive(Clone, Copy)]
struct Time {
    started: Instant,
    limit: Duration,
}

impl Time {
    fn left(self) -> Result<Duration, Failure> {
        let left = self.limit.checked_sub(self.started.elapsed());
        left.filter(|left| !left.is_zero()).ok_or(Failure::TimedOut)
    }
}

const MAX_REDIRECTS: usize = 3;
const MOST_BODY: u64 = 64 << 10;
