//! What stands in for TLS in a program that was built without.

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use crate::config::ConfigError;

#[derive(Clone)]
pub(super) struct Tls;

/// Nobody is trusted, which does only if nobody need be.
pub(super) fn tls(_: &[Vec<u8>], needed: bool) -> Result<Tls, ConfigError> {
    if needed {
        return Err(ConfigError::TlsUnavailable);
    }
    Ok(Tls)
}

pub(super) fn trust(config: ConfigBuilder<AgentScope>, _: Tls) -> ConfigBuilder<AgentScope> {
    config
}
