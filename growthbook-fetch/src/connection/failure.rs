//! What went wrong on the way, in words of our own: those of the HTTP library may hold addresses, and with them keys.

use std::io::{self, ErrorKind};

use growthbook_core::{BackendError, FetchError};

/// A failure of the transport, which happened while `doing`.
pub(super) fn failure(error: &ureq::Error, doing: &'static str) -> FetchError {
    match error {
        ureq::Error::Timeout(_) => FetchError::TimedOut,
        ureq::Error::Io(error) if is_untrusted(error) => FetchError::Untrusted,
        error => transport(doing, words(error)),
    }
}

pub(super) fn transport(doing: &'static str, words: &'static str) -> FetchError {
    FetchError::Transport(BackendError::new("http", doing, words))
}

/// Whether the other side ended a connection without an answer, as servers do to one that was idle for too long.
pub(super) fn is_dropped(error: &ureq::Error) -> bool {
    matches!(
        error,
        ureq::Error::Io(error) if matches!(
            error.kind(),
            ErrorKind::BrokenPipe
                | ErrorKind::ConnectionAborted
                | ErrorKind::ConnectionReset
                | ErrorKind::UnexpectedEof
        )
    )
}

/// Whether a read of a body ended because nothing came for too long, and not because the connection broke.
pub(crate) fn is_idle(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|it| it.downcast_ref());
    matches!(inner, Some(ureq::Error::Timeout(_)))
}

/// TLS libraries report through `io::Error`, and the type within is none that we may name.
fn is_untrusted(error: &io::Error) -> bool {
    let inner = error.get_ref().map(ToString::to_string);
    error.kind() == ErrorKind::InvalidData
        && inner.is_some_and(|it| it.starts_with("invalid peer certificate"))
}

fn words(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "the address cannot be requested",
        ureq::Error::ConnectProxyFailed(_) => "the proxy did not connect",
        ureq::Error::Decompress(_, error) => match io_words(error) {
            Some(words) => words,
            None => "the gzip encoding is broken",
        },
        ureq::Error::HostNotFound => UNKNOWN_HOST,
        ureq::Error::Io(error) => io_words(error).unwrap_or("the connection failed"),
        ureq::Error::LargeResponseHeader(..) => "the headers of the answer are too long",
        ureq::Error::Protocol(_) => "the answer is not HTTP",
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => NO_TLS,
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(_) => NO_TLS,
        _ => "the exchange failed",
    }
}

fn io_words(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Some("the connection was refused"),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
            Some("the connection was reset")
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Some("there is no way to the host")
        }
        ErrorKind::InvalidData if error.raw_os_error().is_none() => Some(NO_TLS),
        ErrorKind::UnexpectedEof => Some("the answer was cut off"),
        // The standard library has no kind for it.
        _ if error.to_string().starts_with("failed to lookup address") => Some(UNKNOWN_HOST),
        _ => None,
    }
}

const NO_TLS: &str = "the TLS handshake failed";
const UNKNOWN_HOST: &str = "the host is not known";
