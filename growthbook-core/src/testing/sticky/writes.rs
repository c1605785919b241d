//! What `save` does, one writer at a time.

use super::super::suite::given;
use super::{save, variation};
use crate::sticky::{StickyIdentity, StickyWrite};
use crate::sticky_service::{Saved, StickyBucketService};

pub(super) fn check(store: &impl StickyBucketService) {
    the_first_writer_wins(store);
    who_read_what_stands_may_replace_it(store);
    what_nobody_wrote_to_stays(store);
    several_are_saved_as_one_by_one(store);
}

fn the_first_writer_wins(store: &impl StickyBucketService) {
    let user = StickyIdentity::new("id", "first");
    let first = StickyWrite::new(&user, "exp__0", "a");
    let second = StickyWrite::new(&user, "exp__0", "b");
    assert_eq!(
        save(store, &first),
        Saved::Stored,
        "the first write is stored"
    );
    assert_eq!(
        save(store, &second),
        Saved::Kept("a".to_owned()),
        "a later writer is told which variation stands"
    );
    stands(store, &user, "a", "the first writer's variation stands");
    assert_eq!(
        save(store, &first),
        Saved::Stored,
        "to save what stands already is no conflict"
    );
    let next_version = StickyWrite::new(&user, "exp__1", "b");
    assert_eq!(
        save(store, &next_version),
        Saved::Stored,
        "a new bucket version is another assignment"
    );
}

fn who_read_what_stands_may_replace_it(store: &impl StickyBucketService) {
    let user = StickyIdentity::new("id", "replaced");
    let write = |variation| StickyWrite::new(&user, "exp__0", variation);
    assert_eq!(
        save(store, &write("a").replacing(Some("gone"))),
        Saved::Stored,
        "where nothing stands, a write is stored whatever it expected"
    );
    assert_eq!(
        save(store, &write("b").replacing(Some("a"))),
        Saved::Stored,
        "who read the variation that stands replaces it"
    );
    stands(store, &user, "b", "a replacement stands");
    assert_eq!(
        save(store, &write("c").replacing(Some("a"))),
        Saved::Kept("b".to_owned()),
        "who read a variation that no longer stands does not replace it"
    );
    stands(
        store,
        &user,
        "b",
        "a writer who came too late changes nothing",
    );
}

fn what_nobody_wrote_to_stays(store: &impl StickyBucketService) {
    let [user, other] = ["many", "other"].map(|value| StickyIdentity::new("id", value));
    for key in ["exp__0", "one__0", "two__0"] {
        save(store, &StickyWrite::new(&user, key, key));
    }
    save(store, &StickyWrite::new(&other, "exp__0", "b"));
    save(
        store,
        &StickyWrite::new(&user, "exp__0", "c").replacing(Some("exp__0")),
    );
    for key in ["one__0", "two__0"] {
        assert_eq!(
            variation(store, &user, key).as_deref(),
            Some(key),
            "a write leaves the other assignments of the document as they are"
        );
    }
    stands(store, &user, "c", "a replacement stands among others");
    stands(
        store,
        &other,
        "b",
        "a write leaves other documents as they are",
    );
}

/// Of more than one writes in one go: among them some of one document, of one assignment, and one that comes too late.
fn several_are_saved_as_one_by_one(store: &impl StickyBucketService) {
    let [user, other] = ["several", "several others"].map(|value| StickyIdentity::new("id", value));
    save(store, &StickyWrite::new(&user, "stood__0", "a"));
    let writes = [
        StickyWrite::new(&user, "exp__0", "a"),
        StickyWrite::new(&user, "stood__0", "b"),
        StickyWrite::new(&other, "exp__0", "b"),
        StickyWrite::new(&user, "exp__0", "b"),
        StickyWrite::new(&user, "exp__0", "c").replacing(Some("a")),
        StickyWrite::new(&user, "new__0", "x"),
    ];
    let saved: Vec<Saved> = store
        .save_all(&writes)
        .into_iter()
        .map(|saved| given("save_all", saved))
        .collect();
    let kept = || Saved::Kept("a".to_owned());
    let expected = [
        Saved::Stored,
        kept(),
        Saved::Stored,
        kept(),
        Saved::Stored,
        Saved::Stored,
    ];
    assert_eq!(
        saved, expected,
        "`save_all` does with each write what `save` does, in their order"
    );
    stands(store, &user, "c", "what `save_all` has stored stands");
    stands(store, &other, "b", "`save_all` writes all documents");
    for (key, expected) in [("stood__0", "a"), ("new__0", "x")] {
        assert_eq!(
            variation(store, &user, key).as_deref(),
            Some(expected),
            "`save_all` leaves what it was kept out of, and writes the rest"
        );
    }
    assert!(store.save_all(&[]).is_empty(), "no writes have no answers");
}

fn stands(store: &impl StickyBucketService, user: &StickyIdentity, expected: &str, rule: &str) {
    let standing = variation(store, user, "exp__0");
    assert_eq!(standing.as_deref(), Some(expected), "{rule}");
}
