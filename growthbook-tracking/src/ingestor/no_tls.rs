//! What stands in for TLS in a program that was built without.

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use super::IngestorError;

/// Nobody is trusted, which does only if nobody need be.
pub(super) fn trust(
    config: ConfigBuilder<AgentScope>,
    _: &[Vec<u8>],
    is_needed: bool,
) -> Result<ConfigBuilder<AgentScope>, IngestorError> {
    if is_needed {
        return Err(IngestorError::TlsUnavailable);
    }
    Ok(config)
}
