//! The table of IC ops: what a fast path may do, written once for all tiers.
//!
//! A stub is a short program over *operands*: numbered values, of which the first are the site's inputs (receiver; key; value
//! to store) and the others are defined by ops. Ops that guard leave the stub when they fail, and the next stub is tried. The last op
//! gives the result or has the effect; there is exactly one such op in a stub, so failing is always possible before it and never after.
//!
//! Parameters that differ between stubs of the same form (shapes, offsets, cells) are not in the program but in the
//! stub's data words, so that compiled code can be shared by stubs with equal programs.
//!
//! | operand kind | encoding | meaning |
//! |---|---|---|
//! | `In` | u8 | an operand that is read |
//! | `Def` | u8 | an operand that the op defines |
//! | `Shape` | u8 | index of a data word: a shape id, held weakly |
//! | `Cell` | u8 | index of a data word: a cell, held strongly |
//! | `Word` | u8 | index of a data word: a number |
//! | `Imm` | u8 | a small number |

/// Calls `$callback!` with all rows of the table.
#[macro_export]
macro_rules! for_each_ic_op {
    ($callback:ident) => {
        $callback! {
            // ---- Guards
            /// Fails unless the value is an object.
            GuardObject { value: In };
            /// Fails unless the value is a string.
            GuardString { value: In };
            /// Fails unless the value is a number.
            GuardNumber { value: In };
            /// Fails unless the value is a boolean.
            GuardBoolean { value: In };
            /// Fails unless the value is a symbol.
            GuardSymbol { value: In };
            /// Fails unless the value is a BigInt.
            GuardBigInt { value: In };
            /// Fails unless the value is an int32 that is not negative.
            GuardIndex { value: In };
            /// Fails unless the object has the shape.
            GuardShape { object: In, shape: Shape };
            /// Fails unless the cell is of the kind.
            GuardKind { object: In, kind: Imm };
            /// Fails unless the object's elements are of the kind.
            GuardElements { object: In, kind: Imm };
            /// Fails unless the value is this cell (a key, a function).
            GuardCell { value: In, cell: Cell };
            /// Fails unless the called function runs this code block.
            GuardCode { value: In, cell: Cell };
            /// Fails if any object that a cache walked through as a prototype has changed its structure since the epoch. (The optimizer
            /// depends on the holder's validity fuse instead.)
            GuardPrototypes { epoch: Word };
            /// Fails unless no prototype has indexed properties, so that a hole is undefined.
            GuardHolesUndefined { };

            // ---- Operands
            /// Defines an operand: the cell.
            UseCell { result: Def, cell: Cell };
            /// Defines an operand: the object's inline slot at a byte offset.
            ReadInlineSlot { result: Def, object: In, offset: Word };
            /// Defines an operand: the object's out-of-line slot at a byte offset.
            ReadOutOfLineSlot { result: Def, object: In, offset: Word };

            // ---- Results
            /// The object's inline slot at a byte offset from its start.
            LoadInlineSlot { object: In, offset: Word };
            /// The object's out-of-line slot at a byte offset from the slots' start.
            LoadOutOfLineSlot { object: In, offset: Word };
            /// undefined.
            LoadUndefined { };
            /// A boolean.
            LoadBoolean { value: Imm };
            /// The length of an array.
            LoadArrayLength { object: In };
            /// The length of a typed array, whose prototype's getter of that name is the original one.
            LoadTypedLength { object: In };
            /// The size of a map or set, whose prototype's getter of that name is the original one.
            LoadCollectionSize { object: In };
            /// The length of a string.
            LoadStringLength { string: In };
            /// An element of dense elements; a hole is undefined if the stub guards that, else it fails.
            LoadElement { object: In, key: In };
            /// An element of a typed array, within its bounds.
            LoadTypedElement { object: In, key: In };
            /// A character of a string, within its bounds.
            LoadStringCharacter { string: In, key: In };
            /// The value of a global binding's record; fails in its dead zone.
            LoadBinding { cell: Cell };
            /// The getter of an accessor pair, called with the receiver. The only result that runs script.
            CallGetter { receiver: In, accessor: In };
            /// OrdinaryHasInstance: whether the prototype object is on the value's chain.
            HasPrototype { value: In, prototype: In };

            // ---- Effects
            /// Stores the value in the object's inline slot.
            StoreInlineSlot { object: In, offset: Word, value: In };
            /// Stores the value in the object's out-of-line slot.
            StoreOutOfLineSlot { object: In, offset: Word, value: In };
            /// Gives the object the shape, and stores the value in the new inline slot.
            AddInlineSlot { object: In, offset: Word, shape: Shape, value: In };
            /// Gives the object the shape, and stores the value in the new out-of-line slot; grows the slots.
            AddOutOfLineSlot { object: In, offset: Word, shape: Shape, value: In };
            /// Empties the inline slot, and gives the object the shape that it had before that was added. The result is true.
            RemoveInlineSlot { object: In, offset: Word, shape: Shape };
            /// The same of an out-of-line slot.
            RemoveOutOfLineSlot { object: In, offset: Word, shape: Shape };
            /// Stores an element of dense elements within its length.
            StoreElement { object: In, key: In, value: In };
            /// Appends an element to an array.
            AppendElement { object: In, key: In, value: In };
            /// Stores an element of a typed array within its bounds.
            StoreTypedElement { object: In, key: In, value: In };
            /// Stores the value in a global binding's record; fails in its dead zone.
            StoreBinding { cell: Cell, value: In };
            /// Calls the setter of an accessor pair with the receiver and the value.
            CallSetter { receiver: In, accessor: In, value: In };
        }
    };
}

/// What an operand byte of an IC op is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IcOperand {
    In,
    Def,
    Shape,
    Cell,
    Word,
    Imm,
}

macro_rules! define_ic_ops {
    ($($(#[doc = $doc:literal])+ $name:ident { $($field:ident: $kind:ident),* };)*) => {
        /// The IC ops.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum IcOp { $($(#[doc = $doc])+ $name,)* }

        impl IcOp {
            pub const ALL: &'static [IcOp] = &[$(IcOp::$name,)*];

            pub const fn name(self) -> &'static str {
                match self { $(IcOp::$name => stringify!($name),)* }
            }
            /// Names and kinds of the operand bytes, in order.
            pub const fn operands(self) -> &'static [(&'static str, IcOperand)] {
                match self { $(IcOp::$name => &[$((stringify!($field), IcOperand::$kind),)*],)* }
            }
        }

        /// A reader of stub programs: one method an op. The interpreter, the baseline compiler and the optimizer each implement it.
        #[allow(non_snake_case)]
        pub trait IcVisitor {
            /// What a visit gives; the walk goes on while [`IcVisitor::goes_on`] says so.
            type Output;
            fn goes_on(output: &Self::Output) -> bool;
            $($(#[doc = $doc])+ fn $name(&mut self, $($field: u8),*) -> Self::Output;)*
        }

        /// Shows the ops of a program to a visitor, in order, until it has enough. Gives the last output; `None` for an empty program.
        #[inline(always)]
        pub fn visit_program<V: IcVisitor>(program: &[u8], visitor: &mut V) -> Option<V::Output> {
            let mut at = 0;
            let mut last = None;
            while at < program.len() {
                let op = IcOp::from_byte(program[at])?;
                at += 1;
                let output = match op {
                    $(IcOp::$name => {
                        $(let $field = program[at]; at += 1;)*
                        visitor.$name($($field),*)
                    })*
                };
                let goes_on = V::goes_on(&output);
                last = Some(output);
                if !goes_on { break; }
            }
            last
        }

        impl super::writer::IcWriter {
            $($(#[doc = $doc])+
            #[allow(non_snake_case)]
            pub fn $name(&mut self, $($field: u8),*) -> &mut Self {
                self.push(IcOp::$name, &[$($field),*]);
                self
            })*
        }
    };
}

for_each_ic_op!(define_ic_ops);

impl IcOp {
    pub fn from_byte(byte: u8) -> Option<IcOp> {
        IcOp::ALL.get(byte as usize).copied()
    }
}

/// The instructions of a program: op and operand bytes.
pub fn instructions(program: &[u8]) -> impl Iterator<Item = (IcOp, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let op = IcOp::from_byte(*program.get(at)?)?;
        let operands = program.get(at + 1..at + 1 + op.operands().len())?;
        at += 1 + operands.len();
        Some((op, operands))
    })
}
