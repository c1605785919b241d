//! What a pattern says, once its grammar is understood.

use std::ops::Range;

use super::set::UnitSet;

/// A parsed pattern.
#[derive(Debug)]
pub(super) struct Syntax {
    pub(super) root: Node,
    /// The capturing groups that some back-reference names; nothing else can see a capture, since
    /// callers only ask whether there is a match.
    pub(super) referenced: Vec<usize>,
    /// How deep groups are nested.
    pub(super) depth: usize,
}

/// One construct. Case folding has already been applied to the sets.
#[derive(Debug)]
pub(super) enum Node {
    Alternation(Vec<Self>),
    /// Matches what the group of this number has captured.
    BackReference(usize),
    Capture {
        index: usize,
        body: Box<Self>,
    },
    /// Without terms: the empty pattern.
    Concatenation(Vec<Self>),
    End,
    Look {
        ahead: bool,
        negated: bool,
        body: Box<Self>,
    },
    Repeat(Repeat),
    Set(UnitSet),
    Start,
    WordBoundary {
        negated: bool,
    },
}

impl Node {
    pub(super) const EMPTY: Self = Self::Concatenation(Vec::new());

    /// Whether the construct can never consume anything.
    pub(super) fn is_zero_width(&self) -> bool {
        match self {
            Self::Alternation(nodes) | Self::Concatenation(nodes) => {
                nodes.iter().all(Self::is_zero_width)
            }
            Self::Capture { body, .. } => body.is_zero_width(),
            Self::Repeat(repeat) => repeat.body.is_zero_width(),
            Self::BackReference(_) | Self::Set(_) => false,
            Self::End | Self::Look { .. } | Self::Start | Self::WordBoundary { .. } => true,
        }
    }

    /// Whether the construct can match without consuming anything.
    pub(super) fn is_nullable(&self) -> bool {
        match self {
            Self::Alternation(nodes) => nodes.iter().any(Self::is_nullable),
            Self::Concatenation(nodes) => nodes.iter().all(Self::is_nullable),
            Self::Capture { body, .. } => body.is_nullable(),
            Self::Repeat(repeat) => repeat.min == 0 || repeat.body.is_nullable(),
            Self::Set(_) => false,
            Self::BackReference(_)
            | Self::End
            | Self::Look { .. }
            | Self::Start
            | Self::WordBoundary { .. } => true,
        }
    }

    /// Shows this node and all inside it.
    pub(super) fn visit(&self, see: &mut impl FnMut(&Self)) {
        see(self);
        match self {
            Self::Alternation(nodes) | Self::Concatenation(nodes) => {
                for node in nodes {
                    node.visit(see);
                }
            }
            Self::Capture { body, .. } | Self::Look { body, .. } => body.visit(see),
            Self::Repeat(repeat) => repeat.body.visit(see),
            Self::BackReference(_)
            | Self::End
            | Self::Set(_)
            | Self::Start
            | Self::WordBoundary { .. } => {}
        }
    }

    /// How many constructs there are once every counted repetition is written out.
    pub(super) fn expanded_size(&self) -> u64 {
        match self {
            Self::Alternation(nodes) | Self::Concatenation(nodes) => {
                nodes.iter().fold(1, |size: u64, node| {
                    size.saturating_add(node.expanded_size())
                })
            }
            Self::Capture { body, .. } | Self::Look { body, .. } => {
                body.expanded_size().saturating_add(1)
            }
            Self::Repeat(repeat) => repeat.expanded_size(),
            Self::BackReference(_)
            | Self::End
            | Self::Set(_)
            | Self::Start
            | Self::WordBoundary { .. } => 1,
        }
    }
}

/// A quantified construct that can consume something.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) body: Box<Node>,
    pub(super) min: u32,
    /// `None`: without limit.
    pub(super) max: Option<u32>,
    pub(super) greedy: bool,
    /// The numbers of the groups in the body; each iteration forgets them first.
    pub(super) captures: Range<usize>,
}

impl Repeat {
    /// How many constructs there are once this and all inner repetitions are written out.
    pub(super) fn expanded_size(&self) -> u64 {
        self.body
            .expanded_size()
            .saturating_add(1)
            .saturating_mul(self.copies())
    }

    /// How often the body appears when the repetition is written out.
    pub(super) fn copies(&self) -> u64 {
        u64::from(self.max.unwrap_or(self.min)).max(1)
    }
}
