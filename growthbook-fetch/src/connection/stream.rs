//! Opening a stream of changes.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use growthbook_core::FetchError;
use ureq::Body;
use ureq::http::{HeaderName, HeaderValue, Request, Response};

use super::body::StreamBody;
use super::failure::{failure, transport};
use super::{Connection, MAX_REDIRECTS, closed, is_idle, redirect};
use crate::response::{self, Verdict, judge};

/// A stream that the server has begun.
pub(crate) struct Opened {
    /// The events, as they come. A read fails when nothing came for too long, which [`is_idle`](super::is_idle) tells from
    /// a connection that broke, and when the connection is closed from here; an end is one that the server made.
    pub(crate) body: Box<dyn Read + Send>,
}

/// Why there is no stream.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The connection was closed from here.
    Closed,
    /// The server answered with something else than events.
    NotAnEventStream,
    /// The server answered with another status than 200.
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// The server was not reached, or not in time, or redirects where nobody follows.
    Unreachable(FetchError),
}

impl Refused {
    /// The same, for those who are told of errors.
    pub(crate) fn into_error(self) -> FetchError {
        match self {
            Self::Closed => closed(OPEN),
            Self::NotAnEventStream => transport(OPEN, "the answer is no stream of events"),
            Self::Status {
                status: status @ (401 | 403),
                ..
            } => FetchError::Unauthorized { status },
            Self::Status {
                status,
                retry_after,
            } => FetchError::Status {
                status,
                retry_after,
            },
            Self::Unreachable(error) => error,
        }
    }
}

impl Connection {
    /// Opens the stream of changes, after the event that `last_event_id` names. It waits for the head of the answer only.
    pub(crate) fn open_stream(&self, last_event_id: Option<&str>) -> Result<Opened, Refused> {
        let outcome = self.opened(last_event_id);
        let label = &self.stream.label;
        match &outcome {
            Ok(_) => log::debug!(target: crate::LOG, "GET {label}: status 200, open"),
            Err(refused) => log::debug!(target: crate::LOG, "GET {label}: {refused}"),
        }
        outcome
    }

    fn opened(&self, last_event_id: Option<&str>) -> Result<Opened, Refused> {
        let extra = last_event_id
            .and_then(event_id)
            .map(|id| (LAST_EVENT_ID, id));
        let deadline = Instant::now() + self.timeout;
        let mut address = self.stream.address.clone();
        for hop in 0..=MAX_REDIRECTS {
            let request = self.stream.request(&address, extra.clone());
            let sent = if hop == 0 {
                self.stream_agent.run(request)
            } else {
                self.follow(request, deadline)?
            };
            let response = sent.map_err(|error| {
                if self.is_closed() {
                    return Refused::Closed;
                }
                Refused::Unreachable(self.failed(&error, OPEN))
            })?;
            let status = response.status().as_u16();
            let location = match judge(status, response.headers(), SystemTime::now()) {
                Verdict::Body => return self.begun(response),
                Verdict::Failed(error) => {
                    let retry_after = error.retry_after();
                    return Err(Refused::Status {
                        status,
                        retry_after,
                    });
                }
                Verdict::Moved(location) => location,
                Verdict::Unchanged => {
                    return Err(Refused::Status {
                        status,
                        retry_after: None,
                    });
                }
            };
            let followed = redirect::followed(&address, &location);
            address = followed.ok_or(Refused::Unreachable(FetchError::Redirected))?;
        }
        Err(Refused::Unreachable(FetchError::Redirected))
    }

    /// Asks where the stream was redirected to, for an answer in what is left of the time.
    fn follow(
        &self,
        request: Request<()>,
        deadline: Instant,
    ) -> Result<Result<Response<Body>, ureq::Error>, Refused> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Refused::Unreachable(FetchError::TimedOut));
        }
        let config = self.stream_agent.configure_request(request);
        let config = config.timeout_recv_response(Some(left));
        Ok(self.stream_agent.run(config.build()))
    }

    fn begun(&self, response: Response<Body>) -> Result<Opened, Refused> {
        let headers = response.headers();
        // A gzip is decoded by the HTTP library, which leaves no trace of it. Nothing is lost by that but time.
        if !response::is_event_stream(headers) || response::is_encoded(headers) {
            return Err(Refused::NotAnEventStream);
        }
        Ok(Opened {
            body: Box::new(StreamBody {
                reader: response.into_body().into_reader(),
                closed: Arc::clone(&self.closed),
            }),
        })
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("it was closed"),
            Self::NotAnEventStream => f.write_str("the answer is no stream of events"),
            Self::Status { status, .. } => write!(f, "status {status}"),
            Self::Unreachable(error) => error.fmt(f),
        }
    }
}

/// Why a stream that was open ended, in our own words.
pub(crate) fn broken(error: io::Error) -> FetchError {
    if is_idle(&error) {
        return FetchError::TimedOut;
    }
    failure(&error.into(), READ)
}

/// What came over the stream could not be used, several times in a row.
pub(crate) fn unusable() -> FetchError {
    transport(READ, "what comes over it cannot be used")
}

/// The id as a header, without the spaces around it that GrowthBook's proxy sends; `None` if it cannot be one.
fn event_id(id: &str) -> Option<HeaderValue> {
    let id = id.trim_matches(' ');
    if id.is_empty() || id.len() > LONGEST_EVENT_ID || id.contains(char::is_control) {
        return None;
    }
    HeaderValue::from_bytes(id.as_bytes()).ok()
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const LONGEST_EVENT_ID: usize = 256;
const OPEN: &str = "open the stream";
const READ: &str = "read the stream";
