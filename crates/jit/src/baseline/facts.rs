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
pub struct Facts {
    facts: Vec<(u32, Fact)>,
    stretch: u32,
}

impl Facts {
    pub fn new(registers: usize) -> Facts {
        Facts { facts: vec![(0, Fact::Unknown); registers], stretch: 1 }
    }
    pub fn forget_all(&mut self) {
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
        for slot in self.facts.iter_mut().skip(first as usize) {
            *slot = (0, Fact::Unknown);
        }
    }
}
