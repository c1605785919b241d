//! Servers that are gone, silent or locked.

use std::error::Error;
use std::fmt::Write;
use std::slice;
use std::time::{Duration, Instant};

use growthbook_core::testing::ManualClock;
use growthbook_core::{BackendError, Saved, StickyBucketService, StickyWrite};
use growthbook_sticky::RedisStickyBuckets;
use growthbook_testkit::RedisServer;

use super::super::faulty::{SOON, user};
use super::{KEY, TIMEOUT, patient, save, standing, start};

fn load(store: &RedisStickyBuckets) -> Result<(), BackendError> {
    store.load(&[user("ann")]).map(|_| ())
}

fn words(outcome: Result<(), BackendError>) -> String {
    outcome.unwrap_err().source().unwrap().to_string()
}

#[test]
fn a_server_that_comes_back_is_used_again() {
    let Some(mut server) = start(RedisServer::builder().durable()) else {
        return;
    };
    let (store, ann) = (patient(&server).build().unwrap(), user("ann"));
    save(&store, &ann, "a");
    server.kill();
    assert_eq!(words(load(&store)), "the connection was refused");
    server.restart().unwrap();
    assert_eq!(standing(&store, &ann, KEY).as_deref(), Some("a"));
    // Idle connections turn out to be closed, and nobody notices.
    server.restart().unwrap();
    assert_eq!(save(&store, &ann, "b"), Saved::Kept("a".to_owned()));
    server.restart().unwrap();
    assert_eq!(save(&store, &user("bob"), "b"), Saved::Stored);
}

#[test]
fn a_silent_server_is_waited_for_as_long_as_the_timeout() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let clock = ManualClock::new();
    let store = RedisStickyBuckets::builder(server.url())
        .clock(clock.clone())
        .build()
        .unwrap();
    let ann = user("ann");
    // Patiently, since a busy machine may take longer than the timeout, too.
    while store.save(&StickyWrite::new(&ann, KEY, "a")).is_err() {
        clock.advance(Duration::from_secs(60));
    }
    server.pause().unwrap();
    let writes = ["b", "c"].map(|variation| StickyWrite::new(&ann, "other__0", variation));
    // Over an idle connection, and over a new one.
    let calls: [&dyn Fn() -> Result<(), BackendError>; 3] = [
        &|| load(&store),
        &|| store.save(&writes[0]).map(|_| ()),
        &|| store.save_all(&writes).pop().unwrap().map(|_| ()),
    ];
    for call in calls {
        let started = Instant::now();
        assert_eq!(words(call()), "no answer in time");
        let took = started.elapsed();
        assert!(took >= TIMEOUT * 9 / 10 && took < SOON, "{took:?}");
    }
    // Now it is left alone, so that there is nothing to wait for.
    assert!(words(load(&store)).contains("left alone"));
    server.resume().unwrap();
    assert!(
        load(&store).is_err(),
        "it is not asked before the pause is over"
    );
    clock.advance(Duration::from_secs(5));
    while load(&store).is_err() {
        clock.advance(Duration::from_secs(60));
    }
    let patient = patient(&server).build().unwrap();
    assert_eq!(standing(&patient, &ann, KEY).as_deref(), Some("a"));
    assert!(matches!(save(&patient, &ann, "b"), Saved::Kept(_)));
}

#[test]
fn a_server_that_keeps_failing_is_left_alone_for_longer_and_longer() {
    let Some(mut server) = start(RedisServer::builder()) else {
        return;
    };
    let clock = ManualClock::new();
    let store = patient(&server).clock(clock.clone()).build().unwrap();
    server.kill();
    let is_asked = || !words(load(&store)).contains("left alone");
    assert_eq!([(); 4].map(|()| is_asked()), [true, true, true, false]);
    for pause in [5, 10, 20, 40, 60, 60] {
        clock.advance(Duration::from_millis(pause * 1_000 - 1));
        assert!(!is_asked());
        clock.advance(Duration::from_millis(1));
        assert_eq!([(); 2].map(|()| is_asked()), [true, false]);
    }
    server.restart().unwrap();
    clock.advance(Duration::from_secs(60));
    load(&store).unwrap();
    save(&store, &user("ann"), "a");
}

#[test]
fn what_the_server_refuses_is_no_outage() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let (store, ann) = (patient(&server).build().unwrap(), user("ann"));
    let mut redis = super::connection(&server);
    let () = redis::Commands::rpush(&mut redis, "id||ann", "x").unwrap();
    for _ in 0..10 {
        store.save(&StickyWrite::new(&ann, KEY, "a")).unwrap_err();
    }
    assert_eq!(save(&store, &user("bob"), "a"), Saved::Stored);
}

#[test]
fn a_password_is_used_and_never_said() {
    let Some(server) = start(RedisServer::builder().password("s3cret-right")) else {
        return;
    };
    let url = |password: &str| format!("redis://:{password}@{}/", server.address());
    let right = RedisStickyBuckets::new(url("s3cret-right")).unwrap();
    load(&right).unwrap();
    let wrong = RedisStickyBuckets::builder(url("s3cret-wrong"));
    let mut said = format!("{wrong:?} {right:?}");
    let wrong = wrong.prefix("s3cret:").build().unwrap();
    let none = RedisStickyBuckets::new(server.url()).unwrap();
    for store in [wrong, none] {
        let error = load(&store).unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains("password"), "{cause}");
        let write = store
            .save(&StickyWrite::new(&user("s3cret"), KEY, "s3cret"))
            .unwrap_err();
        write!(
            said,
            "{error} {error:?} {cause} {write} {write:?} {store:?}"
        )
        .unwrap();
    }
    assert!(!said.contains("s3cret"), "{said}");
    assert!(
        !said.contains(&server.address().port().to_string()),
        "{said}"
    );
}

#[test]
fn what_is_no_url_is_refused_without_repeating_it() {
    for url in [
        "",
        "s3cret",
        "http://s3cret/",
        "redis://:s3cret@h:port/",
        "redis://h/s3cret",
    ] {
        let error = RedisStickyBuckets::new(url).unwrap_err();
        let said = format!("{error} {error:?} {}", error.source().unwrap());
        assert!(
            !said.contains("s3cret") && said.contains("redis could not use its URL"),
            "{said}"
        );
    }
    let over_tls = RedisStickyBuckets::new("rediss://127.0.0.1:1/");
    assert_eq!(over_tls.is_ok(), cfg!(feature = "redis-tls"));
    if let Ok(over_tls) = over_tls {
        assert_eq!(words(load(&over_tls)), "the connection was refused");
    }
    let nowhere = RedisStickyBuckets::new("redis://127.0.0.1:1/").unwrap();
    assert!(
        nowhere.load(&[]).unwrap().is_empty(),
        "nobody is asked about nobody"
    );
    assert!(nowhere.save_all(&[]).is_empty());
    nowhere.flush(TIMEOUT).unwrap();
    assert!(nowhere.load(slice::from_ref(&user("ann"))).is_err());
}
