//! Alternatives and groups while they are being read.

use super::super::ast::Node;

/// Alternatives under construction.
#[derive(Default)]
pub(super) struct Disjunction {
    finished: Vec<Node>,
    terms: Vec<Node>,
}

impl Disjunction {
    pub(super) fn push(&mut self, term: Node) {
        self.terms.push(term);
    }

    pub(super) fn next_alternative(&mut self) {
        let terms = std::mem::take(&mut self.terms);
        self.finished.push(concatenation(terms));
    }

    pub(super) fn finish(mut self) -> Node {
        if self.finished.is_empty() {
            return concatenation(self.terms);
        }
        self.next_alternative();
        Node::Alternation(self.finished)
    }
}

fn concatenation(mut terms: Vec<Node>) -> Node {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        Some(last) => {
            terms.push(last);
            Node::Concatenation(terms)
        }
        None => Node::EMPTY,
    }
}

/// A group whose closing parenthesis has not been reached.
pub(super) struct OpenGroup {
    pub(super) kind: GroupKind,
    /// The number of the first capturing group that is this one or inside it, if there is any.
    pub(super) first_capture: usize,
    /// What was under construction around the group.
    pub(super) outer: Disjunction,
}

#[derive(Clone, Copy)]
pub(super) enum GroupKind {
    Capture { index: usize },
    Look { ahead: bool, negated: bool },
    Plain,
}

impl GroupKind {
    /// Only web compatibility lets a look-ahead be quantified; a look-behind never is.
    pub(super) fn is_quantifiable(self) -> bool {
        !matches!(self, Self::Look { ahead: false, .. })
    }

    pub(super) fn close(self, body: Node) -> Node {
        match self {
            Self::Capture { index } => Node::Capture {
                index,
                body: Box::new(body),
            },
            Self::Look { ahead, negated } => Node::Look {
                ahead,
                negated,
                body: Box::new(body),
            },
            Self::Plain => body,
        }
    }
}

/// How groups open, after the parenthesis.
pub(super) const GROUP_KINDS: [(&str, GroupKind); 5] = [
    ("?:", GroupKind::Plain),
    (
        "?=",
        GroupKind::Look {
            ahead: true,
            negated: false,
        },
    ),
    (
        "?!",
        GroupKind::Look {
            ahead: true,
            negated: true,
        },
    ),
    (
        "?<=",
        GroupKind::Look {
            ahead: false,
            negated: false,
        },
    ),
    (
        "?<!",
        GroupKind::Look {
            ahead: false,
            negated: true,
        },
    ),
];
