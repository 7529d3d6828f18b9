//! What profilers and debuggers are told.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tercel_asm::x64::{Assembler, Reg, Size};
use tercel_code::listen::{CodeListener, JitDump, PerfMap, symbol_file};
use tercel_code::{CodeConfig, CodeImage, CodeKind, CodeObject, CodeRef, CodeSpace, Unwind};

const SMALL: CodeConfig = CodeConfig { code_reserve: 1 << 20, data_reserve: 1 << 20, budget: 1 << 20 };

/// A function with a frame, lines, and an `int3` in its body if `trap`.
fn image(name: &str, trap: bool) -> CodeImage {
    let mut asm = Assembler::new();
    asm.push(Reg::RBP);
    asm.mov(Size::S64, Reg::RBP, Reg::RSP);
    asm.sub(Size::S64, Reg::RSP, 64);
    if trap {
        asm.int3();
    }
    asm.mov_imm64(Reg::RAX, 5);
    asm.leave();
    asm.ret();
    let mut image = CodeImage::new(name, CodeKind::Optimized, asm.assemble().unwrap());
    image.unwind = Unwind::Rbp { prologue: 0 };
    image.source = Some("file.js".into());
    image.tables.lines.push(0, 10);
    image.tables.lines.push(4, 11);
    image
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tercel-{}-{name}", std::process::id()))
}

#[test]
fn listeners_hear_of_additions_and_removals() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);
    impl CodeListener for Log {
        fn added(&mut self, _: CodeRef, object: &CodeObject, bytes: &[u8]) {
            self.0.lock().unwrap().push(format!("+{} {}", object.name(), bytes.len()));
        }
        fn removed(&mut self, _: CodeRef, object: &CodeObject) {
            self.0.lock().unwrap().push(format!("-{}", object.name()));
        }
    }
    let log = Log::default();
    let mut space = CodeSpace::new(SMALL).unwrap();
    space.add_listener(Box::new(log.clone()));
    let code = space.publish_image(image("f", false)).unwrap();
    space.retire(code);
    space.reclaim(|_, _| true);
    assert_eq!(*log.0.lock().unwrap(), ["+f 15"]);
    space.reclaim(|_, _| false);
    assert_eq!(*log.0.lock().unwrap(), ["+f 15", "-f"]);
}

#[test]
fn the_perf_map_names_addresses() {
    let path = temporary("perf.map");
    let mut space = CodeSpace::new(SMALL).unwrap();
    space.add_listener(Box::new(PerfMap::at(&path).unwrap()));
    let code = space.publish_image(image("a name\nof two lines", false)).unwrap();
    let entry = space.get(code).unwrap().entry() as usize;
    let map = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(map, format!("{entry:x} f opt:a name of two lines\n"));
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

#[test]
fn the_jitdump_holds_code_and_lines() {
    let path = temporary("jit.dump");
    let mut space = CodeSpace::new(SMALL).unwrap();
    space.add_listener(Box::new(JitDump::at(&path).unwrap()));
    let code = space.publish_image(image("f", false)).unwrap();
    let (entry, bytes) = (space.get(code).unwrap().entry() as u64, space.bytes(code).unwrap().to_vec());
    drop(space);
    let dump = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((u32_at(&dump, 0), u32_at(&dump, 8), u32_at(&dump, 12)), (0x4A69_5444, 40, 62));
    let mut records = Vec::new();
    let mut at = 40;
    let mut time = 0;
    while at < dump.len() {
        let size = u32_at(&dump, at + 4) as usize;
        assert!(u64_at(&dump, at + 8) >= time);
        time = u64_at(&dump, at + 8);
        records.push((u32_at(&dump, at), &dump[at + 16..at + size]));
        at += size;
    }
    assert_eq!(records.iter().map(|record| record.0).collect::<Vec<_>>(), [2, 0, 3]);
    let lines = records[0].1;
    assert_eq!((u64_at(lines, 0), u64_at(lines, 8)), (entry, 2));
    assert_eq!((u64_at(lines, 16), u32_at(lines, 24)), (entry, 10));
    assert_eq!(&lines[32..40], b"file.js\0");
    assert_eq!((u64_at(lines, 40), u32_at(lines, 48)), (entry + 4, 11));
    let load = records[1].1;
    assert_eq!((u32_at(load, 0), u64_at(load, 16), u64_at(load, 24)), (std::process::id(), entry, bytes.len() as u64));
    assert_eq!(load[40..], [b"opt:f\0", &bytes[..]].concat());
}

#[test]
fn the_symbol_file_is_elf() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    let code = space.publish_image(image("f", false)).unwrap();
    let object = space.get(code).unwrap();
    let file = symbol_file(object);
    assert_eq!(&file[..4], b"\x7FELF");
    let headers = u64_at(&file, 40) as usize;
    assert_eq!(file.len(), headers + 6 * 64);
    // Section 1 is the code, where it is.
    assert_eq!(u64_at(&file, headers + 64 + 16), object.entry() as u64);
    assert_eq!(u64_at(&file, headers + 64 + 32), u64::from(object.len()));
    // An independent reader, where there is one.
    let path = temporary("symbols.elf");
    std::fs::write(&path, &file).unwrap();
    let readelf = std::process::Command::new("readelf").args(["-sW", "--debug-dump=frames"]).arg(&path).output();
    std::fs::remove_file(&path).unwrap();
    let Ok(output) = readelf else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["FUNC    GLOBAL DEFAULT    1 opt:f", "DW_CFA_def_cfa: r6 (rbp)", "DW_CFA_offset: r6"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

#[test]
fn rows_become_rules_of_the_symbol_file() {
    use tercel_code::{CallerFrame, UnwindRow};
    let row = |offset, caller| UnwindRow { offset, caller };
    let mut space = CodeSpace::new(SMALL).unwrap();
    let mut image = image("f", false);
    let rows = [row(1, CallerFrame::Pushed), row(4, CallerFrame::Rbp), row(14, CallerFrame::Entry)];
    image.unwind = Unwind::Rows(rows.into());
    let code = space.publish_image(image).unwrap();
    let path = temporary("rows.elf");
    std::fs::write(&path, symbol_file(space.get(code).unwrap())).unwrap();
    let readelf = std::process::Command::new("readelf").arg("--debug-dump=frames").arg(&path).output();
    std::fs::remove_file(&path).unwrap();
    let Ok(output) = readelf else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let rules: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("DW_CFA_")).collect();
    let part = |line: &str, what: &str| line.starts_with(what);
    let expected = [
        "DW_CFA_def_cfa: r7 (rsp) ofs 8",
        "DW_CFA_offset: r16 (rip) at cfa-8",
        "DW_CFA_advance_loc4: 1 ",
        "DW_CFA_def_cfa: r7 (rsp) ofs 16",
        "DW_CFA_offset: r6 (rbp) at cfa-16",
        "DW_CFA_advance_loc4: 3 ",
        "DW_CFA_def_cfa: r6 (rbp) ofs 16",
        "DW_CFA_offset: r6 (rbp) at cfa-16",
        "DW_CFA_advance_loc4: 10 ",
        "DW_CFA_def_cfa: r7 (rsp) ofs 8",
        "DW_CFA_same_value: r6 (rbp)",
    ];
    let shown: Vec<&str> = rules.into_iter().filter(|rule| !part(rule, "DW_CFA_nop")).collect();
    assert_eq!(shown.len(), expected.len(), "{text}");
    assert!(shown.iter().zip(expected).all(|(shown, expected)| part(shown, expected)), "{text}");
}

#[cfg(feature = "gdb")]
#[test]
fn gdb_walks_through_our_frames() {
    use tercel_code::listen::Gdb;
    const TEST: &str = "gdb_walks_through_our_frames";
    if std::env::var("TERCEL_CHILD").is_ok() {
        let mut space = CodeSpace::new(SMALL).unwrap();
        space.add_listener(Box::new(Gdb::new()));
        let other = space.publish_image(image("other", false)).unwrap();
        let code = space.publish_image(image("hot_function", true)).unwrap();
        space.retire(other);
        assert_eq!(space.reclaim(|_, _| false).freed, 1);
        let entry = space.get(code).unwrap().entry();
        // SAFETY: the code is a C function without arguments; the debugger stops at its trap.
        let function: extern "C" fn() -> i64 = unsafe { std::mem::transmute(entry) };
        assert_eq!(function(), 5);
        println!("function returned");
        return;
    }
    let executable = std::env::current_exe().unwrap();
    let output = std::process::Command::new("gdb")
        .args(["-nx", "-batch", "-ex", "set env TERCEL_CHILD=1", "-ex", "run", "-ex", "backtrace", "-ex", "continue"])
        .arg("--args")
        .arg(executable)
        .args(["--exact", TEST, "--nocapture", "--test-threads=1"])
        .output();
    let Ok(output) = output else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("SIGTRAP") {
        let trace: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
        assert!(trace[0].contains("opt:hot_function"), "{text}");
        assert!(trace[1].contains(TEST), "{text}");
        assert!(text.contains("function returned"), "{text}");
    }
}
