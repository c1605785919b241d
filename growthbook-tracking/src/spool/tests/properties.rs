//! Any sequence of what can be done, against a model of it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::pieces::cases;
use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// So many records, of so many seconds ago.
    Append(usize, u64),
    Take(usize),
    /// Of those that were taken, those whose place in the order is a multiple of this.
    Ack(usize),
    Release(usize),
    Rotate,
    Reopen,
    /// Another process, which leaves so many records.
    Orphan(usize),
    Adopt,
    Later(u64),
    /// Closed, one byte of one record changed, and opened again.
    Damage(prop::sample::Index, prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_usize..20, 0_u64..100).prop_map(|(count, age)| Step::Append(count, age)),
        3 => (0_usize..30).prop_map(Step::Take),
        3 => (1_usize..4).prop_map(Step::Ack),
        1 => (1_usize..4).prop_map(Step::Release),
        1 => Just(Step::Rotate),
        1 => Just(Step::Reopen),
        1 => (1_usize..9).prop_map(Step::Orphan),
        1 => Just(Step::Adopt),
        1 => (0_u64..40).prop_map(Step::Later),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(file, at)| Step::Damage(file, at)),
    ];
    prop::collection::vec(step, 1..40)
}

/// What there should be.
struct Model {
    spool: Option<Spool>,
    options: SpoolOptions,
    now: SystemTime,
    next: usize,
    /// When each record that may be there happened.
    pending: BTreeMap<usize, SystemTime>,
    /// In another folder.
    orphans: BTreeMap<usize, SystemTime>,
    flying: Vec<Taken>,
    /// Records that may have been damaged: each is lost when it is come to, and counted once.
    damaged: usize,
    corrupt: u64,
}

impl Model {
    fn spool(&self) -> &Spool {
        self.spool.as_ref().unwrap()
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Append(count, age) => {
                let at = self.now - seconds(age.min(90));
                let records = write(self.spool(), self.next, count, at);
                self.next += count;
                self.pending.extend(records);
            }
            Step::Take(most) => {
                let taken = self.spool().take(self.now, most, usize::MAX).unwrap();
                self.forget_old();
                for record in &taken {
                    let number = number(record);
                    assert_eq!(self.pending.get(&number), Some(&record.at));
                    assert!(self.flying.iter().all(|it| it.id != record.id));
                }
                self.flying.extend(taken);
            }
            Step::Ack(each) => {
                let ours = self.part(each);
                ack(self.spool(), &ours);
                for record in ours {
                    self.pending.remove(&number(&record));
                }
            }
            Step::Release(each) => {
                let back = self.part(each);
                self.spool().release(back);
            }
            Step::Rotate => rotate(self.spool()),
            Step::Reopen => self.reopen(|_| {}),
            Step::Orphan(count) => {
                let other = Spool::open(self.options.clone(), self.now).unwrap();
                self.orphans
                    .extend(write(&other, self.next, count, self.now));
                self.next += count;
            }
            Step::Adopt => {
                let found = self.spool().adopt(self.now).unwrap();
                assert!(found <= self.orphans.len() as u64);
                self.pending.append(&mut self.orphans);
            }
            Step::Later(by) => self.now += seconds(by),
            Step::Damage(file, at) => {
                let mut is_damaged = false;
                self.reopen(|root| is_damaged = damage(root, file, at));
                self.damaged += usize::from(is_damaged);
            }
        }
        check(self.spool());
        let corrupt = self.corrupt + self.spool().report().corrupt();
        assert!(corrupt <= self.damaged as u64);
    }

    fn part(&mut self, each: usize) -> Vec<Taken> {
        let all = std::mem::take(&mut self.flying).into_iter().enumerate();
        let (part, rest): (Vec<_>, Vec<_>) = all.partition(|(place, _)| place % each == 0);
        self.flying = rest.into_iter().map(|(_, it)| it).collect();
        part.into_iter().map(|(_, it)| it).collect()
    }

    fn reopen(&mut self, between: impl FnOnce(&Path)) {
        self.flying.clear();
        self.corrupt += self.spool().report().corrupt();
        self.spool = None;
        between(self.options.directory());
        self.spool = Some(Spool::open(self.options.clone(), self.now).unwrap());
        self.pending.append(&mut self.orphans);
    }

    /// What is too old may be there until somebody comes to it.
    fn forget_old(&mut self) {
        let flying: BTreeSet<_> = self.flying.iter().map(number).collect();
        let oldest = self.now - seconds(100);
        let is_kept = |it: &usize, at: &SystemTime| *at >= oldest || flying.contains(it);
        self.pending.retain(|it, at| is_kept(it, at));
    }
}

fn write(spool: &Spool, first: usize, count: usize, at: SystemTime) -> BTreeMap<usize, SystemTime> {
    let numbers = first..first + count;
    let texts: Vec<_> = numbers.clone().map(text).collect();
    let record = |text| Record {
        at,
        bytes: str::as_bytes(text),
    };
    let records: Vec<_> = texts.iter().map(|text| record(text)).collect();
    spool.append(&records).unwrap();
    numbers.map(|it| (it, at)).collect()
}

/// One byte of a file of events, if there is one.
fn damage(root: &Path, file: prop::sample::Index, at: prop::sample::Index) -> bool {
    let files = files(root, ".events");
    if files.is_empty() {
        return false;
    }
    let path = &files[file.index(files.len())];
    let mut bytes = fs::read(path).unwrap();
    let at = at.index(bytes.len());
    bytes[at] ^= 0x11;
    fs::write(path, bytes).unwrap();
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(150)))]

    #[test]
    fn whatever_is_done_every_record_is_in_the_books(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let options = SpoolOptions::new(folder.path()).max_age(seconds(100));
        let now = NOW + seconds(1_000);
        let mut model = Model {
            spool: Some(Spool::open(options.clone(), now).unwrap()),
            options,
            now,
            next: 0,
            pending: BTreeMap::new(),
            orphans: BTreeMap::new(),
            flying: Vec::new(),
            damaged: 0,
            corrupt: 0,
        };
        for step in steps {
            model.step(&step);
        }
        // What is there in the end is what the model has, but for what was damaged.
        model.step(&Step::Reopen);
        model.step(&Step::Take(usize::MAX));
        let there: BTreeSet<_> = model.flying.iter().map(number).collect();
        let missing = model.pending.keys().filter(|it| !there.contains(it)).count();
        let corrupt = model.corrupt + model.spool().report().corrupt();
        prop_assert!(missing as u64 <= corrupt);
        prop_assert_eq!(model.spool().pending(), there.len() as u64);
        if model.damaged == 0 {
            prop_assert_eq!(missing, 0);
        }
    }
}
