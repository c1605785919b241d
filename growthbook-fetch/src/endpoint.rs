use std::fmt;
use std::time::Duration;

use growthbook_core::ClientKey;

use crate::config::ConfigError;
use crate::connection::Connection;
use crate::environment::Environment;
use crate::host::Host;

/// How the GrowthBook API is reached, for one client key.
///
/// A client key alone is one, with the hosted GrowthBook and limits that suit it. The setters never fail: what is wrong is
/// said when the endpoint is used.
///
/// Redirects are followed within the same scheme, host and port, three in a row at most. Certificates are always checked.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_fetch::{Endpoint, HttpFetcher};
///
/// let endpoint = Endpoint::new("sdk-abc123")
///     .api_host("https://growthbook.example.com")
///     .header("X-Tenant", "shop")
///     .timeout(Duration::from_secs(3));
/// # #[cfg(feature = "rustls")]
/// let fetcher = HttpFetcher::new(endpoint)?;
/// # Ok::<(), growthbook_fetch::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Endpoint {
    pub(crate) client_key: ClientKey,
    pub(crate) api_host: String,
    pub(crate) streaming_host: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) streaming_headers: Vec<(String, String)>,
    pub(crate) user_agent_suffix: String,
    pub(crate) proxy: ProxyChoice,
    pub(crate) root_certificates: Vec<Vec<u8>>,
    pub(crate) allow_insecure_http: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) stream_idle_timeout: Duration,
    pub(crate) max_body_bytes: usize,
}

/// Which proxy requests go through.
#[derive(Clone)]
pub(crate) enum ProxyChoice {
    Environment,
    None,
    Url(String),
}

impl ProxyChoice {
    /// Whether the proxy is to be asked for this host. That of the environment is not for this machine: plain http is
    /// allowed there because nothing leaves it, and another machine's `localhost` is another one.
    pub(crate) fn is_for(&self, host: &Host) -> bool {
        !(matches!(self, Self::Environment) && host.is_loopback())
    }
}

impl Endpoint {
    /// The hosted GrowthBook, for this client key. White space around the key does not matter.
    pub fn new(client_key: impl Into<String>) -> Self {
        Self {
            client_key: ClientKey::new(client_key.into().trim_ascii()),
            api_host: String::new(),
            streaming_host: String::new(),
            headers: Vec::new(),
            streaming_headers: Vec::new(),
            user_agent_suffix: String::new(),
            proxy: ProxyChoice::Environment,
            root_certificates: Vec::new(),
            allow_insecure_http: false,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            stream_idle_timeout: Duration::from_secs(90),
            max_body_bytes: 16 << 20,
        }
    }

    /// What the environment says: the client key in `GROWTHBOOK_CLIENT_KEY` or `GB_SDK_KEY`, the host in
    /// `GROWTHBOOK_API_HOST` or `GB_URL`, and [`timeout`](Self::timeout) in `GB_HTTP_CLIENT_TIMEOUT`, in whole seconds.
    ///
    /// The first name of two wins, a blank variable counts as none, and a setter that is called afterwards wins over all.
    /// The variables are read once, here.
    pub fn from_env() -> Self {
        Self::from_environment(&Environment::read())
    }

    pub(crate) fn from_environment(environment: &Environment) -> Self {
        let mut endpoint = Self::new(environment.client_key().unwrap_or_default())
            .api_host(environment.api_host().unwrap_or_default());
        if let Some(timeout) = environment.timeout() {
            endpoint.timeout = timeout;
        }
        endpoint
    }

    /// Where the API is, with its path if it has one; `https://cdn.growthbook.io` unless set. Without a scheme it is taken
    /// to be `https`.
    pub fn api_host(mut self, host: impl Into<String>) -> Self {
        self.api_host = host.into();
        self
    }

    /// Where changes are streamed from, if that is not the [`api_host`](Self::api_host).
    pub fn streaming_host(mut self, host: impl Into<String>) -> Self {
        self.streaming_host = host.into();
        self
    }

    /// A header that goes with each request for features. It replaces one of the same name that would go otherwise, though
    /// not `Host`, `If-None-Match`, `Content-Length`, `Transfer-Encoding` or `Connection`, which are refused.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The like of [`header`](Self::header) for the stream, which gets none of those.
    pub fn streaming_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.streaming_headers.push((name.into(), value.into()));
        self
    }

    /// What follows the name and version of this crate in the `User-Agent`, in parentheses: the name of your service, say.
    /// White space, parentheses, backslashes and what is not ASCII are left out.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = suffix.into();
        self
    }

    /// The proxy that all requests go through, as `http://user:password@host:port`. The user name and the password are
    /// percent-encoded.
    ///
    /// If neither this nor [`no_proxy`](Self::no_proxy) is called, it is the first of the environment variables `ALL_PROXY`,
    /// `HTTPS_PROXY` and `HTTP_PROXY`, or the same in lower case, that names one, except for the hosts in `NO_PROXY` and for
    /// this machine (`localhost`, 127.0.0.0/8, `::1`). It is asked to connect (`CONNECT`) for plain http too. SOCKS is not
    /// supported: if the first one is of that kind, no proxy is used, and the log warns of it.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxyChoice::Url(url.into());
        self
    }

    /// No proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxy = ProxyChoice::None;
        self
    }

    /// Certificates of the authorities to trust, as PEM (with one or more of them) or DER, instead of those that Mozilla
    /// trusts, which are compiled in. Further calls add to it.
    pub fn root_certificates(mut self, pem_or_der: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem_or_der.into());
        self
    }

    /// Allows plain `http` to other machines than this one. Whoever is on the way can then read the client key and change
    /// the features.
    pub fn allow_insecure_http(mut self) -> Self {
        self.allow_insecure_http = true;
        self
    }

    /// How long looking up the host and connecting to it, TLS included, may take each; 5 s unless set.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long a request for features may take in all, redirects and the last byte of the body included; 10 s unless set.
    /// A stream must begin to answer within it, and may then go on for ever.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// How long a stream may be silent before it counts as broken; 90 s unless set, and zero is for ever. GrowthBook sends
    /// something every 30 s.
    pub fn stream_idle_timeout(mut self, limit: Duration) -> Self {
        self.stream_idle_timeout = limit;
        self
    }

    /// How many bytes a payload may have, after decompression; 16 MiB unless set.
    pub fn max_body_bytes(mut self, limit: usize) -> Self {
        self.max_body_bytes = limit;
        self
    }

    /// Checks it all and prepares for requests. Nothing is sent.
    pub(crate) fn connect(&self) -> Result<Connection, ConfigError> {
        Connection::new(self)
    }
}

impl From<&str> for Endpoint {
    fn from(client_key: &str) -> Self {
        Self::new(client_key)
    }
}

impl From<String> for Endpoint {
    fn from(client_key: String) -> Self {
        Self::new(client_key)
    }
}

impl From<ClientKey> for Endpoint {
    fn from(client_key: ClientKey) -> Self {
        Self::new(client_key.as_str())
    }
}

impl fmt::Debug for Endpoint {
    /// Leaves out whatever may hold a secret: keys, header values, the proxy, and hosts, which may hold a password as long
    /// as nobody has checked them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("client_key", &self.client_key)
            .field("headers", &self.headers.len())
            .field("streaming_headers", &self.streaming_headers.len())
            .field("root_certificates", &self.root_certificates.len())
            .field("allow_insecure_http", &self.allow_insecure_http)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("stream_idle_timeout", &self.stream_idle_timeout)
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}
