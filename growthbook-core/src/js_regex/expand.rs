//! Writes a pattern out as a few alternatives of literal text, if it comes down to that.

use super::ast::{Node, Repeat};
use super::set::UnitSet;

/// Turns a pattern into its alternatives, as long as they are few.
pub(super) struct Expansion {
    ignore_case: bool,
}

impl Expansion {
    pub(super) fn new(ignore_case: bool) -> Self {
        Self { ignore_case }
    }

    /// The alternatives that `node` comes down to; `None` if it is more than literal text and gaps.
    pub(super) fn node(&self, node: &Node) -> Option<Vec<Draft>> {
        let drafts = match node {
            Node::Alternation(nodes) => {
                let mut drafts = Vec::new();
                for node in nodes {
                    drafts.extend(self.node(node)?);
                    if drafts.len() > MAX_GLOBS {
                        return None;
                    }
                }
                drafts
            }
            Node::Capture { body, .. } => self.node(body)?,
            Node::Concatenation(nodes) => self.concatenation(nodes.iter())?,
            Node::End => vec![Draft {
                to_end: true,
                ..Draft::default()
            }],
            Node::Repeat(repeat) => self.repeat(repeat)?,
            Node::Set(set) => self.set(set)?,
            Node::Start => vec![Draft {
                from_start: true,
                ..Draft::default()
            }],
            Node::BackReference(_) | Node::Look { .. } | Node::WordBoundary { .. } => return None,
        };
        (drafts.len() <= MAX_GLOBS).then_some(drafts)
    }

    fn concatenation<'a>(&self, nodes: impl Iterator<Item = &'a Node>) -> Option<Vec<Draft>> {
        let mut joined = vec![Draft::default()];
        for node in nodes {
            let next = self.node(node)?;
            if joined.len() * next.len() > MAX_GLOBS {
                return None;
            }
            let pairs = joined
                .iter()
                .flat_map(|left| next.iter().map(move |right| (left, right)));
            joined = pairs
                .map(|(left, right)| left.join(right))
                .collect::<Option<_>>()?;
        }
        Some(joined)
    }

    fn repeat(&self, repeat: &Repeat) -> Option<Vec<Draft>> {
        let Some(max) = repeat.max else {
            let is_gap = matches!(&*repeat.body, Node::Set(set) if *set == UnitSet::dot());
            let gap = Draft {
                gaps: vec![repeat.min > 0],
                pieces: vec![Vec::new(); 2],
                ..Draft::default()
            };
            return (is_gap && repeat.min <= 1).then(|| vec![gap]);
        };
        if max > MAX_COPIES {
            return None;
        }
        let mut drafts = Vec::new();
        for copies in repeat.min..=max {
            drafts.extend(self.concatenation((0..copies).map(|_| &*repeat.body))?);
        }
        Some(drafts)
    }

    fn set(&self, set: &UnitSet) -> Option<Vec<Draft>> {
        if set.len() > MAX_GLOBS * 2 {
            return None;
        }
        let mut drafts = Vec::new();
        for unit in set.units() {
            let letter = u8::try_from(unit).ok().filter(u8::is_ascii_alphabetic);
            if let (true, Some(letter)) = (self.ignore_case, letter) {
                let other_case = u16::from(letter ^ ASCII_CASE_BIT);
                if !set.contains(other_case) {
                    return None;
                }
                if letter.is_ascii_uppercase() {
                    continue;
                }
            }
            drafts.push(Draft {
                pieces: vec![vec![unit]],
                ..Draft::default()
            });
        }
        Some(drafts)
    }
}

/// An alternative under construction, in code units: a character may come together from two of
/// them.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) from_start: bool,
    pub(super) to_end: bool,
    /// One more than there are gaps.
    pub(super) pieces: Vec<Vec<u16>>,
    /// For each gap, whether it must not be empty.
    pub(super) gaps: Vec<bool>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            from_start: false,
            to_end: false,
            pieces: vec![Vec::new()],
            gaps: Vec::new(),
        }
    }
}

impl Draft {
    /// At an open end `.*` neither forbids nor demands anything.
    pub(super) fn without_outer_gaps(mut self) -> Self {
        let is_empty = |piece: Option<&Vec<u16>>| piece.is_some_and(Vec::is_empty);
        while !self.from_start && self.gaps.first() == Some(&false) && is_empty(self.pieces.first())
        {
            self.gaps.remove(0);
            self.pieces.remove(0);
        }
        while !self.to_end && self.gaps.last() == Some(&false) && is_empty(self.pieces.last()) {
            self.gaps.pop();
            self.pieces.pop();
        }
        self
    }

    fn is_blank(&self) -> bool {
        self.pieces.iter().all(Vec::is_empty) && self.gaps.is_empty()
    }

    /// `None` for what cannot match, or hardly ever: text before the start or after the end.
    fn join(&self, next: &Self) -> Option<Self> {
        if self.to_end && !next.is_blank() || next.from_start && !self.is_blank() {
            return None;
        }
        let mut joined = self.clone();
        joined.from_start |= next.from_start;
        joined.to_end |= next.to_end;
        joined.gaps.extend_from_slice(&next.gaps);
        let mut pieces = next.pieces.iter();
        if let (Some(last), Some(first)) = (joined.pieces.last_mut(), pieces.next()) {
            last.extend_from_slice(first);
        }
        joined.pieces.extend(pieces.cloned());
        Some(joined)
    }
}

/// The most alternatives.
const MAX_GLOBS: usize = 16;

/// The longest run of copies of one construct.
const MAX_COPIES: u32 = 8;

/// What upper and lower case of an ASCII letter differ by.
const ASCII_CASE_BIT: u8 = 0x20;
