//! A store of sticky buckets that blocks, under runtimes of one thread.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use growthbook_core::{
    BackendError, GrowthBookClient, MemoryStickyBuckets, Saved, StickyAssignments,
    StickyBucketService, StickyIdentity, StickyWrite,
};
use growthbook_openfeature::{GrowthBookProvider, GrowthBookProviderBuilder};
use open_feature::{Client, EvaluationReason as Reason};

use crate::support::{asking, check_general, run, told, user};

/// Answers when it is told to.
#[derive(Debug)]
struct Slow {
    store: MemoryStickyBuckets,
    go: Mutex<Receiver<()>>,
}

impl StickyBucketService for Slow {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        let go = self.go.lock().unwrap_or_else(PoisonError::into_inner);
        // Without anybody to tell it so, it goes on in the end.
        let _ = go.recv_timeout(Duration::from_secs(30));
        self.store.load(identities)
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.store.save(write)
    }
}

fn slow() -> (GrowthBookProviderBuilder, Sender<()>) {
    let (tell, go) = channel();
    let store = Slow {
        store: MemoryStickyBuckets::new(),
        go: Mutex::new(go),
    };
    let client = GrowthBookClient::builder()
        .payload(
            r#"{"features": {"color": {"rules": [
                {"key": "colors", "variations": ["red", "blue"], "weights": [0, 1], "coverage": 1}
            ]}}}"#,
        )
        .sticky_buckets(store)
        .build();
    (GrowthBookProvider::builder(client.unwrap()), tell)
}

async fn check_that_others_run(flags: Client, tell: Sender<()>) {
    let context = user("u-1");
    // On one thread: if the store held it up, it would be told to answer after it did.
    let telling = tokio::spawn(async move { tell.send(()).unwrap() });
    let answer = flags
        .get_string_details("color", Some(&context), None)
        .await;
    assert!(telling.is_finished());
    telling.await.unwrap();
    assert_eq!(
        told(answer),
        Ok(("blue".to_owned(), Reason::Split, Some("1".to_owned())))
    );
}

#[test]
fn a_runtimes_own_threads_wait_for_the_store() {
    run(async {
        let (provider, tell) = slow();
        let provider = provider.spawn_blocking(|work| drop(tokio::task::spawn_blocking(work)));
        check_that_others_run(asking(provider.build()).await, tell).await;
    });
}

#[test]
fn threads_wait_for_the_store() {
    run(async {
        let (provider, tell) = slow();
        let provider = provider.spawn_blocking(|work| drop(std::thread::spawn(work)));
        check_that_others_run(asking(provider.build()).await, tell).await;
    });
}

#[test]
fn many_wait_at_once() {
    run(async {
        let (provider, tell) = slow();
        drop(tell);
        let provider = provider.spawn_blocking(|work| drop(tokio::task::spawn_blocking(work)));
        let flags = Arc::new(asking(provider.build()).await);
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let flags = Arc::clone(&flags);
                tokio::spawn(async move {
                    let context = user(&format!("u-{number}"));
                    flags.get_string_value("color", Some(&context), None).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap(), "blue");
        }
    });
}

#[test]
fn work_that_is_dropped_or_cannot_be_handed_on_is_an_error() {
    run(async {
        let (provider, _tell) = slow();
        let dropping = asking(provider.spawn_blocking(drop).build()).await;
        let answer = dropping
            .get_string_value("color", Some(&user("u-1")), None)
            .await;
        check_general(
            answer,
            "the evaluation was cut short by code of the program",
        );

        let (provider, _tell) = slow();
        let panicking = provider.spawn_blocking(|_| std::panic::panic_any("canary-of-a-panic"));
        let panicking = asking(panicking.build()).await;
        let answer = panicking
            .get_string_value("color", Some(&user("u-1")), None)
            .await;
        check_general(
            answer,
            "the evaluation was cut short by code of the program",
        );
    });
}

#[test]
fn without_such_threads_it_is_evaluated_where_it_is_asked() {
    run(async {
        let (provider, tell) = slow();
        tell.send(()).unwrap();
        let flags = asking(provider.build()).await;
        let answer = told(
            flags
                .get_string_details("color", Some(&user("u-1")), None)
                .await,
        );
        assert_eq!(
            answer,
            Ok(("blue".to_owned(), Reason::Split, Some("1".to_owned())))
        );
    });
}
