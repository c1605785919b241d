//! How a source ends: when it is closed, when it is dropped, and when that happens on a thread of its own.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use super::super::suite::{PATIENCE, at_once, eventually, in_background, in_time};
use super::apart::Apart;
use super::payload;
use crate::client::{GrowthBookClient, PayloadSink, PayloadSource, RefreshMode, SourceHandle};

pub(super) fn check<P: PayloadSource, S: Fn(Option<&[u8]>)>(make: impl Fn() -> (P, S)) {
    closing_ends_it(make());
    dropping_ends_it(make());
    closing_may_come_while_it_works(make());
    closing_may_come_from_within(make());
    the_client_ends_it(make());
}

/// A source apart from its client, which stays.
struct Held<S> {
    client: GrowthBookClient,
    handle: Arc<dyn SourceHandle>,
    sink: PayloadSink,
    serve: S,
}

fn held<S: Fn(Option<&[u8]>)>(
    (source, serve): (impl PayloadSource, S),
    on_refresh: impl Fn() + Send + Sync + 'static,
) -> Held<S> {
    serve(Some(payload("first").as_bytes()));
    let (apart, started) = Apart::new(source);
    let builder = GrowthBookClient::builder().source(apart);
    let builder = builder.on_refresh(move |_| on_refresh());
    let client = in_time("`start`", move || builder.build());
    let started = started
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    match (client, started) {
        (Ok(client), Some((handle, sink))) => Held {
            client,
            handle: handle.into(),
            sink,
            serve,
        },
        (client, _) => panic!(
            "`start` failed, though the server answers: {:?}",
            client.err()
        ),
    }
}

impl<S> Held<S> {
    fn refresh(&self, what: &str) -> bool {
        let handle = Arc::clone(&self.handle);
        in_time(what, move || handle.refresh(RefreshMode::Forced, PATIENCE)).is_ok()
    }

    fn close(&self, what: &str) {
        let handle = Arc::clone(&self.handle);
        in_time(what, move || handle.close(LONG));
    }

    /// Gives the handle away: whatever still leads to the client is the source's own.
    fn ends(self, how: &str) {
        let Self {
            client,
            handle,
            sink,
            ..
        } = self;
        in_time("dropping the handle", move || drop(handle));
        assert!(
            eventually(|| sink.count() == 1),
            "what a source started ends when its handle is {how}, and this one still holds its sink"
        );
        drop(client);
    }
}

fn closing_ends_it<S: Fn(Option<&[u8]>)>(made: (impl PayloadSource, S)) {
    let held = held(made, || ());
    held.refresh("`refresh`");
    held.close("`close`");
    held.close("`close` a second time");
    let before = held.client.ruleset();
    (held.serve)(Some(payload("second").as_bytes()));
    let refreshed = held.refresh("`refresh` after `close`");
    assert!(
        !refreshed && Arc::ptr_eq(&before, &held.client.ruleset()),
        "a source that was closed brings nothing: a refresh is an error then"
    );
    assert!(
        !held.handle.request_refresh(),
        "a source that was closed accepts no request"
    );
    let handle = Arc::clone(&held.handle);
    in_time("`status` after `close`", move || handle.status());
    held.ends("closed");
}

fn dropping_ends_it<S: Fn(Option<&[u8]>)>(made: (impl PayloadSource, S)) {
    let held = held(made, || ());
    held.refresh("`refresh`");
    held.ends("dropped, though nobody closed it");
}

fn closing_may_come_while_it_works<S: Fn(Option<&[u8]>)>(made: (impl PayloadSource, S)) {
    let held = held(made, || ());
    let handle = &held.handle;
    at_once(4, |number| {
        let handle = Arc::clone(handle);
        in_time("`close` and `refresh` at once", move || {
            if number % 2 == 0 {
                handle.close(LONG);
            } else {
                drop(handle.refresh(RefreshMode::Forced, PATIENCE));
            }
        });
    });
    held.ends("closed while it works");
}

/// As when a callback of the program's drops the last handle to the client.
fn closing_may_come_from_within<S: Fn(Option<&[u8]>)>(made: (impl PayloadSource, S)) {
    let (ended, end) = sync_channel(1);
    let own: Arc<OnceLock<Arc<dyn SourceHandle>>> = Arc::default();
    let in_callback = Arc::clone(&own);
    let held = held(made, move || {
        // What came before the suite knew the handle is of no use here.
        if let Some(handle) = in_callback.get() {
            handle.status();
            handle.cache_key();
            handle.request_refresh();
            handle.close(LONG);
            let _ = ended.try_send(());
        }
    });
    held.refresh("`refresh`");
    let _ = own.set(Arc::clone(&held.handle));
    (held.serve)(Some(payload("second").as_bytes()));
    let handle = Arc::clone(&held.handle);
    // Nobody waits for it, since it may wait for the callback.
    in_background(move || drop(handle.refresh(RefreshMode::Forced, PATIENCE)));
    assert!(
        end.recv_timeout(PATIENCE).is_ok(),
        "no call but `refresh` waits for the thread that it is called on, also when a callback makes it: \
         it did not come to an end within {PATIENCE:?}"
    );
    drop(own);
    held.close("`close` after one from within");
}

fn the_client_ends_it<S: Fn(Option<&[u8]>)>((source, serve): (impl PayloadSource, S)) {
    serve(Some(payload("first").as_bytes()));
    let builder = GrowthBookClient::builder().source(source);
    let client = in_time("`start`", move || builder.build());
    in_time("dropping the client", move || drop(client));
}

/// A limit that is not reached: who waits for it waits for themselves.
const LONG: Duration = Duration::from_secs(60);
