//! A loss of power: what was not written through may be there, in part or not at all, and in any order.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use super::crashes::{Known, life};
use super::*;
use crate::spool::disk::{Disk, Step, Witness};

/// Writes down what is done to files.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Done>>);

#[derive(Clone, Debug)]
enum Done {
    Create(PathBuf),
    Cut(PathBuf, usize),
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
    Sync(PathBuf),
    SyncFolder(PathBuf),
    Write(PathBuf, usize, Vec<u8>),
}

impl Witness for Recorder {
    fn before(&self, step: Step<'_>) -> io::Result<()> {
        let size = |offset| usize::try_from(offset).unwrap();
        let done = match step {
            Step::Create(path) => Done::Create(path.to_owned()),
            Step::Cut(path, length) => Done::Cut(path.to_owned(), size(length)),
            Step::Move(from, to) => Done::Move(from.to_owned(), to.to_owned()),
            Step::Remove(path) => Done::Remove(path.to_owned()),
            Step::Sync(path) => Done::Sync(path.to_owned()),
            Step::SyncFolder(path) => Done::SyncFolder(path.to_owned()),
            Step::Write(path, offset, bytes) => {
                Done::Write(path.to_owned(), size(offset), bytes.to_owned())
            }
        };
        lock(&self.0).push(done);
        Ok(())
    }
}

/// A file system that may forget.
#[derive(Clone, Default)]
struct Machine {
    files: Vec<File>,
    /// Where they are now, and where they are for sure.
    names: BTreeMap<PathBuf, usize>,
    safe_names: BTreeMap<PathBuf, usize>,
}

#[derive(Clone, Default)]
struct File {
    safe: Vec<u8>,
    /// What was done since.
    writes: Vec<(usize, Option<Vec<u8>>)>,
}

impl Machine {
    fn apply(&mut self, done: &Done) {
        match done {
            Done::Create(path) => {
                self.files.push(File::default());
                self.names.insert(path.clone(), self.files.len() - 1);
            }
            Done::Cut(path, length) => self.file(path).writes.push((*length, None)),
            Done::Move(from, to) => {
                let file = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), file);
            }
            Done::Remove(path) => drop(self.names.remove(path)),
            Done::Sync(path) => {
                let file = self.file(path);
                let writes = std::mem::take(&mut file.writes);
                replay(&mut file.safe, &writes);
            }
            Done::SyncFolder(folder) => {
                let is_in = |path: &PathBuf| path.parent() == Some(folder);
                self.safe_names.retain(|path, _| !is_in(path));
                let now = self.names.iter().filter(|(path, _)| is_in(path));
                self.safe_names
                    .extend(now.map(|(path, file)| (path.clone(), *file)));
            }
            Done::Write(path, offset, bytes) => {
                self.file(path).writes.push((*offset, Some(bytes.clone())));
            }
        }
    }

    fn file(&mut self, path: &Path) -> &mut File {
        &mut self.files[self.names[path]]
    }

    /// What is there after the power came back, in a folder.
    fn restart(&self, root: &Path, loss: Loss, random: &mut fastrand::Rng) {
        let _ = fs::remove_dir_all(root);
        fs::create_dir_all(root).unwrap();
        let mut names = match loss {
            Loss::Data | Loss::Nothing => self.names.clone(),
            Loss::Everything | Loss::Names => self.safe_names.clone(),
            Loss::Random => {
                let both = self.names.iter().chain(&self.safe_names);
                let kept = both.filter(|(path, file)| {
                    let is_sure = self.names.get(*path) == Some(file)
                        && self.safe_names.get(*path) == Some(file);
                    is_sure || random.bool()
                });
                kept.map(|(path, file)| (path.clone(), *file)).collect()
            }
        };
        names.retain(|path, _| path.extension().is_some());
        for (path, file) in names {
            let file = &self.files[file];
            let mut bytes = file.safe.clone();
            let kept = match loss {
                Loss::Data | Loss::Everything => 0,
                Loss::Names | Loss::Nothing => file.writes.len(),
                Loss::Random => random.usize(0..=file.writes.len()),
            };
            replay(&mut bytes, &file.writes[..kept]);
            if let Some((offset, Some(next))) = file.writes.get(kept) {
                // Half of it, or zeros where it was to be.
                let half = &next[..random.usize(0..=next.len())];
                match random.u8(0..3) {
                    0 => replay(&mut bytes, &[(*offset, Some(half.to_vec()))]),
                    1 => replay(&mut bytes, &[(*offset, Some(vec![0; half.len()]))]),
                    _ => {}
                }
            }
            fs::create_dir_all(root.join("spool-1")).unwrap();
            fs::write(root.join("spool-1").join(path.file_name().unwrap()), bytes).unwrap();
        }
    }
}

fn replay(bytes: &mut Vec<u8>, writes: &[(usize, Option<Vec<u8>>)]) {
    for (offset, write) in writes {
        let Some(write) = write else {
            bytes.truncate(*offset);
            continue;
        };
        bytes.resize(bytes.len().max(offset + write.len()), 0);
        bytes[*offset..offset + write.len()].copy_from_slice(write);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Loss {
    Data,
    Everything,
    Names,
    Nothing,
    Random,
}

/// D3
#[test]
fn what_was_written_through_is_there_after_a_loss_of_power() {
    let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let recorder = Arc::new(Recorder::default());
    let disk = Disk {
        witness: Some(Arc::<Recorder>::clone(&recorder)),
    };
    let options = SpoolOptions::new(folder.path()).sync(true);
    let spool = Spool::open_on(disk, options, NOW).unwrap();
    // After how many steps which records were stored, and which were on their way to be done with.
    let (mut known, mut moments) = (Known::default(), Vec::new());
    life(&spool, &mut known, |known| {
        let steps = lock(&recorder.0).len();
        moments.push((steps, known.stored.clone(), known.done.clone()));
        true
    });
    drop(spool);
    let steps = lock(&recorder.0).clone();
    let mut random = fastrand::Rng::with_seed(7);
    let mut machine = Machine::default();
    let mut restarts = 0;
    for done in 0..=steps.len() {
        let before = moments.iter().rev().find(|(at, ..)| *at <= done);
        let stored = before
            .map(|(_, stored, _)| stored.clone())
            .unwrap_or_default();
        let next = moments.iter().find(|(at, ..)| *at > done);
        let acked = next.map_or(&known.done, |(.., acked)| acked);
        let random_times = if is_long() { 500 } else { 20 };
        let losses = [Loss::Nothing, Loss::Data, Loss::Names, Loss::Everything];
        let all = losses.into_iter().chain(vec![Loss::Random; random_times]);
        for loss in all {
            machine.restart(after.path(), loss, &mut random);
            let spool = open(after.path());
            let there = take_all(&spool);
            let lost: Vec<_> = stored
                .difference(acked)
                .filter(|it| !there.contains(it))
                .collect();
            assert!(
                lost.is_empty(),
                "{lost:?} of {there:?} after {done} steps, {loss:?}"
            );
            assert!(there.iter().all(|it| known.offered.contains(it)));
            check(&spool);
            append(&spool, [999]);
            let again = [&there[..], &[999]].concat();
            drop(spool);
            assert_eq!(drain(&open(after.path())), again, "{loss:?}");
            restarts += 1;
        }
        if let Some(done) = steps.get(done) {
            machine.apply(done);
        }
    }
    println!("{} steps, {restarts} restarts", steps.len());
}
