//! Whom to trust.

use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::typestate::AgentScope;

use super::IngestorError;

/// Trusts the authorities of these certificates, or if there are none, those that Mozilla trusts.
pub(super) fn trust(
    config: ConfigBuilder<AgentScope>,
    certificates: &[Vec<u8>],
    _: bool,
) -> Result<ConfigBuilder<AgentScope>, IngestorError> {
    let mut roots = Vec::new();
    for pem in certificates {
        let before = roots.len();
        for item in parse_pem(pem) {
            match item {
                Ok(PemItem::Certificate(certificate)) if is_certificate(&certificate) => {
                    roots.push(certificate);
                }
                Ok(PemItem::PrivateKey(_)) => {}
                _ => return Err(IngestorError::InvalidCertificate),
            }
        }
        if roots.len() == before {
            return Err(IngestorError::InvalidCertificate);
        }
    }
    let roots = match &*roots {
        [] => RootCerts::WebPki,
        roots => RootCerts::new_with_certs(roots),
    };
    Ok(config.tls_config(TlsConfig::builder().root_certs(roots).build()))
}

/// Whether the bytes begin as a certificate does. TLS passes over what is none without a word, and would then trust nobody.
fn is_certificate(certificate: &Certificate<'_>) -> bool {
    match certificate.der() {
        [0x30, 0x81, length, rest @ ..] => usize::from(*length) == rest.len(),
        [0x30, 0x82, high, low, rest @ ..] => {
            usize::from(u16::from_be_bytes([*high, *low])) == rest.len()
        }
        _ => false,
    }
}
