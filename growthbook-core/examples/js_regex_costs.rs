//! Prints what regular expressions cost, engine by engine:
//!
//! ```text
//! cargo run --release -p growthbook-core --example js_regex_costs
//! ```

#![expect(clippy::print_stdout, reason = "a command-line tool")]
#![expect(
    clippy::disallowed_methods,
    reason = "reads the clock, outside of the library"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use growthbook_core::js_regex::{EngineKind, JsRegex, PatternError};

fn main() -> Result<(), PatternError> {
    for (pattern, ignore_case, text) in TYPICAL {
        for kind in [
            EngineKind::Literals,
            EngineKind::Translated,
            EngineKind::Matcher,
        ] {
            let Some(regex) = JsRegex::on_engine(pattern, ignore_case, kind)? else {
                continue;
            };
            let matching = time(1_000, || regex.is_match(black_box(text)));
            let compiling = time(20, || {
                JsRegex::on_engine(black_box(pattern), ignore_case, kind)
            });
            println!("{kind:?}: match {matching:?}, compile {compiling:?}: {regex:?}");
        }
    }
    let (runs, ends) = ("a".repeat(64 << 10), "ab".repeat(32 << 10));
    for pattern in HOSTILE.into_iter().map(String::from).chain([
        format!("(?:(?!b)a)*c|{}", "()".repeat(900)),
        format!("{}(?=b)", "a?".repeat(4_000)),
        format!("(?=x){}", "(?:a|b|[^c])*".repeat(600)),
    ]) {
        let compiling = time(1, || JsRegex::new(&pattern, false));
        let regex = JsRegex::new(&pattern, false)?;
        let shown: String = pattern.chars().take(30).collect();
        for text in [
            &runs,
            &ends,
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
        ] {
            let (mut answer, length) = (Ok(false), text.len());
            let took = time(1, || answer = regex.is_match(text));
            println!(
                "{:?}: compile {compiling:?}, {length} bytes {took:?} {answer:?}: {shown}",
                regex.engine()
            );
        }
    }
    Ok(())
}

/// What one run takes in the fastest of several rounds: others may be using the machine.
fn time<T>(times: u32, mut run: impl FnMut() -> T) -> Duration {
    let round = |_| {
        let start = Instant::now();
        for _ in 0..times {
            black_box(run());
        }
        start.elapsed() / times
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

const ROUNDS: usize = 30;

const URL: &str = "https://shop.eu.example.com/en-US/users/item-42/cart?utm_source=mail&page=2#top";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1";

const TYPICAL: [(&str, bool, &str); 16] = [
    ("^admin", false, "administrator"),
    ("^admin", true, "Administrator"),
    (r"@(example|acme)\.com$", false, "ada.lovelace@acme.com"),
    (r"@(example|acme)\.com$", true, "ada.lovelace@ACME.com"),
    (r"\.internal@", false, "build.internal@example.com"),
    ("Mobile|Tablet", true, IPHONE),
    (r"^https://[^/]*\.example\.com/.*$", true, URL),
    (r"^.*\.example\.com/.*$", true, URL),
    (r"^https?://[^/]+\.example\.com/(foo|en-US)/\w+", false, URL),
    (
        "bot|crawler|spider|slurp|bing|yandex|duckduck|baidu",
        true,
        IPHONE,
    ),
    (r"^v?\d+\.\d+\.\d+$", false, "v12.4.10"),
    (r"^\S+@\S+$", false, "ada@example.com"),
    ("^(?!admin)", false, "user"),
    (r"^(?=.*\d)(?=.*[a-z]).{8,}$", false, "passw0rd-or-not"),
    (r".*?.*?OS (\d+)_(\d+)(?! )", true, IPHONE),
    ("(?:(?!.*admin)(?<host>[^/:]+))*$", false, URL),
];

const HOSTILE: [&str; 14] = [
    "(a+)+$",
    r"(a*)*\1b",
    r"^(?:(a+)\1?)+c",
    r"(?:(a|aa)\1?)+c",
    "(?=(a+)+c)",
    "((a{0,50}){0,50}){0,50}c",
    "((?=a)(a{0,50}){0,50}){0,50}c",
    "(a|b)*a(a|b){400}c",
    r"(?:\w{0,500}\W?){0,9}c",
    r"\W{0,1000}c",
    r"^(\w{1,500}){1,500}$",
    "(.{1000}){1000}",
    "(?:(?!c)[^])*d",
    r"(.*)(.*)(.*)(.*)(.*)\1c",
];
