//! What the matcher can take back: choices, registers, and what it has learnt about places that
//! failed.

use super::error::BudgetExhausted;

/// An instruction and a position in the text.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) instruction: usize,
    pub(super) position: usize,
}

impl Place {
    /// The same position, at another instruction.
    pub(super) fn at(self, instruction: usize) -> Self {
        Self {
            instruction,
            ..self
        }
    }
}

/// The way to the current place, and the ways not taken.
pub(super) struct Trail {
    registers: Vec<usize>,
    choices: Vec<Choice>,
    memory: Vec<Memory>,
    budget: usize,
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

impl Trail {
    pub(super) fn new(registers: usize, cells: usize) -> Result<Self, BudgetExhausted> {
        if cells > MAX_CELLS {
            return Err(BudgetExhausted);
        }
        let mut trail = Self {
            registers: vec![NOWHERE; registers],
            choices: Vec::new(),
            memory: vec![Memory::Unknown; cells],
            budget: MAX_STEPS,
        };
        trail.charge(registers + cells / CELLS_PER_STEP)?;
        Ok(trail)
    }

    pub(super) fn charge(&mut self, steps: usize) -> Result<(), BudgetExhausted> {
        self.budget = self.budget.checked_sub(steps).ok_or(BudgetExhausted)?;
        Ok(())
    }

    pub(super) fn retry_later(&mut self, place: Place) -> Result<(), BudgetExhausted> {
        self.choose(Choice::Retry(place))
    }

    /// Begins a look-around that, should it hold, goes on at `end`.
    pub(super) fn start_look(&mut self, negated: bool, end: Place) -> Result<(), BudgetExhausted> {
        self.choose(Choice::Look { negated, end })
    }

    /// The innermost look-around has matched: its other ways are dropped, what it captured stays.
    pub(super) fn end_look(&mut self) -> Result<Option<Place>, BudgetExhausted> {
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

    /// Goes on to `next` if nothing is known about this cell yet. Whatever fails after that fails
    /// for good.
    pub(super) fn remember(
        &mut self,
        cell: usize,
        next: Place,
    ) -> Result<Option<Place>, BudgetExhausted> {
        match self.memory.get_mut(cell) {
            Some(memory @ Memory::Unknown) => *memory = Memory::Failed,
            Some(Memory::Succeeded) => return self.end_look(),
            _ => return Ok(None),
        }
        self.choose(Choice::Remembered { cell })?;
        Ok(Some(next))
    }

    /// The next way to try; `None` if there is none left.
    pub(super) fn backtrack(&mut self) -> Option<Place> {
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

    pub(super) fn register(&self, register: usize) -> usize {
        self.registers.get(register).copied().unwrap_or(NOWHERE)
    }

    pub(super) fn set_register(
        &mut self,
        register: usize,
        value: usize,
    ) -> Result<(), BudgetExhausted> {
        let before = self.register(register);
        self.choose(Choice::Restore {
            register,
            value: before,
        })?;
        self.restore(register, value);
        Ok(())
    }

    fn restore(&mut self, register: usize, value: usize) {
        if let Some(current) = self.registers.get_mut(register) {
            *current = value;
        }
    }

    fn choose(&mut self, choice: Choice) -> Result<(), BudgetExhausted> {
        if self.choices.len() >= MAX_CHOICES {
            return Err(BudgetExhausted);
        }
        self.choices.push(choice);
        Ok(())
    }
}

/// The value of a register that holds no position.
pub(super) const NOWHERE: usize = usize::MAX;

/// How much work one search may take: roughly this many instructions.
const MAX_STEPS: usize = 1_500_000;

/// Clearing so many cells of memory takes as long as an instruction.
const CELLS_PER_STEP: usize = 64;

/// The most memory cells, of one byte each.
const MAX_CELLS: usize = 1 << 24;

/// The most choices open at a time.
const MAX_CHOICES: usize = 1 << 18;
