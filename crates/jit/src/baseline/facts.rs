//! What is known of VM registers within a stretch of code that is entered only at its beginning.

/// What a register holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Fact {
    #[default]
    Unknown,
    Int32,
    /// A number in the encoding of doubles.
    Double,
    /// true or false.
    Boolean,
}

/// Facts by register. Forgetting everything is cheap: facts carry the number of the stretch they hold in.
#[derive(Default)]
pub struct Facts {
    facts: Vec<(u32, Fact)>,
    /// The registers of the function.
    registers: usize,
    stretch: u32,
}

impl Facts {
    /// Nothing is known of a new function's registers.
    pub fn begin(&mut self, registers: usize) {
        if self.facts.len() < registers || self.stretch > u32::MAX / 2 {
            self.facts.clear();
            self.facts.resize(registers.max(self.facts.capacity()), (0, Fact::Unknown));
            self.stretch = 0;
        }
        self.registers = registers;
        self.forget_all();
    }
    pub fn forget_all(&mut self) {
        // A function has fewer than 2^31 instructions.
        self.stretch += 1;
    }
    pub fn get(&self, register: u16) -> Fact {
        match self.facts.get(register as usize) {
            Some(&(stretch, fact)) if stretch == self.stretch => fact,
            _ => Fact::Unknown,
        }
    }
    pub fn set(&mut self, register: u16, fact: Fact) {
        if let Some(slot) = self.facts.get_mut(register as usize) {
            *slot = (self.stretch, fact);
        }
    }
    pub fn forget(&mut self, register: u16) {
        self.set(register, Fact::Unknown);
    }
    pub fn forget_run(&mut self, first: u16, count: u16) {
        (first..first.saturating_add(count)).for_each(|r| self.forget(r));
    }
    pub fn forget_from(&mut self, first: u16) {
        if let Some(slots) = self.facts.get_mut(first as usize..self.registers) {
            slots.fill((0, Fact::Unknown));
        }
    }
}
