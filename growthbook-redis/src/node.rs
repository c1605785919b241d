//! One server: its connections, kept for the next call, and whether it is left alone. A connection that has failed is never
//! used again: the library's blocking connections do not reconnect, and after a timeout an answer may still be on its way.

use std::mem;
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{Client, Connection, ConnectionAddr, ConnectionInfo, RedisConnectionInfo};

use crate::address::elsewhere;
use crate::breaker::Breaker;
use crate::deadline::Deadline;
use crate::error::{Reason, RedisError};
use crate::exchange::{Answer, Exchange, Request};
use crate::login::Login;

pub(crate) struct Node {
    info: ConnectionInfo,
    /// Without what the login says.
    client: Client,
    login: Login,
    /// The one used last on top. Threads that talk at the same time have one each; a few of those are kept.
    idle: Mutex<Idle>,
    breaker: Breaker,
}

#[derive(Default)]
struct Idle {
    /// The process that made them. A copy of it (`fork`) has them as well, and two who read from one connection would get
    /// each other's answers.
    process: u32,
    connections: Vec<Connection>,
}

impl Node {
    pub(crate) fn new(info: ConnectionInfo) -> Result<Self, RedisError> {
        let anonymous = RedisConnectionInfo::default().set_skip_set_lib_name();
        let client = Client::open(info.clone().set_redis_settings(anonymous));
        Ok(Self {
            client: client.map_err(|_| RedisError::new(Reason::NoUrl))?,
            login: Login::new(info.redis_settings()),
            info,
            idle: Mutex::default(),
            breaker: Breaker::new(),
        })
    }

    /// Another node of the same cluster; on the same host, if that is not named.
    pub(crate) fn sibling(&self, host: &str, port: u16) -> ConnectionInfo {
        let host = if host.is_empty() { self.host() } else { host };
        elsewhere(&self.info, host, port)
    }

    pub(crate) fn address(&self) -> &ConnectionAddr {
        self.info.addr()
    }

    fn host(&self) -> &str {
        match self.address() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
            _ => "localhost",
        }
    }

    /// Sends the requests together, if the server is not left alone for now, and gives an answer for each. Over a kept
    /// connection that turns out to be closed, what is not answered goes once more over a new one; after a timeout not.
    ///
    /// `now` is the time of the clock that times the pauses.
    pub(crate) fn exchange(
        &self,
        requests: &[Request<'_>],
        deadline: Deadline,
        now: impl Fn() -> Duration,
    ) -> Vec<Answer> {
        let mut exchange = Exchange::new(requests);
        if let Err(late) = deadline.left() {
            // Which is not this server's fault.
            return exchange.into_answers(RedisError::from(&late));
        }
        let Some(permit) = self.breaker.permit(now()) else {
            return exchange.into_answers(RedisError::new(Reason::LeftAlone));
        };
        let outcome = self.talk(&mut exchange, deadline);
        self.breaker.report(&permit, outcome.is_ok(), now());
        exchange.into_answers(outcome.err().unwrap_or(RedisError::new(Reason::Unexpected)))
    }

    pub(crate) fn is_left_alone(&self, now: Duration) -> bool {
        self.breaker.is_pausing(now)
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.breaker.is_calm()
    }

    fn talk(&self, exchange: &mut Exchange<'_>, deadline: Deadline) -> Result<(), RedisError> {
        let idle = self.idle().connections.pop();
        if let Some(mut connection) = idle {
            let Err(error) = exchange.run(&mut connection, deadline) else {
                self.keep(connection);
                return Ok(());
            };
            // The others are of the same age. If something on the way has forgotten this one, it has forgotten them.
            let stale = mem::take(&mut self.idle().connections);
            drop(stale);
            if !error.is_connection_dropped() || error.is_timeout() {
                return Err(RedisError::from(&error));
            }
        }
        let mut connection = self.connect(deadline)?;
        exchange.run(&mut connection, deadline)?;
        self.keep(connection);
        Ok(())
    }

    fn connect(&self, deadline: Deadline) -> Result<Connection, RedisError> {
        #[cfg(feature = "tls")]
        self.choose_cryptography();
        let mut connection = self.client.get_connection_with_timeout(deadline.left()?)?;
        let requests = self.login.requests();
        if !requests.is_empty() {
            let mut login = Exchange::new(&requests);
            login.run(&mut connection, deadline)?;
            Login::judge(login.into_answers(RedisError::new(Reason::Unexpected)))?;
        }
        Ok(connection)
    }

    /// Without this, TLS panics where the program has compiled in several kinds and chosen none.
    #[cfg(feature = "tls")]
    fn choose_cryptography(&self) {
        let is_tls = matches!(self.address(), ConnectionAddr::TcpTls { .. });
        if is_tls && rustls::crypto::CryptoProvider::get_default().is_none() {
            // An error says that somebody was faster.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.connections.len() < MOST_IDLE {
            idle.connections.push(connection);
        }
    }

    /// Those of this process. Connections are put in and taken out whole.
    fn idle(&self) -> MutexGuard<'_, Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let process = process::id();
        if idle.process != process {
            // Letting go of them here ends none of them there.
            *idle = Idle {
                process,
                connections: Vec::new(),
            };
        }
        idle
    }
}

const MOST_IDLE: usize = 8;
