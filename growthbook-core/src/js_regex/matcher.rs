//! The backtracking matcher: does what JavaScript does, within a budget.
//!
//! It keeps everything on the heap, so that no pattern and no text can exhaust a thread's stack.

use super::error::BudgetExhausted;
use super::fold;
use super::program::{Instruction, Program};

impl Program {
    /// Whether the pattern matches anywhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> Result<bool, BudgetExhausted> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(BudgetExhausted);
        }
        let text: Vec<u16> = text.encode_utf16().collect();
        let cells = self.rows.saturating_mul(text.len() + 1);
        if cells > MAX_CELLS {
            return Err(BudgetExhausted);
        }
        let mut search = Search {
            program: self,
            text: &text,
            registers: vec![NOWHERE; self.registers],
            choices: Vec::new(),
            memory: vec![Memory::Unknown; cells],
            budget: MAX_STEPS,
        };
        search.charge(text.len() / UNITS_PER_STEP + cells / CELLS_PER_STEP + self.registers)?;
        let anchored = matches!(self.instructions.first(), Some(Instruction::Start));
        let last_start = if anchored { 0 } else { text.len() };
        for start in 0..=last_start {
            if search.matches_from(start)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

struct Search<'a> {
    program: &'a Program,
    text: &'a [u16],
    registers: Vec<usize>,
    choices: Vec<Choice>,
    /// What is known about each [`Instruction::Remember`] at each position.
    memory: Vec<Memory>,
    budget: usize,
}

/// An instruction and a position in the text.
#[derive(Clone, Copy)]
struct Place {
    instruction: usize,
    position: usize,
}

/// What to come back to when a way fails.
enum Choice {
    /// A look-around is being tried.
    Look { negated: bool, end: Place },
    /// This memory cell belongs to the way that fails.
    Remembered { cell: usize },
    /// A register had this value before.
    Restore { register: usize, value: usize },
    /// There is another way.
    Retry(Place),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    Unknown,
    /// It failed, or is being tried further down.
    Failed,
    /// The look-around that it belongs to succeeded from there.
    Succeeded,
}

impl Search<'_> {
    fn matches_from(&mut self, start: usize) -> Result<bool, BudgetExhausted> {
        let mut place = Place {
            instruction: 0,
            position: start,
        };
        loop {
            self.charge(1)?;
            let Some(instruction) = self.program.instructions.get(place.instruction) else {
                return Ok(true);
            };
            let next = match self.execute(instruction, place)? {
                Some(next) => Some(next),
                None => self.backtrack(),
            };
            match next {
                Some(next) => place = next,
                None => return Ok(false),
            }
        }
    }

    /// Where to go on; `None` if this way fails.
    fn execute(
        &mut self,
        instruction: &Instruction,
        place: Place,
    ) -> Result<Option<Place>, BudgetExhausted> {
        let Place {
            instruction: at,
            position,
        } = place;
        let next = Place {
            instruction: at + 1,
            position,
        };
        let continued = match *instruction {
            Instruction::BackReference { group, backward } => {
                return self.back_reference(group, backward, next);
            }
            Instruction::End => (position == self.text.len()).then_some(next),
            Instruction::EndIteration { counter, min, head } => {
                let optional = self.register(counter) > count(min);
                let empty = self.register(counter + 1) == position;
                (!(optional && empty)).then_some(Place {
                    instruction: head,
                    position,
                })
            }
            Instruction::EndLook => return self.end_look(),
            Instruction::Jump { to } => Some(Place {
                instruction: to,
                position,
            }),
            Instruction::Look { negated, end } => {
                let end = Place {
                    instruction: end,
                    position,
                };
                self.choose(Choice::Look { negated, end })?;
                Some(next)
            }
            Instruction::Loop {
                counter,
                min,
                max,
                greedy,
                exit,
            } => {
                let done = self.register(counter);
                let exit = Place {
                    instruction: exit,
                    position,
                };
                if done < count(min) {
                    Some(next)
                } else if max.is_some_and(|max| done >= count(max)) {
                    Some(exit)
                } else {
                    let (first, second) = if greedy { (next, exit) } else { (exit, next) };
                    self.choose(Choice::Retry(second))?;
                    Some(first)
                }
            }
            Instruction::Remember { row } => return self.remember(row, next),
            Instruction::ResetCounter { counter } => {
                self.set_register(counter, 0)?;
                Some(next)
            }
            Instruction::Save { register } => {
                self.set_register(register, position)?;
                Some(next)
            }
            Instruction::Set { ref set, backward } => {
                let before = if backward {
                    position.checked_sub(1)
                } else {
                    Some(position)
                };
                let unit = before.and_then(|before| self.text.get(before));
                let found = unit.is_some_and(|&unit| set.contains(unit));
                let position = if backward {
                    position.wrapping_sub(1)
                } else {
                    position + 1
                };
                found.then_some(Place { position, ..next })
            }
            Instruction::Split { first, second } => {
                self.choose(Choice::Retry(Place {
                    instruction: second,
                    position,
                }))?;
                Some(Place {
                    instruction: first,
                    position,
                })
            }
            Instruction::Start => (position == 0).then_some(next),
            Instruction::StartIteration {
                counter,
                ref captures,
            } => {
                self.charge(captures.len())?;
                self.set_register(counter, self.register(counter).saturating_add(1))?;
                self.set_register(counter + 1, position)?;
                for register in captures.clone() {
                    self.set_register(register, NOWHERE)?;
                }
                Some(next)
            }
            Instruction::WordBoundary { negated } => {
                let before = position
                    .checked_sub(1)
                    .is_some_and(|before| self.is_word(before));
                (negated == (before == self.is_word(position))).then_some(next)
            }
        };
        Ok(continued)
    }

    /// A group that has not taken part matches the empty text.
    fn back_reference(
        &mut self,
        group: usize,
        backward: bool,
        next: Place,
    ) -> Result<Option<Place>, BudgetExhausted> {
        let captured = self
            .text
            .get(self.register(group)..self.register(group + 1));
        let captured = captured.unwrap_or_default();
        self.charge(captured.len())?;
        let (from, to) = if backward {
            (
                next.position.checked_sub(captured.len()),
                Some(next.position),
            )
        } else {
            (
                Some(next.position),
                next.position.checked_add(captured.len()),
            )
        };
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(None);
        };
        let Some(found) = self.text.get(from..to) else {
            return Ok(None);
        };
        let same = |(&left, &right): (&u16, &u16)| {
            left == right
                || self.program.ignore_case && fold::canonical(left) == fold::canonical(right)
        };
        let position = if backward { from } else { to };
        let equal = captured.iter().zip(found).all(same);
        Ok(equal.then_some(Place { position, ..next }))
    }

    fn remember(&mut self, row: usize, next: Place) -> Result<Option<Place>, BudgetExhausted> {
        let cell = next.position * self.program.rows + row;
        match self.memory.get_mut(cell) {
            Some(memory @ Memory::Unknown) => *memory = Memory::Failed,
            Some(Memory::Succeeded) => return self.end_look(),
            _ => return Ok(None),
        }
        self.choose(Choice::Remembered { cell })?;
        Ok(Some(next))
    }

    /// The innermost look-around has matched: its other ways are dropped, what it captured stays.
    fn end_look(&mut self) -> Result<Option<Place>, BudgetExhausted> {
        let mut captured = Vec::new();
        while let Some(choice) = self.choices.pop() {
            match choice {
                Choice::Remembered { cell } => {
                    if let Some(memory) = self.memory.get_mut(cell) {
                        *memory = Memory::Succeeded;
                    }
                }
                Choice::Restore { register, value } => captured.push((register, value)),
                Choice::Retry(_) => {}
                Choice::Look { negated, end } => {
                    self.charge(captured.len())?;
                    if negated {
                        for (register, value) in captured {
                            self.restore(register, value);
                        }
                        return Ok(None);
                    }
                    let captured = captured.into_iter().rev();
                    let undo =
                        captured.map(|(register, value)| Choice::Restore { register, value });
                    self.choices.extend(undo);
                    return Ok(Some(end));
                }
            }
        }
        Ok(None)
    }

    /// The next way to try; `None` if there is none left.
    fn backtrack(&mut self) -> Option<Place> {
        while let Some(choice) = self.choices.pop() {
            match choice {
                Choice::Look { negated: true, end } => return Some(end),
                Choice::Look { negated: false, .. } | Choice::Remembered { .. } => {}
                Choice::Restore { register, value } => self.restore(register, value),
                Choice::Retry(place) => return Some(place),
            }
        }
        None
    }

    fn choose(&mut self, choice: Choice) -> Result<(), BudgetExhausted> {
        if self.choices.len() >= MAX_CHOICES {
            return Err(BudgetExhausted);
        }
        self.choices.push(choice);
        Ok(())
    }

    fn charge(&mut self, steps: usize) -> Result<(), BudgetExhausted> {
        self.budget = self.budget.checked_sub(steps).ok_or(BudgetExhausted)?;
        Ok(())
    }

    fn register(&self, register: usize) -> usize {
        self.registers.get(register).copied().unwrap_or(NOWHERE)
    }

    fn set_register(&mut self, register: usize, value: usize) -> Result<(), BudgetExhausted> {
        self.choose(Choice::Restore {
            register,
            value: self.register(register),
        })?;
        self.restore(register, value);
        Ok(())
    }

    fn restore(&mut self, register: usize, value: usize) {
        if let Some(current) = self.registers.get_mut(register) {
            *current = value;
        }
    }

    fn is_word(&self, position: usize) -> bool {
        let byte = self
            .text
            .get(position)
            .and_then(|&unit| u8::try_from(unit).ok());
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }
}

fn count(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The value of a register that holds no position.
const NOWHERE: usize = usize::MAX;

/// How much work one search may take: roughly this many instructions.
const MAX_STEPS: usize = 2_000_000;

/// Copying so many units of text takes as long as an instruction.
const UNITS_PER_STEP: usize = 16;

/// Clearing so many cells of memory takes as long as an instruction.
const CELLS_PER_STEP: usize = 64;

/// The most memory cells, of one byte each.
const MAX_CELLS: usize = 1 << 24;

/// The most choices open at a time.
const MAX_CHOICES: usize = 1 << 19;

/// The longest text, in bytes: copying alone would take too long for more.
const MAX_TEXT_BYTES: usize = 1 << 24;
