//! The address of the page a user is on, and what experiments do with it.
//!
//! A [`PageUrl`] is built with the user's context and parsed once, by the algorithm that browsers
//! use, when an experiment first asks. Experiments match it against their patterns ([`UrlTargeting`], [`LegacyUrlPattern`]),
//! read a forced variation from its query, and pass that query on when they redirect.
//!
//! Sections 11 and 21 of the evaluation specification.

use std::{
    borrow::Cow,
    fmt,
    sync::{LazyLock, OnceLock},
};

use url::Url;

pub(crate) use self::{
    redirect::{differs_in_scheme_or_host, is_absolute, merge_query},
    targeting::{LegacyUrlPattern, UrlPattern, UrlTargeting},
};

mod redirect;
mod simple;
mod targeting;
mod wildcard;

/// The address of a page: any text, and what can be read from it.
#[derive(Clone)]
pub(crate) struct PageUrl {
    text: Box<str>,
    has_query: bool,
    /// Nothing for text that is no URL. Filled when first asked for: parsing costs more than
    /// evaluating several features, and few of them look at the address.
    parsed: OnceLock<Option<ParsedUrl>>,
}

impl fmt::Debug for PageUrl {
    /// Addresses carry personal data in their paths and queries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageUrl(..)")
    }
}

impl PageUrl {
    /// Takes an absolute or relative URL. Text that is no URL matches nothing and has no query.
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            has_query: text.contains('?'),
            parsed: OnceLock::new(),
        }
    }

    /// The address as it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The first non-empty value of the query parameter with exactly this name, decoded.
    pub(crate) fn query_value(&self, name: &str) -> Option<&str> {
        if !self.has_query {
            return None;
        }
        self.parsed()?
            .query_values(name)
            .find(|value| !value.is_empty())
    }

    /// The index of the variation that the query forces for an experiment (section 11.3): the
    /// digits in the parameter called like the experiment, if there is such a variation.
    pub(crate) fn query_override(&self, experiment_key: &str, variations: usize) -> Option<usize> {
        let value = self.query_value(experiment_key)?;
        // The integer parser alone would take a leading plus sign.
        if !value.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        value.parse().ok().filter(|index| *index < variations)
    }

    fn parsed(&self) -> Option<&ParsedUrl> {
        self.parsed
            .get_or_init(|| ParsedUrl::parse(&self.text))
            .as_ref()
    }
}

#[derive(Clone, Debug)]
struct ParsedUrl {
    url: Url,
    /// Names and values, decoded, in order.
    query: Box<[(Box<str>, Box<str>)]>,
}

impl ParsedUrl {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::options().base_url(BASE.as_ref()).parse(text).ok()?;
        let boxed = |text: Cow<'_, str>| text.into_owned().into_boxed_str();
        let query = url
            .query_pairs()
            .map(|(name, value)| (boxed(name), boxed(value)))
            .collect();
        Some(Self { url, query })
    }

    fn query_values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.query
            .iter()
            .filter(move |(key, _)| **key == *name)
            .map(|(_, value)| &**value)
    }
}

/// What a relative address is relative to; no real host can have this name.
static BASE: LazyLock<Option<Url>> = LazyLock::new(|| Url::parse("https://_").ok());

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query_override(key: &str, url: &str, variations: usize) -> Option<usize> {
        PageUrl::new(url).query_override(key, variations)
    }

    fn check(query: &str, expected: Option<usize>) {
        for address in ["https://example.com/p", "/p", ""] {
            let url = format!("{address}?{query}");
            assert_eq!(query_override("k", &url, 10), expected, "{url}");
        }
    }

    #[test]
    fn digits_below_the_number_of_variations_force() {
        check("k=1", Some(1));
        check("k=007", Some(7));
        check("a=b&k=9&c", Some(9));
        check("k=10", None);
        check("%6B=%31", Some(1));
    }

    #[test]
    fn everything_else_does_not_force() {
        for value in [
            "", "-1", "+1", "%2B1", "2.054", "1e0", "0x1", "foo", "1+", "%C2%B2", "%D9%A1",
        ] {
            check(&format!("k={value}"), None);
        }
        check("k", None);
        check("K=1", None);
        check(&format!("k={}", "9".repeat(400)), None);
        check("a=1#k=1", None);
        assert_eq!(query_override("k", "https://example.com/#?k=1", 2), None);
        assert_eq!(query_override("k", "https://exa mple.com/?k=1", 2), None);
        assert_eq!(query_override("k", "/?k=0", 0), None);
    }

    #[test]
    fn the_first_value_that_is_not_empty_counts() {
        check("k=&k=1&k=2", Some(1));
        check("k=x&k=1", None);
        assert_eq!(
            PageUrl::new("/?k=&k=b%20c+d").query_value("k"),
            Some("b c d")
        );
    }

    #[test]
    fn names_need_not_be_ascii() {
        assert_eq!(
            query_override("expérience", "/p?exp%C3%A9rience=1", 2),
            Some(1)
        );
        assert_eq!(query_override("expérience", "/p?expérience=1", 2), Some(1));
    }

    #[test]
    fn the_text_is_kept() {
        assert_eq!(PageUrl::new("  /a/../b ").as_str(), "  /a/../b ");
    }

    proptest! {
        #[test]
        fn any_text_is_an_address(text: String, key: String, variations: usize) {
            let index = query_override(&key, &text, variations);
            prop_assert!(index.is_none_or(|index| index < variations));
        }
    }
}
