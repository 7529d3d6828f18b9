//! Mapped code is executable but never writable, and goes with its owner.
//!
//! A test binary of its own: other threads that map and unmap code would merge their pages with the ones looked at here,
//! or take the address over as soon as it is free.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use tercel_asm::x64::Assembler;

/// The permissions of the mapping that holds `address`, if any, as /proc/self/maps words them ("r-xp").
fn permissions(address: usize) -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the process may read its own mappings");
    maps.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        range.contains(&address).then(|| fields.next().map(str::to_owned)).flatten()
    })
}

#[test]
fn mapped_code_is_unmapped_on_drop() {
    let mut asm = Assembler::new();
    asm.ret();
    let code = asm.finalize().expect("one instruction fits");
    let address = code.as_ptr() as usize;
    assert_eq!(permissions(address).as_deref(), Some("r-xp"));
    drop(code);
    assert_ne!(permissions(address).as_deref(), Some("r-xp"));
}
