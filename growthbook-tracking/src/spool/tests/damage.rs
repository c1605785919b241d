//! Files that were changed, cut, taken away or put there.

use super::*;
use crate::spool::codec::{FILE_HEAD, RECORD_HEAD};

/// Two sealed files of five records, and one that is being written; the first record of each is acknowledged.
fn three_files(root: &Path) -> Vec<PathBuf> {
    let spool = open(root);
    for group in 0..3 {
        if group > 0 {
            rotate(&spool);
        }
        append(&spool, group * 5..group * 5 + 5);
    }
    let taken = take(&spool, usize::MAX);
    for group in taken.chunks(5) {
        ack(&spool, &group[..1]);
    }
    drop(spool);
    files(root, ".events")
}

const PENDING: [usize; 12] = [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14];

/// Which record of a file a byte belongs to.
fn record_at(first: usize, offset: usize) -> Option<usize> {
    let mut start = FILE_HEAD;
    (first..first + 5).find(|record| {
        let end = start + RECORD_HEAD + text(*record).len();
        let is_it = (start..end).contains(&offset);
        start = end;
        is_it
    })
}

/// D5
#[test]
fn a_byte_that_is_changed_costs_the_record_that_it_is_in() {
    let (whole, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    three_files(whole.path());
    let mut flips = 0;
    for file in 0..3 {
        let length = fs::read(&files(whole.path(), ".events")[file])
            .unwrap()
            .len();
        for (offset, change) in (0..length).flat_map(changes) {
            copy(whole.path(), folder.path());
            let path = &files(folder.path(), ".events")[file];
            let mut bytes = fs::read(path).unwrap();
            bytes[offset] ^= change;
            fs::write(path, bytes).unwrap();
            let spool = open(folder.path());
            let lost = record_at(file * 5, offset).filter(|it| PENDING.contains(it));
            let there: Vec<_> = PENDING.into_iter().filter(|it| Some(*it) != lost).collect();
            let place = format!("byte {offset} of file {file} by {change}");
            assert_eq!(take_all(&spool), there, "{place}");
            assert_eq!(
                spool.report().corrupt(),
                u64::from(lost.is_some()),
                "{place}"
            );
            check(&spool);
            drop(spool);
            let spool = open(folder.path());
            assert_eq!(drain(&spool), there, "{place}, once more");
            assert_eq!(spool.report().corrupt(), 0, "{place}: it is counted once");
            flips += 1;
        }
    }
    println!("{flips} flips");
}

/// Every bit of every byte, or one of each.
fn changes(offset: usize) -> impl Iterator<Item = (usize, u8)> {
    let bits = if is_long() {
        0..8
    } else {
        offset % 8..offset % 8 + 1
    };
    bits.map(move |bit| (offset, 1 << bit))
}

/// D5
#[test]
fn acknowledgements_that_were_changed_bring_records_back_and_lose_none() {
    let (whole, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    three_files(whole.path());
    for (file, again) in [0, 5, 10].into_iter().enumerate() {
        let length = fs::read(&files(whole.path(), ".acks")[file]).unwrap().len();
        for offset in 0..length {
            copy(whole.path(), folder.path());
            let path = &files(folder.path(), ".acks")[file];
            let mut bytes = fs::read(path).unwrap();
            bytes[offset] ^= 0x81;
            fs::write(path, bytes).unwrap();
            let spool = open(folder.path());
            let mut expected = [&PENDING[..], &[again]].concat();
            expected.sort_unstable();
            assert_eq!(drain(&spool), expected);
            assert_eq!(spool.report().corrupt(), 0);
        }
    }
}

/// D5
#[test]
fn a_tail_that_was_cut_anywhere_is_no_damage() {
    let (whole, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    three_files(whole.path());
    let bytes = fs::read(&files(whole.path(), ".events")[2]).unwrap();
    let length = bytes.len();
    for left in 0..length {
        // As it was cut, and as some file systems leave it.
        for zeros in [0, 100] {
            copy(whole.path(), folder.path());
            let path = &files(folder.path(), ".events")[2];
            fs::write(path, [&bytes[..left], &vec![0; zeros]].concat()).unwrap();
            let is_cut = |record| (left..length).any(|it| record_at(10, it) == Some(record));
            let there = PENDING.into_iter().filter(|it| *it < 10 || !is_cut(*it));
            let expected: Vec<_> = there.chain([100]).collect();
            let spool = open(folder.path());
            append(&spool, [100]);
            assert_eq!(take_all(&spool), expected, "{left}");
            // A record whose rest are zeros has a head that is whole, so it is known to be damaged.
            let damaged = spool.report().corrupt();
            assert!(damaged <= u64::from(zeros > 0), "{left}");
            check(&spool);
            drop(spool);
            let spool = open(folder.path());
            assert_eq!(drain(&spool), expected, "{left}");
            assert_eq!(
                spool.report().corrupt(),
                0,
                "{left}: nothing of the tail is left"
            );
        }
    }
}

/// D5: what is left of a long record is gone before a short one is written in its place.
#[test]
fn a_long_tail_leaves_nothing_behind_a_short_record() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..2);
    let bytes = &[b'x'; 500];
    spool.append(&[Record { at: NOW, bytes }]).unwrap();
    drop(spool);
    let path = &files(folder.path(), ".events")[0];
    let length = fs::metadata(path).unwrap().len();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len(length - 1).unwrap();
    append(&open(folder.path()), [2]);
    let spool = open(folder.path());
    assert_eq!(drain(&spool), [0, 1, 2]);
    assert_eq!(spool.report().corrupt(), 0);
}

/// Of a folder, its events and its acknowledgements.
type Surgery = fn(&Path, &[PathBuf], &[PathBuf]);

/// D6
#[test]
fn files_that_are_missing_or_strange_are_tolerated() {
    let whole = tempfile::tempdir().unwrap();
    three_files(whole.path());
    let without_second = [1, 2, 3, 4, 11, 12, 13, 14];
    let cases: [(&str, Surgery, &[usize]); 9] = [
        ("nothing", |_, _, _| {}, &PENDING),
        (
            "events missing",
            |_, events, _| fs::remove_file(&events[1]).unwrap(),
            &without_second,
        ),
        (
            "acknowledgements missing",
            |_, _, acks| fs::remove_file(&acks[1]).unwrap(),
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14],
        ),
        (
            "acknowledgements of another file",
            |_, _, acks| {
                fs::copy(&acks[0], &acks[1]).unwrap();
            },
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14],
        ),
        (
            "acknowledgements torn",
            |_, _, acks| {
                let bytes = fs::read(&acks[2]).unwrap();
                fs::write(&acks[2], [&bytes[..], &bytes[..5]].concat()).unwrap();
            },
            &PENDING,
        ),
        (
            "files of others",
            |lane, _, _| {
                fs::write(lane.join("notes.txt"), "mine").unwrap();
                fs::write(lane.join("xyz.events"), "mine").unwrap();
                fs::write(lane.parent().unwrap().join("spool-x"), "mine").unwrap();
                fs::create_dir(lane.join("0000000000000009-0000000000000009.acks")).unwrap();
                fs::create_dir(lane.join("0000000000000009-0000000000000009.events")).unwrap();
            },
            &PENDING,
        ),
        (
            "an empty file and one of zeros",
            |lane, _, _| {
                fs::write(lane.join("0000000000000008-0000000000000008.events"), "").unwrap();
                let zeros = vec![0; 5_000];
                fs::write(lane.join("0000000000000009-0000000000000009.events"), zeros).unwrap();
            },
            &PENDING,
        ),
        (
            "events emptied",
            |_, events, _| fs::write(&events[1], "").unwrap(),
            &without_second,
        ),
        (
            "something behind the seal",
            |_, events, _| {
                let bytes = fs::read(&events[0]).unwrap();
                fs::write(&events[0], [&bytes[..], &[7; 100]].concat()).unwrap();
            },
            &PENDING,
        ),
    ];
    for (case, surgery, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        copy(whole.path(), folder.path());
        let (events, acks) = (
            files(folder.path(), ".events"),
            files(folder.path(), ".acks"),
        );
        surgery(events[0].parent().unwrap(), &events, &acks);
        let spool = open(folder.path());
        assert_eq!(take_all(&spool), expected, "{case}");
        assert_eq!(spool.report().corrupt(), 0, "{case}");
        append(&spool, [100]);
        assert_eq!(take_all(&spool), [100], "{case}");
        check(&spool);
        drop(spool);
        let again = [expected, &[100]].concat();
        assert_eq!(drain(&open(folder.path())), again, "{case}");
        let on_disk = files(folder.path(), ".events").len();
        assert!(on_disk <= 1, "{case}: only what is not ours is left");
    }
}

/// D6: after a loss of power, acknowledgements may be there of records that are not. Those that get their numbers are others.
#[test]
fn acknowledgements_that_are_ahead_settle_no_later_record() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..2);
    let length = fs::metadata(&files(folder.path(), ".events")[0])
        .unwrap()
        .len();
    append(&spool, 2..6);
    let taken = take(&spool, usize::MAX);
    ack(&spool, &taken[1..4]);
    drop(spool);
    let file = fs::File::options()
        .write(true)
        .open(&files(folder.path(), ".events")[0])
        .unwrap();
    file.set_len(length).unwrap();
    let spool = open(folder.path());
    append(&spool, 10..14);
    assert_eq!(take_all(&spool), [0, 10, 11, 12, 13]);
    drop(spool);
    assert_eq!(drain(&open(folder.path())), [0, 10, 11, 12, 13]);
}

/// D6, while it is open.
#[test]
fn files_that_are_taken_away_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..5);
    rotate(&spool);
    append(&spool, 5..9);
    fs::remove_file(&files(folder.path(), ".events")[0]).unwrap();
    assert_eq!(take_all(&spool), [5, 6, 7, 8]);
    assert_eq!(spool.report().corrupt(), 5);
    check(&spool);
}

/// D12
#[test]
fn a_later_version_is_left_as_it_is_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let events = three_files(folder.path());
    let mut later = b"gbevents\x02\0\0\0".to_vec();
    later.extend(crc32fast::hash(&later).to_le_bytes());
    later.extend(b"what it means is not known");
    fs::write(&events[1], &later).unwrap();
    let acks = fs::read(&files(folder.path(), ".acks")[1]).unwrap();
    for other_lane in [false, true] {
        let first = other_lane.then(|| {
            let number = folder.path().join("spool-2");
            fs::rename(folder.path().join("spool-1"), number).unwrap();
            fs::create_dir(folder.path().join("spool-1")).unwrap();
        });
        let spool = open(folder.path());
        assert_eq!(spool.report().set_aside(), 1, "{first:?}");
        spool.adopt(NOW).unwrap();
        assert_eq!(spool.report().set_aside(), 1);
        append(&spool, [100]);
        let expected = if other_lane {
            vec![100]
        } else {
            vec![1, 2, 3, 4, 11, 12, 13, 14, 100]
        };
        assert_eq!(drain(&spool), expected);
        drop(spool);
        let left = files(folder.path(), ".events");
        assert_eq!(left.len(), 1);
        assert_eq!(fs::read(&left[0]).unwrap(), later);
        assert_eq!(fs::read(&files(folder.path(), ".acks")[0]).unwrap(), acks);
    }
}
