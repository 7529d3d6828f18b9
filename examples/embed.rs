//! Tercel inside a Rust program: values both ways, Rust functions in scripts, limits, errors with stacks.
//!
//! Run: `cargo run --release -p tercel --example embed`

use std::time::Duration;
use tercel::{Engine, Function, Object, Options};

fn main() -> Result<(), tercel::Error> {
    let engine = Engine::with_options(Options { heap_limit: 64 << 20, ..Options::default() })?;

    // Rust functions in scripts.
    engine.register("shout", |text: String| text.to_uppercase() + "!")?;
    println!("{}", engine.eval::<String>("shout('hello from Rust')")?);

    // JavaScript functions in Rust.
    let fib: Function = engine.eval("(function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); })")?;
    println!("fib(20) = {}", fib.call::<f64>(&engine, (20,))?);

    // Objects live on the engine's heap; a handle stays right when the collector moves them.
    let point: Object = engine.eval("({ x: 3, y: 4, norm() { return Math.hypot(this.x, this.y); } })")?;
    engine.collect_garbage()?;
    point.set(&engine, "x", 6)?;
    point.set(&engine, "y", 8)?;
    println!("norm = {}", point.call_method::<f64>(&engine, "norm", ())?);

    // What a script throws comes back with its stack.
    let error =
        engine.eval_named::<()>("function inner() { null.x; }\nfunction outer() { inner(); }\nouter();", "demo.js");
    println!("{}", error.unwrap_err().stack());

    // A script that does not end is stopped; the engine goes on.
    engine.set_time_limit(Some(Duration::from_millis(50)));
    println!("endless loop: {}", engine.eval::<()>("while (true);").unwrap_err());
    engine.set_time_limit(None);
    println!("and still: {}", engine.eval::<i32>("40 + 2")?);
    Ok(())
}
