//! The backtracking matcher: does what JavaScript does, within a budget.
//!
//! It keeps everything on the heap, so that no pattern and no text can exhaust a thread's stack.

use super::error::BudgetExhausted;
use super::fold;
use super::program::{Instruction, Program, UnitTest};
use super::trail::{NOWHERE, Place, Trail};

impl Program {
    /// Whether the pattern matches anywhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> Result<bool, BudgetExhausted> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(BudgetExhausted);
        }
        let text: Vec<u16> = text.encode_utf16().collect();
        let cells = self.rows.saturating_mul(text.len() + 1);
        let trail = Trail::new(self.registers, cells)?;
        let mut search = Search {
            program: self,
            text: &text,
            trail,
        };
        search.trail.charge(text.len() / UNITS_PER_STEP)?;
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
    trail: Trail,
}

impl Search<'_> {
    fn matches_from(&mut self, start: usize) -> Result<bool, BudgetExhausted> {
        let mut place = Place {
            instruction: 0,
            position: start,
        };
        loop {
            self.trail.charge(1)?;
            let Some(instruction) = self.program.instructions.get(place.instruction) else {
                return Ok(true);
            };
            let next = match self.execute(instruction, place)? {
                Some(next) => Some(next),
                None => self.trail.backtrack(),
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
        here: Place,
    ) -> Result<Option<Place>, BudgetExhausted> {
        let next = here.at(here.instruction + 1);
        let position = here.position;
        let holds = match *instruction {
            Instruction::BackReference { group, backward } => {
                return self.back_reference(group, backward, next);
            }
            Instruction::End => position == self.text.len(),
            Instruction::EndIteration { counter, min, head } => {
                let optional = self.trail.register(counter) > count(min);
                let empty = self.trail.register(counter + 1) == position;
                return Ok((!(optional && empty)).then_some(here.at(head)));
            }
            Instruction::EndLook => return self.trail.end_look(),
            Instruction::Jump { to } => return Ok(Some(here.at(to))),
            Instruction::Look { negated, end } => {
                self.trail.start_look(negated, here.at(end))?;
                true
            }
            Instruction::Loop {
                counter,
                min,
                max,
                greedy,
                exit,
            } => {
                let done = self.trail.register(counter);
                if done < count(min) {
                    return Ok(Some(next));
                }
                if max.is_some_and(|max| done >= count(max)) {
                    return Ok(Some(here.at(exit)));
                }
                let body = next.instruction;
                let (first, second) = if greedy { (body, exit) } else { (exit, body) };
                return self.split(here.at(first), here.at(second));
            }
            Instruction::Remember { row } => {
                return self
                    .trail
                    .remember(position * self.program.rows + row, next);
            }
            Instruction::ResetCounter { counter } => {
                self.trail.set_register(counter, 0)?;
                true
            }
            Instruction::Save { register } => {
                self.trail.set_register(register, position)?;
                true
            }
            Instruction::Set { ref set, backward } => return Ok(self.unit(set, backward, next)),
            Instruction::Split { first, second } => {
                return self.split(here.at(first), here.at(second));
            }
            Instruction::Start => position == 0,
            Instruction::StartIteration {
                counter,
                ref captures,
            } => {
                self.trail.charge(captures.len() + COUNTING_STEPS)?;
                let iteration = self.trail.register(counter).saturating_add(1);
                self.trail.set_register(counter, iteration)?;
                self.trail.set_register(counter + 1, position)?;
                for register in captures.clone() {
                    self.trail.set_register(register, NOWHERE)?;
                }
                true
            }
            Instruction::WordBoundary { negated } => {
                let before = position
                    .checked_sub(1)
                    .is_some_and(|before| self.is_word(before));
                negated == (before == self.is_word(position))
            }
        };
        Ok(holds.then_some(next))
    }

    fn split(&mut self, first: Place, second: Place) -> Result<Option<Place>, BudgetExhausted> {
        self.trail.retry_later(second)?;
        Ok(Some(first))
    }

    fn unit(&self, set: &UnitTest, backward: bool, next: Place) -> Option<Place> {
        let before = next.position.checked_sub(1);
        let (unit, position) = if backward {
            (before?, before?)
        } else {
            (next.position, next.position + 1)
        };
        let found = set.contains(*self.text.get(unit)?);
        found.then_some(Place { position, ..next })
    }

    /// A group that has not taken part matches the empty text.
    fn back_reference(
        &mut self,
        group: usize,
        backward: bool,
        next: Place,
    ) -> Result<Option<Place>, BudgetExhausted> {
        let captured = self.trail.register(group)..self.trail.register(group + 1);
        let captured = self.text.get(captured).unwrap_or_default();
        let position = next.position;
        let (from, to) = if backward {
            (position.checked_sub(captured.len()), Some(position))
        } else {
            (Some(position), position.checked_add(captured.len()))
        };
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(None);
        };
        let Some(found) = self.text.get(from..to) else {
            return Ok(None);
        };
        let same = |&(&left, &right): &(&u16, &u16)| {
            left == right
                || self.program.ignore_case && fold::canonical(left) == fold::canonical(right)
        };
        let equal = captured.iter().zip(found).take_while(same).count();
        self.trail.charge(equal / UNITS_PER_STEP)?;
        let position = if backward { from } else { to };
        Ok((equal == captured.len()).then_some(Place { position, ..next }))
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

/// Copying or comparing so many units of text takes as long as an instruction.
const UNITS_PER_STEP: usize = 4;

/// The longest text, in bytes: copying alone would take too long for more.
const MAX_TEXT_BYTES: usize = 1 << 24;

/// What starting an iteration of a counting loop costs beyond an instruction.
const COUNTING_STEPS: usize = 2;
