#[path = "../tests/support/mod.rs"]
mod support;
use tercel_codegen::passes::*;
use tercel_ir::entity::Entity;
use tercel_ir::{generate::*, *};
struct P(String, Option<Pass>);
impl Observer for P {
    fn after_pass(&mut self, run: &PassRun, _: Change, f: &Function) {
        let now = f.to_string();
        if Some(run.pass) == self.1 {
            println!("BEFORE {}\n{}\nAFTER\n{}", run.pass, self.0, now);
        }
        self.0 = now;
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let p = generate(a[1].parse().unwrap(), &Config::default());
    let i: usize = a[2].parse().unwrap();
    let mut f = p.module.functions[FuncId::new(i)].clone();
    let mut o = Options {
        self_id: Some(FuncId::new(i)),
        verify: false,
        ..Options::default()
    };
    if a.len() > 4 {
        o.enabled = PassSet::only(Pass::from_name(&a[3]).unwrap());
        println!("ORIG {}", f);
    }
    let mut obs = P(f.to_string(), Pass::from_name(&a[3]));
    let _ = optimize(&mut f, &o, Some(&mut obs));
}
