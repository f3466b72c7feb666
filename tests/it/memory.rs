//! The program's memory and environment hold keys, so no other program of the same user may read
//! them.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// Any user but root, to whom no file is closed.
const NOBODY: u32 = 65_534;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The user that these tests play: nobody where they run as root, else their own.
fn as_user(command: &mut Command) -> &mut Command {
    match rustix::process::geteuid().is_root() {
        true => command.uid(NOBODY).gid(NOBODY),
        false => command,
    }
}

fn start(folder: &tempfile::TempDir) -> Running {
    let data = folder.path().join("data");
    // Nobody can reach the binary where cargo put it, nor an ordinary temporary folder.
    let binary = folder.path().join("steward");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_steward"), &binary).unwrap();
    fs::create_dir(&data).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let mut command = Command::new(binary);
    command.arg("--data-dir").arg(data).args(["--listen", "127.0.0.1:0"]);
    command.env_clear().env("STEWARD_VAULT__PASSPHRASE", "correct horse battery");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = as_user(&mut command).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("steward is ready."), "{line}");
    Running(child)
}

#[test]
fn another_program_of_the_same_user_can_read_neither_memory_nor_environment() {
    let folder = tempfile::tempdir().unwrap();
    let house = start(&folder);
    let own = as_user(&mut Command::new("sleep")).arg("60").spawn().unwrap();
    let own = Running(own);
    for (pid, readable) in [(own.0.id(), true), (house.0.id(), false)] {
        for file in ["environ", "maps"] {
            let mut cat = Command::new("cat");
            cat.arg(format!("/proc/{pid}/{file}")).stdout(Stdio::null()).stderr(Stdio::null());
            let read = as_user(&mut cat).status().unwrap();
            assert_eq!(read.success(), readable, "{file} of {pid}");
        }
    }
    let memory = fs::metadata(format!("/proc/{}/mem", house.0.id())).unwrap();
    assert_eq!(memory.uid(), 0, "memory that can't be dumped is root's");
}

#[test]
fn a_crash_leaves_no_core_file() {
    let folder = tempfile::tempdir().unwrap();
    let house = start(&folder);
    let limits = fs::read_to_string(format!("/proc/{}/limits", house.0.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
}
