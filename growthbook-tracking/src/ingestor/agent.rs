//! What requests are made with: deadlines, trust and proxy.

use std::time::Duration;

use ureq::{Agent, Proxy, ProxyProtocol};

use super::address::Address;
use super::{IngestorBuilder, IngestorError, tls};
use crate::guard::say;

/// Which proxy requests go through.
#[derive(Clone)]
pub(super) enum ProxyChoice {
    Environment,
    None,
    Url(String),
}

pub(super) fn agent(builder: &IngestorBuilder, address: &Address) -> Result<Agent, IngestorError> {
    let connect = Some(bounded(builder.connect_timeout));
    let config = Agent::config_builder()
        .accept_encoding("identity")
        .http_status_as_error(false)
        .max_redirects(0)
        .max_response_header_size(64 << 10)
        .proxy(proxy(&builder.proxy, address)?)
        .timeout_connect(connect)
        .timeout_global(Some(bounded(builder.timeout)))
        .timeout_recv_body(Some(BODY))
        .timeout_resolve(connect)
        .user_agent(USER_AGENT);
    let config = tls::trust(config, &builder.root_certificates, address.is_https())?;
    Ok(config.build().new_agent())
}

/// A limit that the time of day can be added to without an overflow.
pub(super) fn bounded(limit: Duration) -> Duration {
    limit.min(Duration::from_secs(24 * 60 * 60))
}

/// The proxy to use. That of the environment is not for this machine: another machine's `localhost` is another one.
fn proxy(choice: &ProxyChoice, address: &Address) -> Result<Option<Proxy>, IngestorError> {
    match choice {
        ProxyChoice::Environment if address.is_loopback() => Ok(None),
        ProxyChoice::Environment => {
            let Some(proxy) = Proxy::try_from_env() else {
                return Ok(None);
            };
            let usable = usable(proxy).ok();
            if usable.is_none() {
                say!(
                    warn,
                    "the proxy in the environment is passed by: it is no http proxy"
                );
            }
            Ok(usable)
        }
        ProxyChoice::None => Ok(None),
        ProxyChoice::Url(url) => {
            let proxy = Proxy::new(url.trim_ascii());
            usable(proxy.map_err(|_| IngestorError::InvalidProxy)?).map(Some)
        }
    }
}

/// Whether the library, as it was built, can use the proxy. Given another one it would panic, or leave it out.
fn usable(proxy: Proxy) -> Result<Proxy, IngestorError> {
    match proxy.protocol() {
        ProxyProtocol::Http => Ok(proxy),
        ProxyProtocol::Https if cfg!(feature = "rustls") => Ok(proxy),
        ProxyProtocol::Https => Err(IngestorError::TlsUnavailable),
        _ => Err(IngestorError::InvalidProxy),
    }
}

/// Known when this crate is compiled, since the environment of a running program is somebody else's.
const USER_AGENT: &str = concat!("growthbook-rust/", env!("CARGO_PKG_VERSION"));

/// Bodies say nothing that is needed: only a connection whose body has ended can be used again.
const BODY: Duration = Duration::from_secs(1);
