use std::borrow::Cow;
use std::fmt;

/// The head of an HTTP request, as far as it says something about the user: in no framework's types.
///
/// [`GrowthBookLayer`](crate::GrowthBookLayer) and [`GrowthBookMiddleware`](crate::GrowthBookMiddleware) make it themselves.
#[derive(Clone, Default)]
pub struct RequestHead<'a> {
    pub(crate) scheme: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    pub(crate) target: &'a str,
    pub(crate) user_agent: Option<&'a str>,
    /// The headers `Cookie`, joined.
    pub(crate) cookies: Cow<'a, str>,
}

impl<'a> RequestHead<'a> {
    /// A request for a path and query, such as `/cart?promo=1`.
    pub fn new(path_and_query: &'a str) -> Self {
        Self {
            target: path_and_query,
            ..Self::default()
        }
    }

    /// The header `Host`, or what HTTP/2 has in its place. Without it the user's page is known from its path on.
    #[must_use]
    pub fn with_host(mut self, host: &'a str) -> Self {
        self.host = Some(host);
        self
    }

    /// The scheme, if the request names it. That of [`WebOptions::scheme`](crate::WebOptions::scheme) counts before it.
    #[must_use]
    pub fn with_scheme(mut self, scheme: &'a str) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// The header `User-Agent`.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: &'a str) -> Self {
        self.user_agent = Some(user_agent);
        self
    }

    /// A header `Cookie`. HTTP/2 may have several: call it for each.
    #[must_use]
    pub fn with_cookies(mut self, header: &'a str) -> Self {
        self.add_cookies(Cow::Borrowed(header));
        self
    }

    fn add_cookies(&mut self, header: Cow<'a, str>) {
        if self.cookies.is_empty() {
            self.cookies = header;
        } else {
            let cookies = self.cookies.to_mut();
            cookies.push_str("; ");
            cookies.push_str(&header);
        }
    }

    /// The head of a request for scheme, authority and target, with the headers of a name. An authority in the request line
    /// counts, and not the header `Host` (RFC 9112, 3.2.2); who logs in by it is nobody's business.
    ///
    /// A header that is no text is none. Of cookies, which other programs of the same site may have set, only those are lost
    /// that are no text.
    #[cfg(any(feature = "actix", feature = "tower"))]
    pub(crate) fn of<H: Iterator<Item = &'a [u8]>>(
        (scheme, authority, target): (Option<&'a str>, Option<&'a str>, &'a str),
        headers: impl Fn(&'static str) -> H,
    ) -> Self {
        let text = |name| {
            let mut texts = headers(name).filter_map(|header| std::str::from_utf8(header).ok());
            texts.next()
        };
        let authority = authority.and_then(|it| it.rsplit('@').next());
        let mut head = Self {
            scheme,
            host: authority.or_else(|| text("host")),
            user_agent: text("user-agent"),
            ..Self::new(target)
        };
        for header in headers("cookie") {
            head.add_cookies(String::from_utf8_lossy(header));
        }
        head
    }

    /// The value of the first cookie of that name, as it was sent.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies(name).next()
    }

    /// The values of all cookies of that name, in the order in which they were sent.
    pub(crate) fn cookies(&self, name: &str) -> impl Iterator<Item = &str> {
        let pairs = self.cookies.split(';').filter_map(|it| it.split_once('='));
        let values = pairs.filter_map(move |(key, value)| (key.trim() == name).then_some(value));
        values.map(str::trim)
    }

    /// The address, whole if the host is known.
    pub(crate) fn url(&self, scheme: &str) -> String {
        // `OPTIONS *` is for the server, and not for a page.
        let target = if self.target == "*" { "" } else { self.target };
        match self.host {
            Some(host) => [scheme, "://", host, target].concat(),
            None => target.to_owned(),
        }
    }
}

impl fmt::Debug for RequestHead<'_> {
    /// Says what is known and not what it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("has_host", &self.host.is_some())
            .field("has_user_agent", &self.user_agent.is_some())
            .field("has_cookies", &!self.cookies.is_empty())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_in_all_headers() {
        let head = RequestHead::new("/").with_cookies("a=1;b = x=y ");
        let head = head.with_cookies("a=2; c=\"3\"; d");
        let found = ["a", "b", "c", "d", "e"].map(|name| head.cookie(name));
        assert_eq!(found, [Some("1"), Some("x=y"), Some("\"3\""), None, None]);
    }

    #[test]
    fn an_address_is_whole_where_its_host_is_known() {
        let head = RequestHead::new("/a?b");
        assert_eq!(head.url("https"), "/a?b");
        let head = head.with_host("shop.example");
        assert_eq!(head.url("https"), "https://shop.example/a?b");
    }

    #[test]
    fn a_request_for_no_page_names_its_host() {
        // `OPTIONS *`
        let head = RequestHead::new("*").with_host("shop.example");
        assert_eq!(head.url("https"), "https://shop.example");
    }

    #[test]
    fn debug_says_nothing_of_the_user() {
        let head = RequestHead::new("/canary").with_host("canary");
        let head = head.with_cookies("canary=1").with_user_agent("canary");
        assert!(!format!("{head:?}").contains("canary"));
    }
}
