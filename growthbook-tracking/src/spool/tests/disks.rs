//! Disks that are full, broken or read only, and who may read what is on them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::crashes::write_part;
use super::*;
use crate::spool::SpoolError;
use crate::spool::disk::{Disk, Step, Witness};

/// Refuses steps of one kind, as a disk would.
#[derive(Debug)]
struct Refusal {
    kind: io::ErrorKind,
    /// Which step, by its number below.
    which: usize,
    is_on: AtomicU8,
    refused: AtomicUsize,
}

impl Witness for Refusal {
    fn before(&self, step: Step<'_>) -> io::Result<()> {
        let number = match step {
            Step::Create(_) => 0,
            Step::Write(..) => 1,
            Step::Sync(_) => 2,
            Step::SyncFolder(_) => 3,
            Step::Cut(..) => 4,
            Step::Remove(_) => 5,
            Step::Move(..) => 6,
        };
        // A disk on which nothing can be cut cannot be written either.
        let is_meant = number == self.which || (self.which == 4 && number == 1);
        if !is_meant || self.is_on.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        if let Step::Write(path, offset, bytes) = step {
            write_part(path, offset, &bytes[..bytes.len() / 2]);
        }
        Err(self.kind.into())
    }
}

/// D4: whatever is refused, and whenever: what could not be written is the caller's, the rest is kept, and when the disk is
/// well again it all goes on.
#[test]
fn a_disk_that_refuses_is_an_error_and_loses_nothing() {
    for (kind, error) in [
        (io::ErrorKind::StorageFull, SpoolError::Full),
        (io::ErrorKind::QuotaExceeded, SpoolError::Full),
        (io::ErrorKind::ReadOnlyFilesystem, SpoolError::ReadOnly),
        (
            io::ErrorKind::Other,
            SpoolError::FileSystem(io::ErrorKind::Other),
        ),
    ] {
        for which in 0..6 {
            for begun in [false, true] {
                refuse(kind, error, which, begun);
            }
        }
    }
}

fn refuse(kind: io::ErrorKind, error: SpoolError, which: usize, begun: bool) {
    let place = format!("{kind:?} of step {which}, begun: {begun}");
    let folder = tempfile::tempdir().unwrap();
    let refusal = Arc::new(Refusal {
        kind,
        which,
        is_on: AtomicU8::new(0),
        refused: AtomicUsize::new(0),
    });
    let disk = Disk {
        witness: Some(Arc::<Refusal>::clone(&refusal)),
    };
    let options = SpoolOptions::new(folder.path()).sync(true).max_bytes(0);
    let spool = Spool::open_on(disk, options, NOW).unwrap();
    let mut expected = Vec::new();
    if begun {
        append(&spool, 0..3);
        expected.extend(0..3);
    }
    refusal.is_on.store(1, Ordering::Relaxed);
    // More than one file holds, so that every step is come to.
    for group in 1..4 {
        let numbers = group * 1_000..group * 1_000 + 300;
        match try_append(&spool, numbers.clone()) {
            Ok(()) => expected.extend(numbers),
            Err(refused) => {
                assert_eq!(refused.error, error, "{place}");
                expected.extend(numbers.take(refused.written));
            }
        }
        check(&spool);
    }
    let taken = take(&spool, 2);
    ack(&spool, &taken);
    let acked: Vec<_> = taken.iter().map(number).collect();
    expected.retain(|it| !acked.contains(it));
    let is_come_to = which < 3 || which == 4 || (which == 3 && !begun);
    if is_come_to {
        assert!(refusal.refused.load(Ordering::Relaxed) > 0, "{place}");
        assert!(spool.report().failures() > 0, "{place}");
    }
    refusal.is_on.store(0, Ordering::Relaxed);
    append(&spool, 9_000..9_010);
    expected.extend(9_000..9_010);
    let full = usize::try_from(spool.report().full()).unwrap();
    assert_eq!(take_all(&spool), expected[full..], "{place}");
    check(&spool);
    drop(spool);
    let spool = open(folder.path());
    let mut there = take_all(&spool);
    // Acknowledgements that could not be written down come again.
    there.retain(|it| !acked.contains(it));
    if which == 4 {
        // What could not be cut off may be there, although the caller was told that it is not.
        there.retain(|it| expected.contains(it));
    }
    assert_eq!(there, expected[full..], "{place}, opened again");
    assert_eq!(spool.report().corrupt(), 0, "{place}");
}

/// D4: files that cannot be removed count until they can.
#[test]
fn what_cannot_be_removed_counts_as_long_as_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = Arc::new(Refusal {
        kind: io::ErrorKind::Other,
        which: 5,
        is_on: AtomicU8::new(1),
        refused: AtomicUsize::new(0),
    });
    let disk = Disk {
        witness: Some(Arc::<Refusal>::clone(&refusal)),
    };
    let options = SpoolOptions::new(folder.path()).max_bytes(0);
    let spool = Spool::open_on(disk, options, NOW).unwrap();
    let mut refused = None;
    for group in 0..30 {
        refused = refused.or(try_append(&spool, group * 100..group * 100 + 100).err());
        let on_disk = files(folder.path(), "s");
        let on_disk: u64 = on_disk
            .iter()
            .map(|it| fs::metadata(it).unwrap().len())
            .sum();
        assert!(on_disk <= 128 << 10, "{on_disk}");
        check(&spool);
    }
    assert_eq!(refused.map(|it| it.error), Some(SpoolError::Full));
    refusal.is_on.store(0, Ordering::Relaxed);
    append(&spool, 5_000..5_100);
    assert_eq!(drain(&spool), (5_000..5_100).collect::<Vec<_>>());
    assert_eq!(files(folder.path(), ".events").len(), 1);
}

/// D4, on a real file system of 256 KiB.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_and_then_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command
        .arg("mount -t tmpfs -o size=256k none \"$GROWTHBOOK_TEST_SPOOL\" || exit 77; exec \"$@\"");
    command.arg("sh").arg(env::current_exe().unwrap());
    let mut process = Process::run(command, "disks::on_a_small_disk", folder.path());
    let output: Vec<_> = process.lines().collect();
    let status = process.0.wait().unwrap();
    if status.code() == Some(77) || output.is_empty() {
        println!("skipped: no file system can be mounted here");
        return;
    }
    assert!(status.success(), "{output:#?}");
    assert!(
        output.iter().any(|line| line.contains("it all went on")),
        "{output:#?}"
    );
}

/// What that process does.
#[cfg(target_os = "linux")]
#[test]
fn on_a_small_disk() {
    let Some(root) = told() else {
        return;
    };
    let spool = open(&root);
    let mut next = 0;
    let error = loop {
        match try_append(&spool, next..next + 100) {
            Ok(()) => next += 100,
            Err(error) => break error,
        }
    };
    assert_eq!(error.error, SpoolError::Full);
    next += error.written;
    check(&spool);
    // Somebody else takes what is left, so that there is no room for acknowledgements either.
    let ballast = root.join("ballast");
    let _ = fs::write(&ballast, vec![0; 256 << 10]);
    let taken = take(&spool, 10);
    ack(&spool, &taken);
    fs::remove_file(&ballast).unwrap();
    append(&spool, [next]);
    next += 1;
    let rest = take_all(&spool);
    assert_eq!(rest, (10..next).collect::<Vec<_>>());
    let remount = |how: &str| {
        let status = Command::new("mount").args(["-o", how]).arg(&root).status();
        assert!(status.unwrap().success());
    };
    check(&spool);
    drop(spool);
    let spool = open(&root);
    let again = take_all(&spool);
    assert_eq!(again[again.len() - rest.len()..], rest);
    drop(spool);
    remount("remount,ro");
    let refused = Spool::open(SpoolOptions::new(&root), NOW).unwrap_err();
    assert_eq!(refused, SpoolError::ReadOnly);
    remount("remount,rw");
    assert!(drain(&open(&root)).ends_with(&rest));
    println!("\nit all went on");
}

/// D4: a disk that says so when it is written through.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fails_when_it_is_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e", "trace=fdatasync", "-o"])
        .arg(&log);
    command.args(["-e", "inject=fdatasync:error=EIO:when=2..3"]);
    command.arg(env::current_exe().unwrap());
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: there is no strace");
        return;
    }
    let mut process = Process::run(command, "disks::on_a_broken_disk", folder.path());
    let output: Vec<_> = process.lines().collect();
    assert!(process.0.wait().unwrap().success(), "{output:#?}");
    if !fs::read_to_string(&log).is_ok_and(|log| log.contains("INJECTED")) {
        println!("skipped: strace may not trace here");
        return;
    }
    assert!(
        output.iter().any(|line| line.contains("refused [3, 4]")),
        "{output:#?}"
    );
}

/// What that process does.
#[cfg(target_os = "linux")]
#[test]
fn on_a_broken_disk() {
    let Some(root) = told() else {
        return;
    };
    let spool = open_with(SpoolOptions::new(root.join("spool")).sync(true));
    append(&spool, 0..3);
    let refused: Vec<_> = (3..6)
        .filter(|it| try_append(&spool, [*it]).is_err())
        .collect();
    println!("\nrefused {refused:?}");
    let expected: Vec<_> = (0..6).filter(|it| !refused.contains(it)).collect();
    assert_eq!(take_all(&spool), expected);
    drop(spool);
    assert_eq!(drain(&open(&root.join("spool"))), expected);
}

/// D13
#[cfg(unix)]
#[test]
fn the_owner_alone_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("a/b");
    let spool = open(&root);
    append(&spool, 0..3);
    rotate(&spool);
    append(&spool, 3..6);
    let taken = take(&spool, 1);
    ack(&spool, &taken);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folders = [folder.path().join("a"), root.clone(), root.join("spool-1")];
    assert_eq!(folders.map(|it| mode(&it)), [0o700; 3]);
    let all = files(&root, "");
    assert_eq!(all.len(), 4, "events twice, acknowledgements and the lock");
    assert!(all.iter().all(|it| mode(it) == 0o600));
    drop(spool);
    fs::set_permissions(&root, fs::Permissions::from_mode(0o750)).unwrap();
    drop(open(&root));
    assert_eq!(mode(&root), 0o750, "what was there stays as it was");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "mine").unwrap();
    for path in [file.path().to_owned(), file.path().join("below")] {
        assert!(Spool::open(SpoolOptions::new(path), NOW).is_err());
    }
    assert_eq!(fs::read(file.path()).unwrap(), b"mine");
}
