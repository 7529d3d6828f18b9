//! Objects move under interpreted frames; what native frames hold stays; nothing is pinned without native frames.

mod common;
use common::{context, on_large_stack, options, run_in};

#[test]
fn objects_move_while_frames_refer_to_them() {
    let outcome = on_large_stack(|| {
        run_in(
            &context(options()),
            "function inner(o, before) {
               requestCollection();
               for (let i = 0; i < 2; i++);
               return [address(o) !== before, o.x];
             }
             function outer() {
               let o = {x: 41};
               let before = address(o);
               let r = inner(o, before);
               o.x++;
               return [r[0], r[1], o.x, address(o) !== before];
             }
             let r = outer();
             print(r[0], r[1], r[2], r[3]);",
        )
    });
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.printed, "true 41 42 true\n");
}

#[test]
fn a_native_frames_object_is_pinned() {
    let outcome = on_large_stack(|| {
        run_in(
            &context(options()),
            "function f() { requestCollection(); for (let i = 0; i < 2; i++); }
             let before, pins;
             function run() {
               let o = {x: 7};
               before = address(o);
               return callWith(() => { o = null; f(); pins = pinned(); }, o);
             }
             let o = run();
             print(address(o) === before, o.x, pins > 0);",
        )
    });
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.printed, "true 7 true\n");
}

#[test]
fn nothing_is_pinned_without_native_frames() {
    let outcome = on_large_stack(|| {
        run_in(
            &context(options()),
            "class C { constructor(v) { this.v = v; } get twice() { requestCollection(); for (let i = 0; i < 2; i++); return this.v * 2; } }
             function f(n, o) { return n === 0 ? o.twice : f(n - 1, {v: o.v, twice: o.twice}); }
             print(f(5, new C(21)), pinned());",
        )
    });
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.printed, "42 0\n");
}

#[test]
fn inline_caches_survive_the_death_of_their_shapes() {
    let outcome = on_large_stack(|| {
        run_in(
            &context(options()),
            "function read(o) { return o.value; }
             function write(o, v) { o.added = v; return o.added; }
             let sum = 0;
             for (let round = 0; round < 20; round++) {
               for (let i = 0; i < 4; i++) {
                 let p = {inherited: 1};
                 let o = {__proto__: p, ['k' + round]: 0};
                 o.value = round + i;
                 sum += read(o) + write(o, 1) + o.inherited;
               }
               requestCollection();
               for (let i = 0; i < 2; i++);
             }
             print(sum);",
        )
    });
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.printed, "1040\n");
}
