//! The interpreter's loop: one `match` over the opcodes, and the table of what each op runs.
//!
//! Its registers are a [`Machine`]: the pc, the frame, the frame's code and sites. Operands are read from the instruction's
//! units with no bounds checks: the verifier has bounded every register, constant, slot and jump. Int32 and double
//! arithmetic, compares, monomorphic property access, dense elements and calls of JavaScript functions are inline, in a
//! file a topic; everything else is a call of a handler out of line, in the topics' files beside this folder.
//!
//! * [`machine`]: the registers and the ways a handler ends;
//! * [`values`]: moves, constants, checks, scopes, conversions;
//! * [`numbers`]: arithmetic; [`compare`]: comparisons and jumps;
//! * [`access`]: globals, properties, elements; [`frames`]: calls, returns, iteration.
//!
//! Invariants:
//! - `Interp::frame` is the machine's frame whenever anything outside this folder runs.
//! - The pc is stored before anything that can throw, call or collect runs.
//! - No `Value` in a local survives such a call: handlers re-read registers.
//! - Frames of JavaScript callees are pushed here without recursion; returning pops them. Only a frame with the flag
//!   ENTRY leaves the function.
//!
//! # A jump to the next instruction for each op
//!
//! A processor predicts an indirect jump from where it stands, so an interpreter wants one at the end of each handler, not one
//! in all. LLVM makes copies of a block that ends in an indirect jump (its tail duplication), but only of one that has no more
//! than 16 blocks before it. So the ways back to the `match` are a tree: each op's ways out meet in a block of the op, up to 16
//! ops meet in a block of their group, and at most 15 groups meet at the `match`. The blocks hold assembly comments, which keep
//! LLVM from folding them away too early (two a block: it copies blocks of one instruction too soon). In the end each op has its own
//! indirect jump; programs of the benchmark matrix then take 0.68 to 0.95 of the time. If a later LLVM decides otherwise, nothing is lost but that.

mod access;
mod compare;
mod frames;
mod machine;
mod numbers;
mod values;

use super::entry::{SegmentExit, stack_pointer};
use super::{
    arguments, arithmetic, calls, classes, control, dispose, element, globals, iteration, literals, names, property,
    super_property,
};
use crate::context::Context;
use crate::{generator, module, tier, unwind};
use machine::{Machine, Step};
use tercel_bytecode::Op;
use tercel_bytecode::op::instr;

/// Two comments in the machine code: see the module's text.
macro_rules! landmark {
    ($name:tt) => {
        std::arch::asm!(concat!("/* ", stringify!($name), " */"), options(nomem, nostack, preserves_flags));
        std::arch::asm!(concat!("/* to ", stringify!($name), " */"), options(nomem, nostack, preserves_flags));
    };
}

/// What an op runs: an inline handler, or one out of line that goes on with the next instruction, may jump to the operand
/// `target`, or may change frames.
macro_rules! step {
    ($m:ident, $op:ident, inline $handler:path) => {
        $handler(&mut $m)
    };
    ($m:ident, $op:ident, simple $handler:path) => {
        $m.simple::<instr::$op>($handler)
    };
    ($m:ident, $op:ident, jumping $handler:path) => {
        $m.jumping($handler, |i: instr::$op| i.target.0)
    };
    ($m:ident, $op:ident, flowing $handler:path) => {
        $m.flowing::<instr::$op>($handler)
    };
}

/// Runs the instruction at `$m.pc`, and goes on with loop `$run`, or breaks it with another step than `Go`. Rows are grouped
/// by at most 16; a group is a label.
macro_rules! dispatch {
    ($m:ident, $run:lifetime; $($group:lifetime { $($row:tt)* })*) => {
        dispatch!(@nest $m, $run; [$($group)*] $($group { $($row)* })*)
    };
    (@nest $m:ident, $run:lifetime; [$first:lifetime $($rest:lifetime)*] $($groups:tt)*) => {{
        $first: {
            dispatch!(@nest $m, $run; [$($rest)*] $($groups)*)
        }
        landmark!($first);
        continue $run
    }};
    (@nest $m:ident, $run:lifetime; [] $($group:lifetime { $($op:ident: $how:ident $handler:path,)* })*) => {
        match std::mem::transmute::<u8, Op>(*$m.pc as u8) {$($(
            Op::$op => match step!($m, $op, $how $handler) {
                Step::Go => {
                    landmark!($op);
                    break $group;
                }
                step => break $run step,
            },
        )*)*}
    };
}

/// Runs frames until the outermost one of this segment (the innermost one with a flag of LEAVES) returns or throws, or the
/// innermost frame is to go on in machine code. `throwing`: begins with a throw of the pending exception in the innermost
/// frame.
///
/// # Safety
/// `Interp::frame` is a frame of a JavaScript function, and `Interp::pc` lies in its verified code.
pub(crate) unsafe fn run_segment(cx: &Context, throwing: bool) -> SegmentExit {
    let state = &cx.interp;
    state.exit_sp.set(stack_pointer());
    if throwing && !unwind::unwind(cx) {
        return SegmentExit::Throw;
    }
    let mut step = Step::Reload;
    loop {
        match step {
            Step::Go | Step::Reload => {
                if let Some(target) = tier::begin_innermost(cx) {
                    state.tiers.target.set(target);
                    return SegmentExit::EnterCode;
                }
            }
            Step::Throw => {
                if !unwind::unwind(cx) {
                    return SegmentExit::Throw;
                }
            }
            Step::Return => {
                if let Some(exit) = unwind::return_result(cx) {
                    return exit;
                }
            }
            Step::Leave(exit) => return exit,
        }
        // SAFETY: `Interp::frame` is the innermost frame, at `Interp::pc`: the caller has it so, and so does each step that
        // leads here.
        let mut m = unsafe { Machine::innermost(cx) };
        step = 'run: loop {
            // SAFETY: the pc is at an instruction of verified code, whose low byte is an op.
            unsafe {
                dispatch! { m, 'run;
                    'values {
                        Move: inline values::mov,
                        LoadUndefined: inline values::load_undefined,
                        LoadNull: inline values::load_null,
                        LoadTrue: inline values::load_true,
                        LoadFalse: inline values::load_false,
                        LoadEmpty: inline values::load_empty,
                        LoadInt: inline values::load_int,
                        LoadInt32: inline values::load_int32,
                        LoadConst: inline values::load_const,
                        ToPropertyKey: simple arithmetic::to_property_key,
                        ToNumeric: inline values::to_numeric,
                        ToNumber: inline values::to_number,
                        ToString: inline values::to_string,
                        ToObject: simple arithmetic::to_object,
                        CoerceThis: inline values::coerce_this,
                        Concat: simple arithmetic::concat,
                    }
                    'checks {
                        CheckTdz: inline values::check_tdz,
                        CheckThis: inline values::check_this,
                        CheckThisUnbound: inline values::check_this_unbound,
                        CheckObject: inline values::check_object,
                        CheckCoercible: inline values::check_coercible,
                        CheckCallable: simple control::check_callable,
                        ThrowError: inline values::throw_error,
                        ThrowConstAssign: inline values::throw_const_assign,
                        Throw: inline values::throw_value,
                        NewScope: simple control::new_scope,
                        CloneScope: simple control::clone_scope,
                        LoadScoped: inline values::load_scoped,
                        LoadScopedChecked: inline values::load_scoped_checked,
                        StoreScoped: inline values::store_scoped,
                        StoreScopedChecked: inline values::store_scoped_checked,
                        LoadImport: simple module::load_import,
                    }
                    'names {
                        LoadName: simple names::load_name,
                        TypeofName: simple names::typeof_name,
                        LoadNameForCall: simple names::load_name_for_call,
                        ResolveName: simple names::resolve_name,
                        LoadResolved: simple names::load_resolved,
                        StoreResolved: simple names::store_resolved,
                        DeleteName: simple names::delete_name,
                        DeclareGlobals: simple globals::declare_globals,
                        DeclareEvalVars: simple globals::declare_eval_vars,
                        GetGlobal: inline access::get_global,
                        TypeofGlobal: simple globals::typeof_global,
                        HasGlobal: simple globals::has_global,
                        SetGlobal: inline access::set_global,
                        InitGlobal: simple globals::init_global,
                    }
                    'properties {
                        GetNamed: inline access::get_named,
                        GetLength: inline access::get_length,
                        GetMethod: inline access::get_method,
                        SetNamed: inline access::set_named,
                        GetElem: inline access::get_elem,
                        GetElemUpdate: flowing element::get_elem_update,
                        GetMethodElem: flowing element::get_method_elem,
                        SetElem: inline access::set_elem,
                        DeleteNamed: simple property::delete_named,
                        DeleteElem: simple property::delete_elem,
                        In: simple property::has_in,
                        InstanceOf: simple property::instance_of,
                        LoadHomeObject: inline access::load_home_object,
                        GetSuperBase: simple super_property::get_super_base,
                        GetSuper: flowing super_property::get_super,
                        SetSuper: flowing super_property::set_super,
                    }
                    'classes {
                        NewPrivateName: simple classes::new_private_name,
                        GetPrivate: flowing classes::get_private,
                        SetPrivate: flowing classes::set_private,
                        DefinePrivate: simple classes::define_private,
                        HasPrivate: simple classes::has_private,
                        DefineMethod: simple classes::define_method,
                        SetHomeObject: simple classes::set_home_object,
                        DefineClass: simple classes::define_class,
                        SetClassInit: simple classes::set_class_init,
                        GetClassInit: jumping classes::get_class_init,
                        GetSuperConstructor: simple classes::get_super_constructor,
                        CheckConstructorReturn: simple control::check_constructor_return,
                    }
                    'literals {
                        NewObject: simple literals::new_object,
                        NewObjectFrom: simple literals::new_object_from,
                        NewArray: simple literals::new_array,
                        NewArrayFrom: simple literals::new_array_from,
                        NewArrayConst: simple literals::new_array_const,
                        ArrayPush: simple literals::array_push,
                        ArrayHole: simple literals::array_hole,
                        ArraySpread: jumping literals::array_spread,
                        DefineNamed: simple literals::define_named,
                        DefineElem: simple literals::define_elem,
                        SetProto: simple literals::set_proto,
                        SetFunctionName: simple classes::set_function_name,
                        CopyDataProperties: simple literals::copy_data_properties,
                        NewRegExp: simple literals::new_regexp,
                        TemplateObject: simple literals::template_object,
                        Closure: simple literals::closure,
                    }
                    'numbers {
                        Add: inline numbers::add,
                        Sub: inline numbers::sub,
                        Mul: inline numbers::mul,
                        Div: inline numbers::div,
                        Mod: inline numbers::modulo,
                        Exp: simple arithmetic::exp,
                        AddImm: inline numbers::add_imm,
                        SubImm: inline numbers::sub_imm,
                        MulImm: inline numbers::mul_imm,
                        DivImm: inline numbers::div_imm,
                        ModImm: inline numbers::modulo_imm,
                        Inc: inline numbers::inc,
                        Dec: inline numbers::dec,
                        Neg: inline numbers::neg,
                    }
                    'bits {
                        BitAnd: inline numbers::bit_and,
                        BitOr: inline numbers::bit_or,
                        BitXor: inline numbers::bit_xor,
                        Shl: inline numbers::shl,
                        Shr: inline numbers::shr,
                        UShr: inline numbers::ushr,
                        BitAndImm: inline numbers::bit_and_imm,
                        BitOrImm: inline numbers::bit_or_imm,
                        BitXorImm: inline numbers::bit_xor_imm,
                        ShlImm: inline numbers::shl_imm,
                        ShrImm: inline numbers::shr_imm,
                        UShrImm: inline numbers::ushr_imm,
                        BitNot: inline numbers::bit_not,
                        Not: inline numbers::not,
                        TypeOf: simple arithmetic::type_of,
                        TypeOfIs: inline numbers::type_of_is,
                    }
                    'comparisons {
                        Eq: inline compare::eq,
                        NotEq: inline compare::not_eq,
                        StrictEq: inline compare::strict_eq,
                        StrictNotEq: inline compare::strict_not_eq,
                        Less: inline compare::less,
                        LessEq: inline compare::less_eq,
                        Greater: inline compare::greater,
                        GreaterEq: inline compare::greater_eq,
                        JumpIfTrue: inline compare::if_true,
                        JumpIfFalse: inline compare::if_false,
                        JumpIfNullish: inline compare::if_nullish,
                        JumpIfNotNullish: inline compare::if_not_nullish,
                        JumpIfUndefined: inline compare::if_undefined,
                        JumpIfNotUndefined: inline compare::if_not_undefined,
                        JumpIfNull: inline compare::if_null,
                        JumpIfNotNull: inline compare::if_not_null,
                    }
                    'jumps {
                        Jump: inline compare::jump,
                        LoopBack: inline compare::loop_back,
                        SwitchTable: inline compare::switch_table,
                        JumpIfEq: inline compare::if_eq,
                        JumpIfNotEq: inline compare::if_not_eq,
                        JumpIfStrictEq: inline compare::if_strict_eq,
                        JumpIfStrictNotEq: inline compare::if_strict_not_eq,
                        JumpIfLess: inline compare::if_less,
                        JumpIfLessEq: inline compare::if_less_eq,
                        JumpIfGreater: inline compare::if_greater,
                        JumpIfGreaterEq: inline compare::if_greater_eq,
                        JumpIfNotLess: inline compare::if_not_less,
                        JumpIfNotLessEq: inline compare::if_not_less_eq,
                        JumpIfNotGreater: inline compare::if_not_greater,
                        JumpIfNotGreaterEq: inline compare::if_not_greater_eq,
                    }
                    'immediate_jumps {
                        JumpIfEqImm: inline compare::if_eq_imm,
                        JumpIfNotEqImm: inline compare::if_not_eq_imm,
                        JumpIfStrictEqImm: inline compare::if_strict_eq_imm,
                        JumpIfStrictNotEqImm: inline compare::if_strict_not_eq_imm,
                        JumpIfLessImm: inline compare::if_less_imm,
                        JumpIfLessEqImm: inline compare::if_less_eq_imm,
                        JumpIfGreaterImm: inline compare::if_greater_imm,
                        JumpIfGreaterEqImm: inline compare::if_greater_eq_imm,
                        JumpIfNotLessImm: inline compare::if_not_less_imm,
                        JumpIfNotLessEqImm: inline compare::if_not_less_eq_imm,
                        JumpIfNotGreaterImm: inline compare::if_not_greater_imm,
                        JumpIfNotGreaterEqImm: inline compare::if_not_greater_eq_imm,
                    }
                    'calls {
                        Call: inline frames::call,
                        CallMethod: inline frames::call_method,
                        TailCall: flowing calls::tail_call,
                        TailCallMethod: flowing calls::tail_call_method,
                        Construct: flowing calls::construct,
                        SuperCall: flowing calls::super_call,
                        CallSpread: flowing calls::call_spread,
                        ConstructSpread: flowing calls::construct_spread,
                        DirectEval: flowing calls::direct_eval,
                        DirectEvalSpread: flowing calls::direct_eval_spread,
                        CallRuntime: simple calls::call_runtime,
                        Return: inline frames::ret,
                        ReturnUndefined: inline frames::return_undefined,
                        CreateArguments: simple arguments::create_arguments,
                        CreateMappedArguments: simple arguments::create_mapped_arguments,
                        CreateRest: simple arguments::create_rest,
                    }
                    'iteration {
                        IterFast: jumping iteration::iter_fast,
                        GetIterMethod: simple iteration::get_iter_method,
                        GetAsyncIterMethod: jumping iteration::get_async_iter_method,
                        AsyncFromSync: simple iteration::async_from_sync,
                        IterNext: inline frames::iter_next,
                        IterCall: flowing iteration::iter_call,
                        GetIterReturn: jumping iteration::get_iter_return,
                        ForInStart: jumping iteration::for_in_start,
                        ForInNext: jumping iteration::for_in_next,
                        ImportCall: simple module::import_call,
                        ImportMeta: simple module::import_meta,
                        NewDisposeStack: simple dispose::new_stack,
                        AddDisposable: simple dispose::add,
                        DisposeNext: jumping dispose::next,
                        NewSuppressedError: simple dispose::new_suppressed_error,
                        Debugger: inline frames::debugger,
                    }
                    'generators {
                        CreateGenerator: flowing generator::op_create_generator,
                        AsyncStart: simple generator::op_async_start,
                        Yield: flowing generator::op_yield,
                        YieldDelegate: flowing generator::op_yield_delegate,
                        Await: flowing generator::op_await,
                        GeneratorReturn: flowing generator::op_generator_return,
                        GeneratorThrow: flowing generator::op_generator_throw,
                        AsyncReturn: flowing generator::op_async_return,
                        AsyncThrow: flowing generator::op_async_throw,
                    }
                }
            }
        };
    }
}
