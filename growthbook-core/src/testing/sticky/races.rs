//! What `save` does with many writers at once.

use std::slice;

use super::super::suite::at_once;
use super::{load, save, variation};
use crate::sticky::{StickyAssignments, StickyIdentity, StickyWrite};
use crate::sticky_service::{Saved, StickyBucketService};

pub(super) fn check(store: &impl StickyBucketService) {
    for round in 0..ROUNDS {
        all_agree_on_the_first(store, &StickyIdentity::new("id", format!("first-{round}")));
        all_agree_on_the_replacement(store, &StickyIdentity::new("id", format!("next-{round}")));
        nobody_loses_an_assignment(store, &StickyIdentity::new("id", format!("many-{round}")));
    }
}

fn all_agree_on_the_first(store: &impl StickyBucketService, user: &StickyIdentity) {
    let answers = at_once(WRITERS, |number| {
        let own = number.to_string();
        save(store, &StickyWrite::new(user, "exp__0", &own))
    });
    agree(store, user, &answers, "of many first writers at once");
}

fn all_agree_on_the_replacement(store: &impl StickyBucketService, user: &StickyIdentity) {
    save(store, &StickyWrite::new(user, "exp__0", "old"));
    let answers = at_once(WRITERS, |number| {
        let own = number.to_string();
        let write = StickyWrite::new(user, "exp__0", &own);
        save(store, &write.replacing(Some("old")))
    });
    agree(
        store,
        user,
        &answers,
        "of many who replace the same at once",
    );
}

fn nobody_loses_an_assignment(store: &impl StickyBucketService, user: &StickyIdentity) {
    let answers = at_once(WRITERS, |number| {
        let key = format!("exp-{number}__0");
        save(store, &StickyWrite::new(user, &key, "a"))
    });
    let documents = load(store, slice::from_ref(user));
    let kept = documents.get(user).map_or(0, StickyAssignments::len);
    assert!(
        kept == WRITERS && answers.iter().all(|answer| *answer == Saved::Stored),
        "of {WRITERS} writers of different assignments in one document, {kept} are there: {answers:?}"
    );
}

/// Writer `n` wrote the variation `n`.
fn agree(store: &impl StickyBucketService, user: &StickyIdentity, answers: &[Saved], who: &str) {
    let standing = variation(store, user, "exp__0").unwrap_or_default();
    let stored = answers.iter().filter(|it| **it == Saved::Stored).count();
    assert!(
        stored == 1,
        "{who}, exactly one is stored: {stored} were told so, and `{standing}` stands"
    );
    for (number, answer) in answers.iter().enumerate() {
        let expected = if number.to_string() == standing {
            Saved::Stored
        } else {
            Saved::Kept(standing.clone())
        };
        assert!(
            *answer == expected,
            "{who}, all are told which variation stands: `{standing}` does, and writer {number} was told {answer:?}"
        );
    }
}

const WRITERS: usize = 8;
const ROUNDS: usize = 20;
