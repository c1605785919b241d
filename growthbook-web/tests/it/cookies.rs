use growthbook_web::WebOptions;

use crate::client::{ask, sent_back};
use crate::services::{client, in_both};

const USER: &[(&str, &str)] = &[("x-user", "u-1")];

/// As the JavaScript SDK writes it.
const DOCUMENT: &str = "gbStickyBuckets__id||u-1=%7B%22attributeName%22%3A%22id%22%2C%22attributeValue%22%3A%22u-1%22%2C\
                        %22assignments%22%3A%7B%22colors__0%22%3A%22r%22%7D%7D";

#[test]
fn who_was_assigned_keeps_their_variation_by_a_cookie() {
    let options = WebOptions::new()
        .sticky_cookies()
        .cookie_attributes("Secure; SameSite=Lax");
    in_both(
        || client(1),
        &options,
        |framework, server| {
            let answer = ask(server, "/color", USER);
            assert_eq!(answer.body, "red", "{framework}");
            let expected = format!("{DOCUMENT}; Max-Age=15552000; Path=/; Secure; SameSite=Lax");
            let expected = [expected];
            assert_eq!(answer.headers("set-cookie"), expected, "{framework}");
            assert_eq!(ask(server, "/handle", USER).headers("set-cookie"), expected);
            assert!(ask(server, "/quiet", USER).headers("set-cookie").is_empty());
        },
    );
    let headers = [("x-user", "u-1"), ("cookie", "a=b"), ("cookie", DOCUMENT)];
    in_both(
        || client(0),
        &options,
        |framework, server| {
            assert_eq!(ask(server, "/color", USER).body, "blue", "{framework}");
            let answer = ask(server, "/color", &headers);
            assert_eq!(answer.body, "red", "{framework}");
            assert!(
                answer.headers("set-cookie").is_empty(),
                "it is as it was: {answer:?}"
            );
            let other = ask(server, "/color", &[("x-user", "u-2"), ("cookie", DOCUMENT)]);
            assert_eq!(other.body, "blue", "the cookie is another user's");
        },
    );
}

#[test]
fn without_the_option_no_cookie_is_read_or_set() {
    in_both(
        || client(1),
        &WebOptions::new(),
        |framework, server| {
            let answer = ask(server, "/color", USER);
            assert_eq!(answer.body, "red", "{framework}");
            assert!(answer.headers("set-cookie").is_empty());
        },
    );
}

#[test]
fn a_browser_gets_an_id_once() {
    let options = WebOptions::new().anonymous_id("id");
    in_both(
        || client(1),
        &options,
        |framework, server| {
            let first = ask(server, "/color", &[]);
            assert_eq!(first.body, "red", "{framework}: the id buckets");
            let [cookie] = first.headers("set-cookie")[..] else {
                panic!("{framework}: {first:?}")
            };
            assert!(cookie.starts_with("gbuuid="), "{cookie}");
            assert!(cookie.ends_with("; Max-Age=34560000; Path=/"), "{cookie}");
            assert_ne!(sent_back(&first), sent_back(&ask(server, "/color", &[])));

            let again = ask(server, "/color", &[("cookie", &sent_back(&first))]);
            assert_eq!(
                (&*again.body, again.headers("set-cookie").len()),
                ("red", 0)
            );
            let known = ask(server, "/color", USER);
            assert!(
                known.headers("set-cookie").is_empty(),
                "an id that is supplied wins"
            );
            assert!(ask(server, "/quiet", &[]).headers("set-cookie").is_empty());
        },
    );
}

#[test]
fn nothing_is_kept_without_consent() {
    let options = WebOptions::new().anonymous_id("id").sticky_cookies();
    in_both(
        || client(1),
        &options,
        |framework, server| {
            let answer = ask(server, "/no-consent", &[]);
            assert_eq!(answer.body, "red", "{framework}");
            assert!(answer.headers("set-cookie").is_empty());
            assert_eq!(
                ask(server, "/color", &[]).headers("set-cookie").len(),
                2,
                "{framework}"
            );
        },
    );
}

#[test]
fn who_logs_in_on_the_way_gets_their_own_cookie() {
    let options = WebOptions::new().sticky_cookies();
    in_both(
        || client(1),
        &options,
        |framework, server| {
            let answer = ask(server, "/log-in", USER);
            let [cookie] = answer.headers("set-cookie")[..] else {
                panic!("{framework}: {answer:?}")
            };
            assert!(cookie.starts_with("gbStickyBuckets__id||logged-in="));
        },
    );
}
