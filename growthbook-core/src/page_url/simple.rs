//! URL patterns of the type `simple`: a URL with wildcards, compared part by part.

use std::borrow::Cow;

use url::{Position, Url};

use super::{
    ParsedUrl,
    wildcard::{WILDCARD, WildcardPattern},
};

/// A URL with wildcards (section 11.1). Scheme, parameters that the pattern does not name, and a
/// fragment that it lacks do not matter.
#[derive(Debug)]
pub(super) struct SimplePattern {
    host: WildcardPattern,
    /// Without one leading and one trailing slash.
    path: WildcardPattern,
    query: Box<[(Box<str>, WildcardPattern)]>,
    fragment: Option<WildcardPattern>,
}

impl SimplePattern {
    /// Compiles a pattern; nothing if it is no URL.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let text = with_scheme(pattern).replace('*', WILDCARD);
        let base = Url::parse("https://_____").ok()?;
        let url = Url::options().base_url(Some(&base)).parse(&text).ok()?;
        let path = url.path().strip_prefix('/').unwrap_or(url.path());
        let path = path.strip_suffix('/').unwrap_or(path);
        let query = url
            .query_pairs()
            .map(|(name, value)| (name.into(), WildcardPattern::new(&value)))
            .collect();
        Some(Self {
            host: WildcardPattern::new(host(&url)),
            path: WildcardPattern::new(path),
            query,
            fragment: fragment(&url).map(WildcardPattern::new),
        })
    }

    pub(super) fn matches(&self, page: &ParsedUrl) -> bool {
        self.host.matches(host(&page.url))
            && self.matches_path(page.url.path())
            && self.matches_fragment(fragment(&page.url))
            && self.matches_query(page)
    }

    fn matches_path(&self, path: &str) -> bool {
        let bare = path.strip_prefix('/').unwrap_or(path);
        // A slash at either end may also be what a wildcard stands for.
        [path, bare].iter().any(|path| {
            self.path.matches(path)
                || path
                    .strip_suffix('/')
                    .is_some_and(|path| self.path.matches(path))
        })
    }

    fn matches_fragment(&self, actual: Option<&str>) -> bool {
        let Some(expected) = &self.fragment else {
            return true;
        };
        actual.is_some_and(|actual| expected.matches(actual))
    }

    fn matches_query(&self, page: &ParsedUrl) -> bool {
        self.query.iter().all(|(name, expected)| {
            expected.matches(page.query_values(name).next().unwrap_or_default())
        })
    }
}

/// Takes a pattern with a dot in its first part, `www.example.com/x`, to start with a host.
fn with_scheme(pattern: &str) -> Cow<'_, str> {
    let first_part = pattern.split([':', '/', '?']).next().unwrap_or_default();
    if first_part.contains('.') {
        format!("https://{pattern}").into()
    } else {
        pattern.into()
    }
}

/// Host and port, if it is not the scheme's own; empty where a URL has no host.
fn host(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

fn fragment(url: &Url) -> Option<&str> {
    url.fragment().filter(|fragment| !fragment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, pattern: &str, expected: bool) {
        let page = ParsedUrl::parse(url).unwrap();
        let matches = SimplePattern::new(pattern).is_some_and(|pattern| pattern.matches(&page));
        assert_eq!(matches, expected, "{url} {pattern}");
    }

    #[test]
    fn rows_of_the_specification() {
        check(
            "https://www.example.com/home?x=1#h",
            "http://www.example.com/home",
            true,
        );
        check("http://www.example.com/home/", "/home", true);
        check("http://www.example.com/home/", "home", true);
        check("http://www.example.com/home", "*.example.com/home", true);
        check("http://example.com/home", "*.example.com/home", false);
        check("http://www.example.com/a", "/a/*", false);
        check("http://www.example.com/a/", "/a/*", true);
        check("http://www.example.com/a?x=1&y=2", "/a?y=2", true);
        check("http://www.example.com/a?x=1", "/a?y=*", true);
        check(
            "http://www.example.com:8080/a",
            "http://www.example.com/a",
            false,
        );
        check("http://www.example.com/a", "http://www.example.com", false);
        check("http://localhost:3000/a", "localhost:3000/a", false);
    }

    #[test]
    fn hosts_compare_with_their_ports_and_without_user_or_case() {
        check("http://u:p@example.com/a", "example.com/a", true);
        check("HTTP://EXAMPLE.COM/Home", "example.com/hOME", true);
        check("http://example.com:8080/a", "example.com:8080/a", true);
        check("http://example.com:8080/a", "example.com:*/a", false);
        check("https://example.com:443/a", "http://example.com/a", true);
        check("https://example.com/a", "http://example.com:443/a", false);
        check("http://[::1]:3000/a", "http://[::1]:3000/a", true);
        check("http://exämple.com/ü", "exämple.com/ü", true);
        check("http://192.168.0.1/a", "192.168.*.1/a", false);
    }

    #[test]
    fn paths_compare_with_one_slash_more_or_less() {
        check("/a//", "/a/", false);
        check("/", "*", true);
        check("http://example.com/a/b/c", "/a/*/c", true);
        check("http://example.com/a/c", "/a/*/c", false);
        check("http://example.com/a(b)", "/a(b)", true);
        check("http://example.com/ab", "/a.b", false);
        check("http://example.com/axb", "/a_____b", true);
        check("mailto:a@b.c", "mailto:A@b.c", true);
        check("mailto:a@b.c", "*", true);
    }

    #[test]
    fn fragments_and_parameters_compare_if_the_pattern_has_them() {
        check("/a#top", "/a#", true);
        check("/a#top", "/a#TOP", true);
        check("/a#top", "/a#*", true);
        check("/a", "/a#*", false);
        check("/a?x=A", "/a?x=a", true);
        check("/a?X=1", "/a?x=1", false);
        check("/a?x=&x=1", "/a?x=1", false);
        check("/a?x=1&x=2", "/a?x=1&x=2", false);
        check("/a?x=caf%C3%89", "/a?x=café", true);
        check("/a?x=a%0Ab", "/a?x=*", false);
    }
}
