/// What is wrong with how an [`Endpoint`](crate::Endpoint) was configured. Nothing was sent.
///
/// It contains no key, no header value and no address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Remote evaluation was to be asked of the hosted GrowthBook, which does not offer it. Name the GrowthBook Proxy, or
    /// the like, that evaluates for you.
    #[error("the hosted GrowthBook does not evaluate remotely")]
    CloudHost,
    /// A client whose features are evaluated remotely was given a decryption key. What is evaluated for a user is not
    /// sealed: leave the key out.
    #[error("remote evaluation has no use for a decryption key")]
    DecryptionKey,
    /// A host is reached by plain `http` over a network, where anybody could change the features. Use `https`, or call
    /// [`allow_insecure_http`](crate::Endpoint::allow_insecure_http) if that network is yours.
    #[error("plain http to another machine needs `allow_insecure_http`")]
    InsecureHost,
    /// What was given as a root certificate is neither PEM with a certificate in it nor DER. Check which file was read.
    #[error("a root certificate cannot be read")]
    InvalidCertificate,
    /// The client key is too long to be one, or it is `.` or `..`. Copy it again from the SDK connection.
    #[error("the client key cannot be one")]
    InvalidClientKey,
    /// The name of a header has characters that a header's name cannot have, or none. Correct it.
    #[error("the name of a header is not valid")]
    InvalidHeaderName,
    /// The value of a header has characters that a header's value cannot have, such as the end of a line. Correct it.
    #[error("the value of the header `{name}` is not valid")]
    InvalidHeaderValue {
        /// The header's name.
        name: String,
    },
    /// A host is not an address that requests can be made to: it has a scheme other than `http` and `https`, a user
    /// name, a query or a fragment, or characters outside ASCII. Correct it.
    #[error("a host is not an http or https address")]
    InvalidHost,
    /// An interval is shorter than a second or longer than a year. Choose one in between.
    #[error("an interval is not between a second and a year")]
    InvalidInterval,
    /// The proxy is not an address of the form `http://user:password@host:port`; SOCKS is not supported. Correct it.
    #[error("the proxy is not an address of an http or https proxy")]
    InvalidProxy,
    /// A limit of time is zero, so nothing could ever be answered within it. Give it some time.
    #[error("a time limit is zero")]
    InvalidTimeout,
    /// There is no client key. Copy it from the SDK connection in the GrowthBook application.
    #[error("there is no client key")]
    MissingClientKey,
    /// Remote evaluation was not told which host evaluates: there is none by default. Name it with
    /// [`api_host`](crate::Endpoint::api_host).
    #[error("there is no host to evaluate remotely")]
    MissingHost,
    /// The header is one that only the connection itself can set. Leave it out.
    #[error("the header `{name}` cannot be replaced")]
    ReservedHeader {
        /// The header's name.
        name: &'static str,
    },
    /// A client whose features are evaluated remotely was given a sticky bucket service, which could keep nobody in a
    /// variation: the server chooses it. Leave the service out.
    #[error("remote evaluation has no use for a sticky bucket service")]
    StickyBuckets,
    /// A host or the proxy is reached by `https`, and this program was built without TLS. Turn on the Cargo feature
    /// `rustls`.
    #[error("https needs the Cargo feature `rustls`")]
    TlsUnavailable,
}
