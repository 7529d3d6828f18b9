//! What a host adds: event loop, timers, console, files, modules.
