//! Connections, kept for the next call. One that has failed is never used again: the library's blocking connections do not
//! reconnect, and after a timeout an answer may still be on its way.

use std::io;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::io::tcp::TcpSettings;
use redis::{
    Client, Connection, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError, RedisResult,
};

/// Idle connections, the one used last on top. Threads that talk at the same time have one each; a few of those are kept.
pub(super) struct Pool {
    client: Client,
    idle: Mutex<Vec<Connection>>,
}

/// A connection for one call, and how long it may take.
pub(super) struct Link {
    connection: Connection,
    deadline: Deadline,
}

#[derive(Clone, Copy)]
struct Deadline {
    started: Instant,
    limit: Duration,
}

impl Pool {
    pub(super) fn new(url: &str) -> Result<Self, &'static str> {
        let info = url.into_connection_info();
        let info = info.map_err(|_| NO_URL)?;
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        Ok(Self {
            client: Client::open(info).map_err(|_| NO_URL)?,
            idle: Mutex::default(),
        })
    }

    /// Talks over an idle connection, or a new one. If the idle one turns out to be closed, `talk` is called once more with
    /// a new one: it must bear that. After a timeout it is not.
    pub(super) fn with<T>(
        &self,
        limit: Duration,
        mut talk: impl FnMut(&mut Link) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let started = Instant::now();
        let deadline = Deadline { started, limit };
        let idle = self.idle().pop();
        if let Some(connection) = idle {
            let mut link = Link {
                connection,
                deadline,
            };
            let result = talk(&mut link);
            match &result {
                Err(error) if error.is_connection_dropped() && !error.is_timeout() => {
                    // The others are of the same age.
                    let stale = mem::take(&mut *self.idle());
                    drop(stale);
                }
                _ => return self.finished(link, result),
            }
        }
        let mut link = self.connect(deadline)?;
        let result = talk(&mut link);
        self.finished(link, result)
    }

    fn connect(&self, deadline: Deadline) -> RedisResult<Link> {
        #[cfg(feature = "redis-tls")]
        self.choose_cryptography();
        let connection = self.client.get_connection_with_timeout(deadline.left()?)?;
        Ok(Link {
            connection,
            deadline,
        })
    }

    /// Without this, TLS panics where the program has compiled in several kinds and chosen none.
    #[cfg(feature = "redis-tls")]
    fn choose_cryptography(&self) {
        let address = self.client.get_connection_info().addr();
        let is_tls = matches!(address, redis::ConnectionAddr::TcpTls { .. });
        if is_tls && rustls::crypto::CryptoProvider::get_default().is_none() {
            // An error says that somebody was faster.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    }

    fn finished<T>(&self, link: Link, result: RedisResult<T>) -> RedisResult<T> {
        if result.is_ok() {
            let mut idle = self.idle();
            if idle.len() < MOST_IDLE {
                idle.push(link.connection);
            }
        }
        result
    }

    /// Connections are put in and taken out whole.
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// What the server says to each of these commands.
    pub(super) fn query<T: FromRedisValue>(
        &mut self,
        pipeline: &Pipeline,
    ) -> RedisResult<Vec<RedisResult<T>>> {
        let left = self.deadline.left()?;
        self.connection.set_read_timeout(Some(left))?;
        self.connection.set_write_timeout(Some(left))?;
        pipeline.query(&mut self.connection)
    }
}

impl Deadline {
    fn left(self) -> RedisResult<Duration> {
        let left = self.limit.checked_sub(self.started.elapsed());
        let left = left.filter(|left| !left.is_zero());
        left.ok_or_else(|| RedisError::from(io::Error::from(io::ErrorKind::TimedOut)))
    }
}

const NO_URL: &str = "this is no URL of a Redis, or one of a kind that was not compiled in";
const MOST_IDLE: usize = 8;
