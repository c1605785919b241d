//! What a spool does when nothing is wrong.

use std::thread;

use super::*;
use crate::spool::SpoolError;

#[test]
fn records_come_back_in_their_order_until_they_are_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..5);
    append(&spool, []);
    append(&spool, 5..8);
    let first = take(&spool, 3);
    assert_eq!(first.iter().map(number).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(take_all(&spool), [3, 4, 5, 6, 7]);
    assert_eq!(spool.pending(), 8);
    ack(&spool, &first[1..]);
    assert_eq!(spool.ack(&[first[1].id]).unwrap(), 0, "only once");
    check(&spool);
    drop(spool);
    let spool = open(folder.path());
    assert_eq!((spool.pending(), spool.report().recovered()), (6, 6));
    append(&spool, 8..9);
    assert_eq!(drain(&spool), [0, 3, 4, 5, 6, 7, 8]);
    drop(spool);
    assert_eq!(open(folder.path()).pending(), 0);
    assert!(files(folder.path(), "s").is_empty());
}

#[test]
fn what_was_released_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..6);
    let mut taken = take(&spool, 4);
    let last = taken.split_off(3);
    spool.release(taken.clone());
    spool.release(taken);
    assert_eq!(spool.pending(), 6);
    assert_eq!(take_all(&spool), [0, 1, 2, 4, 5]);
    spool.release(last);
    assert_eq!(take_all(&spool), [3]);
    check(&spool);
}

#[test]
fn a_batch_has_no_more_bytes_than_asked_for_unless_it_is_one_record() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..6);
    let lengths: Vec<_> = (0..6).map(|it| text(it).len()).collect();
    let two = lengths[0] + lengths[1];
    for (most, count) in [(two, 2), (two, 1), (1, 1), (0, 1), (usize::MAX, 1)] {
        let taken = spool.take(NOW, 10, most).unwrap();
        assert_eq!(taken.len(), count, "{most}");
    }
    assert!(spool.take(NOW, 0, 10).unwrap().is_empty());
}

#[test]
fn times_come_back_to_the_millisecond() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open_with(SpoolOptions::new(folder.path()).max_age(Duration::MAX));
    let times = [
        NOW + Duration::from_millis(1_767_323_045_678),
        NOW - seconds(86_400 * 365 * 100),
        NOW + seconds(1 << 40),
    ];
    for at in times {
        spool.append(&[Record { at, bytes: b"" }]).unwrap();
    }
    let taken = take(&spool, 9);
    assert_eq!(taken.iter().map(|it| it.at).collect::<Vec<_>>(), times);
}

#[test]
fn files_are_sealed_when_they_are_long_and_go_when_they_are_done_with() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open_with(SpoolOptions::new(folder.path()).max_bytes(4 << 20));
    for group in 0..20 {
        append(&spool, group * 100..group * 100 + 100);
    }
    let before = files(folder.path(), ".events");
    assert!(before.len() > 2, "{before:?}");
    let taken = take(&spool, usize::MAX);
    assert_eq!(taken.len(), 2_000);
    let (even, odd): (Vec<_>, _) = taken
        .into_iter()
        .partition(|it| number(it).is_multiple_of(2));
    ack(&spool, &even);
    assert_eq!(files(folder.path(), ".events"), before);
    ack(&spool, &odd);
    // The one that is written stays until it is closed.
    assert_eq!(files(folder.path(), ".events"), before[before.len() - 1..]);
    check(&spool);
    drop(spool);
    assert!(files(folder.path(), "s").is_empty());
}

#[test]
fn one_that_starts_goes_on_with_the_file_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    for start in 0..10 {
        let spool = open(folder.path());
        append(&spool, [start]);
        check(&spool);
    }
    assert_eq!(files(folder.path(), "s").len(), 1);
    assert_eq!(drain(&open(folder.path())), (0..10).collect::<Vec<_>>());
}

#[test]
fn what_is_too_long_is_said_to_be_and_what_was_before_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open_with(SpoolOptions::new(folder.path()).max_bytes(0));
    let long = vec![b'x'; 128 << 10];
    let short = text(1);
    let record = |bytes| Record { at: NOW, bytes };
    let records = [record(short.as_bytes()), record(&long), record(b"never")];
    let error = spool.append(&records).unwrap_err();
    assert_eq!((error.written, error.error), (1, SpoolError::TooLarge));
    let almost = &long[..100_000];
    spool.append(&[record(almost)]).unwrap();
    let taken = take(&spool, 9);
    assert_eq!((number(&taken[0]), taken[1].bytes.len()), (1, 100_000));
    check(&spool);
}

#[test]
fn a_closed_spool_does_nothing_but_report() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..3);
    let taken = take(&spool, 1);
    spool.close();
    spool.close();
    assert_eq!(
        try_append(&spool, [4]).unwrap_err().error,
        SpoolError::Closed
    );
    assert_eq!(spool.take(NOW, 1, 1).unwrap_err(), SpoolError::Closed);
    assert_eq!(spool.ack(&[taken[0].id]).unwrap_err(), SpoolError::Closed);
    assert_eq!(spool.adopt(NOW).unwrap_err(), SpoolError::Closed);
    spool.release(taken);
    assert_eq!(spool.pending(), 3);
    assert_eq!(
        take_all(&open(folder.path())),
        [0, 1, 2],
        "the folder is free"
    );
}

/// K10, without the fork: all that a child is told apart by is the number of its process.
#[test]
fn a_forked_process_has_no_part_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(folder.path());
    append(&spool, 0..3);
    let owner = std::mem::replace(&mut spool.owner, 0);
    // A lock that a thread held which is not in the child.
    let held = lock(&spool.state);
    assert_eq!(
        try_append(&spool, [4]).unwrap_err().error,
        SpoolError::Forked
    );
    assert_eq!(spool.take(NOW, 1, 1).unwrap_err(), SpoolError::Forked);
    assert_eq!(spool.ack(&[]).unwrap_err(), SpoolError::Forked);
    assert_eq!(spool.pending(), 0);
    spool.release(Vec::new());
    spool.close();
    drop(held);
    let child = open(folder.path());
    append(&child, [7]);
    assert_eq!(take_all(&child), [7], "a folder of its own");
    spool.owner = owner;
    assert_eq!(take_all(&spool), [0, 1, 2]);
}

#[test]
fn writers_and_readers_on_many_threads_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open_with(SpoolOptions::new(folder.path()).max_bytes(64 << 20));
    let (writers, each) = (4, 2_000);
    let mut seen = thread::scope(|scope| {
        for writer in 0..writers {
            let spool = &spool;
            scope.spawn(move || {
                for group in 0..each / 20 {
                    let first = writer * each + group * 20;
                    append(spool, first..first + 20);
                }
            });
        }
        let reader = || {
            let mut seen = Vec::new();
            while spool.report().acked() < (writers * each) as u64 {
                let mut taken = take(&spool, 64);
                let back = taken.split_off(taken.len() * 3 / 4);
                seen.extend(taken.iter().map(number));
                ack(&spool, &taken);
                spool.release(back);
                // A batch of one is not split.
                let one = take(&spool, 1);
                seen.extend(one.iter().map(number));
                ack(&spool, &one);
            }
            seen
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        let seen = readers.map(|reader| reader.join().unwrap());
        seen.concat()
    });
    seen.sort_unstable();
    assert_eq!(seen, (0..writers * each).collect::<Vec<_>>());
    assert_eq!(spool.pending(), 0);
    check(&spool);
}

#[test]
fn what_is_under_way_when_it_is_closed_is_done_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..20 {
        let spool = open(folder.path());
        let stored = thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let appended = (0..).take_while(|it| try_append(&spool, [*it]).is_ok());
                appended.count()
            });
            let reader = scope.spawn(|| {
                while let Ok(taken) = spool.take(NOW, 5, usize::MAX) {
                    let ids: Vec<_> = taken.iter().map(|it| it.id).collect();
                    let _ = spool.ack(&ids);
                }
            });
            while spool.report().acked() < 10 {
                thread::yield_now();
            }
            spool.close();
            reader.join().unwrap();
            writer.join().unwrap()
        });
        check(&spool);
        assert_eq!(spool.report().appended(), stored as u64);
        let next = open(folder.path());
        assert_eq!(
            next.pending(),
            spool.pending(),
            "nothing was written afterwards"
        );
        drain(&next);
    }
}

#[test]
fn neither_debug_nor_errors_tell_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    let record = Record {
        at: NOW,
        bytes: b"canary",
    };
    spool.append(&[record]).unwrap();
    let taken = take(&spool, 1);
    for text in [format!("{spool:?}"), format!("{taken:?}")] {
        assert!(
            !text.contains("canary") && !text.contains("99, 97"),
            "{text}"
        );
    }
}

#[test]
fn all_threads_may_use_one() {
    fn check<T: Send + Sync>() {}
    check::<Spool>();
}
