use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::attributes::AttributeValue;

fn json_of(request: &RequestContext) -> Value {
    Value::from(&AttributeValue::Map(request.attributes()))
}

fn at(url: &str) -> RequestContext {
    RequestContext::new().with_url(url)
}

#[test]
fn nothing_known_says_nothing() {
    assert_eq!(json_of(&RequestContext::new()), json!({}));
    let rules = RequestContext::new().with_user_agent_rules(UserAgentRules::JavaScript);
    assert_eq!(json_of(&rules), json!({}));
    let empty = RequestContext::new().with_user_agent("");
    assert_eq!(json_of(&empty), json!({}));
}

#[test]
fn an_address_in_parts() {
    for (url, host, path, query) in [
        ("https://shop.example", Some("shop.example"), "/", ""),
        ("https://shop.example/", Some("shop.example"), "/", ""),
        (
            "https://Shop.Example/A%20b/",
            Some("shop.example"),
            "/A%20b/",
            "",
        ),
        (
            "https://shop.example?a=1#top",
            Some("shop.example"),
            "/",
            "?a=1",
        ),
        (
            "https://shop.example/cart?a=1&b=?#x?y",
            Some("shop.example"),
            "/cart",
            "?a=1&b=?",
        ),
        (
            "https://u:p@shop.example:8443/x",
            Some("shop.example:8443"),
            "/x",
            "",
        ),
        ("https://shop.example:443/", Some("shop.example"), "/", ""),
        (
            "http://shop.example:443/",
            Some("shop.example:443"),
            "/",
            "",
        ),
        ("HTTP://shop.example:80/", Some("shop.example"), "/", ""),
        ("http://[::1]:80/a", Some("[::1]"), "/a", ""),
        ("http://[::1]:8080/a", Some("[::1]:8080"), "/a", ""),
        (
            "/cart?next=https://other.example/",
            None,
            "/cart",
            "?next=https://other.example/",
        ),
        ("cart", None, "cart", ""),
        ("?a=1", None, "", "?a=1"),
        ("", None, "", ""),
        ("://x", None, "://x", ""),
        ("https://", None, "/", ""),
        ("https://Zoë.example/é", Some("zoë.example"), "/é", ""),
    ] {
        let mut expected = json!({"url": url, "path": path, "query": query});
        if let Some(host) = host {
            expected["host"] = host.into();
        }
        assert_eq!(json_of(&at(url)), expected, "{url}");
    }
}

#[test]
fn parts_of_a_request_make_its_address() {
    let request = RequestContext::from_parts("https", "shop.example", "/cart?a=1");
    let user = request.user(Attributes::new());
    assert_eq!(user.url(), Some("https://shop.example/cart?a=1"));
}

#[test]
fn campaigns_are_decoded_once_and_not_empty() {
    let url = "/?utm_source=spring+mail&utm_medium=&utm_campaign=a%26b&utm_campaign=second&utm_term=%E2%9C%93\
               &UTM_CONTENT=no&utm_content=x%ZZ";
    let found = at(url).attributes();
    assert_eq!(found.get("utmSource"), Some(&"spring mail".into()));
    assert_eq!(found.get("utmMedium"), None);
    assert_eq!(found.get("utmCampaign"), Some(&"a&b".into()));
    assert_eq!(found.get("utmTerm"), Some(&"✓".into()));
    assert_eq!(found.get("utmContent"), Some(&"x%ZZ".into()));
    assert_eq!(at(url).without_utm().attributes().get("utmSource"), None);
}

/// Header, what the Python rules make of it, and what the JavaScript rules do.
const HEADERS: [(&str, [&str; 2], [&str; 2]); 8] = [
    (
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
        ["chrome", "desktop"],
        ["chrome", "desktop"],
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
        ["edge", "desktop"],
        ["edge", "desktop"],
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ["firefox", "desktop"],
        ["firefox", "desktop"],
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1",
        ["safari", "mobile"],
        ["safari", "mobile"],
    ),
    (
        "Mozilla/5.0 (iPhone) AppleWebKit/605 CriOS/140.0 Mobile/15E148 Safari/604.1",
        ["safari", "mobile"],
        ["safari", "mobile"],
    ),
    (
        "Mozilla/5.0 (Linux; Android 15; Tablet) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
        ["chrome", "mobile"],
        ["chrome", "desktop"],
    ),
    ("curl/8.5.0", ["unknown", "desktop"], ["unknown", "desktop"]),
    (
        "SOMETHING CHROME MOBILE",
        ["chrome", "mobile"],
        ["unknown", "desktop"],
    ),
];

#[test]
fn browser_and_device_by_either_rules() {
    for (header, python, javascript) in HEADERS {
        let request = RequestContext::new().with_user_agent(header);
        let expected = json!({"userAgent": header, "browser": python[0], "deviceType": python[1]});
        assert_eq!(json_of(&request), expected, "{header}");
        let request = request.with_user_agent_rules(UserAgentRules::JavaScript);
        let expected = json!({"browser": javascript[0], "deviceType": javascript[1]});
        assert_eq!(json_of(&request), expected, "{header}");
        let request = request.with_user_agent_rules(UserAgentRules::Off);
        assert_eq!(json_of(&request), json!({}), "{header}");
    }
}

#[test]
fn a_browser_that_does_not_say_is_unknown_to_the_javascript_rules() {
    let request = at("/").with_user_agent_rules(UserAgentRules::JavaScript);
    assert_eq!(request.attributes().get("browser"), Some(&"unknown".into()));
    assert_eq!(
        request.attributes().get("deviceType"),
        Some(&"desktop".into())
    );
    assert_eq!(at("/").attributes().get("browser"), None);
}

#[test]
fn the_program_wins_over_the_page_and_the_page_over_the_request() {
    let page = Attributes::new()
        .with("pageTitle", "Cart")
        .with("path", "/page")
        .with("id", "of-the-page");
    let request = at("https://shop.example/cart")
        .with_user_id("of-the-session")
        .with_client_attributes(page);
    let found = request.attributes();
    assert_eq!(found.get("pageTitle"), Some(&"Cart".into()));
    assert_eq!(found.get("path"), Some(&"/page".into()));
    assert_eq!(found.get("id"), Some(&"of-the-page".into()));

    let known = Attributes::new().with("id", "u-1").with("host", "internal");
    let user = request.user(known);
    assert_eq!(user.attributes().get("id"), Some(&"u-1".into()));
    assert_eq!(user.attributes().get("host"), Some(&"internal".into()));
    assert_eq!(user.attributes().get("path"), Some(&"/page".into()));
    assert_eq!(user.url(), Some("https://shop.example/cart"));
}

#[test]
fn the_servers_own_attributes_are_asked_for() {
    let at = UNIX_EPOCH + Duration::from_millis(1_767_323_045_678);
    let request = RequestContext::new().with_server_context(at, "00c0ffee");
    let expected = json!({"server_timestamp": 1_767_323_045, "request_id": "00c0ffee", "sdk_context": "server"});
    assert_eq!(json_of(&request), expected);
}

#[test]
fn debug_says_nothing_of_the_user() {
    let request = at("https://shop.example/?email=ada@example.org")
        .with_user_id("ada")
        .with_user_agent("secret-browser")
        .with_client_attributes(Attributes::new().with("mail", "ada@example.org"));
    let shown = format!("{request:?}");
    assert!(
        !shown.contains("ada") && !shown.contains("secret-browser"),
        "{shown}"
    );
}
