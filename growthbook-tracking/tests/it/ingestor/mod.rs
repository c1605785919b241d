//! Answers, connections and secrets, over real sockets.

mod answers;
mod collector;
mod connections;
mod faults;
mod javascript;
mod secrets;
#[cfg(feature = "rustls")]
mod tls;

use growthbook_testkit::Server;
use growthbook_tracking::{DeliveryError, EventSink, Ingestor, IngestorBuilder, IngestorError};

pub(crate) use self::collector::Collector;
use crate::records::{batch, logged};

const KEY: &str = "sdk-canary-key";

fn builder(server: &Server) -> IngestorBuilder {
    Ingestor::builder(KEY).ingestor_host(server.url())
}

fn ingestor(server: &Server) -> Ingestor {
    builder(server).build().unwrap()
}

fn deliver(ingestor: &mut Ingestor) -> Result<(), DeliveryError> {
    ingestor.deliver(&batch(&logged(&["event"])))
}

/// What the error is, and why.
fn words(error: &DeliveryError) -> (String, String) {
    let why = std::error::Error::source(error).unwrap();
    (error.to_string(), why.to_string())
}

#[test]
fn what_cannot_be_is_said_at_once() {
    let built = |builder: IngestorBuilder| builder.build().err();
    let of = |key: &str| Ingestor::builder(key);
    for (builder, error) in [
        (of(""), IngestorError::MissingClientKey),
        (of(" \n"), IngestorError::MissingClientKey),
        (of("k").ingestor_host("ftp://h"), IngestorError::InvalidHost),
        (
            of("k").ingestor_host("https://u:p@h"),
            IngestorError::InvalidHost,
        ),
        (
            of("k").ingestor_host("http://h.example"),
            IngestorError::InsecureHost,
        ),
        (
            of("k").ingestor_host("http://0.0.0.0"),
            IngestorError::InsecureHost,
        ),
        (
            of("k").timeout(std::time::Duration::ZERO),
            IngestorError::InvalidTimeout,
        ),
        (
            of("k").connect_timeout(std::time::Duration::ZERO),
            IngestorError::InvalidTimeout,
        ),
        (
            local("k").proxy("socks5://p:1"),
            IngestorError::InvalidProxy,
        ),
        (local("k").proxy(""), IngestorError::InvalidProxy),
    ] {
        assert_eq!(built(builder), Some(error));
    }
    let allowed = of("k")
        .ingestor_host("http://h.example")
        .allow_insecure_http();
    assert_eq!(built(allowed), None);
    let expected = (!cfg!(feature = "rustls")).then_some(IngestorError::TlsUnavailable);
    assert_eq!(Ingestor::new("k").err(), expected);
}

fn local(key: &str) -> IngestorBuilder {
    Ingestor::builder(key).ingestor_host("http://localhost:1")
}
