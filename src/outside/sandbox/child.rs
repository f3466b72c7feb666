//! The inside of the locked room: shut yourself in, read a PDF from standard input, write its words
//! to standard output. Runs as a process of its own; every way to end has its number.

use std::io::{Read as _, Write as _};
use std::net::UdpSocket;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus, Scope,
};
use pdf_extract::OutputError;
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, getpid, getppid, setrlimit, test_kill_process};

pub const DONE: u8 = 0;
pub const DAMAGED: u8 = 10;
pub const LOCKED: u8 = 11;
pub const NO_LANDLOCK: u8 = 12;
const NO_LIMITS: u8 = 13;
const NO_INPUT: u8 = 14;

/// Where our own program is found in the room.
pub const INSIDE: &str = "/steward";

/// Given as input, nothing is read and [`READY`] comes back.
pub const PROBE: &[u8] = b"probe";
pub const READY: &[u8] = b"ready";

const INPUT_BYTES_MAX: u64 = 64 << 20;
const OUTPUT_BYTES_MAX: usize = 3 << 20;
const MEMORY_BYTES_MAX: u64 = 512 << 20;
const PROCESSOR_SECONDS_MAX: u64 = 15;
const OPEN_FILES_MAX: u64 = 16;
/// Deeply nested files are read by recursion.
const STACK_BYTES: usize = 64 << 20;
/// Addresses for examples, which belong to nobody (RFC 5737).
const NOBODYS: [&str; 2] = ["192.0.2.1", "203.0.113.1"];
/// The first of a machine are always there, and a new room begins to count at one.
const PIDS_LOOKED_AT: i32 = 1_000;

/// The whole life of the child; what it returns is the exit code.
pub fn extract_pdf() -> u8 {
    if !shut_in() {
        return NO_LANDLOCK;
    }
    let mut input = Vec::new();
    if std::io::stdin().take(INPUT_BYTES_MAX).read_to_end(&mut input).is_err() {
        return NO_INPUT;
    }
    // Parsers may print; only our own words may reach the real output.
    let Ok(output) = rustix::io::dup(rustix::stdio::stdout()) else { return NO_LIMITS };
    if rustix::stdio::dup2_stdout(rustix::stdio::stderr()).is_err() {
        return NO_LIMITS;
    }
    // Before there is a thread beside this one, which would pass for somebody else.
    let is_ready = input == PROBE && is_shut_in();
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES);
    let worker = worker.spawn(move || match limit() {
        true if is_ready => Ok(READY.to_vec()),
        true => read(&input),
        false => Err(NO_LIMITS),
    });
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(text))) => match std::fs::File::from(output).write_all(&text) {
            Ok(()) => DONE,
            Err(_) => NO_LIMITS,
        },
        Ok(Ok(Err(code))) => code,
        _ => DAMAGED,
    }
}

fn read(pdf: &[u8]) -> Result<Vec<u8>, u8> {
    match pdf_extract::extract_text_from_mem(pdf) {
        Ok(mut text) => {
            text.truncate(text.floor_char_boundary(OUTPUT_BYTES_MAX));
            Ok(text.into_bytes())
        }
        Err(OutputError::PdfError(err)) if err.to_string().contains("password") => Err(LOCKED),
        Err(_) => Err(DAMAGED),
    }
}

/// From here on no file, no socket and no process outside can be reached.
fn shut_in() -> bool {
    let abi = ABI::V6;
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(abi)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    ruleset.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

/// Our own program is here to be run, and yet can't be opened; and there is nothing else here: no
/// network, no variable but where we are, nobody beside whoever started us.
fn is_shut_in() -> bool {
    let refused = |path: &str| std::fs::File::open(path).is_err();
    let no_files = refused(INSIDE) && refused("/") && refused("/usr/lib");
    no_files && has_no_network() && std::env::vars_os().all(|(name, _)| name == "PWD") && is_alone()
}

/// No way leads anywhere. Landlock keeps TCP shut by itself, so UDP is asked, and sends nothing.
fn has_no_network() -> bool {
    let no_way = |anywhere: &str| {
        let socket = UdpSocket::bind(("0.0.0.0", 0));
        socket.is_ok_and(|socket| socket.connect((anywhere, 9)).is_err())
    };
    NOBODYS.into_iter().all(no_way)
}

/// A process that can't be seen is told apart from one that may not be sent anything.
fn is_alone() -> bool {
    let known = [Some(getpid()), getppid()];
    let gone = |pid| test_kill_process(pid) == Err(Errno::SRCH);
    let mut others =
        (1..PIDS_LOOKED_AT).filter_map(Pid::from_raw).filter(|pid| !known.contains(&Some(*pid)));
    others.all(gone)
}

fn limit() -> bool {
    let limits = [
        (Resource::As, MEMORY_BYTES_MAX),
        (Resource::Cpu, PROCESSOR_SECONDS_MAX),
        (Resource::Fsize, 0),
        (Resource::Nofile, OPEN_FILES_MAX),
        (Resource::Core, 0),
        (Resource::Nproc, 0),
    ];
    limits.into_iter().all(|(resource, most)| {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }).is_ok()
    })
}
