//! All that goes wrong, with secrets wherever there can be some.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::panic, reason = "callbacks that do")]

use std::time::Duration;

use growthbook_core::{
    Attributes, CacheKey, CachedPayload, ClientKey, FeatureCache, GrowthBookClient, UserContext,
};
use growthbook_fetch::{Endpoint, FileCache, HttpSource};
use growthbook_testkit::Reply;

use super::evaluations::evaluations;
use super::told::{Told, until, value_of};
use super::{CLIENT_KEY, ENCODED_KEY, webhooks};
use crate::api::{Api, NOBODY, SOON};
use crate::sealed::{self, KEY, OTHER_KEY};

pub(super) const SCENES: [fn(&Told); 13] = [
    evaluations,
    bodies,
    statuses,
    redirects,
    proxies,
    configurations,
    streams,
    seals,
    disks,
    connections,
    callbacks,
    keys_of_the_environment,
    webhooks::scene,
];

fn bodies(told: &Told) {
    let api = good_api();
    let client = told.build(HttpSource::new(endpoint(&api)), |builder| builder);
    told.refresh(&client);
    evaluate(&client);
    let bodies = [
        "<html>canary-payload</html>".to_owned(),
        "Error: canary-payload".to_owned(),
        "{\"canary-payload".to_owned(),
        "[\"canary-payload\"]".to_owned(),
        "\"canary-payload\"".to_owned(),
        "{}".to_owned(),
        "{\"features\": \"canary-payload\"}".to_owned(),
        "{\"features\": {\"f\": \"canary-payload\", \"g\": {\"rules\": [\"canary-payload\", {\"condition\": \"canary-payload\", \"force\": \"canary-payload\"}]}}, \"dateUpdated\": \"canary-payload\"}".to_owned(),
        format!("{{\"features\": {}", "{\"canary-payload\":".repeat(200)),
        "\u{1f}\u{8b}canary-payload".to_owned(),
    ];
    for body in bodies {
        api.serve_bytes(Some(body.as_bytes()));
        told.refresh(&client);
        evaluate(&client);
    }
    api.answer_by(|_, reply| {
        reply.respond(
            200,
            &[("Content-Encoding", "gzip")],
            b"\x1f\x8bcanary-payload",
        )
    });
    told.refresh(&client);
    let endpoint = endpoint(&api).max_body_bytes(20);
    let client = told.build(HttpSource::new(endpoint), |builder| builder);
    api.answer_as_usual();
    told.refresh(&client);
}

fn statuses(told: &Told) {
    let api = good_api();
    let client = told.build(HttpSource::new(endpoint(&api)), |builder| builder);
    for status in [201, 204, 301, 304, 400, 401, 403, 404, 410, 429, 500, 503] {
        api.answer_by(move |_, reply| {
            let headers = [
                ("Retry-After", "canary-payload"),
                ("X-Unrecoverable", "canary-payload"),
                ("ETag", "\"canary-payload\""),
            ];
            reply.respond(status, &headers, b"{\"message\": \"canary-payload\"}")
        });
        told.refresh(&client);
    }
}

fn redirects(told: &Told) {
    let other = good_api();
    let elsewhere = format!("{}/api/features/{ENCODED_KEY}", other.server().url());
    let again = format!("/again/{ENCODED_KEY}");
    for location in [
        &*elsewhere,
        &again,
        "file:///canary-payload",
        "http://canary-payload:canary-payload@[",
        "",
    ] {
        let api = good_api();
        let to = location.to_owned();
        api.answer_by(move |_, reply| reply.respond(302, &[("Location", &to)], b""));
        let client = told.build(HttpSource::new(endpoint(&api)), |builder| builder);
        told.refresh(&client);
        let to = location.to_owned().leak();
        let api = good_api();
        api.offer_streaming();
        api.answer_streams(307, &[("Location", to)]);
        let source = HttpSource::new(endpoint(&api)).streaming();
        told.until_stream_error(&told.build(source, |builder| builder));
    }
    assert_eq!(other.gets(), 0);
}

fn proxies(told: &Told) {
    let api = good_api();
    let refusing = Api::start();
    refusing.answer_by(|_, reply| reply.respond(407, &[], b"canary-payload"));
    let dead = "http://user:canary-proxy@127.0.0.1:1".to_owned();
    let refusing = refusing.server().url();
    let refusing = refusing.replace("http://", "http://canary-proxy:canary-proxy@");
    for proxy in [dead, refusing, "http://canary-proxy:x@".to_owned()] {
        let endpoint = endpoint(&api).proxy(&*proxy);
        told.debug("endpoint", &endpoint);
        told.try_source(HttpSource::new(endpoint).streaming());
    }
    for proxy in ["socks5://user:canary-proxy@127.0.0.1:1", "canary-proxy"] {
        told.try_source(HttpSource::new(endpoint(&api).proxy(proxy)));
    }
    // The one of the environment.
    let endpoint = Endpoint::new(CLIENT_KEY).api_host("http://growthbook.invalid");
    told.try_source(HttpSource::new(endpoint.allow_insecure_http()));
    assert_eq!(api.gets(), 0);
}

/// What cannot work, and is said when the client is built.
fn configurations(told: &Told) {
    for host in [
        "http://user:canary-host@127.0.0.1",
        "canary-host@127.0.0.1",
        "ftp://user:canary-host@127.0.0.1",
        "https://127.0.0.1/?canary-host",
        "http://127.0.0.1/#canary-host",
    ] {
        let endpoint = Endpoint::new(CLIENT_KEY).api_host(host);
        told.debug("endpoint", &endpoint);
        told.try_source(HttpSource::new(endpoint));
        let endpoint = Endpoint::new(CLIENT_KEY).streaming_host(host);
        told.try_source(HttpSource::new(endpoint).streaming());
    }
    for (name, value) in [("X-Tenant", "canary-header\n"), ("Host", "canary-header")] {
        let endpoint = Endpoint::new(CLIENT_KEY).header(name, value);
        told.debug("endpoint", &endpoint);
        told.try_source(HttpSource::new(endpoint));
    }
    let pem = "-----BEGIN CERTIFICATE-----\ncanary-host\n-----END CERTIFICATE-----\n";
    told.try_source(HttpSource::new(
        Endpoint::new(CLIENT_KEY).root_certificates(pem),
    ));
    let long_key = CLIENT_KEY.repeat(10_000);
    told.try_source(HttpSource::new(long_key));
}

fn streams(told: &Told) {
    for (status, headers) in [
        (400, &[][..]),
        (401, &[("WWW-Authenticate", "canary-payload")]),
        (204, &[]),
        (200, &[("Content-Type", "application/canary-payload")]),
        (503, &[("Retry-After", "canary-payload")]),
    ] {
        let api = good_api();
        api.offer_streaming();
        api.answer_streams(status, headers);
        let client = told.build(HttpSource::new(endpoint(&api)).streaming(), |builder| {
            builder
        });
        told.until_stream_error(&client);
    }
    let api = good_api();
    api.offer_streaming();
    let source = HttpSource::new(endpoint(&api).max_body_bytes(1_000)).streaming();
    let client = told.build(source, |builder| builder);
    api.wait_for_streams(1);
    until(&client, |client| value_of(client) == "canary-payload");
    let long = format!(
        "event: features\ndata: canary-payload{}\n\n",
        " ".repeat(2_000)
    );
    for event in [
        "event: features\nid: canary-payload\ndata: {\"features\": \"canary-payload\"}\n\n",
        "event: canary-payload\nretry: canary-payload\ndata: canary-payload\n\n",
        "event: features\ndata: {canary-payload\n\n",
        &long,
    ] {
        api.push(event.as_bytes());
    }
    until(&client, |client| client.status().refreshes().rejected() > 0);
    told.client(&client);
    api.cut_streams();
    told.until_stream_error(&client);
}

fn seals(told: &Told) {
    let api = good_api();
    let client = told.build(HttpSource::new(endpoint(&api)), |builder| builder);
    let plain = br#"{"f": {"defaultValue": "canary-payload"}}"#;
    for (plain, key) in [
        (&plain[..], KEY),
        (plain, OTHER_KEY),
        (b"{canary-payload", KEY),
        (b"\"canary-payload\"", KEY),
    ] {
        let sealed = sealed::payload(&sealed::seal(plain, key));
        api.serve_bytes(Some(sealed.as_bytes()));
        told.refresh(&client);
        evaluate(&client);
    }
    let keyless = HttpSource::new(endpoint(&api)).ignore_environment();
    let keyless = GrowthBookClient::builder().source(keyless).build().unwrap();
    told.refresh(&keyless);
}

fn keys_of_the_environment(told: &Told) {
    let api = good_api();
    let source = HttpSource::new(endpoint(&api)).manual();
    let client = GrowthBookClient::builder().source(source).build().unwrap();
    told.refresh(&client);
}

fn disks(told: &Told) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "canary-payload").unwrap();
    let api = good_api();
    for cache in [
        FileCache::new(&file),
        FileCache::new(folder.path()).max_bytes(3),
        FileCache::new(folder.path().join("\0")),
    ] {
        told.debug("cache", &cache);
        let source = HttpSource::new(endpoint(&api));
        let client = told.build(source, |builder| builder.cache(cache));
        told.refresh(&client);
    }
    let cache = FileCache::new(folder.path());
    let key = CacheKey::new(api.server().url(), &ClientKey::new(CLIENT_KEY));
    told.debug("key", &key);
    let payload = CachedPayload::new(PAYLOAD.as_bytes());
    told.debug("payload", &payload);
    cache.store(&key, &payload).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        let name = entry.file_name().display().to_string();
        told.note("name of a file", name);
        std::fs::write(entry.path(), "canary-payload").unwrap();
    }
    let source = HttpSource::new(endpoint(&api));
    let client = told.build(source, |builder| builder.cache(cache));
    told.refresh(&client);
}

fn connections(told: &Told) {
    let api = good_api();
    let plain = api.server().address();
    for host in [NOBODY.to_owned(), format!("https://{plain}")] {
        let endpoint = secrets(Endpoint::new(CLIENT_KEY).api_host(host))
            .connect_timeout(Duration::from_millis(500));
        told.try_source(HttpSource::new(endpoint).streaming());
    }
    let break_off: [fn(&mut Reply) -> std::io::Result<()>; 5] = [
        |reply| {
            reply.hold();
            Ok(())
        },
        |reply| {
            reply.reset();
            Ok(())
        },
        |reply| {
            reply.raw(b"canary-payload\r\n\r\n")?;
            reply.close();
            Ok(())
        },
        |reply| {
            reply.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncanary-payload")?;
            reply.close();
            Ok(())
        },
        |reply| {
            let long = "canary-payload".repeat(10_000);
            reply.respond(200, &[("X-Long", &long)], b"{}")
        },
    ];
    for break_off in break_off {
        api.answer_by(move |_, reply| break_off(reply));
        let endpoint = endpoint(&api).timeout(Duration::from_millis(200));
        told.try_source(HttpSource::new(endpoint));
    }
}

fn callbacks(told: &Told) {
    let api = good_api();
    let client = told.build(HttpSource::new(endpoint(&api)), |builder| {
        builder
            .on_refresh(|_| panic!("in a callback"))
            .on_experiment_viewed(|_| panic!("in a callback"))
    });
    until(&client, |client| client.status().callback_panics() > 0);
    evaluate(&client);
    told.client(&client);
    client.close(SOON);
    told.refresh(&client);
    told.client(&client);
}

fn evaluate(client: &GrowthBookClient) {
    let user = UserContext::new(
        Attributes::new()
            .with("id", "canary-attribute")
            .with("city", "canary-attribute"),
    );
    client.value("f", &user, String::new());
    // Not of this type, which is told.
    client.value("f", &user, 0);
    client.scope(user).evaluate("f");
}

fn good_api() -> Api {
    let api = Api::start();
    api.serve_bytes(Some(PAYLOAD.as_bytes()));
    api
}

fn endpoint(api: &Api) -> Endpoint {
    secrets(Endpoint::new(CLIENT_KEY).api_host(api.server().url()))
}

/// With all the secrets that an endpoint can have, but for a proxy's.
pub(super) fn secrets(endpoint: Endpoint) -> Endpoint {
    endpoint
        .no_proxy()
        .header("X-Tenant", "canary-header")
        .header("Authorization", "Basic canary-header")
        .streaming_header("Authorization", "Basic canary-header")
}

const PAYLOAD: &str = r#"{"features": {"f": {"defaultValue": "canary-payload", "rules": [
    {"condition": {"city": "canary-payload"}, "force": "canary-payload"},
    {"variations": ["canary-payload", "canary-payload"], "hashAttribute": "id", "key": "experiment"}
]}}}"#;
