//! Who asks on behalf of all.

use std::time::Duration;

use super::super::suite::{PATIENCE, at_once, eventually, given};
use super::{PAYLOAD, key, load, store};
use crate::cache::{CacheKey, CachedPayload, FeatureCache, Lease, LeaseToken};

pub(super) fn check(cache: &impl FeatureCache) {
    let (one, other) = (&key("sdk-1"), &key("sdk-10"));
    let Lease::Granted(first) = lease(cache, one) else {
        let again = lease(cache, one);
        assert!(
            again == Lease::Free,
            "who asks first is granted the lease, unless nobody ever is: {again:?}"
        );
        both_in_one_step_are_the_same_as_each(cache);
        return;
    };
    assert!(
        lease(cache, one) == Lease::Taken,
        "a lease is of one, and the next one is told that it is taken"
    );
    let of_other = granted(cache, other, "each key has its own lease");
    let payload = CachedPayload::new(PAYLOAD.as_bytes());
    store(cache, one, &payload);
    assert!(
        load(cache, one) == Some(payload.clone()) && lease(cache, one) == Lease::Taken,
        "a lease and what is stored have nothing to do with each other"
    );
    release(cache, one, &of_other);
    assert!(
        lease(cache, one) == Lease::Taken,
        "a lease is given back with its own token alone"
    );
    release(cache, one, &first);
    let second = granted(cache, one, "a lease that was given back can be had again");
    assert!(first != second, "each lease has a token of its own");
    release(cache, one, &first);
    assert!(
        lease(cache, one) == Lease::Taken,
        "whoever had a lease before does not give back that of another"
    );
    release(cache, one, &second);
    assert!(
        load(cache, one) == Some(payload),
        "a lease and what is stored have nothing to do with each other"
    );
    given("lease", cache.lease(one, Duration::from_millis(20)));
    assert!(
        eventually(|| lease(cache, one) != Lease::Taken),
        "a lease that nobody gives back ends when its time is over"
    );
    let crowd = key("sdk-crowd");
    let answers = at_once(CROWD, |_| lease(cache, &crowd));
    let granted = answers.iter().filter(|answer| **answer != Lease::Taken);
    assert_eq!(
        granted.count(),
        1,
        "of many who ask at once one is granted the lease"
    );
    both_in_one_step_are_the_same_as_each(cache);
}

fn both_in_one_step_are_the_same_as_each(cache: &impl FeatureCache) {
    let both = &key("sdk-both");
    let (nothing, first) = load_and_lease(cache, both);
    assert_eq!(nothing, None, "`load_and_lease` loads what there is");
    let payload = CachedPayload::new(PAYLOAD.as_bytes());
    store(cache, both, &payload);
    let Lease::Granted(token) = first else {
        assert!(
            first == lease(cache, both) && first == Lease::Free,
            "`load_and_lease` grants what `lease` does: {first:?}"
        );
        assert!(
            load_and_lease(cache, both) == (Some(payload), Lease::Free),
            "`load_and_lease` loads what there is"
        );
        return;
    };
    assert!(
        load_and_lease(cache, both) == (Some(payload), Lease::Taken),
        "`load_and_lease` loads what there is, and grants a lease to one"
    );
    assert!(
        lease(cache, both) == Lease::Taken,
        "`load_and_lease` grants what `lease` does"
    );
    release(cache, both, &token);
    let second = granted(
        cache,
        both,
        "what `load_and_lease` granted can be given back",
    );
    assert!(
        load_and_lease(cache, both).1 == Lease::Taken,
        "`load_and_lease` grants what `lease` does"
    );
    release(cache, both, &second);
}

fn load_and_lease(cache: &impl FeatureCache, key: &CacheKey) -> (Option<CachedPayload>, Lease) {
    given("load_and_lease", cache.load_and_lease(key, PATIENCE * 10))
}

fn lease(cache: &impl FeatureCache, key: &CacheKey) -> Lease {
    given("lease", cache.lease(key, PATIENCE * 10))
}

fn granted(cache: &impl FeatureCache, key: &CacheKey, rule: &str) -> LeaseToken {
    match lease(cache, key) {
        Lease::Granted(token) => token,
        answer => panic!("{rule}: {answer:?}"),
    }
}

fn release(cache: &impl FeatureCache, key: &CacheKey, token: &LeaseToken) {
    given("release", cache.release(key, token));
}

const CROWD: usize = 8;
