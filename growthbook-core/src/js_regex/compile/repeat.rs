//! Repetitions: written out where that is affordable and nobody can tell the difference, else
//! counted.

use super::super::ast::Repeat;
use super::super::program::Instruction;
use super::{Compiler, Scope};

impl Compiler<'_> {
    pub(super) fn repeat(&mut self, repeat: &Repeat, scope: Scope) {
        let body = &*repeat.body;
        let sets = self.sets(body);
        let (set, read) = (scope.set | sets, scope.read | self.reads(body));
        let inner = Scope { set, read, ..scope };
        let nullable = body.is_nullable();
        // An iteration that consumes nothing leads back to a place already seen. `Remember` ends
        // such a circle; but within a look-around, the places on it may yet turn out to succeed.
        let endless = nullable && scope.look.is_some() && repeat.max.is_none();
        let observable = inner.registers_matter() && (nullable || sets != 0);
        if endless || observable || !self.can_write_out(repeat, scope) {
            return self.counted_loop(repeat, inner);
        }
        let paid = scope.paid || repeat.copies() > 1;
        let inner = Scope { paid, ..inner };
        let Some(max) = repeat.max else {
            return self.unlimited(repeat, inner);
        };
        for _ in 0..repeat.min {
            self.node(body, inner);
        }
        let mut splits = Vec::new();
        for _ in repeat.min..max {
            splits.push(self.reserve());
            self.node(body, inner);
        }
        let exit = self.here();
        for split in splits {
            self.fill(split, Instruction::split(split + 1, exit, repeat.greedy));
        }
        self.remember(Scope { set, ..scope });
    }

    /// `x*` or `x{min,}`, written out.
    fn unlimited(&mut self, repeat: &Repeat, scope: Scope) {
        if repeat.min == 0 {
            let head = self.here();
            self.remember(scope);
            let split = self.reserve();
            self.node(&repeat.body, scope);
            self.push(Instruction::Jump { to: head });
            let exit = self.here();
            return self.fill(split, Instruction::split(split + 1, exit, repeat.greedy));
        }
        let mut head = self.here();
        for _ in 0..repeat.min {
            head = self.here();
            self.node(&repeat.body, scope);
        }
        self.remember(scope);
        let exit = self.here() + 1;
        self.push(Instruction::split(head, exit, repeat.greedy));
    }

    /// A repetition as the standard describes it, with a counter, nothing written out and nothing
    /// remembered.
    fn counted_loop(&mut self, repeat: &Repeat, scope: Scope) {
        let &Repeat {
            min, max, greedy, ..
        } = repeat;
        let counter = self.registers;
        self.registers += 2;
        let first = self
            .referenced
            .partition_point(|&index| index < repeat.captures.start);
        let last = self
            .referenced
            .partition_point(|&index| index < repeat.captures.end);
        self.push(Instruction::ResetCounter { counter });
        let head = self.reserve();
        self.push(Instruction::StartIteration {
            counter,
            captures: first * 2..last * 2,
        });
        self.node(
            &repeat.body,
            Scope {
                counting: true,
                ..scope
            },
        );
        self.push(Instruction::EndIteration { counter, min, head });
        let exit = self.here();
        self.fill(
            head,
            Instruction::Loop {
                counter,
                min,
                max,
                greedy,
                exit,
            },
        );
    }

    fn can_write_out(&mut self, repeat: &Repeat, scope: Scope) -> bool {
        if scope.paid || repeat.copies() == 1 {
            return true;
        }
        let left = self.copies_left.checked_sub(repeat.expanded_size());
        self.copies_left = left.unwrap_or(self.copies_left);
        left.is_some()
    }
}

impl Instruction {
    fn split(body: usize, exit: usize, greedy: bool) -> Self {
        if greedy {
            Self::Split {
                first: body,
                second: exit,
            }
        } else {
            Self::Split {
                first: exit,
                second: body,
            }
        }
    }
}
