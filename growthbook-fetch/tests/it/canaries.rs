//! Secrets are in no log of ours, in no error and in no `Debug` output, whatever goes wrong (P-34, K20).
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(
    clippy::print_stdout,
    reason = "how much was looked at, for whoever reads of a failure"
)]

mod evaluations;
mod scenes;
mod told;
mod webhooks;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use growthbook_fetch::{Endpoint, HttpFetcher};

use self::scenes::SCENES;
use self::told::Told;
use super::child::alone;
use super::ear;

#[test]
fn no_secret_is_said() {
    let proxy = "http://user:canary-proxy@127.0.0.1:1";
    let variables = [
        ("HTTP_PROXY", proxy),
        ("GROWTHBOOK_DECRYPTION_KEY", "canary-of-the-environment"),
    ];
    let said = alone("canaries::no_secret_is_said", &variables, || {
        ear::listen();
        let panics = Arc::<Mutex<Vec<String>>>::default();
        let noting = Arc::clone(&panics);
        std::panic::set_hook(Box::new(move |panic| {
            noting.lock().unwrap().push(panic.to_string());
        }));
        let told = Told::default();
        for scene in SCENES {
            scene(&told);
        }
        let _ = std::panic::take_hook();
        check(&told, &panics.lock().unwrap());
    });
    assert!(
        said.is_none_or(|said| found(&said).is_empty()),
        "the process prints secrets"
    );
}

fn check(told: &Told, panics: &[String]) {
    let heard = ear::heard();
    let (ours, others): (Vec<_>, Vec<_>) = heard.into_iter().partition(ear::Said::is_ours);
    let told = told.0.lock().unwrap();
    println!(
        "{} outputs, {} records of ours, {} of others, {} panics",
        told.len(),
        ours.len(),
        others.len(),
        panics.len()
    );
    assert!(
        ours.len() > 100 && told.len() > 200,
        "hardly anything was said"
    );
    for said in &ours {
        assert_eq!(found(&said.text), [""; 0], "{} {}", said.level, said.target);
        // The client is heard as well, if something else in the build has its feature `log`.
        let is_expected = ["growthbook", "growthbook::fetch"].contains(&&*said.target);
        assert!(is_expected, "{}: {}", said.target, said.text);
    }
    for (what, text) in &*told {
        assert_eq!(found(text), [""; 0], "{what}");
    }
    for panic in panics {
        assert_eq!(found(panic), [""; 0]);
        assert!(panic.contains("in a callback"), "{panic}");
    }
    // What this library cannot keep others from: its HTTP library says addresses, at its finest levels.
    let leaking = others.iter().filter(|said| !found(&said.text).is_empty());
    let leaking: BTreeSet<(&str, log::Level)> = leaking
        .map(|said| {
            let library = said.target.split("::").next().unwrap();
            (library, said.level)
        })
        .collect();
    println!("others who say secrets: {leaking:?}");
    for (library, level) in leaking {
        assert!(library.starts_with("ureq"), "{library}");
        assert!(level >= log::Level::Debug, "{library} at {level}");
    }
}

/// Which canaries are in a text, in whatever form.
fn found(text: &str) -> Vec<&'static str> {
    let packed = text.replace([' ', '\n'], "");
    let is_there = |canary: &&&'static str| {
        let bytes = format!("{:?}", canary.as_bytes()).replace(' ', "");
        let base64 = STANDARD.encode(canary);
        text.contains(**canary)
            || text.contains(base64.trim_end_matches('='))
            || packed.contains(bytes.trim_matches(['[', ']']))
    };
    CANARIES.iter().filter(is_there).copied().collect()
}

#[test]
fn canaries_are_found() {
    for canary in CANARIES {
        for text in [
            format!("a{canary}b"),
            format!("{:?}", canary.as_bytes()),
            format!("{:#?}", canary.as_bytes()),
            STANDARD.encode(canary),
        ] {
            assert_eq!(found(&text), [canary], "{text}");
        }
    }
    let endpoint = Endpoint::new(CLIENT_KEY).api_host("http://localhost");
    let fetcher = HttpFetcher::new(endpoint).unwrap();
    assert!(found(&format!("{fetcher:?} canary")).is_empty());
}

const CANARIES: [&str; 12] = [
    CLIENT_KEY,
    ENCODED_KEY,
    "canary-decrypter",
    "canary-other-key",
    "canary-header",
    "canary-proxy",
    // `user:canary-proxy` in base64, as a proxy is told.
    "dXNlcjpjYW5hcnktcHJveHk",
    "canary-host",
    "canary-payload",
    "canary-attribute",
    "canary-of-the-environment",
    "canary-signing",
];

/// One that is written otherwise in an address.
const CLIENT_KEY: &str = "sdk canary/client";
const ENCODED_KEY: &str = "sdk%20canary%2Fclient";
