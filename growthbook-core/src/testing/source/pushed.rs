//! What a source does for a program that hears of its server in another way: by a webhook, say.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::super::suite::{eventually, in_time};
use super::{Fixture, payload};
use crate::cache::{CacheKey, CachedPayload, FeatureCache};
use crate::client::{PayloadSource, RefreshRequest};
use crate::error::BackendError;

pub(super) fn check<P: PayloadSource, S: Fn(Option<&[u8]>)>(make: impl Fn() -> (P, S)) {
    what_the_program_receives_is_kept_with_its_own(make());
    a_request_is_for_another_thread(make());
}

fn what_the_program_receives_is_kept_with_its_own<S: Fn(Option<&[u8]>)>(
    (source, serve): (impl PayloadSource, S),
) {
    serve(Some(payload("first").as_bytes()));
    let fixture = Fixture::new(source, serve);
    fixture.refreshed("at first");
    let own = fixture.keys.take();
    let client = fixture.client.clone();
    let received = in_time("`receive`", move || {
        client.receive(payload("second").into_bytes())
    });
    let kept = fixture.keys.take();
    assert!(
        received.is_ok() && kept.iter().all(|key| own.contains(key)),
        "`cache_key` is the key under which its own are kept, of what the program receives as well: {received:?}"
    );
}

fn a_request_is_for_another_thread<S: Fn(Option<&[u8]>)>((source, serve): (impl PayloadSource, S)) {
    serve(Some(payload("first").as_bytes()));
    let fixture = Fixture::new(source, serve);
    fixture.refreshed("at first");
    fixture.serve("second");
    let client = fixture.client.clone();
    let (requested, requesting) = in_time("`request_refresh`", move || {
        (client.request_refresh(), thread::current().id())
    });
    if requested != RefreshRequest::Accepted {
        return;
    }
    let came = eventually(|| {
        // Time passes as far as the source waits for a moment, and not to the next time that it polls.
        let due = fixture.clock.wait_for_alarm(Duration::ZERO);
        if let Some(due) = due.filter(|due| *due <= SOON) {
            fixture.clock.advance(due);
        }
        fixture.has("second")
    });
    assert!(
        came,
        "a source that accepts a request asks the server soon, within seconds"
    );
    assert!(
        !fixture.threads().contains(&requesting),
        "the server is asked in a thread of the source's, not in the one that requests it"
    );
}

/// A cache that remembers the keys that payloads were kept under, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<Vec<CacheKey>>);

impl Keys {
    fn take(&self) -> Vec<CacheKey> {
        mem::take(&mut *self.lock())
    }

    /// Keys are added whole.
    fn lock(&self) -> MutexGuard<'_, Vec<CacheKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FeatureCache for Keys {
    fn load(&self, _: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        Ok(None)
    }

    fn store(&self, key: &CacheKey, _: &CachedPayload) -> Result<(), BackendError> {
        self.lock().push(key.clone());
        Ok(())
    }
}

const SOON: Duration = Duration::from_secs(10);
