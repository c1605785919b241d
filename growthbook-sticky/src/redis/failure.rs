//! What is said of a failure: words of our own, since those of others may hold keys, addresses or a password.

use redis::{ErrorKind, RedisError, ServerErrorKind};

pub(super) const BACKEND: &str = "redis";

pub(super) fn words(error: &RedisError) -> &'static str {
    if error.is_timeout() {
        return "no answer in time";
    }
    if error.is_connection_refusal() {
        return "the connection was refused";
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed => "the user or the password was refused",
        ErrorKind::Io => "the connection failed or was lost",
        ErrorKind::Server(kind) => said_by_server(kind),
        ErrorKind::Extension => match error.code() {
            Some("NOAUTH") => "it wants a password",
            Some("WRONGPASS") => "the user or the password was refused",
            Some("WRONGTYPE") => WRONG_TYPE,
            Some("OOM") => "it is out of memory",
            Some("MISCONF") => "it takes no writes, since it cannot save to disk",
            _ => REFUSED,
        },
        _ => "it answered what was not expected",
    }
}

fn said_by_server(kind: ServerErrorKind) -> &'static str {
    match kind {
        ServerErrorKind::BusyLoading => "it is loading its data",
        ServerErrorKind::ClusterDown | ServerErrorKind::MasterDown => "its cluster is down",
        ServerErrorKind::CrossSlot | ServerErrorKind::Moved | ServerErrorKind::Ask => {
            "it is a node of a cluster"
        }
        ServerErrorKind::NoPerm => "the user may not do that",
        ServerErrorKind::ReadOnly => "it takes no writes",
        _ => REFUSED,
    }
}

const REFUSED: &str = "it refused the command";
const WRONG_TYPE: &str = "the key holds something that is no text";
