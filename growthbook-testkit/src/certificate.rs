//! Certificates of an authority of a test's own.

use rcgen::{BasicConstraints, CertificateParams, Error, IsCa, Issuer, KeyPair, date_time_ymd};

/// A certificate for a host, and who vouches for it. Everything is PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    authority: String,
    chain: String,
    key: String,
}

impl Certificate {
    /// A good one for this host, which is a name or an address, of an authority that nobody else knows.
    ///
    /// # Errors
    ///
    /// When this is no host.
    pub fn of(host: &str) -> Result<Self, Error> {
        Self::signed(host, |_| {})
    }

    /// One that was good once.
    ///
    /// # Errors
    ///
    /// When this is no host.
    pub fn expired(host: &str) -> Result<Self, Error> {
        Self::signed(host, |params| params.not_after = date_time_ymd(2020, 1, 1))
    }

    fn signed(host: &str, change: impl FnOnce(&mut CertificateParams)) -> Result<Self, Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let mut params = CertificateParams::new([host.to_owned()])?;
        change(&mut params);
        let key = KeyPair::generate()?;
        Ok(Self {
            authority,
            chain: params.signed_by(&key, &issuer)?.pem(),
            key: key.serialize_pem(),
        })
    }

    /// The certificate of who vouches for it.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The certificate itself.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// Its private key.
    pub fn key(&self) -> &str {
        &self.key
    }
}
