//! Encodings that are broken, or were not asked for.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use growthbook_core::{FeatureFetcher, FetchError};
use growthbook_testkit::{Server, counted};

use crate::support::{PAYLOAD, alone, fetch, fetcher, server, words};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn encoded(encoding: &'static str, bytes: Vec<u8>, chunked: bool) -> Server {
    server(move |_, reply| {
        if !chunked {
            return reply.respond(200, &[("Content-Encoding", encoding)], &bytes);
        }
        reply.begin(200, &[("Content-Encoding", encoding)])?;
        for piece in bytes.chunks(7) {
            reply.chunk(piece)?;
        }
        reply.chunk(b"")
    })
}

#[test]
fn gzip_is_decoded() {
    for chunked in [false, true] {
        let server = encoded("gzip", gzip(PAYLOAD), chunked);
        assert_eq!(fetch(&server).unwrap(), PAYLOAD);
        let server = encoded("identity", PAYLOAD.to_vec(), chunked);
        assert_eq!(fetch(&server).unwrap(), PAYLOAD);
    }
}

/// F10.
#[test]
fn gzip_that_is_broken_is_no_payload() {
    let whole = gzip(PAYLOAD);
    let mut wrong_sum = whole.clone();
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    for (bytes, expected) in [
        (whole[..whole.len() - 1].to_vec(), "the answer was cut off"),
        (whole[..whole.len() / 2].to_vec(), "the answer was cut off"),
        (whole[..5].to_vec(), "the answer was cut off"),
        (wrong_sum, BROKEN),
        ([&whole[..], b"junk"].concat(), BROKEN),
        (
            [&whole[..], b"more junk than a header has"].concat(),
            BROKEN,
        ),
        ([&whole[..], &[0; 20]].concat(), BROKEN),
        (PAYLOAD.to_vec(), BROKEN),
    ] {
        for chunked in [false, true] {
            let failed = words(fetch(&encoded("gzip", bytes.clone(), chunked)));
            let one = [expected, "the answer was cut off"];
            assert!(one.contains(&&*failed), "{failed}: {bytes:?}");
        }
    }
}

/// F12.
#[test]
fn an_encoding_that_nobody_asked_for_is_no_payload() {
    let twice = gzip(&gzip(PAYLOAD));
    for encoding in ["gzip, gzip", "br", "deflate", "x", "identity, gzip"] {
        let failed = words(fetch(&encoded(encoding, twice.clone(), false)));
        assert_eq!(
            failed, "the encoding of the answer was not asked for",
            "{encoding}"
        );
    }
    let two_lines = encoded("gzip\r\nContent-Encoding: gzip", twice, false);
    let unsaid = server(|_, reply| reply.respond(200, &[], &gzip(PAYLOAD)));
    for server in [two_lines, unsaid] {
        let failed = words(fetch(&server));
        assert_eq!(
            failed,
            "the answer is compressed twice, or does not say that it is"
        );
    }
}

/// F11.
#[test]
fn a_bomb_does_no_harm() {
    alone("faults::encodings::a_bomb", &[]);
}

#[test]
#[ignore = "run by another one, in a process of its own"]
fn a_bomb() {
    // A gigabyte of zeros, in as many parts as it has megabytes.
    let bomb = gzip(&vec![0; 1 << 20]).repeat(1 << 10);
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    let server = encoded("gzip", bomb, false);
    let fetcher = fetcher(&server);
    let (failed, heap) = counted(|| fetcher.fetch(None));
    assert!(matches!(
        failed,
        Err(FetchError::TooLarge { limit: 16_777_216 })
    ));
    // The server's copy of the bomb counts as well.
    assert!(heap.peak < (16 + 1 + 3) << 20, "{heap:?}");
    assert!(heap.peak > 16 << 20, "nothing was counted: {heap:?}");
}

const BROKEN: &str = "the gzip encoding is broken";
