use std::fmt;
use std::sync::Arc;

use growthbook_core::{RequestContext, Track};

/// What is done for each request. Nothing of it is on by itself.
///
/// # Example
///
/// ```
/// use growthbook_core::{Track, UserAgentRules};
/// use growthbook_web::WebOptions;
///
/// let options = WebOptions::new()
///     .anonymous_id("id")
///     .sticky_cookies()
///     .cookie_attributes("Secure; SameSite=Lax")
///     .request(|request| request.without_utm().with_user_agent_rules(UserAgentRules::JavaScript))
///     .track(Track::Deferred)
///     .development(cfg!(debug_assertions));
/// # let _ = options;
/// ```
#[derive(Clone, Default)]
#[must_use = "options take effect where they are handed over"]
pub struct WebOptions {
    pub(crate) scheme: Option<String>,
    pub(crate) request: Option<Arc<Switches>>,
    pub(crate) anonymous_id: Option<Arc<str>>,
    pub(crate) sticky: Sticky,
    pub(crate) cookie_attributes: Arc<str>,
    pub(crate) track: Track,
    pub(crate) development: bool,
}

pub(crate) type Switches = dyn Fn(RequestContext) -> RequestContext + Send + Sync;

/// Where a user's sticky buckets are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Sticky {
    Cookies,
    /// In a store that does no I/O.
    InPlace,
    /// In the client's store, if it has one.
    #[default]
    Store,
}

impl WebOptions {
    /// Nothing but what the request says of its user.
    pub fn new() -> Self {
        Self::default()
    }

    /// The scheme that browsers see, whatever a proxy speaks. Unless set, it is the request's own, and `https` if the request
    /// names none, as requests of HTTP/1 do not.
    pub fn scheme(mut self, scheme: impl Into<String>) -> Self {
        self.scheme = Some(scheme.into());
        self
    }

    /// The switches of what the request says of its user: `change` gets it with address and `User-Agent`, and returns what
    /// counts. `|_| RequestContext::new()` turns it off.
    pub fn request(
        mut self,
        change: impl Fn(RequestContext) -> RequestContext + Send + Sync + 'static,
    ) -> Self {
        self.request = Some(Arc::new(change));
        self
    }

    /// Users without this attribute get a random UUID as it, and keep it in the cookie `gbuuid` for 400 days, which is where
    /// the JavaScript SDK keeps one. The cookie is set if the request's user was asked about.
    pub fn anonymous_id(mut self, attribute: impl Into<String>) -> Self {
        self.anonymous_id = Some(attribute.into().into());
        self
    }

    /// Sticky buckets come with the request and go with the answer, as cookies that the JavaScript SDK shares. The client
    /// needs no store: one that it has would be written, and not read.
    ///
    /// A cookie is what its user makes of it: they can choose their own variation.
    pub fn sticky_cookies(mut self) -> Self {
        self.sticky = Sticky::Cookies;
        self
    }

    /// The client's store of sticky buckets answers at once, since it is in memory: it is asked where the handler evaluates.
    /// Otherwise a store is taken to do I/O: [`Scope`](crate::Scope) is loaded, and
    /// [`GrowthBook::ask`](crate::GrowthBook::ask) evaluates, on a thread for blocking work.
    pub fn sticky_in_place(mut self) -> Self {
        self.sticky = Sticky::InPlace;
        self
    }

    /// What all cookies have beside `Max-Age` and `Path=/`: `Secure; SameSite=Lax`, say. Nothing unless set. With `HttpOnly`,
    /// the page's JavaScript SDK does not see them.
    pub fn cookie_attributes(mut self, attributes: impl Into<String>) -> Self {
        self.cookie_attributes = attributes.into().into();
        self
    }

    /// What becomes of exposures: with [`Track::Deferred`] they wait for
    /// [`UserScope::take_deferred`](growthbook_core::UserScope::take_deferred), for the page to report.
    pub fn track(mut self, track: Track) -> Self {
        self.track = track;
        self
    }

    /// Obeys the overrides of GrowthBook's browser extension: the query parameter `_gbdebug`, else the cookie of that name.
    /// Never in production, where users could choose what they see.
    pub fn development(mut self, on: bool) -> Self {
        self.development = on;
        self
    }
}

impl fmt::Debug for WebOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebOptions")
            .field("scheme", &self.scheme)
            .field("changes_request", &self.request.is_some())
            .field("anonymous_id", &self.anonymous_id)
            .field("sticky", &self.sticky)
            .field("cookie_attributes", &self.cookie_attributes)
            .field("track", &self.track)
            .field("development", &self.development)
            .finish()
    }
}
