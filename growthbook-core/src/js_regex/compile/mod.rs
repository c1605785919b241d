//! Compiles patterns for the backtracking matcher.
//!
//! What makes backtracking explode is to fail again and again from the same place. Where nothing
//! that is still to come looks at a register (a capture or a counter), the outcome depends on the
//! instruction and the position alone, and [`Instruction::Remember`] makes sure that it is found
//! out only once. So the compiler keeps captures only for back-references, and writes counted
//! repetitions out where that is affordable.

mod repeat;

use super::ast::{Node, Syntax};
use super::program::{Instruction, Program, UnitTest};

impl Program {
    pub(super) fn new(syntax: &Syntax, ignore_case: bool) -> Self {
        let mut compiler = Compiler {
            instructions: Vec::new(),
            referenced: &syntax.referenced,
            registers: syntax.referenced.len() * 2,
            rows: 0,
            copies_left: MAX_COPIED,
        };
        let scope = Scope {
            look: None,
            counting: false,
            set: 0,
            read: 0,
            paid: false,
        };
        compiler.node(&syntax.root, scope);
        let Compiler {
            instructions,
            registers,
            rows,
            ..
        } = compiler;
        Self {
            instructions,
            registers,
            rows,
            ignore_case,
        }
    }
}

struct Compiler<'a> {
    instructions: Vec<Instruction>,
    referenced: &'a [usize],
    registers: usize,
    rows: usize,
    /// How many more constructs may be added by writing repetitions out.
    copies_left: u64,
}

/// What a construct's surroundings say about it.
#[derive(Clone, Copy)]
struct Scope {
    /// The innermost look-around that the construct is in.
    look: Option<Look>,
    /// Something after the construct looks at a counter, or must not be skipped.
    counting: bool,
    /// The groups that may have been set before the construct.
    set: Groups,
    /// The groups that are looked at after it.
    read: Groups,
    /// In a repetition that is written out, all of whose contents have been paid for.
    paid: bool,
}

/// A bit for each group that a back-reference names; those beyond the last bit share it.
type Groups = u128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Ahead,
    Behind,
}

impl Scope {
    /// Look-behinds are matched from right to left.
    fn is_backward(self) -> bool {
        self.look == Some(Look::Behind)
    }

    /// Whether what follows can turn out differently for different ways to get there.
    fn registers_matter(self) -> bool {
        self.counting || self.set & self.read != 0
    }
}

impl Compiler<'_> {
    fn node(&mut self, node: &Node, scope: Scope) {
        match node {
            Node::Alternation(nodes) => self.alternation(nodes, scope),
            Node::BackReference(index) => {
                if let Some(group) = self.group_register(*index) {
                    self.push(Instruction::BackReference {
                        group,
                        backward: scope.is_backward(),
                    });
                }
            }
            Node::Capture { index, body } => self.capture(*index, body, scope),
            Node::Concatenation(nodes) => self.concatenation(nodes, scope),
            Node::End => self.push(Instruction::End),
            Node::Look {
                ahead,
                negated,
                body,
            } => self.look(*ahead, *negated, body, scope),
            Node::Repeat(repeat) => self.repeat(repeat, scope),
            Node::Set(set) => {
                let set = UnitTest::new(set);
                self.push(Instruction::Set {
                    set,
                    backward: scope.is_backward(),
                });
            }
            Node::Start => self.push(Instruction::Start),
            Node::WordBoundary { negated } => {
                self.push(Instruction::WordBoundary { negated: *negated });
            }
        }
    }

    fn alternation(&mut self, nodes: &[Node], scope: Scope) {
        let mut jumps = Vec::new();
        let set = nodes.iter().fold(0, |set, node| set | self.sets(node));
        let mut nodes = nodes.iter().peekable();
        while let Some(node) = nodes.next() {
            if nodes.peek().is_none() {
                self.node(node, scope);
                break;
            }
            let split = self.reserve();
            self.node(node, scope);
            jumps.push(self.reserve());
            let (first, second) = (split + 1, self.here());
            self.fill(split, Instruction::Split { first, second });
        }
        for jump in jumps {
            let to = self.here();
            self.fill(jump, Instruction::Jump { to });
        }
        self.remember(Scope {
            set: scope.set | set,
            ..scope
        });
    }

    fn capture(&mut self, index: usize, body: &Node, scope: Scope) {
        let Some(group) = self.group_register(index) else {
            return self.node(body, scope);
        };
        let (before, after) = if scope.is_backward() {
            (group + 1, group)
        } else {
            (group, group + 1)
        };
        self.push(Instruction::Save { register: before });
        self.node(
            body,
            Scope {
                set: scope.set | self.bit(index),
                ..scope
            },
        );
        self.push(Instruction::Save { register: after });
    }

    fn concatenation(&mut self, nodes: &[Node], scope: Scope) {
        let in_order: Vec<&Node> = if scope.is_backward() {
            nodes.iter().rev().collect()
        } else {
            nodes.iter().collect()
        };
        let mut read = scope.read;
        let mut read_after = Vec::with_capacity(in_order.len());
        for node in in_order.iter().rev() {
            read_after.push(read);
            read |= self.reads(node);
        }
        let mut set = scope.set;
        for (node, read) in in_order.into_iter().zip(read_after.into_iter().rev()) {
            self.node(node, Scope { set, read, ..scope });
            set |= self.sets(node);
        }
    }

    fn look(&mut self, ahead: bool, negated: bool, body: &Node, scope: Scope) {
        // Only a positive look-around passes on what it captured.
        let passes_on = !negated && self.sets(body) & scope.read != 0;
        let scope = Scope {
            look: Some(if ahead { Look::Ahead } else { Look::Behind }),
            counting: passes_on,
            read: 0,
            ..scope
        };
        let look = self.reserve();
        self.remember(Scope {
            read: self.reads(body),
            ..scope
        });
        self.node(body, scope);
        self.push(Instruction::EndLook);
        let end = self.here();
        self.fill(look, Instruction::Look { negated, end });
    }

    /// A place to remember failures at, if they depend on nothing but the position.
    fn remember(&mut self, scope: Scope) {
        if !scope.registers_matter() {
            self.push(Instruction::Remember { row: self.rows });
            self.rows += 1;
        }
    }

    /// The groups that back-references in `node` look at.
    fn reads(&self, node: &Node) -> Groups {
        self.groups(node, |node| match node {
            Node::BackReference(index) => Some(*index),
            _ => None,
        })
    }

    /// The groups in `node` that back-references anywhere look at.
    fn sets(&self, node: &Node) -> Groups {
        self.groups(node, |node| match node {
            Node::Capture { index, .. } => Some(*index),
            _ => None,
        })
    }

    fn groups(&self, node: &Node, group: impl Fn(&Node) -> Option<usize>) -> Groups {
        let mut groups = 0;
        if !self.referenced.is_empty() {
            node.visit(&mut |node| groups |= group(node).map_or(0, |index| self.bit(index)));
        }
        groups
    }

    fn bit(&self, index: usize) -> Groups {
        let place = self.referenced.binary_search(&index);
        place.map_or(0, |place| 1 << place.min(LAST_BIT))
    }

    fn group_register(&self, index: usize) -> Option<usize> {
        self.referenced
            .binary_search(&index)
            .ok()
            .map(|place| place * 2)
    }

    fn here(&self) -> usize {
        self.instructions.len()
    }

    fn push(&mut self, instruction: Instruction) {
        self.instructions.push(instruction);
    }

    /// Leaves room for an instruction that depends on what follows.
    fn reserve(&mut self) -> usize {
        self.push(Instruction::EndLook);
        self.here() - 1
    }

    fn fill(&mut self, place: usize, instruction: Instruction) {
        if let Some(reserved) = self.instructions.get_mut(place) {
            *reserved = instruction;
        }
    }
}

/// How many constructs all repetitions together may be written out to.
const MAX_COPIED: u64 = 8_000;

const LAST_BIT: usize = 127;
