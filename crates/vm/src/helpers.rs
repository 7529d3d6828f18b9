//! Runtime helpers: the functions that machine code calls, in one table.
//!
//! A helper of an op does all that the op does, whatever its operands are; machine code brings the fast paths. There are five
//! styles, by what the result in rax means and what may happen to frames. What an op may do (collect, run script, throw) is in the op
//! table ([`tercel_bytecode::table`]) and holds for its helper.
//!
//! | style | rax | frames |
//! |---|---|---|
//! | `Plain` | 0 done, 1 threw | as before |
//! | `Jump` | 0 fall through, 1 take the jump, 2 threw | as before |
//! | `Relation` | 0 false, 1 true, 2 threw | as before |
//! | `Call` | 0 done, 1 threw, else: an address to be called with the innermost frame, which was pushed | perhaps one more |
//! | `Leave` | 0 go on, 1 threw, 2 return `Interp::result`, else: an address to jump to with the innermost frame, in the same native frame | perhaps replaced |
//!
//! Every helper gets the context, the frame and the address of the instruction, and stores the latter two where the rest of the engine looks for them: machine code
//! itself does not keep them up to date.

use crate::call::{CallSite, Prepared, call_native};
use crate::cell::Gc;
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::JsResult;
use crate::feedback::Site;
use crate::frame::Frame;
use crate::interp::iteration::Stepped;
use crate::interp::{
    Flow, Pc, arguments, arithmetic, calls, classes, control, dispose, element, globals, iteration, literals, names,
    property, super_property,
};
use crate::machine;
use crate::value::Value;
use crate::{generator, interrupt, module, unwind};
use tercel_bytecode::Op;
use tercel_bytecode::op::instr;

/// What a helper's result means: see the module's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    Plain,
    Jump,
    Relation,
    Call,
    Leave,
}

/// A helper.
#[derive(Clone, Copy, Debug)]
pub struct Helper {
    pub style: Style,
    /// Its address: a function with the System V ABI.
    pub address: usize,
}

#[inline(always)]
fn enter(cx: &Context, frame: Frame, pc: Pc) {
    cx.interp.frame.set(frame);
    cx.interp.pc.set(pc.0);
}

/// A handler that only throws.
macro_rules! thrower {
    ($($name:ident => |$cx:ident, $frame:ident, $pc:ident| $throw:expr;)*) => {$(
        #[cold]
        fn $name($cx: &Context, $frame: Frame, $pc: Pc) -> JsResult<()> {
            Err($throw)
        }
    )*};
}

thrower! {
    throw_tdz_of_check => |cx, frame, pc| control::throw_tdz(cx, frame.code(), pc.decode::<instr::CheckTdz>().name.0);
    throw_tdz_of_load => |cx, frame, pc| {
        control::throw_tdz(cx, frame.code(), pc.decode::<instr::LoadScopedChecked>().name.0)
    };
    throw_tdz_of_store => |cx, frame, pc| {
        control::throw_tdz(cx, frame.code(), pc.decode::<instr::StoreScopedChecked>().name.0)
    };
    throw_no_this => |cx, _frame, _pc| control::throw_no_this(cx);
    throw_super_twice => |cx, _frame, _pc| control::throw_super_twice(cx);
    throw_error => |cx, frame, pc| control::throw_error(cx, frame, pc);
    throw_const_assign => |cx, frame, pc| control::throw_const_assign(cx, frame, pc);
    throw_value => |cx, frame, pc| cx.throw(frame.get(pc.decode::<instr::Throw>().src.0 as usize));
}

fn set_slot_of_scope(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::StoreScoped = pc.decode();
    // SAFETY: operands called `scope` hold scopes.
    let scope: Gc<crate::scope::Scope> = unsafe { Gc::from_addr(frame.get(i.scope.0 as usize).bits() as usize) };
    scope.ancestor(i.depth.0 as usize).set_slot(cx, i.index.0 as usize, frame.get(i.src.0 as usize));
    Ok(())
}

fn not(_: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::Not = pc.decode();
    frame.set(i.dst.0 as usize, Value::boolean(!frame.get(i.a.0 as usize).to_boolean()));
    Ok(())
}

fn type_of_is(_: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::TypeOfIs = pc.decode();
    frame.set(i.dst.0 as usize, Value::boolean(arithmetic::type_of_is(frame.get(i.a.0 as usize), i.what.0)));
    Ok(())
}

fn call(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::Call = pc.decode();
    frame.offset(i.block.0 as usize).set(crate::frame::THIS, Value::UNDEFINED);
    call_block::<instr::Call>(cx, frame, pc, i.block.0, i.argc.0, i.dst.0, i.slot.0)
}

fn call_method(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::CallMethod = pc.decode();
    call_block::<instr::CallMethod>(cx, frame, pc, i.block.0, i.argc.0, i.dst.0, i.slot.0)
}

fn call_block<I: tercel_bytecode::op::Instr>(
    cx: &Context,
    frame: Frame,
    pc: Pc,
    block: u16,
    argc: u16,
    dst: u16,
    slot: u32,
) -> JsResult<Flow> {
    let code = frame.code();
    let callee = frame.get(block as usize);
    if let Some(function) = callee.as_kind::<crate::function::Function>(crate::cell::Kind::Function) {
        let site = code.site(slot as usize);
        if site.cell.get().bits() != function.code().addr() as u64 {
            calls::record_target(cx, code, site, function.code());
        }
    }
    let return_pc = code.offset_of(pc.0) + I::LEN;
    calls::call_slow(cx, frame, block, argc as usize, dst, return_pc, slot)
}

/// The helper functions, and the table by op.
macro_rules! helpers {
    (
        plain { $($plain:ident => $plain_handler:path;)* }
        jump { $($jump:ident => $jump_handler:path;)* }
        relation { $($relation:ident => $relation_handler:path;)* }
        call { $($call:ident => $call_handler:path;)* }
        leave { $($leave:ident => $leave_handler:path;)* }
    ) => {
        #[allow(non_snake_case)]
        mod functions {
            use super::*;
            $(pub extern "C" fn $plain(cx: &Context, frame: Frame, pc: Pc) -> u64 {
                enter(cx, frame, pc);
                u64::from($plain_handler(cx, frame, pc).is_err())
            })*
            $(pub extern "C" fn $jump(cx: &Context, frame: Frame, pc: Pc) -> u64 {
                enter(cx, frame, pc);
                match $jump_handler(cx, frame, pc) {
                    Ok(taken) => u64::from(taken),
                    Err(_) => 2,
                }
            })*
            $(pub extern "C" fn $relation(cx: &Context, frame: Frame, pc: Pc, a: Value, b: Value, site: &Site) -> u64 {
                enter(cx, frame, pc);
                match $relation_handler(cx, a, b, site) {
                    Ok(holds) => u64::from(holds),
                    Err(_) => 2,
                }
            })*
            $(pub extern "C" fn $call(cx: &Context, frame: Frame, pc: Pc) -> u64 {
                enter(cx, frame, pc);
                after_call(cx, frame, $call_handler(cx, frame, pc))
            })*
            $(pub extern "C" fn $leave(cx: &Context, frame: Frame, pc: Pc) -> u64 {
                enter(cx, frame, pc);
                after_leave(cx, frame, $leave_handler(cx, frame, pc))
            })*
        }

        /// The helper of an op. `None`: machine code does the whole op by itself.
        pub fn of_op(op: Op) -> Option<Helper> {
            let (style, address) = match op {
                $(Op::$plain => (Style::Plain, functions::$plain as *const () as usize),)*
                $(Op::$jump => (Style::Jump, functions::$jump as *const () as usize),)*
                $(Op::$relation => (Style::Relation, functions::$relation as *const () as usize),)*
                $(Op::$call => (Style::Call, functions::$call as *const () as usize),)*
                $(Op::$leave => (Style::Leave, functions::$leave as *const () as usize),)*
                _ => return None,
            };
            Some(Helper { style, address })
        }
    };
}

/// What a handler that may have pushed a frame tells machine code.
fn after_call(cx: &Context, frame: Frame, result: JsResult<Flow>) -> u64 {
    match result {
        Ok(Flow::Next) => 0,
        Ok(_) => machine::entry_of_pushed(cx, cx.interp.frame.get()) as u64,
        Err(_) if cx.interp.frame.get() != frame => {
            // A coroutine was resumed with a throw.
            cx.interp.frame.get().set_flags(crate::frame::flag::MACHINE);
            machine::interpret_throwing as *const () as u64
        }
        Err(_) => 1,
    }
}

/// What a handler that may have left or replaced its frame tells machine code.
fn after_leave(cx: &Context, frame: Frame, result: JsResult<Flow>) -> u64 {
    match result {
        Ok(Flow::Next) => 0,
        Ok(Flow::Return) => {
            unwind::complete_construct(cx, frame);
            2
        }
        Ok(Flow::Reload) => machine::place_inside(cx, cx.interp.frame.get()) as u64,
        Err(_) => 1,
    }
}

helpers! {
    plain {
        CheckTdz => throw_tdz_of_check;
        CheckThis => throw_no_this;
        CheckThisUnbound => throw_super_twice;
        CheckObject => control::check_object;
        CheckCoercible => control::throw_not_coercible;
        CheckCallable => control::check_callable;
        ThrowError => throw_error;
        ThrowConstAssign => throw_const_assign;
        Throw => throw_value;
        NewScope => control::new_scope;
        CloneScope => control::clone_scope;
        LoadScopedChecked => throw_tdz_of_load;
        StoreScoped => set_slot_of_scope;
        StoreScopedChecked => throw_tdz_of_store;
        LoadImport => module::load_import;
        LoadName => names::load_name;
        TypeofName => names::typeof_name;
        LoadNameForCall => names::load_name_for_call;
        ResolveName => names::resolve_name;
        LoadResolved => names::load_resolved;
        StoreResolved => names::store_resolved;
        DeleteName => names::delete_name;
        DeclareGlobals => globals::declare_globals;
        DeclareEvalVars => globals::declare_eval_vars;
        GetGlobal => globals::get_global;
        TypeofGlobal => globals::typeof_global;
        HasGlobal => globals::has_global;
        SetGlobal => globals::set_global;
        InitGlobal => globals::init_global;
        DeleteNamed => property::delete_named;
        DeleteElem => property::delete_elem;
        In => property::has_in;
        InstanceOf => property::instance_of;
        GetSuperBase => super_property::get_super_base;
        NewPrivateName => classes::new_private_name;
        DefinePrivate => classes::define_private;
        HasPrivate => classes::has_private;
        NewObject => literals::new_object;
        NewObjectFrom => literals::new_object_from;
        NewArray => literals::new_array;
        NewArrayFrom => literals::new_array_from;
        NewArrayConst => literals::new_array_const;
        ArrayPush => literals::array_push;
        ArrayHole => literals::array_hole;
        DefineNamed => literals::define_named;
        DefineElem => literals::define_elem;
        DefineMethod => classes::define_method;
        SetHomeObject => classes::set_home_object;
        SetProto => literals::set_proto;
        SetFunctionName => classes::set_function_name;
        CopyDataProperties => literals::copy_data_properties;
        NewRegExp => literals::new_regexp;
        TemplateObject => literals::template_object;
        Closure => literals::closure;
        DefineClass => classes::define_class;
        SetClassInit => classes::set_class_init;
        ToPropertyKey => arithmetic::to_property_key;
        ToNumeric => arithmetic::to_numeric;
        ToNumber => arithmetic::to_number;
        ToString => arithmetic::to_string;
        ToObject => arithmetic::to_object;
        CoerceThis => arithmetic::coerce_this;
        Concat => arithmetic::concat;
        Add => arithmetic::add;
        Sub => arithmetic::sub;
        Mul => arithmetic::mul;
        Div => arithmetic::div;
        Mod => arithmetic::modulo;
        Exp => arithmetic::exp;
        BitAnd => arithmetic::bit_and;
        BitOr => arithmetic::bit_or;
        BitXor => arithmetic::bit_xor;
        Shl => arithmetic::shl;
        Shr => arithmetic::shr;
        UShr => arithmetic::ushr;
        AddImm => arithmetic::add_imm;
        SubImm => arithmetic::sub_imm;
        MulImm => arithmetic::mul_imm;
        DivImm => arithmetic::div_imm;
        ModImm => arithmetic::modulo_imm;
        BitAndImm => arithmetic::bit_and_imm;
        BitOrImm => arithmetic::bit_or_imm;
        BitXorImm => arithmetic::bit_xor_imm;
        ShlImm => arithmetic::shl_imm;
        ShrImm => arithmetic::shr_imm;
        UShrImm => arithmetic::ushr_imm;
        Inc => arithmetic::inc;
        Dec => arithmetic::dec;
        Neg => arithmetic::neg;
        BitNot => arithmetic::bit_not;
        Not => not;
        TypeOf => arithmetic::type_of;
        TypeOfIs => type_of_is;
        GetSuperConstructor => classes::get_super_constructor;
        CallRuntime => calls::call_runtime;
        CheckConstructorReturn => control::check_constructor_return;
        CreateArguments => arguments::create_arguments;
        CreateMappedArguments => arguments::create_mapped_arguments;
        CreateRest => arguments::create_rest;
        ImportCall => module::import_call;
        ImportMeta => module::import_meta;
        GetIterMethod => iteration::get_iter_method;
        AsyncFromSync => iteration::async_from_sync;
        AsyncStart => generator::op_async_start;
        NewDisposeStack => dispose::new_stack;
        AddDisposable => dispose::add;
        NewSuppressedError => dispose::new_suppressed_error;
    }
    jump {
        ArraySpread => literals::array_spread;
        GetClassInit => classes::get_class_init;
        IterFast => iteration::iter_fast;
        GetAsyncIterMethod => iteration::get_async_iter_method;
        GetIterReturn => iteration::get_iter_return;
        ForInStart => iteration::for_in_start;
        ForInNext => iteration::for_in_next;
        DisposeNext => dispose::next;
        IterNext => iteration::next_slow;
    }
    relation {
        Eq => arithmetic::equal;
        NotEq => arithmetic::equal;
        StrictEq => arithmetic::strictly_equal;
        StrictNotEq => arithmetic::strictly_equal;
        Less => arithmetic::less;
        LessEq => arithmetic::less_eq;
        Greater => arithmetic::greater;
        GreaterEq => arithmetic::greater_eq;
        JumpIfEq => arithmetic::equal;
        JumpIfNotEq => arithmetic::equal;
        JumpIfStrictEq => arithmetic::strictly_equal;
        JumpIfStrictNotEq => arithmetic::strictly_equal;
        JumpIfLess => arithmetic::less;
        JumpIfLessEq => arithmetic::less_eq;
        JumpIfGreater => arithmetic::greater;
        JumpIfGreaterEq => arithmetic::greater_eq;
        JumpIfNotLess => arithmetic::less;
        JumpIfNotLessEq => arithmetic::less_eq;
        JumpIfNotGreater => arithmetic::greater;
        JumpIfNotGreaterEq => arithmetic::greater_eq;
        JumpIfEqImm => arithmetic::equal;
        JumpIfNotEqImm => arithmetic::equal;
        JumpIfStrictEqImm => arithmetic::strictly_equal;
        JumpIfStrictNotEqImm => arithmetic::strictly_equal;
        JumpIfLessImm => arithmetic::less;
        JumpIfLessEqImm => arithmetic::less_eq;
        JumpIfGreaterImm => arithmetic::greater;
        JumpIfGreaterEqImm => arithmetic::greater_eq;
        JumpIfNotLessImm => arithmetic::less;
        JumpIfNotLessEqImm => arithmetic::less_eq;
        JumpIfNotGreaterImm => arithmetic::greater;
        JumpIfNotGreaterEqImm => arithmetic::greater_eq;
    }
    call {
        GetNamed => property::get_named;
        GetLength => property::get_length;
        GetMethod => property::get_method_op;
        SetNamed => property::set_named;
        GetSuper => super_property::get_super;
        SetPrivate => classes::set_private;
        GetPrivate => classes::get_private;
        SetSuper => super_property::set_super;
        SetElem => element::set_elem;
        GetMethodElem => element::get_method_elem;
        GetElemUpdate => element::get_elem_update;
        GetElem => element::get_elem;
        Call => call;
        CallMethod => call_method;
        Construct => calls::construct;
        SuperCall => calls::super_call;
        CallSpread => calls::call_spread;
        ConstructSpread => calls::construct_spread;
        DirectEval => calls::direct_eval;
        DirectEvalSpread => calls::direct_eval_spread;
        IterCall => iteration::iter_call;
    }
    leave {
        TailCall => calls::tail_call;
        TailCallMethod => calls::tail_call_method;
        CreateGenerator => generator::op_create_generator;
        Yield => generator::op_yield;
        YieldDelegate => generator::op_yield_delegate;
        Await => generator::op_await;
        GeneratorReturn => generator::op_generator_return;
        GeneratorThrow => generator::op_generator_throw;
        AsyncReturn => generator::op_async_return;
        AsyncThrow => generator::op_async_throw;
    }
}

/// Helpers that are no op's: what fast paths of machine code need from time to time.
pub mod extra {
    use super::*;

    /// A poll at a function's entry or a loop's back-edge. 0 done, 1 terminated.
    pub extern "C" fn poll(cx: &Context, frame: Frame, pc: Pc) -> u64 {
        enter(cx, frame, pc);
        u64::from(interrupt::poll_in_interpreter(cx).is_err())
    }

    /// Fills in the registers of the frame of a call whose arguments need more than machine code does itself, or whose function is to come to a safepoint.
    /// 0 done; 1: threw, in the caller; the frame is gone; 2: terminated, at the function's start.
    pub extern "C" fn fill_frame(cx: &Context, frame: Frame) -> u64 {
        let caller = frame.caller();
        cx.interp.frame.set(caller);
        cx.interp.pc.set(caller.code().code().wrapping_add(frame.link().return_pc() - 1));
        let code = frame.code();
        if cx.fill_called_frame(frame, code).is_err() {
            return 1;
        }
        enter(cx, frame, Pc(code.code()));
        match interrupt::poll_if_needed(cx) {
            Ok(()) => 0,
            Err(_) => 2,
        }
    }

    /// The `this` of `new` with the base constructor `function`, whose initial shape is known; 0 if it is not. Allocation never collects.
    pub extern "C" fn new_this(cx: &Context, function: Gc<crate::function::Function>) -> u64 {
        if function.construct.shape.get() == 0 {
            return 0;
        }
        match cx.new_this(function.object(), || 0) {
            Ok(this) => this.value().bits(),
            Err(_) => 0,
        }
    }

    /// The machine code of the frame's function has called stubs so often that perhaps it is to be made anew.
    pub extern "C" fn stubs_called_often(cx: &Context, frame: Frame) {
        crate::tier::stubs_called_often(cx, frame.code());
    }

    /// Calls a native getter (`argc` 0) or setter (1, its argument in place) whose block, with callee and receiver, lies on top of the frame.
    /// `return_pc`: where the caller goes on. The result: a value; empty if the callee is not simply called.
    pub extern "C" fn call_native_accessor(
        cx: &Context,
        frame: Frame,
        base: Frame,
        return_pc: usize,
        argc: usize,
    ) -> machine::Left {
        let left = |value: u64, status| machine::Left { value, status };
        // What the interpreter calls as something else is left to the helper, as is what is no native.
        let native = base.callee().as_kind::<crate::function::NativeFunction>(crate::cell::Kind::NativeFunction);
        let Some(native) = native.filter(|native| native.special.get() == crate::function::native_special::NONE) else {
            return left(0, machine::status::RETURNED);
        };
        enter(cx, frame, Pc(frame.code().code().wrapping_add(return_pc - 1)));
        let site = CallSite { delta: frame.size(), return_pc, dst: 0, flags: 0 };
        match call_native(cx, base, native, argc, Value::UNDEFINED, site) {
            // The result of a setter is nobody's.
            Ok(Prepared::Done(_)) if argc > 0 => left(Value::UNDEFINED.bits(), machine::status::RETURNED),
            Ok(Prepared::Done(v)) => left(v.bits(), machine::status::RETURNED),
            _ => left(0, machine::status::THREW),
        }
    }

    /// The element at an index of a typed array within its bounds; 0 for BigInts and anything else.
    pub extern "C" fn typed_get(array: Value, index: Value) -> u64 {
        element::typed_get(array, index).bits()
    }

    /// Stores a number in a typed array within its bounds: 1; 0 for anything else.
    pub extern "C" fn typed_set(array: Value, index: Value, value: Value) -> u64 {
        u64::from(element::typed_set(array, index, value))
    }

    /// The value of a mapped index of an arguments object; 0 for other indices.
    pub extern "C" fn mapped_get(arguments: Gc<crate::object::Object>, index: u32) -> u64 {
        crate::object::arguments::mapped_get(arguments, index).bits()
    }

    /// Stores at a mapped index: 1; 0 for other indices.
    pub extern "C" fn mapped_set(cx: &Context, arguments: Gc<crate::object::Object>, index: u32, value: Value) -> u64 {
        u64::from(crate::object::arguments::mapped_set(cx, arguments, index, value))
    }

    /// `index in object`: a boolean; 0 where only the generic operation knows.
    pub extern "C" fn has_element(cx: &Context, object: Gc<crate::object::Object>, index: u32) -> u64 {
        element::has_element(cx, object, index).map_or(0, |found| Value::boolean(found).bits())
    }

    /// ToBoolean of anything.
    pub extern "C" fn to_boolean(v: Value) -> u64 {
        u64::from(v.to_boolean())
    }

    /// Notes the function that a site calls.
    pub extern "C" fn record_target(
        cx: &Context,
        code: Gc<CodeBlock>,
        site: &Site,
        function: Gc<crate::function::Function>,
    ) {
        calls::record_function(cx, code, site, function);
    }

    /// Has a call site know this function from now on.
    pub extern "C" fn renew_function(
        cx: &Context,
        code: Gc<CodeBlock>,
        site: &Site,
        function: Gc<crate::function::Function>,
    ) {
        calls::renew_function(cx, code, site, function);
    }

    /// The write barrier's slow path: the cell at `cell` is old and has `value` stored at `slot`.
    pub extern "C" fn write_barrier(
        cx: &Context,
        cell: *mut crate::cell::CellHeader,
        slot: *const Value,
        value: Value,
    ) {
        cx.write_barrier_slot(cell, slot, value);
    }

    /// ToInt32 of a double.
    pub extern "C" fn double_to_int32(v: Value) -> u64 {
        u64::from(arithmetic::number_to_int32(v) as u32)
    }

    /// The remainder of two numbers.
    pub extern "C" fn remainder(a: Value, b: Value) -> Value {
        Value::number(crate::number::arith::remainder(a.as_number(), b.as_number()))
    }

    /// The index of a double in the table of the `SwitchTable` at `pc`; `u32::MAX` if it is none.
    pub extern "C" fn switch_index(_: &Context, frame: Frame, pc: Pc) -> u64 {
        let i: instr::SwitchTable = pc.decode();
        let table = &frame.code().template().switch_tables[i.table.0 as usize];
        let v = frame.get(i.src.0 as usize).as_number();
        let index = v as i32 as i64 - i64::from(table.low);
        let fits = v as i32 as f64 == v && (0..table.targets.len() as i64).contains(&index);
        u64::from(if fits { index as u32 } else { u32::MAX })
    }

    /// One step of an iteration that is not on the fast path. 1 a value, 0 the end, 2 threw, 3 `next` must be called, else: an address to be called
    /// with the innermost frame, a generator's.
    pub extern "C" fn iter_step(cx: &Context, frame: Frame, pc: Pc) -> u64 {
        enter(cx, frame, pc);
        match iteration::step(cx, frame, pc) {
            Ok(Stepped::Value) => 1,
            Ok(Stepped::End) => 0,
            Ok(Stepped::Protocol) => 3,
            Ok(Stepped::Resumed) => machine::entry_of_pushed(cx, cx.interp.frame.get()) as u64,
            Err(_) => 2,
        }
    }

    /// What the generator of a step has left is the result object of a `yield*`. 1 a value, 0 the end, 2 threw.
    pub extern "C" fn iter_delegated(cx: &Context, frame: Frame, pc: Pc) -> u64 {
        enter(cx, frame, pc);
        match generator::stepped(cx, frame, &pc.decode(), Value::EMPTY) {
            Ok(more) => u64::from(more),
            Err(_) => 2,
        }
    }

    /// One step of an iteration on the fast path that found no plain element. 1 a value, 0 the end, 2 threw.
    pub extern "C" fn iter_next(cx: &Context, frame: Frame, pc: Pc) -> u64 {
        enter(cx, frame, pc);
        let i: instr::IterNext = pc.decode();
        let v = iteration::next_fast(frame, i.iter.0 as usize);
        if !v.is_empty() {
            frame.set(i.dst.0 as usize, v);
            return 1;
        }
        match iteration::next_slow(cx, frame, pc) {
            Ok(more) => u64::from(more),
            Err(_) => 2,
        }
    }
}
