//! The verifier: everything that compilation may assume about bytecode is checked here, by one walk over all ways through it.

use super::*;

/// The most parameters of a function, and arguments of a call.
pub const MAX_ARGS: usize = 8;

/// The most locals of a function, and values on its stack.
const MAX_FRAME: usize = 1 << 12;

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub struct Callable {
    pub num_params: usize,
    pub target: Target,
}

/// Where a callable is.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// Machine code at this address.
    Compiled { entry: u64, index: usize },
    /// A host function.
    Host(u64),
}

/// What a call instruction reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    /// The function itself.
    Itself,
    /// Machine code at this address.
    Compiled(u64),
    /// A host function.
    Host(u64),
}

/// A verified function with its callees resolved.
#[derive(Debug)]
pub struct Unit<'a> {
    /// The function.
    pub function: &'a Function,
    /// Height of the stack before each instruction; none if it cannot be reached.
    pub heights: Vec<Option<usize>>,
    /// Greatest height.
    pub max_height: usize,
    /// The callees, by number; the function itself is number 0.
    pub callees: Vec<Callee>,
    /// Whether a jump leads to an instruction.
    pub is_target: Vec<bool>,
}

pub fn verify<'a>(function: &'a Function, names: &FxHashMap<String, Callable>) -> Result<Unit<'a>, CompileError> {
    let code = &function.bytecode;
    if function.num_params > MAX_ARGS {
        return Err(CompileError::Signature("a function has at most 8 parameters"));
    }
    if function.num_locals < function.num_params || function.num_locals > MAX_FRAME {
        return Err(CompileError::Signature("a function has at least as many locals as parameters, and at most 4096"));
    }
    let mut counts = vec![Some(function.num_params)];
    let mut callees = vec![Callee::Itself];
    for name in &function.callees {
        // A name that is unknown is an error only where it is called.
        let known = names.get(name);
        counts.push(known.map(|callable| callable.num_params));
        callees.push(match known.map(|callable| callable.target) {
            Some(Target::Host(address)) => Callee::Host(address),
            Some(Target::Compiled { entry, .. }) => Callee::Compiled(entry),
            None => Callee::Itself,
        });
    }
    let mut unit =
        Unit { function, heights: vec![None; code.len()], max_height: 0, callees, is_target: vec![false; code.len()] };
    let mut work = vec![(0usize, 0usize, 0usize)];
    while let Some((from, at, height)) = work.pop() {
        let fail = |at, what| Err(CompileError::BadBytecode { at, what });
        if at >= code.len() {
            return fail(from, BadBytecode::NoReturn);
        }
        match unit.heights[at] {
            Some(known) if known == height => continue,
            Some(_) => return fail(at, BadBytecode::StackMismatch),
            None => unit.heights[at] = Some(height),
        }
        let Instruction { opcode, operand } = code[at];
        let (mut pops, pushes) = opcode.stack_effect();
        let index = usize::try_from(operand).ok();
        match opcode {
            Opcode::LoadLocal | Opcode::StoreLocal if index.is_none_or(|local| local >= function.num_locals) => {
                return fail(at, BadBytecode::UnknownLocal);
            }
            Opcode::LoadPool if index.is_none_or(|entry| entry >= function.constants.len()) => {
                return fail(at, BadBytecode::UnknownConstant);
            }
            Opcode::Call => {
                let callee = (operand as u32 >> 8) as usize;
                let Some(Some(count)) = counts.get(callee) else {
                    return fail(at, BadBytecode::UnknownCallee);
                };
                pops = operand as usize & 0xff;
                if pops != *count || pops > MAX_ARGS {
                    return fail(at, BadBytecode::ArgumentCount);
                }
            }
            _ => {}
        }
        let Some(below) = height.checked_sub(pops) else {
            return fail(at, BadBytecode::StackUnderflow);
        };
        let after = below + pushes;
        unit.max_height = unit.max_height.max(after);
        if after > MAX_FRAME {
            return Err(CompileError::Signature("a function has at most 4096 values on its stack"));
        }
        if matches!(opcode, Opcode::Jump | Opcode::JumpIfFalse) {
            let Some(target) = index.filter(|&target| target < code.len()) else {
                return fail(at, BadBytecode::JumpOutside);
            };
            unit.is_target[target] = true;
            work.push((at, target, after));
        }
        if !matches!(opcode, Opcode::Jump | Opcode::Return) {
            work.push((at, at + 1, after));
        }
    }
    Ok(unit)
}
