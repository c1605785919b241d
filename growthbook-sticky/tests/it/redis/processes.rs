//! A fleet that assigns the same users.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

use growthbook_core::{Saved, StickyBucketService, StickyIdentity, StickyWrite};
use growthbook_sticky::RedisStickyBuckets;
use growthbook_testkit::RedisServer;

use super::super::faulty::{SOON, user};
use super::{KEY, patient, start};

const PROCESSES: usize = 4;
const THREADS: usize = 8;
const USERS: usize = 200;
const URL: &str = "GROWTHBOOK_TEST_MEMBER_URL";
const FILE: &str = "GROWTHBOOK_TEST_MEMBER_FILE";
const NAME: &str = "GROWTHBOOK_TEST_MEMBER_NAME";

#[test]
fn all_of_a_fleet_serve_what_one_of_them_stored() {
    let Some(server) = start(RedisServer::builder()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |process: usize| folder.path().join(process.to_string());
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let mut member = Command::new(env::current_exe().unwrap());
            member.args([
                "redis::processes::member_of_a_fleet",
                "--exact",
                "--ignored",
            ]);
            member.env(URL, server.url()).env(FILE, file(process));
            member.env(NAME, process.to_string()).stdout(Stdio::null());
            member.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = patient(&server).build().unwrap();
    let users: Vec<_> = users().collect();
    let documents = store.load(&users).unwrap();
    let mut stored = BTreeMap::new();
    for process in 0..PROCESSES {
        let lines = fs::read_to_string(file(process)).unwrap();
        assert_eq!(lines.lines().count(), THREADS * USERS);
        for line in lines.lines() {
            let [who, how, variation] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            assert_eq!(documents[&user(who)][KEY], variation, "{line}");
            *stored.entry(who.to_owned()).or_insert(0) += usize::from(how == "stored");
        }
    }
    assert!(
        stored.len() == USERS && stored.values().all(|times| *times == 1),
        "{stored:?}"
    );
    for identity in &users {
        let own = documents[identity].len() - 1;
        assert_eq!(
            own,
            PROCESSES * THREADS,
            "everybody's own assignment is there"
        );
    }
}

#[test]
#[ignore = "is one of the processes of the test above"]
fn member_of_a_fleet() {
    let Ok(url) = env::var(URL) else { return };
    let process = env::var(NAME).unwrap();
    let store = RedisStickyBuckets::builder(url)
        .timeout(SOON)
        .build()
        .unwrap();
    let barrier = Barrier::new(THREADS);
    let work = |thread: usize| {
        let (own, mut lines) = (format!("{process}-{thread}"), String::new());
        barrier.wait();
        for identity in users() {
            store
                .save(&StickyWrite::new(&identity, &format!("own-{own}__0"), "x"))
                .unwrap();
            let (how, variation) =
                match store.save(&StickyWrite::new(&identity, KEY, &own)).unwrap() {
                    Saved::Stored => ("stored", own.clone()),
                    Saved::Kept(other) => ("kept", other),
                };
            writeln!(lines, "{} {how} {variation}", identity.value()).unwrap();
        }
        lines
    };
    let lines: String = thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || work(thread)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    fs::write(env::var_os(FILE).unwrap(), lines).unwrap();
}

fn users() -> impl Iterator<Item = StickyIdentity> {
    (0..USERS).map(|number| user(&format!("u-{number}")))
}
