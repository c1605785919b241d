//! What is found when a spool is opened, and when it takes over folders.

use std::io;
use std::path::Path;
use std::process;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use super::append::{Active, Writer};
use super::codec::{FILE_HEAD, LONGEST_RECORD, RECORD_HEAD, SEAL, Seal};
use super::disk::{self, Disk};
use super::error::SpoolError;
use super::lane::{self, Lane};
use super::name::Name;
use super::options::SpoolOptions;
use super::recover::{Glance, Recovered, Remedy};
use super::report::Fate;
use super::settle::Books;
use super::state::State;
use super::take::Reader;
use super::{Spool, lock, name};

impl Spool {
    pub(super) fn open_on(
        disk: Disk,
        options: SpoolOptions,
        now: SystemTime,
    ) -> Result<Self, SpoolError> {
        let lane = Lane::own(options.directory())?;
        let spool = Self {
            disk,
            owner: process::id(),
            folder: lane.folder.clone(),
            is_closed: AtomicBool::new(false),
            writer: Mutex::new(Writer::default()),
            reader: Mutex::new(Reader::default()),
            books: Mutex::new(Books::default()),
            state: Mutex::new(State::default()),
            options,
        };
        let mut writer = lock(&spool.writer);
        let mut books = lock(&spool.books);
        books.lane = Some(lane);
        // What others left can wait for the next time.
        if let Err(error) = spool.gather() {
            spool.failed("looking for what others left behind", &error);
        }
        writer.active = spool.recover(&mut books, &mut writer.last_number)?;
        spool.expire(&mut books, now);
        spool.bound(&mut books);
        drop((writer, books));
        if spool.options.is_synced() {
            spool.sync_folders();
        }
        Ok(spool)
    }

    pub(super) fn adopt_all(&self, books: &mut Books, now: SystemTime) -> io::Result<u64> {
        let before = lock(&self.state).counts.recovered;
        for name in self.gather()? {
            self.admit_one(books, name, 0);
        }
        self.expire(books, now);
        self.bound(books);
        Ok(lock(&self.state).counts.recovered - before)
    }

    /// Moves what is in folders that nobody has to ours.
    fn gather(&self) -> io::Result<Vec<Name>> {
        let root = self.options.directory();
        let mut moved = Vec::new();
        for number in lane::numbers(root)? {
            if name::lane(root, number) == self.folder {
                continue;
            }
            if let Err(error) = self.gather_one(number, &mut moved) {
                self.failed("taking over what another process left", &error);
            }
        }
        Ok(moved)
    }

    fn gather_one(&self, number: u32, moved: &mut Vec<Name>) -> io::Result<()> {
        let Some(lane) = Lane::claim(self.options.directory(), number)? else {
            return Ok(());
        };
        let names = Names::of(&lane.folder)?;
        let before = moved.len();
        for name in names.events {
            let path = name.events(&lane.folder);
            if is_foreign(&path, name)? {
                lock(&self.state).aside.insert(name);
                continue;
            }
            // Who ends between the two makes that all of it is delivered again.
            self.disk.rename(&path, &name.events(&self.folder))?;
            moved.push(name);
            let acks = name.acks(&lane.folder);
            if acks.exists() {
                self.disk.rename(&acks, &name.acks(&self.folder))?;
            }
        }
        for name in names.orphans {
            self.disk.remove(&name.acks(&lane.folder))?;
        }
        lock(&self.state).counts.adopted += u64::from(moved.len() > before);
        Ok(())
    }

    /// Finds out about all files of our folder. If the last one is not full, it is the one that is written.
    fn recover(&self, books: &mut Books, last_number: &mut u64) -> io::Result<Option<Active>> {
        let names = Names::of(&self.folder)?;
        *last_number = names.last_number;
        for name in names.orphans {
            if let Err(error) = self.disk.remove(&name.acks(&self.folder)) {
                self.failed("removing acknowledgements of nothing", &error);
            }
        }
        let mut active = None;
        let last = names.events.last().copied();
        for name in names.events {
            let may_continue = if last == Some(name) {
                self.options.segment_bytes()
            } else {
                0
            };
            active = self.admit_one(books, name, may_continue);
        }
        Ok(active)
    }

    fn admit_one(&self, books: &mut Books, name: Name, may_continue: u64) -> Option<Active> {
        match examine(&self.folder, name, may_continue) {
            Ok(Some(recovered)) => return self.admit(books, name, recovered),
            Ok(None) => {}
            Err(error) => self.failed("reading what was left behind", &error),
        }
        lock(&self.state).aside.insert(name);
        None
    }

    /// That the folders are there has to reach the disk as well, once.
    fn sync_folders(&self) {
        for folder in self.folder.ancestors().take(3) {
            if let Err(error) = self.disk.sync_folder(folder) {
                self.failed("writing a folder through", &error);
            }
        }
    }

    fn admit(&self, books: &mut Books, file: Name, recovered: Recovered) -> Option<Active> {
        let segment = recovered.segment;
        let (end, count, newest) = (segment.end, segment.count, segment.newest);
        {
            let mut state = lock(&self.state);
            state.counts.recovered += u64::from(segment.pending()) + recovered.cut_off;
            state.counts.add(Fate::Corrupt, recovered.cut_off);
            state.segments.insert(file, segment);
        }
        let settled = lock(&self.state).lose(file, &recovered.lost);
        self.write_down(books, file, settled);
        let path = file.events(&self.folder);
        match recovered.remedy {
            Remedy::None => return None,
            Remedy::Remove => {
                self.remove(books, file, Fate::Corrupt);
                return None;
            }
            Remedy::Continue | Remedy::Seal(_) => {}
        }
        let mended = self.disk.open(&path).and_then(|handle| {
            self.disk.cut(&handle, end)?;
            lock(&self.state).shut(file, end);
            let Remedy::Seal(seal) = recovered.remedy else {
                return Ok(Some(handle));
            };
            let bytes = seal.to_bytes(file.id);
            self.disk.write(&handle, end, &bytes)?;
            lock(&self.state).shut(file, end + SEAL as u64);
            Ok(None)
        });
        let handle = match mended {
            Ok(handle) => handle?,
            Err(error) => {
                self.failed("mending what was left behind", &error);
                return None;
            }
        };
        if let Some(segment) = lock(&self.state).segments.get_mut(&file) {
            segment.is_open = true;
        }
        Some(Active {
            name: file,
            handle,
            end,
            seal: Seal { count, newest },
        })
    }
}

/// `None` if it is none of our business.
fn examine(folder: &Path, name: Name, may_continue: u64) -> io::Result<Option<Recovered>> {
    let path = name.events(folder);
    let (glance, length) = glance(&path, name)?;
    if glance == Glance::Foreign {
        return Ok(None);
    }
    let acks = acks(folder, name, length)?;
    if let Glance::Sealed(seal) = glance {
        return Ok(Some(Recovered::sealed(name.id, length, seal, &acks)));
    }
    let file = disk::read(&path, 0, LONGEST_FILE)?;
    Ok(Some(Recovered::read(name.id, &file, &acks, may_continue)))
}

fn glance(path: &Path, name: Name) -> io::Result<(Glance, u64)> {
    let Some(length) = disk::length(path)? else {
        return Ok((Glance::Foreign, 0));
    };
    let head = disk::read(path, 0, FILE_HEAD as u64)?;
    let foot = disk::read(path, length.saturating_sub(SEAL as u64), SEAL as u64)?;
    Ok((Glance::at(name.id, length, &head, &foot), length))
}

fn is_foreign(path: &Path, name: Name) -> io::Result<bool> {
    Ok(glance(path, name)?.0 == Glance::Foreign)
}

/// No more than one entry for each record that there can be.
fn acks(folder: &Path, name: Name, length: u64) -> io::Result<Vec<u8>> {
    let path = name.acks(folder);
    match disk::length(&path) {
        Ok(Some(_)) => disk::read(&path, 0, length / (RECORD_HEAD as u64) * 12),
        Ok(None) => Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What there is in a folder.
#[derive(Default)]
struct Names {
    events: Vec<Name>,
    /// Acknowledgements without events.
    orphans: Vec<Name>,
    last_number: u64,
}

impl Names {
    fn of(folder: &Path) -> io::Result<Self> {
        let files = disk::names(folder)?;
        let mut events: Vec<_> = files.iter().filter_map(|it| Name::of_events(it)).collect();
        events.sort_unstable();
        let acks: Vec<_> = files.iter().filter_map(|it| Name::of_acks(it)).collect();
        let numbers = events.iter().chain(&acks).map(|it| it.number);
        Ok(Self {
            last_number: numbers.max().unwrap_or_default(),
            orphans: acks
                .into_iter()
                .filter(|it| events.binary_search(it).is_err())
                .collect(),
            events,
        })
    }
}

/// More than any file that is written has: what comes behind it is not looked at.
const LONGEST_FILE: u64 = 2 * LONGEST_RECORD as u64;
