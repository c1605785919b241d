use std::fmt;
use std::time::Duration;

use growthbook_core::ClientKey;

use super::address::Address;
use super::agent::{self, ProxyChoice};
use super::post::Post;
use super::{EventNaming, Ingestor, IngestorError, Schema};

/// Where GrowthBook keeps the events. It must be where the warehouse is, or they are lost.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Region {
    /// Europe, `eu-west-1`.
    Eu,
    /// The United States, `us-east-1`. The default.
    #[default]
    Us,
}

impl Region {
    fn host(self) -> &'static str {
        match self {
            Self::Eu => "https://eu-west-1.gb-ingest.com",
            Self::Us => "https://us-east-1.gb-ingest.com",
        }
    }
}

/// How an [`Ingestor`] is to send. The setters never fail: what is wrong is said by [`build`](Self::build).
#[derive(Clone)]
#[must_use]
pub struct IngestorBuilder {
    client_key: ClientKey,
    region: Region,
    pub(super) host: String,
    pub(super) schema: Schema,
    pub(super) naming: EventNaming,
    pub(super) allow_insecure_http: bool,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
    pub(super) proxy: ProxyChoice,
    pub(super) root_certificates: Vec<Vec<u8>>,
}

impl IngestorBuilder {
    pub(super) fn new(client_key: &str) -> Self {
        Self {
            client_key: ClientKey::new(client_key.trim_ascii()),
            region: Region::default(),
            host: String::new(),
            schema: Schema::default(),
            naming: EventNaming::default(),
            allow_insecure_http: false,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            proxy: ProxyChoice::Environment,
            root_certificates: Vec::new(),
        }
    }

    /// Which of GrowthBook's own hosts events go to; [`Region::Us`] unless set.
    pub fn region(self, region: Region) -> Self {
        Self { region, ..self }
    }

    /// Another host, with its path if it has one, instead of that of the [region](Self::region). Without a scheme it is taken
    /// to be `https`; a blank one counts as none. Events go to `/track` below it.
    pub fn ingestor_host(self, host: impl Into<String>) -> Self {
        let host = host.into();
        Self { host, ..self }
    }

    /// The form in which events are sent; [`Schema::Direct`] unless set.
    pub fn schema(self, schema: Schema) -> Self {
        Self { schema, ..self }
    }

    /// What exposures and feature evaluations are called; [`EventNaming::JavaScript`] unless set.
    pub fn event_naming(self, naming: EventNaming) -> Self {
        Self { naming, ..self }
    }

    /// Allows plain `http` to other machines than this one. Whoever is on the way can then read the client key and the events,
    /// with the users' attributes.
    pub fn allow_insecure_http(self) -> Self {
        Self {
            allow_insecure_http: true,
            ..self
        }
    }

    /// How long looking up the host and connecting to it, TLS included, may take each; 5 s unless set.
    pub fn connect_timeout(self, limit: Duration) -> Self {
        Self {
            connect_timeout: limit,
            ..self
        }
    }

    /// How long a delivery may take in all, redirects included; 10 s unless set.
    pub fn timeout(self, limit: Duration) -> Self {
        Self {
            timeout: limit,
            ..self
        }
    }

    /// The proxy that requests go through, as `http://user:password@host:port`, with user name and password percent-encoded.
    ///
    /// If neither this nor [`no_proxy`](Self::no_proxy) is called, it is that of the environment variables `ALL_PROXY`,
    /// `HTTPS_PROXY` and `HTTP_PROXY`, except for the hosts in `NO_PROXY` and for this machine. SOCKS is not supported.
    pub fn proxy(self, url: impl Into<String>) -> Self {
        let proxy = ProxyChoice::Url(url.into());
        Self { proxy, ..self }
    }

    /// No proxy, whatever the environment says.
    pub fn no_proxy(self) -> Self {
        let proxy = ProxyChoice::None;
        Self { proxy, ..self }
    }

    /// Certificates of the authorities to trust, as PEM with one or more of them, instead of those that Mozilla trusts, which
    /// are compiled in. Further calls add to it.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Checks it all and prepares for requests. Nothing is sent.
    ///
    /// # Errors
    ///
    /// What [`IngestorError`] says.
    pub fn build(self) -> Result<Ingestor, IngestorError> {
        if self.client_key.is_empty() {
            return Err(IngestorError::MissingClientKey);
        }
        if self.timeout.is_zero() || self.connect_timeout.is_zero() {
            return Err(IngestorError::InvalidTimeout);
        }
        let given = Some(self.host.trim_ascii()).filter(|host| !host.is_empty());
        let address = Address::new(
            given.unwrap_or_else(|| self.region.host()),
            &self.client_key,
        )?;
        if !address.is_https() && !address.is_loopback() && !self.allow_insecure_http {
            return Err(IngestorError::InsecureHost);
        }
        let agent = agent::agent(&self, &address)?;
        let timeout = agent::bounded(self.timeout);
        Ok(Ingestor {
            post: Post::new(agent, address, self.schema.content_type(), timeout),
            schema: self.schema,
            naming: self.naming,
            timeout,
        })
    }
}

impl fmt::Debug for IngestorBuilder {
    /// Leaves out what may hold a secret: the key, and the host and the proxy as long as nobody has checked them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IngestorBuilder")
            .field("client_key", &self.client_key)
            .field("region", &self.region)
            .field("schema", &self.schema)
            .field("naming", &self.naming)
            .field("allow_insecure_http", &self.allow_insecure_http)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("root_certificates", &self.root_certificates.len())
            .finish_non_exhaustive()
    }
}
