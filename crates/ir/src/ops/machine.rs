//! Rows of the op table that a processor can execute on typed words.
//!
//! Conventions: integers wrap; shift and rotate counts are taken modulo the width; a comparison yields 0 or 1; an operand
//! that is a condition holds if it is not zero. NaN results have an unspecified sign and payload until `fcanon`. Trapping
//! ops trap before they write anything.

macro_rules! machine_rows {
    ($then:ident { $($rest:tt)* }) => { $then! { {
    // Constants
    /// An integer constant; also addresses and non-pointer tagged values.
    Iconst = "iconst" () -> (T), INT.or(PTR).or(TAGGED), Int, CONSTANT;
    /// A float constant.
    Fconst = "fconst" () -> (T), FLOAT, Float, CONSTANT;

    // Integer arithmetic, wrapping
    /// Sum.
    Iadd = "iadd" (T, T) -> (T), INT.or(INT.vectors()), None, PURE.commutes();
    /// Difference.
    Isub = "isub" (T, T) -> (T), INT.or(INT.vectors()), None, PURE;
    /// Low half of the product.
    Imul = "imul" (T, T) -> (T), INT.or(lanes(&[Type::I16, Type::I32, Type::I64])), None, PURE.commutes();
    /// High half of the signed product.
    SmulHi = "smulhi" (T, T) -> (T), WORD, None, PURE.commutes();
    /// High half of the unsigned product.
    UmulHi = "umulhi" (T, T) -> (T), WORD, None, PURE.commutes();
    /// Zero minus the operand.
    Ineg = "ineg" (T) -> (T), INT, None, PURE;
    /// Signed quotient towards zero; traps `div_zero`, and `overflow` for `MIN / -1`.
    Sdiv = "sdiv" (T, T) -> (T), INT, None, TRAPS;
    /// Unsigned quotient; traps `div_zero`.
    Udiv = "udiv" (T, T) -> (T), INT, None, TRAPS;
    /// Signed remainder with the sign of the dividend; traps `div_zero`; `MIN % -1` is 0.
    Srem = "srem" (T, T) -> (T), INT, None, TRAPS;
    /// Unsigned remainder; traps `div_zero`.
    Urem = "urem" (T, T) -> (T), INT, None, TRAPS;
    /// Signed minimum.
    Smin = "smin" (T, T) -> (T), INT.or(lanes(&[Type::I8, Type::I16, Type::I32])), None, PURE.commutes();
    /// Signed maximum.
    Smax = "smax" (T, T) -> (T), INT.or(lanes(&[Type::I8, Type::I16, Type::I32])), None, PURE.commutes();
    /// Unsigned minimum.
    Umin = "umin" (T, T) -> (T), INT.or(lanes(&[Type::I8, Type::I16, Type::I32])), None, PURE.commutes();
    /// Unsigned maximum.
    Umax = "umax" (T, T) -> (T), INT.or(lanes(&[Type::I8, Type::I16, Type::I32])), None, PURE.commutes();

    // Integer arithmetic that notices overflow
    /// Wrapped sum, and whether it overflowed as signed.
    SaddOverflow = "sadd_overflow" (T, T) -> (T, I8), WORD, None, PURE.commutes();
    /// Wrapped difference, and whether it overflowed as signed.
    SsubOverflow = "ssub_overflow" (T, T) -> (T, I8), WORD, None, PURE;
    /// Wrapped product, and whether it overflowed as signed.
    SmulOverflow = "smul_overflow" (T, T) -> (T, I8), WORD, None, PURE.commutes();
    /// Wrapped sum, and whether it overflowed as unsigned.
    UaddOverflow = "uadd_overflow" (T, T) -> (T, I8), WORD, None, PURE.commutes();
    /// Wrapped difference, and whether it overflowed as unsigned.
    UsubOverflow = "usub_overflow" (T, T) -> (T, I8), WORD, None, PURE;
    /// Sum; traps on signed overflow.
    SaddTrap = "sadd_trap" (T, T) -> (T), WORD, Trap, TRAPS.commutes();
    /// Difference; traps on signed overflow.
    SsubTrap = "ssub_trap" (T, T) -> (T), WORD, Trap, TRAPS;
    /// Product; traps on signed overflow.
    SmulTrap = "smul_trap" (T, T) -> (T), WORD, Trap, TRAPS.commutes();
    /// Sum; exits through the frame state on signed overflow.
    SaddGuard = "sadd_guard" (T, T) -> (T), WORD, None, GUARD.commutes();
    /// Difference; exits through the frame state on signed overflow.
    SsubGuard = "ssub_guard" (T, T) -> (T), WORD, None, GUARD;
    /// Product; exits through the frame state on signed overflow.
    SmulGuard = "smul_guard" (T, T) -> (T), WORD, None, GUARD.commutes();

    // Bits
    /// Bitwise and.
    Band = "band" (T, T) -> (T), INT.or(INT.vectors()), None, PURE.commutes();
    /// Bitwise or.
    Bor = "bor" (T, T) -> (T), INT.or(INT.vectors()), None, PURE.commutes();
    /// Bitwise exclusive or.
    Bxor = "bxor" (T, T) -> (T), INT.or(INT.vectors()), None, PURE.commutes();
    /// Bitwise complement.
    Bnot = "bnot" (T) -> (T), INT.or(INT.vectors()), None, PURE;
    /// Left shift.
    Ishl = "ishl" (T, T) -> (T), INT, None, PURE;
    /// Right shift that brings in zeros.
    Ushr = "ushr" (T, T) -> (T), INT, None, PURE;
    /// Right shift that brings in the sign.
    Sshr = "sshr" (T, T) -> (T), INT, None, PURE;
    /// Left rotation.
    Rotl = "rotl" (T, T) -> (T), INT, None, PURE;
    /// Right rotation.
    Rotr = "rotr" (T, T) -> (T), INT, None, PURE;
    /// Number of leading zeros; the width for 0.
    Clz = "clz" (T) -> (T), INT, None, PURE;
    /// Number of trailing zeros; the width for 0.
    Ctz = "ctz" (T) -> (T), INT, None, PURE;
    /// Number of ones.
    Popcnt = "popcnt" (T) -> (T), INT, None, PURE;
    /// The bytes in reverse order.
    Bswap = "bswap" (T) -> (T), TypeSet::of(&[Type::I16, Type::I32, Type::I64]), None, PURE;

    // Comparison and choice
    /// Integer comparison: 0 or 1.
    Icmp = "icmp" (T, T) -> (I8), INT.or(PTR).or(TAGGED), IntCc, PURE;
    /// Float comparison: 0 or 1.
    Fcmp = "fcmp" (T, T) -> (I8), FLOAT, FloatCc, PURE;
    /// The second operand if the first is not zero, the third otherwise.
    Select = "select" (Cond, T, T) -> (T), ANY, None, PURE;

    // Conversion
    /// Sign extension from a narrower integer.
    Sext = "sext" (AnyInt) -> (T), TypeSet::of(&[Type::I16, Type::I32, Type::I64]), None, PURE;
    /// Zero extension from a narrower integer.
    Zext = "zext" (AnyInt) -> (T), TypeSet::of(&[Type::I16, Type::I32, Type::I64]), None, PURE;
    /// The low bits of a wider integer.
    Narrow = "narrow" (AnyInt) -> (T), TypeSet::of(&[Type::I8, Type::I16, Type::I32]), None, PURE;
    /// The same bits as another scalar type of the same width.
    Bitcast = "bitcast" (SameWidth) -> (T), WORD.or(FLOAT).or(PTR).or(TAGGED), None, PURE;
    /// `f32` to `f64`.
    Fpromote = "fpromote" (F32) -> (T), only(Type::F64), None, PURE;
    /// `f64` to `f32`, rounded to nearest even.
    Fdemote = "fdemote" (F64) -> (T), only(Type::F32), None, PURE;
    /// Signed `i32` or `i64` to float, rounded to nearest even.
    SintToFloat = "sint_to_float" (AnyInt) -> (T), FLOAT, None, PURE;
    /// Unsigned `i32` or `i64` to float, rounded to nearest even.
    UintToFloat = "uint_to_float" (AnyInt) -> (T), FLOAT, None, PURE;
    /// Float to signed integer towards zero; saturates, NaN gives 0.
    FloatToSintSat = "float_to_sint_sat" (AnyFloat) -> (T), WORD, None, PURE;
    /// Float to unsigned integer towards zero; saturates, NaN gives 0.
    FloatToUintSat = "float_to_uint_sat" (AnyFloat) -> (T), WORD, None, PURE;
    /// Float to signed integer towards zero; traps `conversion` for NaN and what does not fit.
    FloatToSintTrap = "float_to_sint_trap" (AnyFloat) -> (T), WORD, None, TRAPS;
    /// `f64` to `i32` modulo 2^32: ToInt32 of ECMA-262 section 7.1.6.
    FloatToInt32Wrap = "float_to_int32_wrap" (F64) -> (T), only(Type::I32), None, PURE;

    // Float arithmetic
    /// Sum.
    Fadd = "fadd" (T, T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE.commutes();
    /// Difference.
    Fsub = "fsub" (T, T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE;
    /// Product.
    Fmul = "fmul" (T, T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE.commutes();
    /// Quotient.
    Fdiv = "fdiv" (T, T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE;
    /// The sign bit flipped.
    Fneg = "fneg" (T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE;
    /// The sign bit cleared.
    Fabs = "fabs" (T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE;
    /// The first operand with the sign of the second.
    Fcopysign = "fcopysign" (T, T) -> (T), FLOAT, None, PURE;
    /// Square root.
    Fsqrt = "fsqrt" (T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE;
    /// Round towards minus infinity.
    Ffloor = "ffloor" (T) -> (T), FLOAT, None, PURE;
    /// Round towards plus infinity.
    Fceil = "fceil" (T) -> (T), FLOAT, None, PURE;
    /// Round towards zero.
    Ftrunc = "ftrunc" (T) -> (T), FLOAT, None, PURE;
    /// Round to nearest, ties to even.
    Fnearest = "fnearest" (T) -> (T), FLOAT, None, PURE;
    /// Round to nearest, ties towards plus infinity: Math.round of ECMA-262 section 21.3.2.28 (-0.5 and -0 give -0).
    FroundJs = "fround_js" (T) -> (T), FLOAT, None, PURE;
    /// Minimum: NaN if either is NaN, -0 below +0: Math.min, IEEE 754-2019 `minimum`.
    FminJs = "fmin_js" (T, T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE.commutes();
    /// Maximum: NaN if either is NaN, +0 above -0: Math.max, IEEE 754-2019 `maximum`.
    FmaxJs = "fmax_js" (T, T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE.commutes();
    /// Minimum: the other operand if one is NaN, -0 below +0: IEEE 754-2019 `minimumNumber`.
    FminNum = "fmin_num" (T, T) -> (T), FLOAT, None, PURE.commutes();
    /// Maximum: the other operand if one is NaN, +0 above -0: IEEE 754-2019 `maximumNumber`.
    FmaxNum = "fmax_num" (T, T) -> (T), FLOAT, None, PURE.commutes();
    /// The operand, or the canonical NaN (positive, quiet, no payload) if it is any NaN.
    Fcanon = "fcanon" (T) -> (T), FLOAT.or(FLOAT.vectors()), None, PURE;

    // Memory
    /// Load from address + offset.
    Load = "load" (Addr) -> (T), ANY, Mem, READS.with(TRAPS);
    /// Store the second operand to address + offset.
    Store = "store" (Addr, T) -> (), ANY, Mem, WRITES;
    /// Address + offset.
    PtrAdd = "ptr_add" (Addr) -> (T), PTR, Offset, PURE;
    /// Address + index * scale + offset, modulo 2^64.
    PtrIndex = "ptr_index" (Addr, I64) -> (T), PTR, Scaled, PURE;
    /// Address of a stack slot. The slot's contents are unspecified at entry.
    SlotAddr = "slot_addr" () -> (T), PTR, Slot, PURE;
    /// Address of a function.
    FuncAddr = "func_addr" () -> (T), PTR, Func, PURE;

    // Calls
    /// Call of a named function. The callee's declaration may promise fewer effects.
    Call = "call" (Signature) -> (Signature), NONE, Func, CALL;
    /// Call of an address (first operand) with a signature.
    CallIndirect = "call_indirect" (Ptr, Signature) -> (Signature), NONE, Sig, CALL;
    /// Call whose results are this function's results; the frame is given up first.
    TailCall = "tail_call" (Signature) -> (), NONE, Func, ENDS.with(CALL).without(Effects::MAY_HAVE_FRAME);
    /// The same, of an address (first operand) with a signature.
    TailCallIndirect = "tail_call_indirect" (Ptr, Signature) -> (), NONE, Sig, ENDS.with(CALL).without(Effects::MAY_HAVE_FRAME);

    // Vectors: element-wise iadd, fadd, band, … are the scalar ops with a vector type
    /// All lanes equal to the operand.
    Splat = "splat" (Lane) -> (T), LANES.vectors(), None, PURE;
    /// One lane.
    Extract = "extract" (T) -> (Lane), LANES.vectors(), Lane, PURE;
    /// The first operand with one lane replaced by the second.
    Insert = "insert" (T, Lane) -> (T), LANES.vectors(), Lane, PURE;
    /// Lane-wise integer comparison: lanes of ones or zeros.
    Vicmp = "vicmp" (T, T) -> (T), INT.vectors(), IntCc, PURE;
    /// Lane-wise float comparison: lanes of ones or zeros.
    Vfcmp = "vfcmp" (T, T) -> (Mask), FLOAT.vectors(), FloatCc, PURE;
    /// Lane by lane the second operand where the mask's top bit is set, the third elsewhere.
    Vblend = "vblend" (Mask, T, T) -> (T), LANES.vectors(), None, PURE;
    /// Lane-wise left shift by one count.
    Vshl = "vshl" (T, I32) -> (T), lanes(&[Type::I16, Type::I32, Type::I64]), None, PURE;
    /// Lane-wise right shift by one count, bringing in zeros.
    Vushr = "vushr" (T, I32) -> (T), lanes(&[Type::I16, Type::I32, Type::I64]), None, PURE;
    /// Lane-wise right shift by one count, bringing in the sign.
    Vsshr = "vsshr" (T, I32) -> (T), lanes(&[Type::I16, Type::I32]), None, PURE;
    /// All lanes combined into one.
    Vreduce = "vreduce" (T) -> (Lane), INT.vectors(), Reduce, PURE;
    /// The top bits of the lanes, lane 0 lowest.
    VmaskBits = "vmask_bits" (T) -> (I64), INT.vectors(), None, PURE;

    // Control
    /// Go to a block.
    Jump = "jump" () -> (), NONE, Jump, ENDS;
    /// Go to the first block if the operand is not zero, to the second otherwise.
    Branch = "branch" (Cond) -> (), NONE, Branch, ENDS;
    /// Go to the block listed for the operand's unsigned value, or to the default.
    Switch = "switch" (I32) -> (), NONE, Switch, ENDS;
    /// Return from the function.
    Return = "return" (Returns) -> (), NONE, None, ENDS;
    /// Leave the function with a trap.
    Trap = "trap" () -> (), NONE, Trap, ENDS.with(TRAPS);
    /// Leave the function with a trap if the operand is not zero.
    TrapIf = "trap_if" (Cond) -> (), NONE, Trap, TRAPS;
    /// Leave through the frame state if the operand is zero.
    Guard = "guard" (Cond) -> (), NONE, None, GUARD;
    /// Leave through the frame state.
    Exit = "exit" () -> (), NONE, None, ENDS.with(GUARD);
    /// Serve interrupts; the collector may run. Writes no memory that the program sees.
    Poll = "poll" () -> (), NONE, None, Effects::SAFEPOINT.with(TRAPS).with(Effects::MAY_HAVE_FRAME);
    } $($rest)* } };
}
