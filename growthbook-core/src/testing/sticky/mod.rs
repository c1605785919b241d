mod races;
#[cfg(test)]
mod tests;
mod writes;

use std::collections::BTreeMap;
use std::slice;
use std::time::Duration;

use super::suite::given;
use crate::sticky::{StickyAssignments, StickyIdentity, StickyWrite};
use crate::sticky_service::{Saved, StickyBucketService};

/// Checks that a store of sticky buckets keeps the contract of [`StickyBucketService`].
///
/// Each call of `make` gives a store without documents; it can be the same database with another prefix or table. The
/// suite saves some hundred assignments and starts up to eight threads at once.
///
/// # Panics
///
/// When the contract is broken, with what is wrong.
///
/// # Example
///
/// ```
/// use growthbook_core::MemoryStickyBuckets;
/// use growthbook_core::testing::sticky_contract;
///
/// sticky_contract(MemoryStickyBuckets::new);
/// ```
pub fn sticky_contract<S: StickyBucketService>(make: impl Fn() -> S) {
    who_is_unknown_is_left_out(&make());
    any_text_comes_back_as_it_was_saved(&make());
    many_documents_are_loaded_at_once(&make());
    writes::check(&make());
    races::check(&make());
    flushing_loses_nothing(&make());
}

fn who_is_unknown_is_left_out(store: &impl StickyBucketService) {
    let known = StickyIdentity::new("id", "known");
    let unknown = StickyIdentity::new("id", "unknown");
    let nobody = load(store, slice::from_ref(&unknown));
    assert!(
        nobody.is_empty(),
        "an empty store has no documents, not even empty ones: {nobody:?}"
    );
    save(store, &StickyWrite::new(&known, "exp__0", "a"));
    let none = load(store, &[]);
    assert!(
        none.is_empty(),
        "who asks for no documents gets none: {none:?}"
    );
    let found = load(store, &[known.clone(), unknown.clone(), known.clone()]);
    assert!(
        found.len() == 1 && found.contains_key(&known),
        "an identity without a document is left out, and one asked for twice is there once: {found:?}"
    );
}

fn any_text_comes_back_as_it_was_saved(store: &impl StickyBucketService) {
    let mut saved = BTreeMap::new();
    for (attribute, value) in IDENTITIES {
        let identity = StickyIdentity::new(attribute, value);
        let document: StickyAssignments = TEXTS
            .iter()
            .map(|text| (format!("{text}__0"), format!("{attribute} {value} {text}")))
            .collect();
        for (key, variation) in &document {
            save(store, &StickyWrite::new(&identity, key, variation));
        }
        saved.insert(identity, document);
    }
    let identities: Vec<StickyIdentity> = saved.keys().cloned().collect();
    let together = load(store, &identities);
    for (identity, document) in &saved {
        let alone = load(store, slice::from_ref(identity));
        for loaded in [&together, &alone] {
            assert_eq!(
                loaded.get(identity),
                Some(document),
                "the document of `{}` comes back as it was saved",
                identity.value()
            );
        }
    }
}

fn many_documents_are_loaded_at_once(store: &impl StickyBucketService) {
    let identities: Vec<StickyIdentity> = (0..MANY)
        .map(|number| StickyIdentity::new("id", format!("user-{number}")))
        .collect();
    let known: Vec<StickyIdentity> = identities.iter().step_by(2).cloned().collect();
    for identity in &known {
        save(store, &StickyWrite::new(identity, "exp__0", "a"));
    }
    let loaded = load(store, &identities);
    let missing = known.iter().filter(|it| !loaded.contains_key(it)).count();
    assert!(
        missing == 0 && loaded.len() == known.len(),
        "one `load` gives all documents, however many: of {}, {missing} are missing",
        known.len()
    );
}

fn flushing_loses_nothing(store: &impl StickyBucketService) {
    let identity = StickyIdentity::new("id", "1");
    let flush = |when: &str| {
        let flushed = store.flush(LIMIT);
        assert!(
            flushed.is_ok(),
            "`flush` has no reason to fail {when}: {flushed:?}"
        );
    };
    flush("with nothing to write");
    save(store, &StickyWrite::new(&identity, "exp__0", "a"));
    flush("after a `save`");
    flush("a second time");
    assert_eq!(
        variation(store, &identity, "exp__0").as_deref(),
        Some("a"),
        "what was saved is there after `flush`"
    );
}

/// The variation that stands under `key`.
fn variation(
    store: &impl StickyBucketService,
    identity: &StickyIdentity,
    key: &str,
) -> Option<String> {
    let mut documents = load(store, slice::from_ref(identity));
    documents.get_mut(identity)?.remove(key)
}

fn load(
    store: &impl StickyBucketService,
    identities: &[StickyIdentity],
) -> BTreeMap<StickyIdentity, StickyAssignments> {
    given("load", store.load(identities))
}

fn save(store: &impl StickyBucketService, write: &StickyWrite<'_>) -> Saved {
    given("save", store.save(write))
}

/// No two of them read the same when joined by `||`, as stores do that other SDKs share: those cannot tell such two apart.
const IDENTITIES: [(&str, &str); 18] = [
    ("id", "user-1"),
    ("id", "USER-1"),
    ("id", "user-10"),
    ("id", " user-1 "),
    ("Id", "user-1"),
    ("device", "user-1"),
    ("device||id", "7"),
    ("device||id", "8"),
    ("id", "7"),
    ("id", "7||8"),
    ("id", "||"),
    ("id", "Zoë"),
    ("id", "Zoé"),
    ("id", "Zoe\u{308}"),
    ("имя", "🌸"),
    ("имя", "🌻"),
    ("ник", "🌸"),
    ("id", "'; \"\\{}[]%_*?:\n$1"),
];

/// What names of experiments and variations may look like.
const TEXTS: [&str; 6] = ["exp", "EXP", "größe 🌸", "a||b", "a.b:c/d", "'\"\\{}%\n"];

/// More than a store that asks in portions takes at once.
const MANY: usize = 250;
const LIMIT: Duration = Duration::from_secs(60);
