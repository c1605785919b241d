/// What is wrong with how an [`Ingestor`](crate::Ingestor) was configured. Nothing was sent.
///
/// It contains no key and no address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IngestorError {
    /// Events would go over a network by plain `http`, where anybody could read them. Use `https`; if that network is yours,
    /// [`allow_insecure_http`](crate::IngestorBuilder::allow_insecure_http) says so.
    #[error("events go to other machines by https alone, without `allow_insecure_http`")]
    InsecureHost,
    /// There is no PEM with certificates in what was given as that. Check which file was read.
    #[error("what was given as a root certificate is none")]
    InvalidCertificate,
    /// The client key is far too long. Copy it again from the SDK connection.
    #[error("the client key is too long for an address")]
    InvalidClientKey,
    /// The host is not an address that requests can be made to: it has a scheme other than `http` and `https`, a user name, a
    /// query or a fragment. Correct it.
    #[error("the host is not an http or https address")]
    InvalidHost,
    /// The proxy has another form than `http://user:password@host:port`, or is one for SOCKS. Correct it.
    #[error("events cannot go through a proxy of that address")]
    InvalidProxy,
    /// No delivery could ever be made in no time. Allow some.
    #[error("a time limit is zero")]
    InvalidTimeout,
    /// The client key is blank. The SDK connection in the GrowthBook application has one.
    #[error("there is no client key")]
    MissingClientKey,
    /// The host or the proxy is reached by `https`, and this program was built without TLS. Turn on the Cargo feature `rustls`.
    #[error("https needs the Cargo feature `rustls`")]
    TlsUnavailable,
}
