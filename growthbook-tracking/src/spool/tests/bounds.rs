//! How much is kept, and for how long.

use std::time::Instant;

use super::*;

fn disk_use(root: &Path) -> u64 {
    let files = files(root, "s");
    files.iter().map(|it| fs::metadata(it).unwrap().len()).sum()
}

/// D9
#[test]
fn a_full_spool_drops_its_oldest_file() {
    let folder = tempfile::tempdir().unwrap();
    let bound = 256 << 10;
    let spool = open_with(SpoolOptions::new(folder.path()).max_bytes(bound));
    for group in 0..100 {
        append(&spool, group * 100..group * 100 + 100);
        assert!(spool.report().bytes() <= bound);
        assert!(disk_use(folder.path()) <= bound);
        check(&spool);
    }
    let full = spool.report().full();
    assert!(full > 0);
    let expected: Vec<_> = (usize::try_from(full).unwrap()..10_000).collect();
    assert_eq!(drain(&spool), expected, "the oldest, exactly as counted");
}

/// D9: what is being delivered while its file is dropped counts as what becomes of it.
#[test]
fn a_record_under_way_is_counted_when_it_is_known_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open_with(SpoolOptions::new(folder.path()).max_bytes(128 << 10));
    append(&spool, 0..100);
    let mut taken = take(&spool, 10);
    let back = taken.split_off(6);
    let mut next = 100;
    while spool.report().full() == 0 {
        append(&spool, next..next + 100);
        next += 100;
    }
    let before = spool.report();
    check(&spool);
    ack(&spool, &taken);
    check(&spool);
    spool.release(back);
    check(&spool);
    let report = spool.report();
    assert_eq!(report.acked() - before.acked(), 6);
    assert_eq!(report.full() - before.full(), 4);
    let rest = drain(&spool);
    assert_eq!(rest.len() as u64 + report.full() + 6, next as u64);
    assert_eq!(rest.last(), Some(&(next - 1)));
}

/// D10
#[test]
fn a_large_spool_of_an_old_run_is_opened_at_once() {
    let bytes: usize = if is_long() { 1 << 30 } else { 24 << 20 };
    let folder = tempfile::tempdir().unwrap();
    let options = SpoolOptions::new(folder.path()).max_bytes(2 << 30);
    let old = open_with(options.clone());
    let body = vec![b'x'; 600];
    let record = Record {
        at: NOW,
        bytes: &body,
    };
    let group = vec![record; 1_000];
    let groups = bytes / 600 / 1_000 + 1;
    for _ in 0..groups {
        old.append(&group).unwrap();
    }
    drop(old);
    let start = Instant::now();
    let spool = open_with(options);
    let took = start.elapsed();
    assert_eq!(spool.pending(), groups as u64 * 1_000);
    let segments = spool.report().segments();
    let start = Instant::now();
    let mut batches = 0;
    loop {
        let taken = take(&spool, 100);
        if taken.is_empty() {
            break;
        }
        ack(&spool, &taken);
        batches += 1;
    }
    println!(
        "{} MiB in {segments} files opened in {took:.1?}; {batches} batches of 100 drained in {:.1?}",
        bytes >> 20,
        start.elapsed()
    );
    check(&spool);
    assert_eq!(spool.pending(), 0);
}

/// D10, with the bound of now.
#[test]
fn a_spool_that_is_larger_than_it_may_be_is_cut_down_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let options = SpoolOptions::new(folder.path());
    let old = open_with(options.clone().max_bytes(1 << 20));
    append(&old, 0..8_000);
    drop(old);
    let spool = open_with(options.max_bytes(256 << 10));
    let report = spool.report();
    assert_eq!(report.recovered(), 8_000);
    assert!(report.bytes() <= 256 << 10 && report.full() > 0);
    let first = usize::try_from(report.full()).unwrap();
    assert_eq!(drain(&spool), (first..8_000).collect::<Vec<_>>());
}

/// D11
#[test]
fn what_is_too_old_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let day = seconds(86_400);
    let spool = open(folder.path());
    append(&spool, 0..3);
    rotate(&spool);
    append(&spool, 3..5);
    let later = NOW + day + seconds(1);
    let text = text(9);
    let bytes = text.as_bytes();
    spool.append(&[Record { at: later, bytes }]).unwrap();
    let taken = spool.take(NOW + day, 2, usize::MAX).unwrap();
    assert_eq!(taken.len(), 2, "not yet");
    spool.release(taken);
    let taken = spool.take(later, 9, usize::MAX).unwrap();
    assert_eq!(taken.iter().map(number).collect::<Vec<_>>(), [9]);
    assert_eq!(spool.report().expired(), 5);
    check(&spool);
    drop(spool);
    let spool = open(folder.path());
    assert_eq!(take_all(&spool), [9], "what was dropped stays dropped");
    drop(spool);
    let spool = Spool::open(SpoolOptions::new(folder.path()), NOW + 41 * day).unwrap();
    assert!(
        spool
            .take(NOW + 41 * day, 9, usize::MAX)
            .unwrap()
            .is_empty()
    );
    assert_eq!((spool.report().expired(), spool.pending()), (1, 0));
    check(&spool);
}

/// D11: a clock that is set back makes nothing older.
#[test]
fn what_is_of_the_future_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    let at = NOW + seconds(86_400 * 4_000);
    let bytes = b"{}";
    spool.append(&[Record { at, bytes }]).unwrap();
    for now in [NOW, NOW - seconds(86_400 * 4_000)] {
        let taken = spool.take(now, 9, usize::MAX).unwrap();
        assert_eq!(taken.len(), 1);
        spool.release(taken);
    }
}
