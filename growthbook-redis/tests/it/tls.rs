//! R15: whom to trust, with real servers that speak TLS and certificates of the test's own.

use std::time::Duration;

use growthbook_core::testing::ManualClock;
use growthbook_redis::{Command, Redis, RedisBuilder, RedisError, Reply};
use growthbook_testkit::{Certificate, RedisServer};

use crate::{SOON, server};

/// What is said of a certificate that does not stand the check.
const UNTRUSTED: &str = "its certificate is not trusted, or of another host, or out of date";

fn start(certificate: &Certificate) -> Option<RedisServer> {
    server(RedisServer::builder().tls(certificate.chain(), certificate.key()))
}

fn patient(server: &RedisServer) -> RedisBuilder {
    Redis::builder(server.tls_url()).timeout(SOON)
}

fn ping(redis: &Redis) -> Result<Reply, RedisError> {
    redis.call().query(&Command::new("PING"))
}

#[test]
fn r15_an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let certificate = Certificate::of("localhost").unwrap();
    let Some(server) = start(&certificate) else {
        return;
    };
    let other = Certificate::of("localhost").unwrap();
    let both = [other.authority(), certificate.authority()].concat();
    let pong = Reply::Status("PONG".to_owned());
    for roots in [
        &[certificate.authority()][..],
        &[&both],
        &[other.authority(), certificate.authority()],
    ] {
        let builder = roots
            .iter()
            .fold(patient(&server), RedisBuilder::root_certificates);
        let redis = builder.build().unwrap();
        assert_eq!(ping(&redis).unwrap(), pong);
        server.ask(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
        assert_eq!(ping(&redis).unwrap(), pong, "over a new connection");
    }
}

#[test]
fn r15_certificates_that_do_not_stand_the_check_are_refused() {
    let good = Certificate::of("localhost").unwrap();
    for (name, certificate, trusted) in [
        ("unknown to the system", &good, None),
        (
            "of another authority",
            &good,
            Some(Certificate::of("localhost").unwrap()),
        ),
        (
            "of another host",
            &Certificate::of("redis.example.com").unwrap(),
            None,
        ),
        (
            "out of date",
            &Certificate::expired("localhost").unwrap(),
            None,
        ),
    ] {
        let Some(server) = start(certificate) else {
            return;
        };
        let builder = match &trusted {
            Some(other) => patient(&server).root_certificates(other.authority()),
            None if name == "unknown to the system" => patient(&server),
            None => patient(&server).root_certificates(certificate.authority()),
        };
        let clock = ManualClock::new();
        let redis = builder.clock(clock).build().unwrap();
        for _ in 0..3 {
            let error = ping(&redis).unwrap_err();
            assert_eq!(error.to_string(), UNTRUSTED, "{name}");
            assert!(!error.is_transient(), "{name}");
        }
        // It is left alone like any other that cannot be used.
        assert_eq!(redis.status().left_alone(), 1, "{name}");
    }
}

/// Nobody is told the password who is not who they should be.
#[test]
fn r15_a_server_that_is_not_trusted_hears_no_password() {
    let certificate = Certificate::of("redis.example.com").unwrap();
    let tls = RedisServer::builder().tls(certificate.chain(), certificate.key());
    let Some(server) = server(tls.password("s3cret-right")) else {
        return;
    };
    let passwords = || {
        let stats = server.ask(&["INFO", "commandstats"]).unwrap();
        let (_, calls) = stats.split_once("cmdstat_auth:calls=").unwrap();
        calls.split(',').next().unwrap().parse::<u32>().unwrap()
    };
    let before = passwords();
    let url = server.tls_url().replace("://", "://:s3cret-right@");
    let redis = Redis::builder(url).timeout(SOON);
    let redis = redis
        .root_certificates(certificate.authority())
        .build()
        .unwrap();
    let error = ping(&redis).unwrap_err();
    assert_eq!(error.to_string(), UNTRUSTED);
    let said = format!("{error:?} {redis:?}");
    assert!(
        !said.contains("s3cret") && !said.contains("localhost"),
        "{said}"
    );
    assert_eq!(passwords() - before, 1, "the test's own alone");
}

/// A server that does not speak TLS at all, and one that speaks nothing else.
#[test]
fn r15_who_speaks_another_language_is_refused() {
    let certificate = Certificate::of("localhost").unwrap();
    let Some(server) = start(&certificate) else {
        return;
    };
    let plain = server.url().replace("redis://", "rediss://");
    let spoken = server.tls_url().replace("rediss://", "redis://");
    for url in [plain, spoken] {
        // One that waits for the end of a line waits for ever.
        let redis = Redis::builder(&url).timeout(Duration::from_millis(500));
        let redis = redis
            .root_certificates(certificate.authority())
            .build()
            .unwrap();
        let error = ping(&redis).unwrap_err();
        assert!(
            error.is_transient() && error.to_string() != UNTRUSTED,
            "{error}"
        );
    }
}

#[test]
fn what_is_no_certificate_is_refused_at_once() {
    let good = Certificate::of("localhost").unwrap();
    let wrapped = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let (cut, _) = good.authority().split_at(100);
    for bad in ["", "no certificate", good.key(), wrapped, cut] {
        for also in [None, Some(good.authority())] {
            let builder = Redis::builder("rediss://localhost/").root_certificates(bad);
            let builder = also
                .into_iter()
                .fold(builder, RedisBuilder::root_certificates);
            let error = builder.build().unwrap_err();
            assert_eq!(
                error.to_string(),
                "what was given as certificates are none",
                "{bad}"
            );
        }
    }
}
