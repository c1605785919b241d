//! What an HTTP request says about its user. Pure: the request is an argument, and nothing is remembered.

mod address;
mod browser;

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use self::address::Address;
pub use self::browser::UserAgentRules;
use crate::attributes::Attributes;
use crate::user::UserContext;

/// An HTTP request, as far as it says something about the user who made it.
///
/// | attribute | from |
/// |---|---|
/// | `url` | the address, as it was given; it is the user's page as well |
/// | `path`, `host`, `query` | its parts: as they are, in lower case, and with the question mark |
/// | `utmSource`, `utmMedium`, `utmCampaign`, `utmTerm`, `utmContent` | the query's parameters `utm_source` and so on, unless they are empty |
/// | `userAgent`, `browser`, `deviceType` | the header `User-Agent`, by [`UserAgentRules`] |
/// | `id` | [`RequestContext::with_user_id`] |
/// | what else the page knows | [`RequestContext::with_client_attributes`], which win over what is detected |
///
/// The attributes that the program itself gives win over all of these.
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, RequestContext};
///
/// let request = RequestContext::from_parts("https", "shop.example", "/cart?utm_source=mail")
///     .with_user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
/// let user = request.user(Attributes::new().with("id", "u-1"));
///
/// assert_eq!(user.url(), Some("https://shop.example/cart?utm_source=mail"));
/// assert_eq!(user.attributes().get("path"), Some(&"/cart".into()));
/// assert_eq!(user.attributes().get("utmSource"), Some(&"mail".into()));
/// assert_eq!(user.attributes().get("browser"), Some(&"firefox".into()));
/// assert_eq!(user.attributes().get("deviceType"), Some(&"desktop".into()));
/// ```
#[derive(Clone, Default)]
pub struct RequestContext {
    url: Option<String>,
    user_agent: Option<String>,
    user_id: Option<String>,
    client: Attributes,
    rules: UserAgentRules,
    without_utm: bool,
    server: Option<ServerContext>,
}

#[derive(Clone)]
struct ServerContext {
    at: SystemTime,
    request_id: String,
}

impl RequestContext {
    /// A request of which nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A request for an address in parts: `https`, the header `Host`, and the target of the request line.
    pub fn from_parts(scheme: &str, host: &str, path_and_query: &str) -> Self {
        Self::new().with_url(format!("{scheme}://{host}{path_and_query}"))
    }

    /// The address that was asked for, whole or from the path on.
    #[must_use]
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The header `User-Agent`. An empty one counts as none.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// By which rules browser and device are told; those of the Python SDK unless set.
    #[must_use]
    pub fn with_user_agent_rules(mut self, rules: UserAgentRules) -> Self {
        self.rules = rules;
        self
    }

    /// Who is logged in: the attribute `id`.
    #[must_use]
    pub fn with_user_id(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// What the page itself says of its user, such as `pageTitle`. It wins over what is detected.
    #[must_use]
    pub fn with_client_attributes(mut self, attributes: Attributes) -> Self {
        self.client = attributes;
        self
    }

    /// Leaves the campaign parameters (`utm_source` and so on) alone.
    #[must_use]
    pub fn without_utm(mut self) -> Self {
        self.without_utm = true;
        self
    }

    /// Adds `server_timestamp` (seconds since 1970), `request_id` and `sdk_context` (`server`).
    ///
    /// They differ from request to request, so what compares whole users, such as a de-duplication of feature usage or a
    /// cache of remote evaluations, finds no two alike.
    #[must_use]
    pub fn with_server_context(mut self, at: SystemTime, request_id: impl Into<String>) -> Self {
        let request_id = request_id.into();
        self.server = Some(ServerContext { at, request_id });
        self
    }

    /// What the request says.
    pub fn attributes(&self) -> Attributes {
        let mut found = Attributes::with_capacity(USUAL);
        if let Some(url) = &self.url {
            self.add_address(url, &mut found);
        }
        if let Some(id) = &self.user_id {
            found.insert("id", id);
        }
        self.rules
            .add(self.user_agent.as_deref(), self.url.is_some(), &mut found);
        if let Some(server) = &self.server {
            server.add(&mut found);
        }
        found.append(self.client.clone());
        found
    }

    /// The user who made the request, with what the program knows of them, which wins over what the request says.
    pub fn user(&self, known: Attributes) -> UserContext {
        let mut attributes = self.attributes();
        attributes.append(known);
        let user = UserContext::new(attributes);
        match &self.url {
            Some(url) => user.with_url(url),
            None => user,
        }
    }

    fn add_address(&self, url: &str, found: &mut Attributes) {
        let address = Address::of(url);
        found.insert("url", url);
        found.insert("path", address.path);
        if let Some(host) = address.host() {
            found.insert("host", host);
        }
        found.insert("query", address.query);
        if self.without_utm {
            return;
        }
        let values = address.parameters(UTM.map(|(parameter, _)| parameter));
        for ((_, name), value) in UTM.into_iter().zip(values) {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                found.insert(name, value);
            }
        }
    }
}

impl fmt::Debug for RequestContext {
    /// Says what is known and not what it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("has_url", &self.url.is_some())
            .field("has_user_agent", &self.user_agent.is_some())
            .field("has_user_id", &self.user_id.is_some())
            .field("client", &self.client)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

impl ServerContext {
    fn add(&self, found: &mut Attributes) {
        let since = self.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        found.insert("server_timestamp", since.as_secs());
        found.insert("request_id", &self.request_id);
        found.insert("sdk_context", "server");
    }
}

/// How many attributes there are, with some of a campaign and some of the program's.
const USUAL: usize = 12;

const UTM: [(&str, &str); 5] = [
    ("utm_source", "utmSource"),
    ("utm_medium", "utmMedium"),
    ("utm_campaign", "utmCampaign"),
    ("utm_term", "utmTerm"),
    ("utm_content", "utmContent"),
];

#[cfg(test)]
mod tests;
