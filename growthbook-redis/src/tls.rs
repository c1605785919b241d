//! Whom to trust, and who was not.

use std::error::Error;
use std::io;
use std::sync::Arc;

use redis::{Client, ConnectionAddr, ConnectionInfo, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{Reason, RedisError};

/// Certificates of authorities, as PEM; if there are none, the system's.
#[derive(Clone, Default)]
pub(crate) struct Roots {
    pem: Vec<u8>,
    has_other: bool,
}

impl Roots {
    pub(crate) fn add(&mut self, pem: &[u8]) {
        // One that has none would be passed over without a word, and with no other nobody would be trusted.
        let mut certificates = CertificateDer::pem_slice_iter(pem);
        self.has_other |= certificates.next().is_none();
        self.pem.extend_from_slice(pem);
        self.pem.push(b'\n');
    }

    /// The same servers, whose certificates are checked against these.
    pub(crate) fn trusted_by(
        &self,
        infos: Vec<ConnectionInfo>,
    ) -> Result<Vec<ConnectionInfo>, RedisError> {
        if self.has_other {
            return Err(RedisError::new(Reason::NoCertificate));
        }
        if self.pem.is_empty() {
            return Ok(infos);
        }
        infos.into_iter().map(|info| self.trusts(info)).collect()
    }

    fn trusts(&self, info: ConnectionInfo) -> Result<ConnectionInfo, RedisError> {
        if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Ok(info);
        }
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: Some(self.pem.clone()),
        };
        let client = Client::build_with_tls(info, certificates);
        let client = client.map_err(|_| RedisError::new(Reason::NoCertificate))?;
        Ok(client.get_connection_info().clone())
    }
}

/// Whether this is said of a certificate: of an unknown authority, of another host or out of date.
pub(crate) fn is_about_certificate(error: &redis::RedisError) -> bool {
    let shared = error
        .source()
        .and_then(|it| it.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    let of_socket = shared.and_then(|it| it.downcast_ref::<io::Error>());
    let of_tls = of_socket.and_then(io::Error::get_ref);
    let of_tls = of_tls.and_then(|it| it.downcast_ref::<rustls::Error>());
    matches!(of_tls, Some(rustls::Error::InvalidCertificate(_)))
}
