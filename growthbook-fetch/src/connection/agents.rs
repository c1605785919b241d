//! What requests are made with: deadlines, trust and proxy.

use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;
use ureq::{Agent, Proxy, ProxyProtocol};

use super::tls::{Tls, trust};
use crate::config::ConfigError;
use crate::endpoint::{Endpoint, ProxyChoice};

/// An agent for requests that end within the time that they have.
pub(super) fn for_features(
    endpoint: &Endpoint,
    user_agent: &str,
    proxy: Option<Proxy>,
    tls: Tls,
) -> Agent {
    let limits = common(endpoint, user_agent, proxy, tls);
    limits
        .timeout_global(Some(bounded(endpoint.timeout)))
        .build()
        .new_agent()
}

/// An agent for answers that go on for as long as something comes.
pub(super) fn for_streams(
    endpoint: &Endpoint,
    user_agent: &str,
    proxy: Option<Proxy>,
    tls: Tls,
) -> Agent {
    let idle = endpoint.stream_idle_timeout;
    let limits = common(endpoint, user_agent, proxy, tls);
    limits
        .timeout_per_read((!idle.is_zero()).then(|| bounded(idle)))
        .max_idle_connections(0)
        .build()
        .new_agent()
}

fn common(
    endpoint: &Endpoint,
    user_agent: &str,
    proxy: Option<Proxy>,
    tls: Tls,
) -> ConfigBuilder<AgentScope> {
    let connect = Some(bounded(endpoint.connect_timeout));
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_response_header_size(64 << 10)
        .proxy(proxy)
        .timeout_connect(connect)
        .timeout_recv_response(Some(bounded(endpoint.timeout)))
        .timeout_resolve(connect)
        .timeout_send_request(Some(bounded(endpoint.timeout)))
        // For the proxy: requests bring their own.
        .user_agent(user_agent);
    trust(config, tls)
}

/// A limit that the time of day can be added to without an overflow.
pub(super) fn bounded(limit: Duration) -> Duration {
    limit.min(Duration::from_secs(24 * 60 * 60))
}

/// The proxy to use; `None` for none.
pub(super) fn proxy(choice: &ProxyChoice) -> Result<Option<Proxy>, ConfigError> {
    match choice {
        ProxyChoice::Environment => {
            let proxy = Proxy::try_from_env();
            let usable = proxy.clone().filter(|proxy| check(proxy).is_ok());
            if proxy.is_some() && usable.is_none() {
                log::warn!(target: crate::LOG, "the proxy in the environment is passed by: it is no http proxy");
            }
            Ok(usable)
        }
        ProxyChoice::None => Ok(None),
        ProxyChoice::Url(url) => {
            let proxy = Proxy::new(url.trim_ascii()).map_err(|_| ConfigError::InvalidProxy)?;
            check(&proxy)?;
            Ok(Some(proxy))
        }
    }
}

/// Whether the library, as it was built, can use the proxy. Given another one it would panic, or leave it out.
fn check(proxy: &Proxy) -> Result<(), ConfigError> {
    match proxy.protocol() {
        ProxyProtocol::Http => Ok(()),
        ProxyProtocol::Https if cfg!(feature = "rustls") => Ok(()),
        ProxyProtocol::Https => Err(ConfigError::TlsUnavailable),
        _ => Err(ConfigError::InvalidProxy),
    }
}
