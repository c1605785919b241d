use growthbook_core::{RequestContext, Track};
use growthbook_web::WebOptions;

use crate::client::ask;
use crate::services::{axum_routes, client, in_both, serve_actix, serve_axum};

#[test]
fn the_request_says_who_asks() {
    let target = "/page?utm_source=mail";
    let headers = [("user-agent", "Firefox"), ("x-user", "u-1")];
    for (options, expected) in [
        (
            WebOptions::new(),
            "https://shop.example/page?utm_source=mail url=true path=true host=true utmSource=true browser=true id=true",
        ),
        (
            WebOptions::new()
                .scheme("http")
                .request(RequestContext::without_utm),
            "http://shop.example/page?utm_source=mail url=true path=true host=true utmSource=false browser=true id=true",
        ),
        (
            WebOptions::new().request(|_| RequestContext::new()),
            "none url=false path=false host=false utmSource=false browser=false id=true",
        ),
    ] {
        in_both(
            || client(1),
            &options,
            |framework, server| {
                let answer = ask(server, target, &headers);
                assert_eq!(answer.body, expected, "{framework}");
            },
        );
    }
}

#[test]
fn exposures_are_the_pages_to_report() {
    let options = WebOptions::new().track(Track::Deferred);
    in_both(
        || client(1),
        &options,
        |framework, server| {
            let user = "</script>";
            let script = ask(server, "/script", &[("x-user", user)]).body;
            let contains = |part| assert!(script.contains(part), "{framework}: {script}");
            contains(r#""key":"colors""#);
            contains(r#""hashValue":"\u003c/script>""#);
            assert!(!script.contains('<'), "{framework}: {script}");
        },
    );
    in_both(
        || client(1),
        &WebOptions::new(),
        |framework, server| {
            let script = ask(server, "/script", &[("x-user", "u-1")]).body;
            assert_eq!(script, "[]", "{framework}");
        },
    );
}

#[test]
fn without_a_store_everything_is_evaluated_where_it_is_asked() {
    in_both(
        || client(1),
        &WebOptions::new(),
        |framework, server| {
            let answer = ask(server, "/ask", &[("x-user", "u-1")]);
            assert_eq!(answer.body, "here red", "{framework}");
        },
    );
}

#[test]
fn a_handler_without_the_layer_says_so() {
    for server in [serve_axum(axum_routes()), serve_actix(None)] {
        for target in ["/color", "/quiet"] {
            let answer = ask(server, target, &[]);
            assert_eq!(answer.status, 500);
            assert!(answer.body.contains("put a GrowthBookLayer"), "{answer:?}");
        }
    }
}

#[test]
fn overrides_hold_only_while_developing() {
    let target = "/color?_gbdebug=%7B%22features%22%3A%7B%22color%22%3A%22pink%22%7D%7D";
    for (is_developing, expected) in [(true, "pink"), (false, "green")] {
        in_both(
            || client(1),
            &WebOptions::new().development(is_developing),
            |framework, server| assert_eq!(ask(server, target, &[]).body, expected, "{framework}"),
        );
    }
}
