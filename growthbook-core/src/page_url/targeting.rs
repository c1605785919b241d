//! Which pages an experiment is restricted to.

use url::Position;

use super::{PageUrl, ParsedUrl, simple::SimplePattern};
use crate::js_regex::{JsRegex, PatternError};

/// The `urlPatterns` of an experiment (section 11.1).
#[derive(Debug, Default)]
pub(crate) struct UrlTargeting(Box<[UrlPattern]>);

impl UrlTargeting {
    /// Whether the experiment runs on this page: no excluding pattern matches, and an including
    /// one does if there is any. Without patterns it runs nowhere; an experiment that is not
    /// restricted has no `UrlTargeting`.
    pub(crate) fn matches(&self, page: &PageUrl) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let (mut may_include, mut included) = (false, false);
        for pattern in &self.0 {
            let matches = pattern.matches(page);
            if matches && !pattern.include {
                return false;
            }
            may_include |= pattern.include;
            included |= matches;
        }
        included || !may_include
    }
}

impl From<Vec<UrlPattern>> for UrlTargeting {
    fn from(patterns: Vec<UrlPattern>) -> Self {
        Self(patterns.into_boxed_slice())
    }
}

/// One entry of `urlPatterns`, compiled.
#[derive(Debug)]
pub(crate) struct UrlPattern {
    include: bool,
    rule: Rule,
}

impl UrlPattern {
    /// Compiles a pattern of the given `type`. It excludes pages only if `include` is false.
    ///
    /// An unknown type and a pattern that cannot be compiled match nothing ([`Self::can_match`]).
    pub(crate) fn new(kind: &str, pattern: &str, include: bool) -> Self {
        let rule = match kind {
            "regex" => JsRegex::new(pattern, false).ok().map(Rule::Regex),
            "simple" => SimplePattern::new(pattern).map(Rule::Simple),
            _ => None,
        };
        Self {
            include,
            rule: rule.unwrap_or(Rule::Unusable),
        }
    }

    /// Whether any page could match; if not, the payload's author should be told.
    pub(crate) fn can_match(&self) -> bool {
        !matches!(self.rule, Rule::Unusable)
    }

    fn matches(&self, page: &PageUrl) -> bool {
        let Some(page) = page.parsed() else {
            return false;
        };
        match &self.rule {
            Rule::Regex(regex) => matches_regex(regex, page),
            Rule::Simple(pattern) => pattern.matches(page),
            Rule::Unusable => false,
        }
    }
}

#[derive(Debug)]
enum Rule {
    Regex(JsRegex),
    Simple(SimplePattern),
    Unusable,
}

/// A regular expression may mean the whole address or what follows the origin. One that is too
/// expensive to decide counts as invalid, and an invalid one matches nothing (section 6).
fn matches_regex(regex: &JsRegex, page: &ParsedUrl) -> bool {
    let after_origin = &page.url[Position::BeforePath..];
    [page.url.as_str(), after_origin]
        .iter()
        .any(|text| regex.is_match(text).unwrap_or(false))
}

/// The `url` of an experiment from before there were `urlPatterns`: a regular expression (section
/// 11.2).
#[derive(Debug)]
pub(crate) struct LegacyUrlPattern(JsRegex);

impl LegacyUrlPattern {
    /// Compiles the expression. If that fails, the experiment is not restricted.
    pub(crate) fn new(pattern: &str) -> Result<Self, PatternError> {
        JsRegex::new(pattern, false).map(Self)
    }

    /// Whether the experiment runs on this page, whose address is taken as it was given, with and
    /// without scheme and host. An empty address never matches.
    pub(crate) fn matches(&self, page: &PageUrl) -> bool {
        // Too expensive to decide is treated as invalid: no restriction.
        let is_match = |text| self.0.is_match(text).unwrap_or(true);
        let address = page.as_str();
        !address.is_empty() && (is_match(address) || is_match(without_host(address)))
    }
}

/// The address from its first slash after the scheme on, or without its scheme if there is none.
fn without_host(address: &str) -> &str {
    let address = address
        .strip_prefix("http://")
        .or_else(|| address.strip_prefix("https://"))
        .unwrap_or(address);
    address
        .find('/')
        .and_then(|slash| address.get(slash..))
        .unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, patterns: &[(&str, &str, bool)], expected: bool) {
        let compile = |&(kind, pattern, include): &_| UrlPattern::new(kind, pattern, include);
        let targeting = UrlTargeting::from(patterns.iter().map(compile).collect::<Vec<_>>());
        assert_eq!(
            targeting.matches(&PageUrl::new(url)),
            expected,
            "{url} {patterns:?}"
        );
    }

    #[test]
    fn excluding_patterns_win_and_including_ones_are_needed_if_present() {
        let page = "https://example.com/a";
        check(page, &[], false);
        check(page, &[("simple", "/a", true)], true);
        check(page, &[("simple", "/b", true)], false);
        check(
            page,
            &[("simple", "/b", true), ("simple", "/a", true)],
            true,
        );
        check(page, &[("simple", "/a", false)], false);
        check(page, &[("simple", "/b", false)], true);
        check(
            page,
            &[("simple", "/a", true), ("simple", "/a", false)],
            false,
        );
        check(
            page,
            &[("simple", "/b", false), ("simple", "/c", true)],
            false,
        );
        check(page, &[("exact", "/a", true)], false);
        check(page, &[("exact", "/a", false)], true);
    }

    #[test]
    fn a_page_that_is_no_url_matches_nothing() {
        check("https://exa mple.com/a", &[("simple", "*", true)], false);
        check("https://exa mple.com/a", &[("regex", "", true)], false);
        check("https://exa mple.com/a", &[("simple", "*", false)], true);
        check("", &[("regex", "^https://_/$", true)], true);
    }

    #[test]
    fn regular_expressions_see_the_normalised_address_and_what_follows_the_origin() {
        check(
            "http://EXAMPLE.com:80/x/../post/7?q#f",
            &[("regex", "^http://example.com/post", true)],
            true,
        );
        check(
            "http://example.com/post/7?q#f",
            &[("regex", "^/post/[0-9]+\\?q#f$", true)],
            true,
        );
        check(
            "http://example.com/new/post/7",
            &[("regex", "^/post", true)],
            false,
        );
        check(
            "http://user:pw@example.com/post",
            &[("regex", "^/post$", true)],
            true,
        );
        check("http://example.com/Post", &[("regex", "post", true)], false);
        check("http://example.com/", &[("regex", "(", true)], false);
    }

    #[test]
    fn patterns_that_cannot_match_are_known() {
        assert!(UrlPattern::new("regex", "a", true).can_match());
        assert!(UrlPattern::new("simple", "/a", true).can_match());
        assert!(!UrlPattern::new("regex", "(", true).can_match());
        assert!(!UrlPattern::new("simple", "https://exa mple.com", true).can_match());
        assert!(!UrlPattern::new("exact", "/a", true).can_match());
    }

    #[test]
    fn legacy_patterns_see_the_address_as_given() {
        let check = |pattern: &str, url: &str, expected| {
            let pattern = LegacyUrlPattern::new(pattern).unwrap();
            assert_eq!(pattern.matches(&PageUrl::new(url)), expected, "{url}");
        };
        check("^/post", "http://example.com/post/1", true);
        check("^/post", "example.com/post/1", true);
        check("^/$", "/", true);
        check("^https?://EXAMPLE", "http://EXAMPLE.com", true);
        check("^example", "https://example.com", true);
        check("^/post", "http://example.com/new/post", false);
        check("", "", false);
        check("^/a b$", "http://exa mple.com/a b", true);
        assert!(LegacyUrlPattern::new("(").is_err());
    }
}
