//! Executable memory (W^X), code objects and their tables, profiler and debugger registration.
