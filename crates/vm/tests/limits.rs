//! Deep recursion, tail calls, termination.

mod common;
use common::{check, context, on_large_stack, options, run_in, take_output};
use std::time::{Duration, Instant};

/// Runs a program whose `depth` recursion ends in a RangeError; prints whether it went 8,000 deep.
fn recursion(source: &'static str) {
    let outcome = on_large_stack(move || {
        let cx = context(options());
        let outcome = run_in(&cx, source);
        assert_eq!(outcome.error, None);
        // And again: the engine can be used afterwards.
        let again = run_in(&cx, source);
        assert_eq!(again.printed, outcome.printed);
        outcome
    });
    assert_eq!(outcome.printed, "true Maximum call stack size exceeded\n");
}

#[test]
fn plain_frames() {
    recursion(
        "var depth = 0; function f() { depth++; f(); } try { f(); } catch (e) { print(depth >= 8000, e.message); }",
    );
}

#[test]
fn getters() {
    recursion(
        "var depth = 0; var o = {get x() { depth++; return this.x; }};
         try { o.x; } catch (e) { print(depth >= 8000, e.message); }",
    );
}

#[test]
fn setters() {
    recursion(
        "var depth = 0; var o = {set x(v) { depth++; this.x = v; }};
         try { o.x = 1; } catch (e) { print(depth >= 8000, e.message); }",
    );
}

#[test]
fn conversions() {
    recursion(
        "var depth = 0; var o = {valueOf() { depth++; return o + 1; }, toString() { return 'o'; }};
         try { o + 1; } catch (e) { print(depth >= 8000, e.message); }",
    );
}

#[test]
fn proxies() {
    recursion(
        "var depth = 0; var p = proxy({}, {get(t, k, r) { depth++; return r[k]; }});
         try { p.x; } catch (e) { print(depth >= 8000, e.message); }",
    );
}

#[test]
fn natives() {
    recursion(
        "var depth = 0; function f() { depth++; call(f); }
         try { f(); } catch (e) { print(depth >= 8000, e.message); }",
    );
}

#[test]
fn constructors() {
    recursion(
        "var depth = 0; var A = class { constructor() { depth++; new A(); } };
         try { new A(); } catch (e) { print(depth >= 8000, e.message); }",
    );
}

#[test]
fn tail_calls_take_no_stack() {
    check(
        "'use strict';
         function even(n) { if (n === 0) return 'even'; return odd(n - 1); }
         function odd(n) { if (n === 0) return 'odd'; return even(n - 1, 1, 2, 3); }
         print(even(3000));
         let o = {m(n) { return n === 0 ? 'm' : this.m(n - 1); }};
         print(o.m(2001));
         const arrow = n => n === 0 ? 'arrow' : arrow(n - 1);
         print(arrow(2000));",
        "even
         m
         arrow",
    );
    let outcome = on_large_stack(|| {
        run_in(
            &context(options()),
            "'use strict';
             function even(n) { if (n === 0) return 'even'; return odd(n - 1); }
             function odd(n) { if (n === 0) return 'odd'; return even(n - 1); }
             print(even(1000000));",
        )
    });
    assert_eq!(outcome.printed, "even\n");
}

#[test]
fn errors_in_tail_position_reach_the_right_handler() {
    check(
        "'use strict';
         function thrower(x) { throw x; }
         function f(x) { return thrower(x); }
         function g(x) { try { return f(x); } catch (e) { return 'caught ' + e; } finally { print('finally'); } }
         print(g(5));
         function notCallable(x) { return x(1); }
         try { notCallable(3); } catch (e) { print(e.message); }
         class A {}
         function callsClass() { return A(); }
         try { callsClass(); } catch (e) { print(e.message); }
         print(call(f => f(), () => g('x')));",
        "finally
         caught 5
         x is not a function
         Class constructor A cannot be invoked without 'new'
         finally
         caught x",
    );
}

#[test]
fn a_termination_runs_no_handlers_and_leaves_the_engine_usable() {
    on_large_stack(|| {
        let cx = context(options());
        let outcome = run_in(
            &cx,
            "function f() { try { terminate(); for (;;); } catch (e) { print('caught'); } finally { print('finally'); } }
             f();",
        );
        assert_eq!(outcome.error.as_deref(), Some("terminated: interrupted"));
        assert_eq!(outcome.printed, "");
        assert_eq!(run_in(&cx, "print(1 + 1);").printed, "2\n");
    });
}

#[test]
fn another_thread_ends_an_endless_loop() {
    on_large_stack(|| {
        let cx = context(options());
        let handle = cx.interrupt_handle();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            handle.terminate();
        });
        let outcome = run_in(&cx, "for (;;);");
        stopper.join().unwrap();
        assert_eq!(outcome.error.as_deref(), Some("terminated: interrupted"));

        let handle = cx.interrupt_handle();
        cx.set_deadline(Some(Instant::now() + Duration::from_millis(30)));
        let watch = std::thread::spawn(move || {
            for _ in 0..100 {
                std::thread::sleep(Duration::from_millis(2));
                handle.check_deadline();
            }
        });
        let outcome = run_in(&cx, "function f() { return f2(); } function f2() { return 1; } for (;;) f();");
        cx.set_deadline(None);
        watch.join().unwrap();
        assert_eq!(outcome.error.as_deref(), Some("terminated: the time is up"));
        let _ = take_output();
    });
}
