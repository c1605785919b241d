//! What is in a Redis was not always put there by us.

use growthbook_core::{CacheKey, CachedPayload, ClientKey, FeatureCache};
use growthbook_testkit::RedisServer;

use crate::support::{ABOUT, HOST, SHARED, key, patient, payload, start, text};

/// R7: garbage, another type, what is cut, what is beside another payload.
#[test]
fn what_is_no_entry_is_a_miss_and_overwritten() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let cache = patient(&server.url()).build().unwrap();
    let whole = text(1, 1);
    let cut = whole.strip_suffix("\"}").unwrap();
    let entries: [&[&str]; 7] = [
        &["SET", SHARED, "garbage"],
        &["SET", SHARED, ""],
        &["SET", SHARED, "{\"features\":null}"],
        &["SET", SHARED, cut],
        &["RPUSH", SHARED, &whole],
        &["HSET", SHARED, "features", "{}"],
        &["SETBIT", SHARED, "7", "1"],
    ];
    for beside in [
        None,
        Some(&["RPUSH", ABOUT, "x"][..]),
        Some(&["SET", ABOUT, "{}"]),
    ] {
        for entry in entries {
            // What was beside the last one may be there still.
            cache.store(&key(), &payload(9, 9)).unwrap();
            server.ask(&["DEL", SHARED]).unwrap();
            if let Some(beside) = beside {
                server.ask(&["DEL", ABOUT]).unwrap();
                server.ask(beside).unwrap();
            }
            server.ask(entry).unwrap();
            assert_eq!(cache.load(&key()).unwrap(), None, "{entry:?} {beside:?}");
            cache.store(&key(), &payload(1, 1)).unwrap();
            assert_eq!(cache.load(&key()).unwrap(), Some(payload(1, 1)));
        }
    }
}

/// As the documentation of the Python SDK has it: `set(prefix + key, json.dumps(value))`.
#[test]
fn what_programs_in_other_languages_put_there_is_used() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let cache = patient(&server.url()).build().unwrap();
    let theirs = r#"{"status": 200, "features": {"f": {"defaultValue": 7}}, "experiments": []}"#;
    let bare = CachedPayload::new(theirs.as_bytes());
    server.ask(&["SET", SHARED, theirs]).unwrap();
    assert_eq!(cache.load(&key()).unwrap(), Some(bare.clone()));
    // Over what we put there: what is beside it is of another payload, in its length or else.
    let sealed = r#"{"features": {}, "encryptedFeatures": "a.b"}"#.to_owned();
    for theirs in [theirs.to_owned(), text(2, 1), sealed] {
        cache.store(&key(), &payload(1, 1)).unwrap();
        server.ask(&["SET", SHARED, &theirs]).unwrap();
        let bare = CachedPayload::new(theirs.into_bytes());
        assert_eq!(cache.load(&key()).unwrap(), Some(bare));
    }
    // And they find ours.
    cache.store(&key(), &payload(1, 1)).unwrap();
    assert_eq!(server.ask(&["GET", SHARED]).unwrap(), text(1, 1));
}

/// R8: an entry that was copied. Of a bare payload nobody can tell whose it is.
#[test]
fn the_entry_of_another_key_is_refused() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let cache = patient(&server.url()).build().unwrap();
    let other = CacheKey::new(HOST, &ClientKey::new("sdk-other"));
    cache.store(&other, &payload(9, 9)).unwrap();
    let (payload_of, about_of) = (
        "gb:https://h::sdk-other",
        "{gb:https://h::sdk-other}:growthbook",
    );
    server.ask(&["COPY", payload_of, SHARED]).unwrap();
    server.ask(&["COPY", about_of, ABOUT]).unwrap();
    assert_eq!(cache.load(&key()).unwrap(), None);
    cache.store(&key(), &payload(1, 1)).unwrap();
    assert_eq!(
        cache.load(&key()).unwrap(),
        Some(payload(1, 1)),
        "though it is older"
    );
    assert_eq!(cache.load(&other).unwrap(), Some(payload(9, 9)));
}

/// R9: a process that lags behind.
#[test]
fn an_older_payload_does_not_replace_a_newer_one() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let cache = patient(&server.url()).build().unwrap();
    let store = |payload: &CachedPayload| {
        cache.store(&key(), payload).unwrap();
        cache.load(&key()).unwrap().unwrap()
    };
    assert_eq!(store(&payload(9, 9)), payload(9, 9));
    assert_eq!(store(&payload(8, 8)), payload(9, 9), "the newer one stays");
    assert_eq!(
        store(&payload(7, 9)),
        payload(7, 9),
        "of the same date the last one counts"
    );
    let undated = CachedPayload::new(*br#"{"features":{}}"#);
    assert_eq!(store(&undated), undated, "nobody knows how old it is");
    // Somebody else put one there that has nothing to do with the date beside it.
    for foreign in [text(5, 5), text(6, 9)] {
        store(&payload(9, 9));
        server.ask(&["SET", SHARED, &foreign]).unwrap();
        assert_eq!(store(&payload(8, 8)), payload(8, 8), "{foreign}");
    }
    // The payload is gone, and what was beside it is not.
    store(&payload(9, 9));
    server.ask(&["DEL", SHARED]).unwrap();
    assert_eq!(cache.load(&key()).unwrap(), None);
    assert_eq!(store(&payload(8, 8)), payload(8, 8));
}

/// R13: it is not even transferred.
#[test]
fn what_is_too_long_is_left_where_it_is() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let cache = patient(&server.url()).build().unwrap();
    let sent = || {
        let stats = server.ask(&["INFO", "stats"]).unwrap();
        let sent = stats
            .lines()
            .find_map(|line| line.strip_prefix("total_net_output_bytes:"));
        sent.unwrap().trim().parse::<u64>().unwrap()
    };
    for long in [SHARED, ABOUT] {
        cache.store(&key(), &payload(1, 1)).unwrap();
        server.ask(&["SETRANGE", long, "67108863", "x"]).unwrap();
        let before = sent();
        let loaded = cache.load(&key()).unwrap();
        let bare = CachedPayload::new(text(1, 1).into_bytes());
        assert_eq!(loaded, (long == ABOUT).then_some(bare), "{long}");
        cache.store(&key(), &payload(2, 1)).unwrap();
        assert!(sent() - before < 1 << 20, "{long}");
        assert_eq!(cache.load(&key()).unwrap(), Some(payload(2, 1)));
    }
    let small = patient(&server.url()).max_bytes(100).build().unwrap();
    let hundred_and_one = CachedPayload::new(vec![b' '; 101]);
    small.store(&key(), &hundred_and_one).unwrap_err();
    assert_eq!(
        cache.load(&key()).unwrap(),
        Some(payload(2, 1)),
        "nothing is stored"
    );
}

#[test]
fn what_nobody_stores_again_is_gone_after_a_while() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let cache = patient(&server.url()).build().unwrap();
    cache.store(&key(), &payload(1, 1)).unwrap();
    for name in [SHARED, ABOUT] {
        let left: i64 = server.ask(&["PTTL", name]).unwrap().parse().unwrap();
        assert!(
            (4 * 3_600_000 - 60_000..=4 * 3_600_000).contains(&left),
            "{left}"
        );
    }
}
