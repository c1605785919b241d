use super::{AttributeValue, Attributes, Entry, Probe};

impl Attributes {
    /// The value of the attribute in this place.
    #[inline]
    pub(crate) fn at(&self, place: usize) -> Option<&AttributeValue> {
        self.entries.get(place).map(|entry| &entry.value)
    }

    /// The place of an attribute.
    pub(super) fn position(&self, probe: Probe<'_>) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name.is(probe))
    }

    #[inline]
    pub(crate) fn find(&self, probe: Probe<'_>) -> Option<&AttributeValue> {
        // Four at a time: going on takes as long as comparing.
        let (fours, rest) = self.entries.as_chunks::<4>();
        for four in fours {
            for entry in four {
                if entry.name.is(probe) {
                    return Some(&entry.value);
                }
            }
        }
        let entry = rest.iter().find(|entry| entry.name.is(probe))?;
        Some(&entry.value)
    }

    /// The first attribute whose name has this head: the one with the name, where the name is no longer than a head.
    #[inline]
    pub(super) fn first_headed(&self, head: u64) -> Option<&Entry> {
        let (fours, rest) = self.entries.as_chunks::<4>();
        for four in fours {
            for entry in four {
                if entry.name.head() == head {
                    return Some(entry);
                }
            }
        }
        rest.iter().find(|entry| entry.name.head() == head)
    }
}
