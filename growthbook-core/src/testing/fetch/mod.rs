#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::suite::{at_once, in_time};
use crate::cache::{CachedPayload, Validator};
use crate::fetch::{FeatureFetcher, FetchError, Fetched};

/// Checks that a fetcher keeps the contract of [`FeatureFetcher`].
///
/// Each call of `make` gives a fetcher, and a closure that says what its server has from now on: `Some` payload, or with
/// `None` nothing but failures, such as an error page with status 500. The server has to come along, as a socket on the
/// loopback interface, say; before it is told anything it may do as it likes. It is told in between requests and during
/// them, and some payloads are as long as a megabyte.
///
/// # Panics
///
/// When the contract is broken, with what is wrong.
///
/// # Example
///
/// A fetcher whose server is the closure itself:
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use growthbook_core::testing::fetcher_contract;
/// use growthbook_core::{CacheKey, ClientKey, FeatureFetcher, FetchError, Fetched, StaticFetcher, Validator};
///
/// #[derive(Debug, Default)]
/// struct FromMemory(Arc<Mutex<Option<Vec<u8>>>>);
///
/// impl FeatureFetcher for FromMemory {
///     fn cache_key(&self) -> CacheKey {
///         CacheKey::new("memory", &ClientKey::new(""))
///     }
///
///     fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
///         let payload = self.0.lock().unwrap().clone().ok_or(FetchError::TimedOut)?;
///         StaticFetcher::new(payload).fetch(known)
///     }
/// }
///
/// fetcher_contract(|| {
///     let fetcher = FromMemory::default();
///     let server = Arc::clone(&fetcher.0);
///     (fetcher, move |payload: Option<&[u8]>| *server.lock().unwrap() = payload.map(Vec::from))
/// });
/// ```
pub fn fetcher_contract<F: FeatureFetcher, S: Fn(Option<&[u8]>) + Sync>(make: impl Fn() -> (F, S)) {
    let fixture = || {
        let (fetcher, serve) = make();
        Fixture {
            fetcher: Arc::new(fetcher),
            serve,
        }
    };
    a_payload_comes_as_it_was_sent(&fixture());
    a_failure_is_an_error_and_passes(&fixture());
    a_validator_names_its_bytes(&fixture());
    a_foreign_validator_is_no_answer(&fixture());
    the_cache_key_stays(&fixture());
    answers_to_many_at_once_are_not_mixed(&fixture());
}

struct Fixture<F, S> {
    fetcher: Arc<F>,
    serve: S,
}

impl<F: FeatureFetcher, S: Fn(Option<&[u8]>) + Sync> Fixture<F, S> {
    fn serve(&self, payload: &[u8]) {
        (self.serve)(Some(payload));
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        let (fetcher, known) = (Arc::clone(&self.fetcher), known.cloned());
        in_time("`fetch`", move || fetcher.fetch(known.as_ref()))
    }

    /// What is fetched by somebody who knows nothing.
    fn payload(&self, when: &str) -> CachedPayload {
        match self.fetch(None) {
            Ok(Fetched::Fresh(payload)) => payload,
            Ok(_) => panic!("who asks without a validator gets the payload ({when})"),
            Err(error) => panic!("`fetch` failed, though the server answers ({when}): {error:?}"),
        }
    }
}

fn a_payload_comes_as_it_was_sent<F: FeatureFetcher, S: Fn(Option<&[u8]>) + Sync>(
    fixture: &Fixture<F, S>,
) {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let blank = vec![b' '; 1 << 20];
    let payloads: [(&str, &[u8]); 6] = [
        ("white space and the order of keys", PAYLOAD.as_bytes()),
        ("text that is not ASCII", "{\"ключ\": \"🌸\"}".as_bytes()),
        ("bytes that are no JSON", b"features: all of them"),
        ("bytes that are no text", &every_byte),
        ("a megabyte", &blank),
        (
            "a sealed payload",
            b"{\"encryptedFeatures\": \"aXY=.Y2lwaGVy\"}",
        ),
    ];
    for (name, bytes) in payloads {
        fixture.serve(bytes);
        for when in [name, "a second time"] {
            let payload = fixture.payload(when);
            assert!(
                **payload.bytes() == *bytes,
                "a payload comes byte for byte as the server sent it ({name}): of {} bytes came {}",
                bytes.len(),
                payload.bytes().len()
            );
        }
    }
}

fn a_failure_is_an_error_and_passes<F: FeatureFetcher, S: Fn(Option<&[u8]>) + Sync>(
    fixture: &Fixture<F, S>,
) {
    fixture.serve(PAYLOAD.as_bytes());
    let payload = fixture.payload("before the server fails");
    (fixture.serve)(None);
    for known in [None, payload.validator(), payload.validator()] {
        let failed = fixture.fetch(known);
        assert!(
            failed.is_err(),
            "when the server fails that is an error, and no payload: {failed:?}"
        );
    }
    fixture.serve(OTHER);
    let recovered = fixture.payload("after the server has failed");
    assert!(
        **recovered.bytes() == *OTHER,
        "each call is an attempt of its own: after a failure comes what the server has then"
    );
}

fn a_validator_names_its_bytes<F: FeatureFetcher, S: Fn(Option<&[u8]>) + Sync>(
    fixture: &Fixture<F, S>,
) {
    fixture.serve(PAYLOAD.as_bytes());
    let old = fixture.payload("at first");
    let Some(validator) = old.validator() else {
        // A server that names no versions is asked for all of it each time.
        return;
    };
    match fixture.fetch(Some(validator)) {
        Ok(Fetched::Fresh(again)) => assert!(
            again.bytes() == old.bytes(),
            "what has not changed comes as it was, if it comes at all"
        ),
        Ok(Fetched::Unchanged { .. }) => {}
        Err(error) => panic!("`fetch` failed with a validator that it gave itself: {error:?}"),
    }
    fixture.serve(OTHER);
    let new = fixture.fetch(Some(validator));
    assert!(
        matches!(&new, Ok(Fetched::Fresh(new)) if **new.bytes() == *OTHER),
        "who knows the old version gets the new one: {new:?}"
    );
}

fn a_foreign_validator_is_no_answer<F: FeatureFetcher, S: Fn(Option<&[u8]>) + Sync>(
    fixture: &Fixture<F, S>,
) {
    fixture.serve(PAYLOAD.as_bytes());
    let long = "v".repeat(100_000);
    for text in [
        "\"never given\"",
        "",
        "no quotes",
        "\"a\r\nb: c\"",
        "\"ä🌸\"",
        "\0",
        &long,
    ] {
        let fetched = fixture.fetch(Some(&Validator::new(text)));
        assert!(
            matches!(&fetched, Ok(Fetched::Fresh(payload)) if **payload.bytes() == *PAYLOAD.as_bytes()),
            "a validator that the server never gave, though it fits no request, gets the payload: {:?} got {fetched:?}",
            text.get(..20).unwrap_or(text)
        );
    }
}

fn the_cache_key_stays<F: FeatureFetcher, S: Fn(Option<&[u8]>) + Sync>(fixture: &Fixture<F, S>) {
    let key = fixture.fetcher.cache_key();
    let stays = |when: &str| {
        assert!(
            fixture.fetcher.cache_key() == key,
            "the cache key is the same for the fetcher's whole life, and is another one {when}"
        );
    };
    stays("when it is asked for again");
    fixture.serve(PAYLOAD.as_bytes());
    let _ = fixture.fetch(None);
    stays("after a payload came");
    fixture.serve(OTHER);
    let _ = fixture.fetch(None);
    stays("after another payload came");
    (fixture.serve)(None);
    let _ = fixture.fetch(None);
    stays("after a failure");
}

fn answers_to_many_at_once_are_not_mixed<F: FeatureFetcher, S: Fn(Option<&[u8]>) + Sync>(
    fixture: &Fixture<F, S>,
) {
    let payloads: Vec<Vec<u8>> = (0..4)
        .map(|number| {
            format!("payload {number} ")
                .repeat(500 + number)
                .into_bytes()
        })
        .collect();
    let serve = |round: usize| {
        let served = payloads.iter().cycle().nth(round);
        if let Some(payload) = served {
            fixture.serve(payload);
        }
    };
    serve(0);
    let reading = AtomicUsize::new(READERS);
    let named: Mutex<Vec<CachedPayload>> = Mutex::default();
    at_once(1 + READERS, |number| {
        if number == 0 {
            let mut round = 0;
            while reading.load(Ordering::SeqCst) > 0 {
                serve(round);
                round += 1;
                std::thread::yield_now();
            }
            return;
        }
        let _end = EndOfReading(&reading);
        for _ in 0..ROUNDS {
            let payload = fixture.payload("many at once");
            assert!(
                payloads.iter().any(|sent| **sent == **payload.bytes()),
                "an answer is one payload, and this one is of several"
            );
            let mut named = named.lock().unwrap_or_else(PoisonError::into_inner);
            let same_name = |it: &&CachedPayload| it.validator() == payload.validator();
            match named.iter().find(same_name) {
                Some(known) if payload.validator().is_some() => assert!(
                    known.bytes() == payload.bytes(),
                    "a validator comes with the bytes that it names, also to many at once: {:?} came with others",
                    payload.validator()
                ),
                Some(_) => {}
                None => named.push(payload),
            }
        }
    });
}

/// Says that a reader has ended, though it be by a panic: the server waits for it.
struct EndOfReading<'a>(&'a AtomicUsize);

impl Drop for EndOfReading<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

const PAYLOAD: &str = "{\"status\": 200,\n\t\"features\": {\"b\": {}, \"a\": {}}, \"b\": 1.0}\r\n";
const OTHER: &[u8] = br#"{"features": {"other": {}}}"#;
const READERS: usize = 4;
const ROUNDS: usize = 25;
