//! Whom to trust.

use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::typestate::AgentScope;

use crate::config::ConfigError;

pub(super) type Tls = TlsConfig;

/// Trust in the authorities of these certificates, or if there are none, in those that Mozilla trusts.
pub(super) fn tls(certificates: &[Vec<u8>], _: bool) -> Result<Tls, ConfigError> {
    let mut roots = Vec::new();
    for bytes in certificates {
        let given = read(bytes)?;
        let sound = !given.is_empty() && given.iter().all(|it| is_certificate(it.der()));
        if !sound {
            return Err(ConfigError::InvalidCertificate);
        }
        roots.extend(given);
    }
    let roots = match &*roots {
        [] => RootCerts::WebPki,
        roots => RootCerts::new_with_certs(roots),
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

pub(super) fn trust(config: ConfigBuilder<AgentScope>, tls: Tls) -> ConfigBuilder<AgentScope> {
    config.tls_config(tls)
}

fn read(bytes: &[u8]) -> Result<Vec<Certificate<'static>>, ConfigError> {
    if is_certificate(bytes) {
        return Ok(vec![Certificate::from_der(bytes).to_owned()]);
    }
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(_) => Some(Err(ConfigError::InvalidCertificate)),
    };
    parse_pem(bytes).filter_map(certificate).collect()
}

/// Whether these bytes are a sequence that begins with a sequence, to the last byte. TLS passes over what is not a
/// certificate without a word, and would then trust nobody.
fn is_certificate(bytes: &[u8]) -> bool {
    let content = sequence(bytes).filter(|(_, rest)| rest.is_empty());
    content.is_some_and(|(content, _)| sequence(content).is_some())
}

/// The content of the DER sequence that `bytes` begins with, and what follows it.
fn sequence(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.strip_prefix(&[0x30])?.split_first()?;
    if first < 0x80 {
        return rest.split_at_checked(first.into());
    }
    let (digits, rest) = rest.split_at_checked((first & 0x7F).into())?;
    let more =
        |length: usize, digit: &u8| length.checked_mul(256)?.checked_add(usize::from(*digit));
    rest.split_at_checked(digits.iter().try_fold(0, more)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority() -> rcgen::CertifiedKey<rcgen::KeyPair> {
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
    }

    fn roots(certificates: &[&[u8]]) -> Option<usize> {
        let certificates: Vec<Vec<u8>> = certificates.iter().map(|it| it.to_vec()).collect();
        match tls(&certificates, true).ok()?.root_certs() {
            RootCerts::Specific(certificates) => Some(certificates.len()),
            _ => Some(0),
        }
    }

    #[test]
    fn certificates_are_pem_or_der() {
        let [one, other] = [authority().cert, authority().cert];
        let both = format!("comment\n{}\n{}", one.pem(), other.pem());
        assert_eq!(roots(&[]), Some(0));
        assert_eq!(roots(&[one.der()]), Some(1));
        assert_eq!(roots(&[both.as_bytes()]), Some(2));
        assert_eq!(roots(&[one.der(), other.pem().as_bytes()]), Some(2));
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let one = authority();
        let cut = &one.cert.der()[..one.cert.der().len() - 1];
        let pem = one.cert.pem();
        let (cut_pem, _) = pem.split_at(100);
        let key = one.signing_key.serialize_pem();
        let wrapped = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for bytes in [
            &b""[..],
            b"no certificate",
            b"\x30\x84\xff\xff\xff\xff",
            b"\x30\x80",
            b"\x30",
            cut,
            cut_pem.as_bytes(),
            key.as_bytes(),
            wrapped.as_bytes(),
        ] {
            assert_eq!(roots(&[bytes]), None, "{bytes:?}");
            assert_eq!(roots(&[one.cert.der(), bytes]), None, "{bytes:?}");
        }
    }
}
