//! What evaluations take while the store is well, hangs and is gone, for a user whose documents are loaded.

use std::thread;
use std::time::{Duration, Instant};

use growthbook_core::{Attributes, GrowthBookClient, UserContext, UserScope};
use growthbook_sticky::{Cached, RedisStickyBuckets, WriteBehind};
use growthbook_testkit::RedisServer;

use crate::measure::{at, rounds};

pub(crate) fn run() {
    let mut server = RedisServer::builder().start().expect("a server");
    let redis = RedisStickyBuckets::new(server.url()).expect("a URL");
    let client = GrowthBookClient::builder()
        .payload(payload())
        .sticky_buckets(Cached::new(WriteBehind::new(redis)))
        .build()
        .expect("a client");
    println!(
        "evaluations with warm scopes, {THREADS} threads; each user's first in a phase assigns"
    );
    // Before the first outage: nothing is loaded for a while after one.
    let phases = PHASES.iter().enumerate().map(|(phase, what)| {
        let groups = (0..THREADS).map(|thread| scopes(&client, phase * THREADS + thread));
        (what, groups.collect::<Vec<_>>())
    });
    for (what, scopes) in phases.collect::<Vec<_>>() {
        match *what {
            "paused" => server.pause().expect("a signal"),
            "killed" => server.kill(),
            _ => {}
        }
        report(what, &measured(&scopes));
        if *what == "paused" {
            server.resume().expect("a signal");
        }
    }
}

/// Users with their documents, of whom Redis has none.
fn scopes(client: &GrowthBookClient, group: usize) -> Vec<UserScope> {
    let scope = |number: usize| {
        let id = format!("{group}-{number}");
        let scope = client.scope(UserContext::new(Attributes::new().with("id", id)));
        scope.load_sticky();
        scope
    };
    (0..USERS).map(scope).collect()
}

/// First evaluations, which assign, and later ones.
fn measured(scopes: &[Vec<UserScope>]) -> [Vec<Duration>; 2] {
    let evaluate = |scope: &UserScope| {
        let started = Instant::now();
        let result = scope.evaluate("f");
        let took = started.elapsed();
        assert!(
            result.assignment().is_some(),
            "everybody is in the experiment"
        );
        took
    };
    let work = |scopes: &[UserScope]| {
        let first: Vec<_> = scopes.iter().map(evaluate).collect();
        let later = (0..rounds(2_000)).flat_map(|_| scopes.iter().map(evaluate));
        [first, later.collect()]
    };
    let work = &work;
    thread::scope(|scope| {
        let threads = scopes
            .iter()
            .map(|scopes| scope.spawn(move || work(scopes)));
        let threads: Vec<_> = threads.collect();
        let mut all = [Vec::new(), Vec::new()];
        for thread in threads {
            let times = thread.join().expect("a thread");
            for (all, times) in all.iter_mut().zip(times) {
                all.extend(times);
            }
        }
        all
    })
}

fn report(phase: &str, times: &[Vec<Duration>; 2]) {
    for (what, times) in ["first", "later"].iter().zip(times) {
        println!(
            "  Redis {phase:<9}{what:<8}{:>9} evaluations   p50 {:.1?}, p99 {:.1?}, p99.9 {:.1?}, worst {:.1?}",
            times.len(),
            at(times, 500),
            at(times, 990),
            at(times, 999),
            at(times, 1_000)
        );
    }
}

fn payload() -> &'static str {
    r#"{"features":{"f":{"defaultValue":"def","rules":[{"key":"exp","seed":"exp","variations":["old","new"],
       "meta":[{"key":"ctl"},{"key":"new"}]}]}}}"#
}

const PHASES: [&str; 3] = ["healthy", "paused", "killed"];
const THREADS: usize = 4;
const USERS: usize = 100;
