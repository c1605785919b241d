//! What is to be written: decided without a thread, a store or a clock.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::ops::RangeBounds;

use growthbook_core::{Saved, StickyAssignments, StickyIdentity, StickyWrite};

use super::arrived::Arrived;

/// One assignment's place: whose document, and under which key.
pub(super) type Place = (StickyIdentity, String);

/// Assignments on their way to the store, in the order in which they came, and the last ones that have arrived.
#[derive(Debug)]
pub(super) struct Buffer {
    capacity: usize,
    waiting: HashMap<StickyIdentity, HashMap<String, Waiting>>,
    /// The places of what waits, by when it came.
    order: BTreeMap<u64, Place>,
    next: u64,
    /// From this number on they have not been tried.
    untried: u64,
    /// Where among those that have been tried the next batch begins.
    again: u64,
    arrived: Arrived,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    expected: Option<String>,
    /// What waited here before, and was replaced. It may be on its way to the store, or there already.
    superseded: Vec<String>,
    variation: String,
}

/// An assignment as the store is to get it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Assignment {
    number: u64,
    identity: StickyIdentity,
    key: String,
    expected: Option<String>,
    variation: String,
}

impl Waiting {
    /// What may stand in the store in the place of it without somebody else having been first.
    fn replaceable(&self) -> impl Iterator<Item = &String> {
        self.expected.iter().chain(&self.superseded)
    }
}

impl Assignment {
    pub(super) fn write(&self) -> StickyWrite<'_> {
        let write = StickyWrite::new(&self.identity, &self.key, &self.variation);
        write.replacing(self.expected.as_deref())
    }
}

/// How it was before documents were loaded.
#[derive(Debug)]
pub(super) struct Noted {
    /// What waited, and what it was to replace.
    waiting: Vec<(Place, Vec<String>)>,
    /// How much had arrived.
    arrivals: u64,
}

/// There is no room for another one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Full;

impl Buffer {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            waiting: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
            untried: 0,
            again: 0,
            arrived: Arrived::new(capacity),
        }
    }

    /// Takes an assignment, unless another one is known to stand. What stands in the store without this process knowing of it
    /// shows when it is written.
    pub(super) fn take(&mut self, write: &StickyWrite<'_>) -> Result<Saved, Full> {
        let place = (write.identity.clone(), write.key.to_owned());
        if let Some(waiting) = self.waiting_at(&place) {
            if waiting.variation == write.variation {
                return Ok(Saved::Stored);
            }
            if let Some(stands) = write.is_kept_out_by(Some(&waiting.variation)) {
                return Ok(Saved::Kept(stands.to_owned()));
            }
            // What it replaces has not been written, so the store still has what that one would have replaced.
            let (old, expected) = (waiting.number, waiting.expected.take());
            let mut superseded = mem::take(&mut waiting.superseded);
            superseded.push(mem::take(&mut waiting.variation));
            self.order.remove(&old);
            self.put(place, expected, superseded, write.variation);
            return Ok(Saved::Stored);
        }
        if let Some(stands) = self.arrived.get(&place) {
            if stands == write.variation {
                return Ok(Saved::Stored);
            }
            if let Some(stands) = write.is_kept_out_by(Some(stands)) {
                return Ok(Saved::Kept(stands.to_owned()));
            }
        }
        if self.order.len() >= self.capacity {
            return Err(Full);
        }
        let expected = write.expected.map(str::to_owned);
        self.put(place, expected, Vec::new(), write.variation);
        Ok(Saved::Stored)
    }

    fn put(
        &mut self,
        place: Place,
        expected: Option<String>,
        superseded: Vec<String>,
        variation: &str,
    ) {
        let waiting = Waiting {
            number: self.next,
            expected,
            superseded,
            variation: variation.to_owned(),
        };
        self.next += 1;
        let (identity, key) = place.clone();
        self.order.insert(waiting.number, place);
        let document = self.waiting.entry(identity).or_default();
        document.insert(key, waiting);
    }

    fn waiting_at(&mut self, (identity, key): &Place) -> Option<&mut Waiting> {
        self.waiting.get_mut(identity)?.get_mut(key)
    }

    fn remove(&mut self, (identity, key): &Place) {
        let Some(document) = self.waiting.get_mut(identity) else {
            return;
        };
        if let Some(waiting) = document.remove(key) {
            self.order.remove(&waiting.number);
        }
        if document.is_empty() {
            self.waiting.remove(identity);
        }
    }

    /// What waits to be written to these documents: to be noted before they are loaded, since it may arrive meanwhile.
    pub(super) fn waiting_for(&self, identities: &[StickyIdentity]) -> Noted {
        let documents = identities.iter().filter_map(|identity| {
            let document = self.waiting.get(identity)?;
            Some(document.iter().map(move |(key, waiting)| {
                let place = (identity.clone(), key.clone());
                (place, waiting.replaceable().cloned().collect())
            }))
        });
        Noted {
            waiting: documents.flatten().collect(),
            arrivals: self.arrived.count(),
        }
    }

    /// Adds to what was loaded what is on its way there, or has arrived since it was noted. But where the store has got
    /// another assignment meanwhile, that one was first. What had arrived before and is not there any more is forgotten.
    pub(super) fn overlay(
        &mut self,
        noted: &Noted,
        identities: &[StickyIdentity],
        documents: &mut BTreeMap<StickyIdentity, StickyAssignments>,
    ) {
        for identity in identities {
            let document = documents.get(identity);
            self.arrived.compare(identity, document, noted.arrivals);
        }
        for (place, replaceable) in &noted.waiting {
            if let Some(stands) = self.arrived.get(place) {
                lay(documents, place, replaceable.iter(), stands);
            }
        }
        for identity in identities {
            for (key, waiting) in self.waiting.get(identity).into_iter().flatten() {
                let place = (identity.clone(), key.clone());
                lay(documents, &place, waiting.replaceable(), &waiting.variation);
            }
        }
    }

    /// The next ones to write, oldest first. If some have failed before, those that have not been tried get half of the
    /// places, and the others take turns: many that cannot be written must not hold up the rest.
    pub(super) fn batch(&mut self, most: usize) -> Vec<Assignment> {
        let untried: Vec<u64> = self.numbers(self.untried..).take(most).collect();
        let room = most.saturating_sub(untried.len()).max(most / 2);
        let turns = self.numbers(self.again..self.untried);
        let turns = turns.chain(self.numbers(..self.again)).take(room);
        let mut numbers: Vec<u64> = turns.collect();
        self.again = numbers.last().map_or(self.again, |last| last + 1);
        numbers.extend(untried.into_iter().take(most.saturating_sub(numbers.len())));
        self.untried = numbers.iter().fold(self.untried, |end, it| end.max(it + 1));
        numbers.sort_unstable();
        let assignments = numbers.iter().filter_map(|number| self.assignment(*number));
        assignments.collect()
    }

    fn numbers(&self, range: impl RangeBounds<u64>) -> impl Iterator<Item = u64> {
        self.order.range(range).map(|(number, _)| *number)
    }

    fn assignment(&self, number: u64) -> Option<Assignment> {
        let (identity, key) = self.order.get(&number)?;
        let waiting = self.waiting.get(identity)?.get(key)?;
        Some(Assignment {
            number,
            identity: identity.clone(),
            key: key.clone(),
            expected: waiting.expected.clone(),
            variation: waiting.variation.clone(),
        })
    }

    /// The store has it, or has another one. If it was replaced while it was being written, the later one still waits, and
    /// replaces what stands now.
    pub(super) fn arrived(&mut self, assignment: &Assignment, saved: &Saved) {
        let place = (assignment.identity.clone(), assignment.key.clone());
        let stands = match saved {
            Saved::Kept(other) => other,
            Saved::Stored => &assignment.variation,
        };
        if let Some(waiting) = self.waiting_at(&place) {
            if waiting.number != assignment.number && *saved == Saved::Stored {
                waiting.expected = Some(stands.clone());
            } else {
                // Written, or it was to replace something that never stood.
                self.remove(&place);
            }
        }
        self.arrived.insert(place, stands.clone());
    }

    /// Everything that waits came before this number.
    pub(super) fn horizon(&self) -> u64 {
        self.next
    }

    /// Whether nothing waits that came before the number.
    pub(super) fn is_settled(&self, horizon: u64) -> bool {
        self.order
            .first_key_value()
            .is_none_or(|(first, _)| *first >= horizon)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

/// Puts an assignment into a document, unless something else stands there than what it may replace.
fn lay<'a>(
    documents: &mut BTreeMap<StickyIdentity, StickyAssignments>,
    (identity, key): &Place,
    mut replaceable: impl Iterator<Item = &'a String>,
    variation: &str,
) {
    let stands = documents.get(identity).and_then(|it| it.get(key));
    if stands.is_none_or(|stands| replaceable.any(|it| it == stands)) {
        let document = documents.entry(identity.clone()).or_default();
        document.insert(key.clone(), variation.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> StickyIdentity {
        StickyIdentity::new("id", id)
    }

    fn kept(variation: &str) -> Saved {
        Saved::Kept(variation.to_owned())
    }

    #[test]
    fn the_first_assignment_stands_before_and_after_it_is_written() {
        let (mut buffer, ann) = (Buffer::new(10), user("ann"));
        let write = |variation| StickyWrite::new(&ann, "exp__0", variation);
        assert_eq!(buffer.take(&write("a")), Ok(Saved::Stored));
        assert_eq!(buffer.take(&write("a")), Ok(Saved::Stored));
        assert_eq!(buffer.take(&write("b")), Ok(kept("a")));
        let [assignment] = &buffer.batch(10)[..] else {
            panic!("one waits")
        };
        buffer.arrived(assignment, &Saved::Stored);
        assert_eq!(buffer.len(), 0);
        assert_eq!(buffer.take(&write("b")), Ok(kept("a")));
        let replacing = write("b").replacing(Some("a"));
        assert_eq!(buffer.take(&replacing), Ok(Saved::Stored));
        assert_eq!(buffer.batch(10)[0].write(), replacing);
    }

    #[test]
    fn who_was_second_learns_of_the_first_when_it_is_written() {
        let (mut buffer, ann) = (Buffer::new(10), user("ann"));
        let write = StickyWrite::new(&ann, "exp__0", "a");
        assert_eq!(buffer.take(&write), Ok(Saved::Stored));
        let batch = buffer.batch(1);
        buffer.arrived(&batch[0], &Saved::Kept("other".to_owned()));
        assert_eq!(buffer.take(&write), Ok(kept("other")));
        assert_eq!(buffer.len(), 0);
    }

    #[test]
    fn what_is_replaced_while_it_is_written_is_written_again() {
        let (mut buffer, ann) = (Buffer::new(10), user("ann"));
        let write = |variation| StickyWrite::new(&ann, "exp__0", variation);
        buffer.take(&write("a")).unwrap();
        let batch = buffer.batch(1);
        let replacing = write("b").replacing(Some("a"));
        assert_eq!(buffer.take(&replacing), Ok(Saved::Stored));
        buffer.arrived(&batch[0], &Saved::Stored);
        assert_eq!(buffer.batch(1)[0].write(), replacing);
        // Or it never stood, and what replaced it has nothing to replace.
        let bob = user("bob");
        let write = |variation| StickyWrite::new(&bob, "exp__0", variation);
        buffer.take(&write("a")).unwrap();
        let batch = buffer.batch(2);
        buffer.take(&write("b").replacing(Some("a"))).unwrap();
        buffer.arrived(&batch[1], &Saved::Kept("c".to_owned()));
        assert_eq!(buffer.take(&write("b")), Ok(kept("c")));
    }

    #[test]
    fn what_waits_is_read_unless_another_was_first() {
        let (mut buffer, ann, bob) = (Buffer::new(10), user("ann"), user("bob"));
        for (identity, key) in [(&ann, "one__0"), (&ann, "two__0"), (&bob, "one__0")] {
            buffer
                .take(&StickyWrite::new(identity, key, "own"))
                .unwrap();
        }
        let stored = StickyAssignments::from_iter([("two__0".to_owned(), "other".to_owned())]);
        let mut documents = BTreeMap::from_iter([(ann.clone(), stored)]);
        let asked = [ann.clone(), user("eve")];
        let noted = buffer.waiting_for(&asked);
        buffer.overlay(&noted, &asked, &mut documents);
        assert_eq!(documents.len(), 1, "nobody asked for bob");
        assert_eq!(
            (&*documents[&ann]["one__0"], &*documents[&ann]["two__0"]),
            ("own", "other")
        );
    }

    #[test]
    fn what_arrives_while_documents_are_loaded_is_read() {
        let (mut buffer, ann) = (Buffer::new(10), user("ann"));
        buffer
            .take(&StickyWrite::new(&ann, "exp__0", "own"))
            .unwrap();
        let asked = [ann.clone()];
        let noted = buffer.waiting_for(&asked);
        // The documents are read here, and then it is written.
        let batch = buffer.batch(1);
        buffer.arrived(&batch[0], &Saved::Stored);
        let mut documents = BTreeMap::new();
        buffer.overlay(&noted, &asked, &mut documents);
        assert_eq!(documents[&ann]["exp__0"], "own");
    }

    #[test]
    fn what_replaces_an_own_assignment_is_read_though_that_one_has_just_arrived() {
        let (mut buffer, ann) = (Buffer::new(10), user("ann"));
        let write = |variation| StickyWrite::new(&ann, "exp__0", variation);
        buffer.take(&write("a").replacing(Some("gone"))).unwrap();
        buffer.take(&write("b").replacing(Some("a"))).unwrap();
        let asked = [ann.clone()];
        let stored = StickyAssignments::from_iter([("exp__0".to_owned(), "a".to_owned())]);
        let mut documents = BTreeMap::from_iter([(ann.clone(), stored)]);
        buffer.overlay(&buffer.waiting_for(&asked), &asked, &mut documents);
        assert_eq!(documents[&ann]["exp__0"], "b");
    }

    #[test]
    fn a_full_buffer_takes_no_more_and_is_settled_bit_by_bit() {
        let mut buffer = Buffer::new(3);
        let users: Vec<StickyIdentity> = (0..4).map(|id| user(&id.to_string())).collect();
        for identity in &users[..3] {
            buffer
                .take(&StickyWrite::new(identity, "exp__0", "a"))
                .unwrap();
        }
        let late = StickyWrite::new(&users[3], "exp__0", "a");
        assert_eq!(buffer.take(&late), Err(Full));
        let horizon = buffer.horizon();
        assert!(!buffer.is_settled(horizon));
        for assignment in buffer.batch(2) {
            buffer.arrived(&assignment, &Saved::Stored);
        }
        assert!(!buffer.is_settled(horizon));
        assert_eq!(buffer.take(&late), Ok(Saved::Stored));
        for assignment in buffer.batch(1) {
            buffer.arrived(&assignment, &Saved::Stored);
        }
        assert!(buffer.is_settled(horizon) && !buffer.is_settled(buffer.horizon()));
    }
}
