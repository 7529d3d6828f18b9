//! `setTimeout`, `setInterval`, `setImmediate` and their counterparts: a queue ordered by time, then by age.

use crate::Shared;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tercel::{Arguments, Engine, Error, Function, Value};

struct Timer {
    callback: Function,
    args: Vec<Value>,
    repeat: Option<Duration>,
}

/// The timers of one engine.
#[derive(Default)]
pub struct Timers {
    /// By due time, and among equals by the order in which they were set.
    queue: BTreeMap<(Instant, u64), u64>,
    timers: BTreeMap<u64, (Timer, (Instant, u64))>,
    next_id: u64,
    sequence: u64,
}

/// What the event loop does next.
pub enum Next {
    Nothing,
    Wait(Duration),
    Call(Function, Vec<Value>),
}

impl Timers {
    fn add(&mut self, id: u64, timer: Timer, due: Instant) {
        self.sequence += 1;
        let key = (due, self.sequence);
        self.queue.insert(key, id);
        self.timers.insert(id, (timer, key));
    }

    fn remove(&mut self, id: u64) -> Option<Timer> {
        let (timer, key) = self.timers.remove(&id)?;
        self.queue.remove(&key);
        Some(timer)
    }
}

/// Takes the next due timer.
pub fn next(state: &Shared) -> Next {
    let Ok(mut state) = state.lock() else { return Next::Nothing };
    let timers = &mut state.timers;
    let Some((&(due, _), &id)) = timers.queue.first_key_value() else { return Next::Nothing };
    let now = Instant::now();
    if due > now {
        return Next::Wait(due - now);
    }
    let Some(timer) = timers.remove(id) else { return Next::Nothing };
    let call = Next::Call(timer.callback.clone(), timer.args.clone());
    if let Some(period) = timer.repeat {
        timers.add(id, timer, now + period);
    }
    call
}

/// The longest delay, in milliseconds: what fits 31 bits, as in browsers and node.
const MAX_DELAY: f64 = 2_147_483_647.0;

fn set(engine: &Engine, args: &Arguments, state: &Shared, repeat: bool, immediate: bool) -> Result<f64, Error> {
    let callback: Function = args.get(engine, 0)?;
    let delay = match args.values().get(1) {
        Some(Value::Number(ms)) if !immediate => *ms,
        Some(Value::String(text)) if !immediate => text.trim().parse().unwrap_or(0.0),
        _ => 0.0,
    };
    let delay = if delay.is_nan() || !(1.0..=MAX_DELAY).contains(&delay) { 1.0 } else { delay.trunc() };
    let delay = if immediate { Duration::ZERO } else { Duration::from_millis(delay as u64) };
    let rest = args.values().get(if immediate { 1.. } else { 2.. }).unwrap_or(&[]).to_vec();
    let mut state = state.lock().map_err(|_| Error::host("timers are not available"))?;
    let timers = &mut state.timers;
    timers.next_id += 1;
    let id = timers.next_id;
    timers.add(id, Timer { callback, args: rest, repeat: repeat.then_some(delay) }, Instant::now() + delay);
    Ok(id as f64)
}

pub fn install(engine: &Engine, state: &Shared) -> Result<(), Error> {
    for (name, repeat, immediate) in
        [("setTimeout", false, false), ("setInterval", true, false), ("setImmediate", false, true)]
    {
        let state = state.clone();
        engine.register(name, move |engine: &Engine, args: &Arguments| set(engine, args, &state, repeat, immediate))?;
    }
    for name in ["clearTimeout", "clearInterval", "clearImmediate"] {
        let state = state.clone();
        engine.register(name, move |_: &Engine, args: &Arguments| {
            if let (Some(Value::Number(id)), Ok(mut state)) = (args.values().first(), state.lock()) {
                state.timers.remove(*id as u64);
            }
        })?;
    }
    Ok(())
}
