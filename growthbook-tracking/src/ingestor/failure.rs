//! What went wrong, in words of our own: those of the HTTP library may hold addresses, and with them the key.

use std::io::{self, ErrorKind};

/// Why a request was not answered, or what the answer was.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Failure {
    #[error("the server redirects to where no events are sent")]
    Redirected,
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("there was no answer in time")]
    TimedOut,
    #[error("{0}")]
    Transport(&'static str),
}

impl From<&ureq::Error> for Failure {
    fn from(error: &ureq::Error) -> Self {
        Self::Transport(match error {
            ureq::Error::Timeout(_) => return Self::TimedOut,
            ureq::Error::ConnectProxyFailed(_) => "the proxy did not connect",
            ureq::Error::HostNotFound => UNKNOWN_HOST,
            ureq::Error::Io(error) => io_words(error),
            ureq::Error::LargeResponseHeader(..) | ureq::Error::Protocol(_) => {
                "the answer is not HTTP, or its headers are too long"
            }
            ureq::Error::Tls(_) | ureq::Error::TlsRequired => NO_TLS,
            #[cfg(feature = "rustls")]
            ureq::Error::Rustls(_) => NO_TLS,
            _ => "the exchange failed",
        })
    }
}

/// Whether the other side ended a connection without an answer, as servers do to one that was idle for too long.
pub(super) fn is_dropped(error: &ureq::Error) -> bool {
    let ureq::Error::Io(error) = error else {
        return false;
    };
    let kind = error.kind();
    kind == ErrorKind::UnexpectedEof || is_reset(kind)
}

fn is_reset(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset)
}

fn io_words(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionRefused => "the connection was refused",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "there is no way to the host",
        // TLS reports so.
        ErrorKind::InvalidData if error.raw_os_error().is_none() => NO_TLS,
        ErrorKind::UnexpectedEof => "the answer was cut off",
        kind if is_reset(kind) => "the connection was reset",
        // The standard library has no kind for it.
        _ if error.to_string().starts_with("failed to lookup address") => UNKNOWN_HOST,
        _ => "the connection failed",
    }
}

const NO_TLS: &str = "no TLS could be agreed on";
const UNKNOWN_HOST: &str = "the host is not known";
