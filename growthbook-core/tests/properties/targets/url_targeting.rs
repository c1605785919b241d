use std::sync::Arc;

use growthbook_core::engine::{self, AutoOptions, Silent, Subject};
use growthbook_core::{Attributes, Experiment, Ruleset, UserContext};
use url::Url;

use crate::grammar::quoted;

/// An address, a pattern, a target and an experiment's key, a line each: what includes a page is what would exclude it,
/// the query forces what it says, and a redirect keeps its own parameters and gains the page's.
pub fn url_targeting(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (address, pattern, target, key) = (line(), line(), line(), line());
    let user = UserContext::new(Attributes::new().with("id", "1")).with_url(address);
    let subject = Subject::new(&user);
    check_targeting(&subject, address, pattern);
    check_override(&subject, address, key);
    check_redirect(&subject, address, target);
}

fn check_targeting(subject: &Subject<'_>, address: &str, pattern: &str) {
    let ruleset = Arc::new(Ruleset::empty());
    let runs = |members: &str| {
        // The key cannot be in a query, which would force the variation.
        let experiment = format!("{{\"key\":\"\",\"variations\":[0,1],\"seed\":\"s\",{members}}}");
        let experiment = Experiment::from_json(&experiment).unwrap();
        let forced = subject
            .user()
            .url()
            .is_some_and(|url| url.contains('?') && url.contains('='));
        let result = engine::run(&ruleset, &experiment, subject, None, &mut Silent);
        let assignment = result.assignment();
        (!forced || assignment.hash_used() || !assignment.in_experiment())
            .then(|| assignment.in_experiment())
    };
    for kind in ["simple", "regex", "exact"] {
        let rule = |include: bool| {
            format!(
                "\"urlPatterns\":[{{\"type\":\"{kind}\",\"pattern\":{},\"include\":{include}}}]",
                quoted(pattern)
            )
        };
        if let (Some(included), Some(not_excluded)) = (runs(&rule(true)), runs(&rule(false))) {
            assert_ne!(included, not_excluded, "{kind} {address:?} {pattern:?}");
        }
    }
    let _ = runs(&format!("\"url\":{}", quoted(pattern)));
    let is_plain =
        !address.contains(['*', '?', '.']) && !address.contains("_____") || address.contains("://");
    if is_plain
        && !address.contains(['*', '?'])
        && !address.contains("_____")
        && Url::parse(address).is_ok()
    {
        let own = format!(
            "\"urlPatterns\":[{{\"type\":\"simple\",\"pattern\":{}}}]",
            quoted(address)
        );
        // A dot before the first colon, slash or question mark makes a host of it.
        let first = address.split([':', '/', '?']).next().unwrap_or_default();
        if !first.contains('.')
            && let Some(runs) = runs(&own)
        {
            assert!(runs, "{address:?} does not match itself");
        }
    }
}

fn check_override(subject: &Subject<'_>, address: &str, key: &str) {
    let experiment = format!(
        "{{\"key\":{},\"variations\":[0,1,2],\"active\":false}}",
        quoted(key)
    );
    let experiment = Experiment::from_json(&experiment).unwrap();
    let result = engine::run(
        &Arc::new(Ruleset::empty()),
        &experiment,
        subject,
        None,
        &mut Silent,
    );
    let base = Url::parse("https://_").unwrap();
    let value = Url::options()
        .base_url(Some(&base))
        .parse(address)
        .ok()
        .and_then(|url| {
            let mut pairs = url.query_pairs();
            pairs
                .find(|(name, value)| *name == *key && !value.is_empty())
                .map(|(_, value)| value.into_owned())
        });
    let index = value
        .filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|value| value.parse::<usize>().ok())
        .filter(|index| *index < 3);
    let assignment = result.assignment();
    assert_eq!(
        assignment.in_experiment(),
        index.is_some(),
        "{address:?} {key:?}"
    );
    assert_eq!(
        assignment.variation_index(),
        index.unwrap_or(0),
        "{address:?} {key:?}"
    );
    assert!(!assignment.hash_used());
}

fn check_redirect(subject: &Subject<'_>, address: &str, target: &str) {
    for persists in [false, true] {
        let payload = format!(
            "{{\"features\":{{}},\"experiments\":[{{\"key\":\"redirect\",\"persistQueryString\":{persists},\
             \"urlPatterns\":[{{\"type\":\"regex\",\"pattern\":\"no-such-page\",\"include\":false}}],\
             \"ranges\":[[0,0],[0,1]],\"variations\":[{{}},{{\"urlRedirect\":{}}}]}}]}}",
            quoted(target)
        );
        let ruleset = Arc::new(Ruleset::from_json(payload.as_bytes(), None).unwrap());
        let run = |options: &AutoOptions| {
            let done = engine::run_auto_experiments(&ruleset, subject, options, None, &mut Silent);
            done.redirect_url().map(str::to_owned)
        };
        let redirect = run(&AutoOptions::new());
        assert_eq!(redirect, run(&AutoOptions::new()));
        assert_eq!(run(&AutoOptions::new().without_redirects()), None);
        let nearby = run(&AutoOptions::new().without_cross_origin_redirects());
        assert!(nearby.is_none() || nearby == redirect);
        let Some(redirect) = redirect else { continue };
        let (Ok(page), Ok(own), Ok(merged)) = (
            Url::parse(address),
            Url::parse(target),
            Url::parse(&redirect),
        ) else {
            panic!("{address:?} redirects to {redirect:?} for {target:?}");
        };
        if !persists {
            assert_eq!(redirect, target);
            continue;
        }
        assert_eq!(
            (merged.scheme(), merged.host_str(), merged.path()),
            (own.scheme(), own.host_str(), own.path())
        );
        assert_eq!(merged.fragment(), own.fragment());
        let mut expected: Vec<(String, String)> = own.query_pairs().into_owned().collect();
        for (name, value) in page.query_pairs().into_owned() {
            if expected.iter().all(|(present, _)| *present != name) {
                expected.push((name, value));
            }
        }
        let actual: Vec<(String, String)> = merged.query_pairs().into_owned().collect();
        assert_eq!(actual, expected, "{address:?} {target:?}");
    }
}
