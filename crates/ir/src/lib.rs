//! The SSA intermediate representation: builder, verifier, text form, reference interpreter.
