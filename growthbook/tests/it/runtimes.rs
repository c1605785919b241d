//! Inside async programs: nothing of the client knows of a runtime, and none of it gets in a runtime's way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use growthbook::{
    Attributes, GrowthBookClient, MemoryStickyBuckets, Refresh, StaticFetcher, UserContext,
};
use tokio::runtime::{Builder, Runtime};
use tokio::task;

const PAYLOAD: &[u8] = br#"{"features": {"text": {"rules": [{"key": "exp", "variations": ["a", "b"], "weights": [0, 1]}]}}}"#;

#[test]
fn a_runtime_of_one_thread() {
    live_in(|| Builder::new_current_thread().enable_time().build());
}

#[test]
fn a_runtime_of_several_threads() {
    live_in(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
    });
}

#[test]
fn a_thread_for_blocking_work() {
    in_time(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build();
        runtime.unwrap().block_on(async {
            task::spawn_blocking(|| {
                let (client, viewed) = client();
                use_it(&client);
                drop(client);
                assert_eq!(viewed.load(Ordering::Relaxed), 1);
            })
            .await
            .unwrap();
        });
    });
}

/// A client is made, shared by tasks, flushed, closed and dropped where futures run.
fn live_in(runtime: impl Fn() -> std::io::Result<Runtime> + Send + 'static) {
    in_time(move || {
        runtime().unwrap().block_on(async {
            let (client, viewed) = client();
            // What waits for a server belongs on a thread for that.
            let refreshing = client.clone();
            let refreshed = task::spawn_blocking(move || refreshing.refresh()).await;
            assert_eq!(refreshed.unwrap().unwrap(), Refresh::Updated);
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let client = client.clone();
                    task::spawn(async move {
                        let scope = client.scope(user());
                        let before = scope.value("text", "none").to_owned();
                        // A scope may be held while others run.
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        assert_eq!(scope.value("text", "none"), before);
                        before
                    })
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await.unwrap(), "b");
            }
            use_it(&client);
            assert!(client.close(LIMIT).is_complete());
            drop(client);
            assert_eq!(viewed.load(Ordering::Relaxed), 1);
        });
    });
}

fn client() -> (GrowthBookClient, Arc<AtomicUsize>) {
    let viewed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&viewed);
    let client = GrowthBookClient::builder()
        .fetcher(StaticFetcher::new(PAYLOAD))
        .sticky_buckets(MemoryStickyBuckets::new())
        .on_experiment_viewed(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    (client.unwrap(), viewed)
}

fn use_it(client: &GrowthBookClient) {
    client.force_refresh().unwrap();
    client.wait_ready(LIMIT);
    assert_eq!(client.evaluate("text", &user()).value(), "b");
    client.flush(LIMIT).unwrap();
}

fn user() -> UserContext {
    UserContext::new(Attributes::new().with("id", "u-1"))
}

/// Runs something that must come to an end.
fn in_time(run: impl FnOnce() + Send + 'static) {
    let (ended, end) = channel();
    let thread = thread::spawn(move || {
        run();
        ended.send(()).unwrap();
    });
    let is_ended = end.recv_timeout(2 * LIMIT);
    // A panic in there is told as what it is.
    if thread.is_finished() || is_ended.is_ok() {
        thread.join().unwrap();
    }
    is_ended.unwrap();
}

/// Long, since a busy machine is no failure.
const LIMIT: Duration = Duration::from_secs(60);
