//! The parts that decide, by themselves.

use proptest::prelude::*;

use crate::spool::bits::Bits;
use crate::spool::codec::{self, FILE_HEAD, Head, RECORD_HEAD, SEAL, Seal};
use crate::spool::name::{self, Name};
use crate::spool::recover::{Glance, Recovered};
use crate::spool::scan::{Cursor, Scan, Tail};

const ID: u64 = 0x0123_4567_89ab_cdef;

/// A file of these texts.
fn file(texts: &[Vec<u8>], is_sealed: bool) -> Vec<u8> {
    let mut file = codec::file_head().to_vec();
    for (index, text) in (0..).zip(texts) {
        codec::push_record(&mut file, ID, index, 7, text);
    }
    if is_sealed {
        let count = u32::try_from(texts.len()).unwrap();
        file.extend(Seal { count, newest: 7 }.to_bytes(ID));
    }
    file
}

#[test]
fn what_is_written_is_as_long_as_it_is_said_to_be() {
    assert_eq!(codec::file_head().len(), FILE_HEAD);
    assert_eq!(file(&[vec![]], false).len(), FILE_HEAD + RECORD_HEAD);
    assert_eq!(file(&[], true).len(), FILE_HEAD + SEAL);
    assert_eq!(codec::version(&codec::file_head()), Some(codec::VERSION));
    assert_eq!(codec::version(&codec::file_head()[..FILE_HEAD - 1]), None);
}

#[test]
fn a_record_of_another_file_is_none() {
    let file = file(&[b"{}".to_vec()], true);
    let scan = Scan::read(ID + 1, &file[FILE_HEAD..], Cursor::START);
    assert!(scan.records.is_empty());
    assert_eq!(scan.tail, Tail::Lost);
    assert_eq!(Head::read(ID + 1, &file[FILE_HEAD..]), None);
    assert_eq!(
        Glance::at(ID + 1, 100, &file, &file[file.len() - SEAL..]),
        Glance::Unknown
    );
}

#[test]
fn names_are_read_as_they_are_written_and_no_others() {
    let name = Name {
        number: 0xab,
        id: ID,
    };
    let folder = std::path::Path::new("");
    let events = name.events(folder);
    assert_eq!(
        events.to_str(),
        Some("00000000000000ab-0123456789abcdef.events")
    );
    assert_eq!(Name::of_events(events.to_str().unwrap()), Some(name));
    assert_eq!(
        Name::of_acks(name.acks(folder).to_str().unwrap()),
        Some(name)
    );
    for other in [
        "",
        ".events",
        "ab-cd.events",
        "00000000000000AB-0123456789abcdef.events",
        "+0000000000000ab-0123456789abcdef.events",
    ] {
        assert_eq!(Name::of_events(other), None, "{other}");
    }
    assert_eq!(name::of_lane("spool-12"), Some(12));
    for other in ["spool-", "spool-01", "spool-+1", "spool-4294967296", "12"] {
        assert_eq!(name::of_lane(other), None, "{other}");
    }
}

fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2_000)))]

    #[test]
    fn bits_are_a_set(steps in prop::collection::vec((0_u32..300, any::<bool>()), 0..200)) {
        let (mut bits, mut set) = (Bits::default(), std::collections::BTreeSet::new());
        for (index, is_in) in steps {
            if is_in {
                prop_assert_eq!(bits.insert(index), set.insert(index));
            } else {
                prop_assert_eq!(bits.remove(index), set.remove(&index));
            }
            prop_assert_eq!(bits.contains(index), is_in);
            prop_assert_eq!(bits.len() as usize, set.len());
        }
    }

    /// Of any bytes, records too, whatever was done to them: every record found is one that was written, in its order, and
    /// each is found or lost, and not both.
    #[test]
    fn a_scan_invents_nothing(
        texts in texts(),
        is_sealed in any::<bool>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, prop::collection::vec(any::<u8>(), 0..30)), 0..4),
        acks in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = file(&texts, is_sealed);
        for (at, removed, added) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, added);
        }
        let body = bytes.get(FILE_HEAD..).unwrap_or_default();
        let scan = Scan::read(ID, body, Cursor::START);
        let mut next = 0;
        let mut lost = scan.lost.iter().cloned().flatten().peekable();
        for record in &scan.records {
            while lost.next_if(|it| *it < record.index).is_some() {
                next += 1;
            }
            prop_assert_eq!(record.index, next);
            prop_assert_eq!(record.bytes, &texts[next as usize][..]);
            next += 1;
        }
        prop_assert_eq!(next as usize + lost.count(), scan.end.index as usize);
        prop_assert!(scan.end.index as usize <= texts.len());
        prop_assert!(scan.end.offset <= bytes.len().max(FILE_HEAD) as u64);
        let recovered = Recovered::read(ID, &bytes, &acks, 1 << 20);
        prop_assert_eq!(recovered.segment.count, scan.end.index);
    }

    /// What one byte does.
    #[test]
    fn one_changed_byte_loses_one_record_at_most(texts in texts(), is_sealed in any::<bool>(), at in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut bytes = file(&texts, is_sealed);
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        let scan = Scan::read(ID, &bytes[FILE_HEAD..], Cursor::START);
        let lost: usize = scan.lost.iter().map(ExactSizeIterator::len).sum::<usize>() + usize::from(scan.tail == Tail::Lost);
        prop_assert_eq!(scan.records.len() + lost, texts.len());
        prop_assert!(lost <= 1);
    }
}

pub(super) fn cases(usual: u32) -> u32 {
    if super::is_long() { usual * 100 } else { usual }
}
