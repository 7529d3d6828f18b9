//! What must fault does, in child processes; what must never be mapped never is; what may be refused is refused cleanly.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use tercel_asm::x64::{Assembler, Reg};
use tercel_code::{CodeConfig, CodeError, CodeImage, CodeKind, CodeSpace, DataBlock};

const SMALL: CodeConfig = CodeConfig { code_reserve: 1 << 20, data_reserve: 1 << 20, budget: 1 << 20 };

/// An image of a function that returns `value`.
fn returning(value: i64) -> CodeImage {
    let mut asm = Assembler::new();
    asm.mov_imm64(Reg::RAX, value);
    asm.ret();
    CodeImage {
        data: DataBlock { words: vec![1, 2], traced: 1 },
        ..CodeImage::new("returning", CodeKind::Other, asm.assemble().unwrap())
    }
}

fn call(address: *const u8) -> i64 {
    // SAFETY: the tests call only code made by `returning`, or what must trap.
    let function: extern "C" fn() -> i64 = unsafe { std::mem::transmute(address) };
    function()
}

/// Runs this test alone in a child process that takes `action`.
fn child(test: &str, action: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env("TERCEL_CHILD", action).output().unwrap()
}

fn action() -> Option<String> {
    std::env::var("TERCEL_CHILD").ok()
}

/// The child must reach the mark and then die of the signal.
fn assert_dies(output: &Output, signal: i32, what: &str) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("ready") && !text.contains("survived"), "{what}: {text}");
    assert_eq!(output.status.signal(), Some(signal), "{what}");
}

fn ready() {
    use std::io::Write;
    println!("ready");
    std::io::stdout().flush().unwrap();
}

#[test]
fn writing_to_code_and_touching_guards_faults() {
    if let Some(action) = action() {
        let mut space = CodeSpace::new(SMALL).unwrap();
        let code = space.publish_image(returning(7)).unwrap();
        let object = space.get(code).unwrap();
        let entry = object.entry() as usize;
        assert_eq!(call(object.entry()), 7);
        let (codes, data) = (space.code_range(), space.data_range());
        let read = |address: usize| {
            ready();
            // SAFETY: the read must fault; if it does not, the parent sees that the child survived.
            let byte = unsafe { (address as *const u8).read_volatile() };
            println!("survived: {byte}");
        };
        match action.as_str() {
            "write" => {
                ready();
                // SAFETY: as above, the write must fault.
                unsafe { (entry as *mut u8).write_volatile(0xC3) };
                println!("survived");
            }
            "before code" => read(codes.start - 1),
            "after code" => read(codes.end),
            "unwritten code" => read(codes.end - 1),
            "before data" => read(data.start - 1),
            "after data" => read(data.end),
            "uncommitted data" => read(data.end - 1),
            "run data" => {
                let (words, _) = object.data();
                ready();
                call(words.cast());
                println!("survived");
            }
            other => panic!("unknown action {other}"),
        }
        return;
    }
    let test = "writing_to_code_and_touching_guards_faults";
    for what in ["write", "before code", "after code", "before data", "after data", "uncommitted data", "run data"] {
        assert_dies(&child(test, what), libc::SIGSEGV, what);
    }
    // It is mapped already, and nothing is behind it.
    assert_dies(&child(test, "unwritten code"), libc::SIGBUS, "unwritten code");
}

#[test]
fn freed_code_and_padding_trap() {
    if let Some(action) = action() {
        let mut space = CodeSpace::new(SMALL).unwrap();
        let code = space.publish_image(returning(7)).unwrap();
        let object = space.get(code).unwrap();
        let (entry, len) = (object.entry(), object.len() as usize);
        assert_eq!(call(entry), 7);
        if action == "freed" {
            space.retire(code);
            assert_eq!(space.reclaim(|_, _| false).freed, 1);
        }
        let target = match action.as_str() {
            "freed" => entry,
            "padding" => entry.wrapping_add(len),
            // The last byte of the code's page, and the first behind it.
            "page" => (entry as usize | 4095) as *const u8,
            _ => ((entry as usize | 4095) + 1) as *const u8,
        };
        ready();
        call(target);
        println!("survived");
        return;
    }
    for what in ["freed", "padding", "page"] {
        assert_dies(&child("freed_code_and_padding_trap", what), libc::SIGTRAP, what);
    }
    assert_dies(&child("freed_code_and_padding_trap", "never used"), libc::SIGBUS, "never used");
}

/// Mappings that are writable and executable, and mappings of code memory that are writable at all.
fn look_at_maps() -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let forbidden = |line: &&str| {
        let permissions = line.split_whitespace().nth(1).unwrap_or_default();
        permissions.contains('w') && (permissions.contains('x') || line.contains("tercel-code"))
    };
    maps.lines().filter(forbidden).map(str::to_owned).collect()
}

#[test]
fn no_page_of_code_is_ever_writable() {
    let (stop, publishing, mut published) = (AtomicBool::new(false), AtomicBool::new(false), 0);
    std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let (mut samples, mut during) = (0, 0);
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
            // Until a few samples fell into publications from beginning to end.
            while (samples < 50 || during < 3) && std::time::Instant::now() < deadline {
                let before = publishing.load(Ordering::SeqCst);
                let forbidden = look_at_maps();
                if !forbidden.is_empty() {
                    break;
                }
                samples += 1;
                during += u32::from(before && publishing.load(Ordering::SeqCst));
            }
            stop.store(true, Ordering::Relaxed);
            (look_at_maps(), samples, during)
        });
        let mut space = CodeSpace::new(SMALL).unwrap();
        let bytes = vec![0xCC; 60_000];
        while !stop.load(Ordering::Relaxed) {
            publishing.store(true, Ordering::SeqCst);
            let code = space.publish(&bytes, &[]).unwrap();
            publishing.store(false, Ordering::SeqCst);
            published += 1;
            space.retire(code);
            assert_eq!(space.reclaim(|_, _| false).freed, 1);
        }
        let (forbidden, samples, during) = sampler.join().unwrap();
        assert!(forbidden.is_empty(), "{forbidden:?}");
        assert!(samples >= 50 && during >= 3, "{samples} samples, {during} during one of {published} publications");
    });
    assert!(look_at_maps().is_empty());
}

/// Makes the system refuse every executable mapping from now on.
fn refuse_executable_mappings() {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let jump = |code: u32, k: u32, jt: u8, jf: u8| libc::sock_filter { code: code as u16, jt, jf, k };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let mut filter = [
        statement(load, 0),
        jump(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_mmap as u32, 0, 3),
        // The low half of the third argument.
        statement(load, 32),
        jump(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, libc::PROT_EXEC as u32, 0, 1),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the filter outlives the call, which copies it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program), 0);
    }
}

#[test]
fn refused_mappings_are_an_error() {
    if action().is_some() {
        let mut space = CodeSpace::new(SMALL).unwrap();
        let code = space.publish_image(returning(3)).unwrap();
        refuse_executable_mappings();
        let denied = CodeError::Denied { errno: libc::EPERM };
        assert_eq!(CodeSpace::new(SMALL).unwrap_err(), denied);
        // A space that there is needs no other mapping, however much code comes.
        assert_eq!(call(space.get(code).unwrap().entry()), 3);
        space.publish(&vec![0xCC; 200_000], &[]).unwrap();
        let more = space.publish_image(returning(4)).unwrap();
        assert_eq!(call(space.get(more).unwrap().entry()), 4);
        assert_eq!(space.stats().refused, 0);
        println!("denied cleanly");
        return;
    }
    let output = child("refused_mappings_are_an_error", "go");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("denied cleanly"), "{text}");
}

/// Systems can refuse that memory which was writable becomes executable (Linux: `PR_SET_MDWE`): publishing needs no such
/// change.
#[test]
fn publishing_works_where_memory_cannot_become_executable() {
    if action().is_some() {
        const PR_SET_MDWE: i32 = 65;
        // SAFETY: the call takes numbers only.
        if unsafe { libc::prctl(PR_SET_MDWE, 1, 0, 0, 0) } != 0 {
            println!("worked: not known to this system");
            return;
        }
        let mut space = CodeSpace::new(SMALL).unwrap();
        let code = space.publish_image(returning(5)).unwrap();
        assert_eq!(call(space.get(code).unwrap().entry()), 5);
        println!("worked");
        return;
    }
    let output = child("publishing_works_where_memory_cannot_become_executable", "go");
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("worked"));
}

#[test]
fn nothing_stays_mapped_when_a_space_is_dropped() {
    let range = {
        let mut space = CodeSpace::new(SMALL).unwrap();
        space.publish_image(returning(1)).unwrap();
        space.code_range()
    };
    let start = format!("{:x}-", range.start);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.lines().any(|line| line.starts_with(&start) && line.contains("tercel-code")));
}
