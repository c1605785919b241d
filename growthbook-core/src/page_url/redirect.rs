//! Where a redirect experiment sends a page (section 21).

use std::collections::HashSet;

use url::{Position, Url};

use super::PageUrl;

/// The target with the parameters of the current page's query that it lacks: of each name the
/// first value, in order. If either address is not absolute, the target as it is.
pub(crate) fn merge_query(current: &PageUrl, target: &str) -> String {
    let (Ok(current), Ok(mut merged)) = (Url::parse(current.as_str()), Url::parse(target)) else {
        return target.to_owned();
    };
    let mut pairs: Vec<_> = merged.query_pairs().into_owned().collect();
    let own = pairs.len();
    let mut present: HashSet<_> = pairs.iter().map(|(name, _)| name.clone()).collect();
    for (name, value) in current.query_pairs() {
        if present.insert(name.clone().into_owned()) {
            pairs.push((name.into_owned(), value.into_owned()));
        }
    }
    // Writing the parameters back changes how they are escaped, so not without need.
    if pairs.len() > own {
        merged.query_pairs_mut().clear().extend_pairs(pairs);
    }
    merged.into()
}

/// Whether the text is a URL by itself, not only relative to another.
pub(crate) fn is_absolute(address: &str) -> bool {
    Url::parse(address).is_ok()
}

/// Whether going from one address to the other leaves the scheme or the host with its port; true
/// also if either is not absolute.
pub(crate) fn differs_in_scheme_or_host(from: &str, to: &str) -> bool {
    let (Ok(from), Ok(to)) = (Url::parse(from), Url::parse(to)) else {
        return true;
    };
    from.scheme() != to.scheme()
        || from[Position::BeforeHost..Position::AfterPort]
            != to[Position::BeforeHost..Position::AfterPort]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(current: &str, target: &str, expected: &str) {
        assert_eq!(
            merge_query(&PageUrl::new(current), target),
            expected,
            "{current} {target}"
        );
    }

    #[test]
    fn parameters_that_the_target_lacks_are_added_once() {
        let target = "http://a.com/y?b=9#h";
        check(
            "http://a.com/x?a=1&a=2&b=3",
            target,
            "http://a.com/y?b=9&a=1#h",
        );
        check("http://a.com/x?a=1", "http://b.org", "http://b.org/?a=1");
        check(
            "http://a.com/x?a=&c",
            "http://b.org/",
            "http://b.org/?a=&c=",
        );
    }

    #[test]
    fn the_query_is_rewritten_only_if_something_is_added() {
        check(
            "http://a.com/x?b=3",
            "http://a.com/y?b=%7e%20",
            "http://a.com/y?b=%7e%20",
        );
        check(
            "http://a.com/x?a=3",
            "http://a.com/y?b=%7e%20",
            "http://a.com/y?b=%7E+&a=3",
        );
        check("http://a.com/x?", "http://a.com/y?", "http://a.com/y?");
    }

    #[test]
    fn relative_addresses_change_nothing() {
        check("/x?a=1", "http://a.com", "http://a.com");
        check("http://a.com/x?a=1", "/y", "/y");
        check("", "", "");
    }

    #[test]
    fn scheme_host_and_port_make_the_difference() {
        let check = |from, to, expected| {
            assert_eq!(differs_in_scheme_or_host(from, to), expected, "{from} {to}");
        };
        check("http://a.com/x", "http://A.com:80/y", false);
        check("http://u:p@a.com/x", "http://a.com/x", false);
        check("http://a.com/x", "https://a.com/x", true);
        check("http://a.com/x", "http://a.com:81/x", true);
        check("http://a.com/x", "http://b.com/x", true);
        check("/x", "/x", true);
        assert!(is_absolute("http://a.com") && is_absolute("mailto:a@b.c"));
        assert!(!is_absolute("/x") && !is_absolute("//a.com") && !is_absolute(""));
    }
}
