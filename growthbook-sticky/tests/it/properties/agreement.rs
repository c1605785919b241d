//! Property 13: any interleaving of writers ends in one variation per key, and what each was told is that one.

use std::sync::{Arc, Barrier};
use std::thread;

use growthbook_core::{
    Attributes, Experiment, GrowthBookClient, Saved, StickyBucketService, StickyIdentity,
    StickyWrite, UserContext,
};
use growthbook_sticky::WriteBehind;
use proptest::prelude::*;

use super::super::faulty::SOON;
use super::{Handle, Shared, WRITERS, document, run, somebody};

/// Each handle is a writer's.
pub(crate) fn writers_agree(count: u32, shared: &Shared) {
    run(count, &schedule(), |(name, schedule)| {
        let identity = StickyIdentity::new("id", somebody(&name));
        let told = interleave(&shared.handles, &identity, &schedule);
        let standing = shared.standing(&identity);
        prop_assert_eq!(standing.len(), KEYS.len());
        for (writer, key, variation) in &told {
            prop_assert_eq!(variation, &standing[*key], "writer {} of {}", writer, key);
        }
        for key in KEYS {
            let (first, ..) = told.iter().find(|(_, of, _)| *of == key).unwrap();
            prop_assert_eq!(&standing[key], &variation(*first), "the first writer wins");
        }
        Ok(())
    });
    clients_agree(shared);
}

/// Writers with a thread each: what waits in one is not known to another. In the end all serve what stands, and who was
/// told otherwise is counted.
pub(crate) fn writers_converge(count: u32, make: impl Fn() -> Handle) {
    let store = make();
    let behind = |_| Arc::new(WriteBehind::new(Arc::clone(&store)));
    let writers: Vec<_> = (0..WRITERS).map(behind).collect();
    let handles: Vec<Handle> = writers.iter().map(|it| Arc::clone(it) as Handle).collect();
    let overruled = || -> u64 { writers.iter().map(|it| it.report().overruled()).sum() };
    let shared = Shared { handles, store };
    run(count, &schedule(), |(name, schedule)| {
        let identity = StickyIdentity::new("id", somebody(&name));
        let before = overruled();
        let told = interleave(&shared.handles, &identity, &schedule);
        let standing = shared.standing(&identity);
        for handle in &shared.handles {
            prop_assert_eq!(&document(handle, &identity), &standing);
        }
        let misled = told.iter().filter(|(_, key, told)| *told != standing[*key]);
        let misled = u64::try_from(misled.count()).unwrap();
        prop_assert_eq!(overruled() - before, misled, "all are counted");
        Ok(())
    });
    for writer in writers {
        writer.flush(SOON).unwrap();
    }
}

/// Every writer looks up every key and saves it where it found none, as the client does, in the order of the schedule. Who was
/// told what, in the order in which they were.
fn interleave(
    handles: &[Handle],
    identity: &StickyIdentity,
    schedule: &[(usize, usize)],
) -> Vec<(usize, &'static str, String)> {
    let mut found = [const { [const { None }; KEYS.len()] }; WRITERS];
    let mut told = Vec::new();
    for (writer, number) in schedule {
        let (handle, key) = (&handles[*writer], KEYS[*number]);
        let own = variation(*writer);
        let answer = match found[*writer][*number].take() {
            None => {
                found[*writer][*number] = Some(document(handle, identity).remove(key));
                continue;
            }
            Some(Some(standing)) => standing,
            Some(None) => match handle.save(&StickyWrite::new(identity, key, &own)).unwrap() {
                Saved::Kept(standing) => standing,
                Saved::Stored => own,
            },
        };
        told.push((*writer, key, answer));
    }
    told
}

/// Writers and keys, each twice, in any order: once to load and once to save.
fn schedule() -> impl Strategy<Value = (String, Vec<(usize, usize)>)> {
    let steps = (0..WRITERS).flat_map(|writer| (0..KEYS.len()).map(move |key| (writer, key)));
    let steps: Vec<_> = steps.flat_map(|step| [step, step]).collect();
    ("\\PC{0,4}", Just(steps).prop_shuffle())
}

/// In threads that set off together, each with a client that would have everybody in another variation.
fn clients_agree(shared: &Shared) {
    let clients = shared.clients();
    for _ in 0..ROUNDS {
        let id = somebody("at once");
        let identity = StickyIdentity::new("id", &*id);
        let user = &UserContext::new(Attributes::new().with("id", &*id));
        let start = &Barrier::new(WRITERS);
        let served: Vec<String> = thread::scope(|scope| {
            let ask = |(writer, client): (usize, &GrowthBookClient)| {
                let client = client.clone();
                scope.spawn(move || {
                    start.wait();
                    let experiment = only(writer);
                    let result = client.run(&experiment, user);
                    result.assignment().variation_key().to_owned()
                })
            };
            let threads: Vec<_> = clients.iter().enumerate().map(ask).collect();
            let answers = threads.into_iter().map(|thread| thread.join().unwrap());
            answers.collect()
        });
        let standing = shared.standing(&identity);
        let served: Vec<_> = served.iter().collect();
        assert_eq!(served, [&standing["exp__0"]; WRITERS]);
    }
    assert!(clients.iter().all(|it| it.status().sticky_failures() == 0));
}

/// An experiment that has everybody in the variation of this number.
fn only(number: usize) -> Experiment<usize> {
    let variations = 0..WRITERS;
    let weights = variations
        .clone()
        .map(|it| f64::from(u8::from(it == number)));
    Experiment::builder("exp", variations.clone())
        .weights(weights)
        .variation_keys(variations.map(variation))
        .build()
        .unwrap()
}

fn variation(writer: usize) -> String {
    format!("v{writer}")
}

const KEYS: [&str; 2] = ["one__0", "größe__3"];
const ROUNDS: usize = 200;
