//! What is said of a failure: words of our own, since those of others may hold keys, addresses or a password.

use redis::{ErrorKind, ServerError, ServerErrorKind};

/// Why a command has no reply. It names no address, no key and no password.
///
/// # Example
///
/// ```
/// use growthbook_redis::{Command, Redis};
///
/// let nowhere = Redis::new("redis://127.0.0.1:1/")?;
/// let error = nowhere.call().query(&Command::new("PING")).unwrap_err();
/// assert_eq!(error.to_string(), "the connection was refused");
/// assert!(error.is_transient());
/// # Ok::<(), growthbook_redis::RedisError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.words())]
pub struct RedisError(Reason);

impl RedisError {
    pub(crate) fn new(reason: Reason) -> Self {
        Self(reason)
    }

    /// Whether the same command can work later with nothing changed but the server's condition: it was not reached, did not
    /// answer in time, is left alone, is loading, out of memory or read-only, or its cluster is changing. Otherwise it was
    /// refused for what it is, or who sent it.
    ///
    /// After a timeout or a lost connection the command may have been run all the same.
    pub fn is_transient(&self) -> bool {
        !matches!(
            self.0,
            Reason::CrossSlot
                | Reason::LoginRefused
                | Reason::NoCertificate
                | Reason::NoCluster
                | Reason::NoPermission
                | Reason::NoUrl
                | Reason::PasswordWanted
                | Reason::Rejected
                | Reason::Unexpected
                | Reason::Untrusted
                | Reason::UserRefused
                | Reason::WrongType
        )
    }

    pub(crate) fn reason(self) -> Reason {
        self.0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    ClusterDown,
    ConnectionRefused,
    CrossSlot,
    LeftAlone,
    Loading,
    LoginRefused,
    Lost,
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "without TLS there are none")
    )]
    NoCertificate,
    NoCluster,
    NoPermission,
    NoUrl,
    OutOfMemory,
    PasswordWanted,
    ReadOnly,
    Redirected,
    Rejected,
    SlotMoving,
    TimedOut,
    Unexpected,
    Unsaved,
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "without TLS nobody is checked")
    )]
    Untrusted,
    UserRefused,
    WrongType,
}

impl Reason {
    fn words(self) -> &'static str {
        match self {
            Self::ClusterDown => "its cluster is down",
            Self::ConnectionRefused => "the connection was refused",
            Self::CrossSlot => "the keys of one command belong to several nodes of a cluster",
            Self::LeftAlone => "it has failed several times and is left alone for a while",
            Self::Loading => "it is loading its data",
            Self::LoginRefused => "it refused the login, or the database of the URL",
            Self::Lost => "the connection failed or was lost",
            Self::NoCertificate => "what was given as certificates are none",
            Self::NoCluster => "several hosts are named, but it is no cluster",
            Self::NoPermission => "the user may not do that",
            Self::NoUrl => "this is no URL of a Redis, or one of a kind that was not compiled in",
            Self::OutOfMemory => "it is out of memory",
            Self::PasswordWanted => "it wants a password",
            Self::ReadOnly => "it takes no writes",
            Self::Redirected => "it was redirected too often",
            Self::Rejected => "it refused the command",
            Self::SlotMoving => "the keys are just being moved to another node of the cluster",
            Self::TimedOut => "no answer in time",
            Self::Unexpected => "it answered what was not expected",
            Self::Unsaved => "it takes no writes, since it cannot save to disk",
            Self::Untrusted => "its certificate is not trusted, or of another host, or out of date",
            Self::UserRefused => "the user or the password was refused",
            Self::WrongType => "the key holds something that is no text",
        }
    }

    /// Whether another node may serve the command instead, if there is time.
    pub(crate) fn is_of_node(self) -> bool {
        matches!(
            self,
            Self::ConnectionRefused | Self::LeftAlone | Self::Lost | Self::TimedOut
        )
    }
}

impl From<redis::RedisError> for RedisError {
    fn from(error: redis::RedisError) -> Self {
        Self::from(&error)
    }
}

impl From<&redis::RedisError> for RedisError {
    fn from(error: &redis::RedisError) -> Self {
        if error.is_timeout() {
            return Self(Reason::TimedOut);
        }
        if error.is_connection_refusal() {
            return Self(Reason::ConnectionRefused);
        }
        #[cfg(feature = "tls")]
        if crate::tls::is_about_certificate(error) {
            return Self(Reason::Untrusted);
        }
        Self(match error.kind() {
            ErrorKind::AuthenticationFailed => Reason::UserRefused,
            ErrorKind::Io => Reason::Lost,
            ErrorKind::Server(kind) => known(kind),
            ErrorKind::Extension => named(error.code().unwrap_or_default()),
            _ => Reason::Unexpected,
        })
    }
}

impl From<&ServerError> for RedisError {
    fn from(error: &ServerError) -> Self {
        Self(error.kind().map_or_else(|| named(error.code()), known))
    }
}

fn known(kind: ServerErrorKind) -> Reason {
    match kind {
        ServerErrorKind::Ask | ServerErrorKind::Moved => Reason::Redirected,
        ServerErrorKind::BusyLoading => Reason::Loading,
        ServerErrorKind::ClusterDown | ServerErrorKind::MasterDown => Reason::ClusterDown,
        ServerErrorKind::CrossSlot => Reason::CrossSlot,
        ServerErrorKind::NoPerm => Reason::NoPermission,
        ServerErrorKind::ReadOnly => Reason::ReadOnly,
        ServerErrorKind::TryAgain => Reason::SlotMoving,
        _ => Reason::Rejected,
    }
}

fn named(code: &str) -> Reason {
    match code {
        "MISCONF" => Reason::Unsaved,
        "NOAUTH" => Reason::PasswordWanted,
        "OOM" => Reason::OutOfMemory,
        "WRONGPASS" => Reason::UserRefused,
        "WRONGTYPE" => Reason::WrongType,
        _ => Reason::Rejected,
    }
}
