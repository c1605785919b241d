//! A process that ends between any two steps.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::spool::disk::{Disk, Step, Witness};

/// Lets so many steps happen, then no more. The last write that is prevented is done in part.
#[derive(Debug)]
struct Fuse {
    left: AtomicUsize,
    /// Of the write, in quarters.
    part: usize,
}

impl Fuse {
    fn is_blown(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }
}

impl Witness for Fuse {
    fn before(&self, step: Step<'_>) -> io::Result<()> {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(1), Ordering::Relaxed);
        if left > 1 {
            return Ok(());
        }
        if let (1, Step::Write(path, offset, bytes)) = (left, step) {
            write_part(path, offset, &bytes[..bytes.len() * self.part / 4]);
        }
        Err(io::ErrorKind::Other.into())
    }
}

pub(super) fn write_part(path: &Path, offset: u64, bytes: &[u8]) {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(bytes).unwrap();
}

/// What a process knows of its records.
#[derive(Default)]
pub(super) struct Known {
    pub(super) offered: BTreeSet<usize>,
    pub(super) stored: BTreeSet<usize>,
    /// Those that it was going to acknowledge.
    pub(super) done: BTreeSet<usize>,
    /// Those that it had acknowledged.
    pub(super) acked: BTreeSet<usize>,
}

impl Known {
    pub(super) fn store(&mut self, spool: &Spool, numbers: std::ops::Range<usize>) {
        self.offered.extend(numbers.clone());
        let written = match try_append(spool, numbers.clone()) {
            Ok(()) => numbers.len(),
            Err(error) => error.written,
        };
        self.stored.extend(numbers.take(written));
    }

    pub(super) fn deliver(
        &mut self,
        spool: &Spool,
        most: usize,
        is_to_be_acked: fn(usize) -> bool,
    ) {
        let taken = take(spool, most);
        let numbers = |them: &[Taken]| them.iter().map(number).collect::<Vec<_>>();
        let (ours, back): (Vec<_>, _) =
            taken.into_iter().partition(|it| is_to_be_acked(number(it)));
        self.done.extend(numbers(&ours));
        ack(spool, &ours);
        self.acked.extend(numbers(&ours));
        spool.release(back);
    }
}

/// Everything that a spool does to files: begin, write, seal, acknowledge, remove, take over. After each step somebody is
/// told, who says whether it goes on.
pub(super) fn life(spool: &Spool, known: &mut Known, mut goes_on: impl FnMut(&Known) -> bool) {
    let steps: [&dyn Fn(&mut Known); 12] = [
        &|known| known.store(spool, 0..3),
        &|known| known.store(spool, 3..6),
        &|known| known.deliver(spool, 4, |it| it % 2 == 0),
        &|_| rotate(spool),
        &|known| known.store(spool, 6..9),
        &|known| known.deliver(spool, 6, |it| it < 6 || it == 7),
        &|_| rotate(spool),
        &|known| known.store(spool, 9..12),
        &|_| rotate(spool),
        &|_| {
            let _ = spool.adopt(NOW);
        },
        &|known| known.deliver(spool, 99, |it| !(11..100).contains(&it)),
        &|known| known.store(spool, 12..14),
    ];
    for step in steps {
        step(known);
        check(spool);
        if !goes_on(known) {
            return;
        }
    }
}

/// D2
#[test]
fn between_any_two_steps_nothing_that_was_stored_is_lost() {
    let (mut steps, mut ended) = (0, false);
    while !ended {
        steps += 1;
        for part in 0..4 {
            ended = crash_after(steps, part);
        }
    }
    println!("{steps} steps");
    assert!(steps > 20, "{steps}");
}

/// Whether it came to its end without.
fn crash_after(steps: usize, part: usize) -> bool {
    let folder = tempfile::tempdir().unwrap();
    // Somebody else's, to be taken over.
    let mut known = Known::default();
    let (first, other) = (open(folder.path()), open(folder.path()));
    known.store(&other, 100..103);
    rotate(&other);
    known.store(&other, 103..105);
    known.deliver(&other, 1, |_| true);
    drop((other, first));
    let mut settled = BTreeSet::new();
    let fuse = Arc::new(Fuse {
        left: AtomicUsize::new(steps),
        part,
    });
    let disk = Disk {
        witness: Some(Arc::<Fuse>::clone(&fuse)),
    };
    if let Ok(spool) = Spool::open_on(disk, SpoolOptions::new(folder.path()).sync(true), NOW) {
        check(&spool);
        life(&spool, &mut known, |known| {
            if !fuse.is_blown() {
                settled.clone_from(&known.acked);
            }
            !fuse.is_blown()
        });
    }
    let ended = !fuse.is_blown();
    for start in 0..3 {
        let spool = open(folder.path());
        assert_eq!(spool.report().corrupt(), 0, "after {steps} steps");
        let there = take_all(&spool);
        let unique: BTreeSet<_> = there.iter().copied().collect();
        assert_eq!(unique.len(), there.len(), "once each: {there:?}");
        assert!(unique.is_subset(&known.offered), "nothing else: {there:?}");
        let kept: BTreeSet<_> = known.stored.difference(&known.done).copied().collect();
        assert!(
            kept.is_subset(&unique),
            "start {start} after {steps} steps: {kept:?} of {there:?}"
        );
        let again: Vec<_> = unique.intersection(&settled).collect();
        assert!(again.is_empty(), "{again:?} again, after {steps} steps");
        if ended && part == 0 {
            let expected: BTreeSet<_> = known.stored.difference(&known.acked).copied().collect();
            assert_eq!(
                unique, expected,
                "nothing is left out and nothing comes twice"
            );
        }
        check(&spool);
    }
    let spool = open(folder.path());
    drain(&spool);
    drop(spool);
    assert!(files(folder.path(), "s").is_empty(), "nothing is left");
    ended
}
