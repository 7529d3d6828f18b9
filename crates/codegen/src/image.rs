//! Compiled functions linked into executable memory, and typed calls into them.
//!
//! An image also holds what every function needs around it: a trampoline for each signature, which turns a call from Rust (the
//! System V convention) into one of the engine's; the code that traps leave through; and the stubs of polls and exits, which dump
//! all registers. The engine makes the same parts with code space of its own; an image serves tests, the stack VM and embedders
//! that have no engine.

use crate::lir::PReg;
use crate::runtime::{Context, EXITED, offsets};
use crate::x64::abi::{self, ArgLoc, SYSV_SAVED};
use crate::x64::inst::{CONTEXT, SCRATCH};
use crate::{CodegenError, CompiledFunction, Place, SiteKind};
use tercel_asm::reloc::link;
use tercel_asm::x64::{Assembler, CpuFeatures, Mem, Reg, Size, VecLen, Xmm};
use tercel_asm::{AsmError, ExecutableCode, Label};
use tercel_ir::interp::{Datum, ExitFrame, Outcome};
use tercel_ir::{Signature, TrapCode, Type};

/// All registers at a poll or exit, as a stub stores them.
#[derive(Debug)]
#[repr(C)]
pub struct RegisterDump {
    /// General-purpose registers by number; RSP is not stored.
    pub ints: [u64; 16],
    /// Vector registers by number, 64 bytes each whatever their width.
    pub vectors: [[u64; 8]; 16],
}

impl RegisterDump {
    /// The low word of a register.
    pub fn word(&self, reg: PReg) -> u64 {
        match reg.class() {
            crate::lir::Class::Int => self.ints[reg.number() as usize],
            crate::lir::Class::Float => self.vectors[reg.number() as usize][0],
        }
    }
}

/// What a stub calls: the context, the registers, and the return address that names the site. The result of a poll's handler is
/// 0 to go on (with the registers as the handler left them), or one more than the trap code to leave with.
pub type Handler = unsafe extern "C" fn(*mut Context, *mut RegisterDump, u64) -> u32;

/// Who serves polls and exits.
#[derive(Clone, Copy, Debug)]
pub struct Handlers {
    /// Called at polls while [`Context::interrupt`] is set.
    pub poll: Handler,
    /// Called at exits, before the run ends.
    pub exit: Handler,
}

impl Default for Handlers {
    /// Polls end the run with [`TrapCode::Interrupt`]; exits are recorded for [`Image::call`] to return.
    fn default() -> Handlers {
        Handlers { poll: interrupt, exit: record_exit }
    }
}

/// A value as it crosses the trampoline: 64 bytes, scalars in the first word.
type Cell = [u64; 8];

/// Linked code.
#[derive(Debug)]
pub struct Image {
    code: ExecutableCode,
    functions: Vec<CompiledFunction>,
    signatures: Vec<Signature>,
    /// Offset of each function.
    entries: Vec<u32>,
    /// Offset of each function's trampoline.
    trampolines: Vec<u32>,
    trap_exit: u32,
    poll_stub: u32,
    exit_stub: u32,
}

/// Links functions; function `i` is symbol `i`. `resolve` gives the addresses of other symbols.
///
/// # Errors
/// A symbol that nobody knows, or no executable memory.
pub fn link_image(
    functions: Vec<CompiledFunction>,
    signatures: Vec<Signature>,
    handlers: Handlers,
    cpu: CpuFeatures,
    resolve: impl Fn(u32) -> Option<u64>,
) -> Result<Image, CodegenError> {
    let mut code: Vec<u8> = Vec::new();
    let mut relocations = Vec::new();
    let mut entries = Vec::with_capacity(functions.len());
    let mut place = |assembly: &tercel_asm::Assembly, code: &mut Vec<u8>| {
        code.resize(code.len().next_multiple_of(assembly.align.max(16) as usize), 0xCC);
        let base = code.len() as u32;
        code.extend_from_slice(&assembly.code);
        for reloc in &assembly.relocations {
            let mut reloc = *reloc;
            reloc.offset += base;
            if let tercel_asm::RelocTarget::Local(at) = &mut reloc.target {
                *at += base;
            }
            relocations.push(reloc);
        }
        base
    };
    for function in &functions {
        entries.push(place(&function.assembly, &mut code));
    }
    let mut glue = Glue::new(handlers, cpu);
    let trampolines: Vec<Label> =
        signatures.iter().enumerate().map(|(index, signature)| glue.trampoline(index as u32, signature)).collect();
    let (trap_exit, poll_stub, exit_stub) = (glue.trap_exit, glue.poll_stub, glue.exit_stub);
    let assembly = glue.asm.assemble()?;
    let base = place(&assembly, &mut code);
    let offset = |label: Label| base + assembly.offset(label).unwrap_or(0);
    let code_len = code.len();
    let mapped = ExecutableCode::map(code_len, |bytes, address| {
        bytes.copy_from_slice(&code);
        link(bytes, address, &relocations, |symbol| match entries.get(symbol as usize) {
            Some(&entry) => Some(address + entry as u64),
            None => resolve(symbol),
        })
    })
    .map_err(|error: AsmError| CodegenError::Asm(error))?;
    Ok(Image {
        trampolines: trampolines.into_iter().map(offset).collect(),
        trap_exit: offset(trap_exit),
        poll_stub: offset(poll_stub),
        exit_stub: offset(exit_stub),
        code: mapped,
        functions,
        signatures,
        entries,
    })
}

/// Parts of an image that no function owns.
struct Glue {
    asm: Assembler,
    cpu: CpuFeatures,
    trap_exit: Label,
    restore: Label,
    poll_stub: Label,
    exit_stub: Label,
}

impl Glue {
    fn new(handlers: Handlers, cpu: CpuFeatures) -> Glue {
        let mut asm = Assembler::new();
        let [trap_exit, restore, poll_stub, exit_stub] = std::array::from_fn(|_| asm.new_label());
        let mut glue = Glue { asm, cpu, trap_exit, restore, poll_stub, exit_stub };
        glue.leave();
        glue.stub(poll_stub, handlers.poll, false);
        glue.stub(exit_stub, handlers.exit, true);
        glue
    }

    /// Where traps come to, and where trampolines end: everything above the entry's stack pointer has one layout.
    fn leave(&mut self) {
        let asm = &mut self.asm;
        asm.bind(self.trap_exit);
        asm.bind(self.restore);
        asm.mov(Size::S64, Reg::RSP, Mem::base(CONTEXT, offsets::ENTRY_SP));
        asm.pop(Reg::RCX);
        asm.mov(Size::S64, Mem::base(CONTEXT, offsets::ENTRY_SP), Reg::RCX);
        asm.pop(Reg::RCX);
        asm.mov(Size::S32, Reg::RAX, Mem::base(CONTEXT, offsets::TRAP));
        if self.cpu.has(CpuFeatures::AVX) {
            asm.vzeroupper();
        }
        for reg in SYSV_SAVED.iter().rev() {
            asm.pop(Reg::from_index(reg.number()));
        }
        asm.pop(Reg::RBP);
        asm.ret();
    }

    /// `extern "C" fn(context, arguments: *const Cell, results: *mut Cell) -> trap`.
    fn trampoline(&mut self, symbol: u32, signature: &Signature) -> Label {
        let args = abi::arguments(signature.conv, &signature.params);
        let results = abi::results(signature.conv, &signature.returns).unwrap_or_default();
        let asm = &mut self.asm;
        asm.align(16);
        let label = asm.here();
        asm.endbr64();
        asm.push(Reg::RBP);
        asm.mov(Size::S64, Reg::RBP, Reg::RSP);
        for reg in SYSV_SAVED {
            asm.push(Reg::from_index(reg.number()));
        }
        asm.push(Reg::RDX);
        asm.mov(Size::S64, CONTEXT, Reg::RDI);
        asm.push(Mem::base(CONTEXT, offsets::ENTRY_SP));
        asm.mov(Size::S64, Mem::base(CONTEXT, offsets::ENTRY_SP), Reg::RSP);
        asm.mov(Size::S32, Mem::base(CONTEXT, offsets::TRAP), NO_TRAP as i32);
        // Eight words are pushed after the return address: the stack pointer is 8 off a multiple of 16.
        asm.sub(Size::S64, Reg::RSP, args.stack as i32 + 8);
        asm.mov(Size::S64, SCRATCH, Reg::RSI);
        // Memory first: it is copied through a register that arguments come into later.
        for (index, (&ty, loc)) in signature.params.iter().zip(&args.locs).enumerate() {
            if let ArgLoc::Stack(offset) = *loc {
                for word in (0..ty.bytes().max(8) as i32).step_by(8) {
                    asm.mov(Size::S64, Reg::RAX, Mem::base(SCRATCH, index as i32 * 64 + word));
                    asm.mov(Size::S64, Mem::base(Reg::RSP, offset as i32 + word), Reg::RAX);
                }
            }
        }
        for (index, (&ty, loc)) in signature.params.iter().zip(&args.locs).enumerate() {
            if let ArgLoc::Reg(reg) = *loc {
                let from = Mem::base(SCRATCH, index as i32 * 64);
                if ty.is_general() {
                    asm.mov(Size::S64, Reg::from_index(reg.number()), from);
                } else {
                    load_vector(asm, Xmm::from_index(reg.number()), from, ty);
                }
            }
        }
        asm.call_near(tercel_asm::RelocTarget::Symbol(symbol));
        asm.mov(Size::S64, SCRATCH, Mem::base(Reg::RBP, -48));
        for (index, (&ty, reg)) in signature.returns.iter().zip(results).enumerate() {
            let to = Mem::base(SCRATCH, index as i32 * 64);
            if ty.is_general() {
                asm.mov(Size::S64, to, Reg::from_index(reg.number()));
            } else {
                store_vector(asm, to, Xmm::from_index(reg.number()), ty);
            }
        }
        asm.jmp_to(self.restore);
        label
    }

    /// Dumps all registers, calls a handler, and goes back with the registers as they are in the dump, or leaves.
    fn stub(&mut self, label: Label, handler: Handler, leaves: bool) {
        let wide = self.cpu.has(CpuFeatures::AVX512F);
        let len = if wide { VecLen::L512 } else { VecLen::L256 };
        let vector_at = |index: usize| Mem::base(Reg::RSP, 128 + index as i32 * 64);
        let ints = || (0..16u8).map(Reg::from_index).filter(|&reg| reg != Reg::RSP);
        let size = std::mem::size_of::<RegisterDump>() as i32;
        let asm = &mut self.asm;
        asm.align(16);
        asm.bind(label);
        // The return address makes the stack pointer 8 off a multiple of 16.
        asm.lea(Size::S64, Reg::RSP, Mem::base(Reg::RSP, -(size + 8)));
        for reg in ints() {
            asm.mov(Size::S64, Mem::base(Reg::RSP, reg.index() as i32 * 8), reg);
        }
        for (index, &reg) in Xmm::ALL[..16].iter().enumerate() {
            asm.vmovups_store(len, vector_at(index), reg);
        }
        asm.mov(Size::S64, Reg::RDI, CONTEXT);
        asm.mov(Size::S64, Reg::RSI, Reg::RSP);
        asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RSP, size + 8));
        asm.vzeroupper();
        asm.call_extern(handler as *const u8);
        if leaves {
            asm.mov(Size::S32, Mem::base(CONTEXT, offsets::TRAP), EXITED as i32);
            asm.jmp_to(self.trap_exit);
            return;
        }
        let stop = asm.new_label();
        asm.test(Size::S32, Reg::RAX, Reg::RAX);
        asm.jne(stop);
        for (index, &reg) in Xmm::ALL[..16].iter().enumerate() {
            asm.vmovups(len, reg, vector_at(index));
        }
        for reg in ints() {
            asm.mov(Size::S64, reg, Mem::base(Reg::RSP, reg.index() as i32 * 8));
        }
        asm.lea(Size::S64, Reg::RSP, Mem::base(Reg::RSP, size + 8));
        asm.ret();
        asm.bind(stop);
        asm.sub(Size::S32, Reg::RAX, 1);
        asm.mov(Size::S32, Mem::base(CONTEXT, offsets::TRAP), Reg::RAX);
        asm.jmp_to(self.trap_exit);
    }
}

fn load_vector(asm: &mut Assembler, to: Xmm, from: Mem, ty: Type) {
    match ty {
        Type::F32 => asm.vmovss(to, from),
        Type::F64 => asm.vmovsd(to, from),
        _ => asm.vmovups(length(ty), to, from),
    }
}

fn store_vector(asm: &mut Assembler, to: Mem, from: Xmm, ty: Type) {
    match ty {
        Type::F32 => asm.vmovss_store(to, from),
        Type::F64 => asm.vmovsd_store(to, from),
        _ => asm.vmovups_store(length(ty), to, from),
    }
}

fn length(ty: Type) -> VecLen {
    match ty.bits() {
        256 => VecLen::L256,
        512 => VecLen::L512,
        _ => VecLen::L128,
    }
}

/// [`Context::trap`] while nothing has trapped.
const NO_TRAP: u32 = u32::MAX;

/// The lowest address that the stack pointer should have at a function's entry on this thread: the end of the thread's
/// stack plus room for a helper's frames.
pub fn stack_limit() -> u64 {
    const SLACK: u64 = 128 << 10;
    let local = 0u8;
    let here = &raw const local as u64;
    // Asked once a thread: for the first thread, the C library reads the list of all mappings to answer.
    thread_local!(static LOW: Option<u64> = stack_low());
    let low = LOW.try_with(|&low| low).unwrap_or_else(|_| stack_low());
    low.filter(|&low| low < here).map_or(here.saturating_sub(256 << 10), |low| low + SLACK)
}

#[cfg(target_os = "linux")]
fn stack_low() -> Option<u64> {
    // SAFETY: the attributes are written by `pthread_getattr_np` before they are read, and destroyed once; the out
    // parameters point to live variables.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) != 0 {
            return None;
        }
        let (mut low, mut size) = (std::ptr::null_mut(), 0);
        let found = libc::pthread_attr_getstack(&attributes, &mut low, &mut size) == 0;
        libc::pthread_attr_destroy(&mut attributes);
        found.then_some(low as u64)
    }
}

#[cfg(not(target_os = "linux"))]
fn stack_low() -> Option<u64> {
    None
}

impl Image {
    /// The machine code of all functions and stubs.
    pub fn bytes(&self) -> &[u8] {
        self.code.bytes()
    }

    /// Address of a function's first instruction.
    pub fn entry(&self, function: usize) -> *const u8 {
        // The offset lies inside the mapping, so the address does not wrap.
        self.code.as_ptr().wrapping_add(self.entries[function] as usize)
    }

    /// The functions with their tables.
    pub fn functions(&self) -> &[CompiledFunction] {
        &self.functions
    }

    /// A context for code of this image on this thread.
    pub fn context(&self) -> Box<Context> {
        let mut context = Box::new(Context::default());
        self.attach(&mut context);
        context
    }

    /// Sets what a context must hold for code of this image on this thread.
    pub fn attach(&self, context: &mut Context) {
        let base = self.code.as_ptr() as u64;
        context.trap_exit = base + self.trap_exit as u64;
        context.poll_stub = base + self.poll_stub as u64;
        context.exit_stub = base + self.exit_stub as u64;
        context.stack_limit = stack_limit();
    }

    /// Calls a function.
    ///
    /// # Safety
    /// The function must be safe to run with these arguments: addresses in them, and helpers that it calls, are taken at
    /// their word. The arguments must have the types of its signature.
    pub unsafe fn call(&self, context: &mut Context, function: usize, args: &[Datum]) -> Outcome {
        let signature = &self.signatures[function];
        let cells: Vec<Cell> = args.iter().map(|datum| datum.words).collect();
        let mut results: Vec<Cell> = vec![[0; 8]; signature.returns.len().max(1)];
        let mut run = Run { image: self, frames: Vec::new() };
        let outer = std::mem::replace(&mut context.host, &mut run as *mut Run as u64);
        // SAFETY: as `call_raw` asks: there is a cell for each parameter and result; the rest is the caller's promise.
        let trap = unsafe { self.call_raw(context, function, cells.as_ptr(), results.as_mut_ptr()) };
        context.host = outer;
        match trap {
            None => {
                Outcome::Return(signature.returns.iter().zip(results).map(|(&ty, words)| trimmed(ty, words)).collect())
            }
            Some(EXITED) => Outcome::Exit(run.frames),
            Some(code) => Outcome::Trap(TrapCode::from_code(code as u16)),
        }
    }

    /// Calls a function with raw cells; the result is the trap code if it trapped.
    ///
    /// # Safety
    /// As [`Image::call`]; `args` and `results` have a cell for each parameter and result.
    #[inline]
    pub unsafe fn call_raw(
        &self,
        context: &mut Context,
        function: usize,
        args: *const Cell,
        results: *mut Cell,
    ) -> Option<u32> {
        type Trampoline = unsafe extern "C" fn(*mut Context, *const Cell, *mut Cell) -> u32;
        let address = self.code.as_ptr().wrapping_add(self.trampolines[function] as usize);
        // SAFETY: the address is that of a trampoline, which has this signature and the C calling convention.
        let trampoline: Trampoline = unsafe { std::mem::transmute(address) };
        // SAFETY: the caller's promise.
        let trap = unsafe { trampoline(context, args, results) };
        (trap != NO_TRAP).then_some(trap)
    }

    /// The site at a return address.
    pub fn site(&self, address: u64) -> Option<(&CompiledFunction, &crate::Site)> {
        let offset = u32::try_from(address.checked_sub(self.code.as_ptr() as u64)?).ok()?;
        let index = self.entries.partition_point(|&entry| entry <= offset).checked_sub(1)?;
        let function = &self.functions[index];
        let local = offset - self.entries[index];
        let at = function.sites.binary_search_by_key(&local, |site| site.offset).ok()?;
        Some((function, &function.sites[at]))
    }
}

/// A value without what lies above its type's width.
fn trimmed(ty: Type, mut words: Cell) -> Datum {
    if !ty.is_vector() {
        return Datum::scalar(ty, words[0]);
    }
    for word in &mut words[ty.bytes() as usize / 8..] {
        *word = 0;
    }
    Datum { ty, words }
}

/// A call in progress, for the exit handler.
struct Run<'a> {
    image: &'a Image,
    frames: Vec<ExitFrame>,
}

unsafe extern "C" fn interrupt(_: *mut Context, _: *mut RegisterDump, _: u64) -> u32 {
    TrapCode::Interrupt as u32 + 1
}

unsafe extern "C" fn record_exit(context: *mut Context, dump: *mut RegisterDump, address: u64) -> u32 {
    // SAFETY: the stub passes its context and a dump on its stack; `host` was set by `Image::call`, whose `Run` outlives
    // the call that this exit ends.
    let (run, dump) = unsafe { (&mut *((*context).host as *mut Run), &*dump) };
    let Some((_, site)) = run.image.site(address) else {
        return 0;
    };
    debug_assert_eq!(site.kind, SiteKind::Exit);
    let read = |&(ty, place): &(Type, Place)| match place {
        Place::Const(bits) => Datum::scalar(ty, bits),
        Place::Reg(reg) if ty.is_general() => Datum::scalar(ty, dump.word(reg)),
        Place::Reg(reg) => trimmed(ty, dump.vectors[reg.number() as usize]),
        Place::Frame(offset) => {
            let mut words: Cell = [0; 8];
            let address = dump.ints[5].wrapping_add(offset as i64 as u64) as *const u64;
            for (index, word) in words.iter_mut().enumerate().take((ty.bytes() as usize).div_ceil(8)) {
                // SAFETY: RBP is the frame's, which is still on the stack, and the offset is that of a spill slot of
                // this type's size.
                *word = unsafe { address.add(index).read_unaligned() };
            }
            trimmed(ty, words)
        }
    };
    run.frames = site
        .frames
        .iter()
        .map(|frame| ExitFrame {
            template: frame.template,
            position: frame.position,
            values: frame.values.iter().map(|value| value.as_ref().map(read)).collect(),
        })
        .collect();
    0
}
