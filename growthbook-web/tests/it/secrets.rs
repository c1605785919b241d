//! What a request brings stays out of our log and out of what `Debug` prints.

use std::fmt::Debug;

use growthbook_core::Attributes;
use growthbook_web::{GrowthBook, GrowthBookLayer, GrowthBookMiddleware, RequestHead, WebOptions};

use crate::client::ask;
use crate::ear::{heard, listen};
use crate::services::{client, in_both};

/// In every value, and in nothing else.
const CANARY: &str = "canary-7f3a";

#[test]
fn no_value_is_said() {
    listen();
    let options = WebOptions::new()
        .anonymous_id("id")
        .sticky_cookies()
        .development(true);
    let target = format!("/{CANARY}?_gbdebug={CANARY}&utm_source={CANARY}&id={CANARY}");
    let cookies = format!(
        "gbuuid={CANARY}; session={CANARY}; gbStickyBuckets__id||{CANARY}=%7B%22attributeName%22%3A%22id%22%2C\
         %22attributeValue%22%3A%22{CANARY}%22%2C%22assignments%22%3A%7B%22colors__0%22%3A%22r%22%7D%7D"
    );
    let long = CANARY.repeat(1_000);
    let headers = [
        ("cookie", &*cookies),
        ("user-agent", CANARY),
        ("x-user", &*long),
        ("authorization", CANARY),
    ];
    in_both(
        || client(1),
        &options,
        |_, server| {
            for path in ["/color", "/ask", "/log-in", "/script", "/nowhere"] {
                let asked = ask(
                    server,
                    &target.replacen('/', &format!("{path}/../"), 1),
                    &headers,
                );
                assert_eq!(asked.status, 404);
                ask(
                    server,
                    &target.replacen(&format!("/{CANARY}"), path, 1),
                    &headers,
                );
            }
        },
    );

    let request = RequestHead::new(&target)
        .with_host(CANARY)
        .with_cookies(&cookies);
    let request = request.with_user_agent(CANARY).with_scheme(CANARY);
    let known = Attributes::new().with("email", CANARY);
    let growthbook = GrowthBook::new(&client(1), &options, &request, known);
    growthbook.scope().value("color", "none");
    let mut said = vec![debug(&request), debug(&options), debug(&growthbook)];
    said.push(debug(&growthbook.scope()));
    said.push(debug(
        &GrowthBookLayer::new(client(1)).options(options.clone()),
    ));
    said.push(debug(
        &GrowthBookMiddleware::new(client(1)).options(options),
    ));

    let heard = heard();
    for part in ["overrides of 11 bytes", "sticky bucket cookie of"] {
        assert!(heard.iter().any(|line| line.contains(part)), "{heard:?}");
    }
    said.extend(heard);
    for text in &said {
        assert!(!text.contains(CANARY), "{text}");
    }
}

fn debug(value: &impl Debug) -> String {
    format!("{value:?}")
}
