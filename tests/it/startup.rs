//! Starting the program itself: what stands in its way is said in one sentence, with what to do, and
//! nothing is lost.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;

/// A data folder and a port of its own.
pub struct House {
    dir: tempfile::TempDir,
    listen: &'static str,
    port: u16,
    pub env: Vec<(&'static str, String)>,
}

impl House {
    pub fn new() -> House {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = tempfile::tempdir().unwrap();
        House { dir, listen: "127.0.0.1", port, env: Vec::new() }
    }

    /// Beside the data folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join("data").join(name)
    }

    fn config(&self, text: &str) {
        fs::write(self.dir.path().join("config.toml"), text).unwrap();
    }

    pub fn command(&self) -> Command {
        let config = self.dir.path().join("config.toml");
        if !config.exists() {
            self.config("");
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_steward"));
        command.arg("--config").arg(config).arg("--data-dir").arg(self.data(""));
        command.args(["--listen", &format!("{}:{}", self.listen, self.port)]);
        command.env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts and waits for the line that says so.
    pub fn start(&self) -> Running {
        self.started().0
    }

    /// The same, and the line, without this test's names.
    fn started(&self) -> (Running, String) {
        let mut child = self.command().spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if !line.starts_with("steward is ready.") {
            let output = child.wait_with_output().unwrap();
            panic!("{line}{}", String::from_utf8_lossy(&output.stderr));
        }
        (Running(Some(child)), line.replace(self.dir.path().to_str().unwrap(), "DIR"))
    }

    /// Starts what must not start; what is said then, without this test's names.
    pub fn refusal(&self) -> String {
        let mut child = self.command().spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if !line.is_empty() {
            child.kill().unwrap();
            panic!("it started: {line}");
        }
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        let dir = self.dir.path().to_str().unwrap();
        told.replace(dir, "DIR").replace(&self.port.to_string(), "PORT")
    }
}

/// Killed when the test is over, however it ends.
pub struct Running(Option<Child>);

impl Running {
    pub fn stop(mut self) -> i32 {
        let mut child = self.0.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// A house that was started once and stopped.
pub fn lived_in() -> House {
    let house = House::new();
    assert_eq!(house.start().stop(), 0);
    house
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

#[test]
fn a_stop_leaves_no_socket_and_a_kill_does_not_hinder_the_next_start() {
    let house = lived_in();
    assert!(!house.data("steward.sock").exists());
    drop(house.start());
    assert!(house.data("steward.sock").exists(), "a killed program can't tidy up");
    assert_eq!(house.start().stop(), 0);
}

#[test]
fn the_line_that_says_ready_names_an_address_that_opens_and_a_command_that_works() {
    let mut house = House::new();
    for listen in ["127.0.0.1", "0.0.0.0"] {
        (house.listen, house.port) = (listen, 0);
        let (running, line) = house.started();
        let (_, rest) = line.split_once("Open  http://127.0.0.1:").unwrap();
        let port: u16 = rest.split('/').next().unwrap().parse().unwrap();
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok(), "{line}");
        let again = "`steward --config DIR/config.toml --data-dir DIR/data/ setup-code` prints it";
        assert!(line.contains(again), "{line}");
        assert_eq!(line.contains("listens on all addresses"), listen == "0.0.0.0", "{line}");
        assert_eq!(running.stop(), 0);
    }
}

#[test]
fn a_key_file_that_was_never_there_is_no_loss() {
    let house = House::new();
    let key = house.beside("new.key");
    house.config(&format!("[vault]\nkey_file = \"{}\"", key.display()));
    assert_snapshot!(house.refusal(), @"steward: The key file DIR/new.key, which vault.key_file names, is not there. Make it with `(umask 077; openssl rand -hex 32 > DIR/new.key)`, or leave vault.key_file out: then Steward makes a key in its data folder.");
    fs::write(&key, "ab".repeat(32)).unwrap();
    assert_eq!(house.start().stop(), 0);
    fs::remove_file(&key).unwrap();
    assert!(house.refusal().contains("Put it back from your backup"));
}

#[test]
fn a_port_in_use_is_named() {
    let house = House::new();
    let _taken = TcpListener::bind(("127.0.0.1", house.port)).unwrap();
    assert_snapshot!(house.refusal(), @"steward: Another program listens on 127.0.0.1:PORT. Stop it, or choose another address with --listen.");
}

#[test]
fn a_second_program_on_the_same_folder_is_refused() {
    let mut house = House::new();
    let first = house.start();
    house.port = House::new().port;
    assert_snapshot!(house.refusal(), @"steward: Another steward is already running on DIR/data/; stop it first, or give this one another folder with --data-dir.");
    assert!(house.data("steward.sock").exists(), "the first keeps its socket");
    assert_eq!(first.stop(), 0);
}

#[test]
fn a_newer_database_is_left_alone() {
    let house = lived_in();
    let file = house.data("steward.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    database.pragma_update(None, "user_version", 9_999).unwrap();
    drop(database);
    let before = bytes(&file);
    let told = house.refusal();
    assert!(told.contains("written by a newer Steward (schema 9999;"), "{told}");
    assert!(told.contains("Install that version, or restore a backup"), "{told}");
    assert!(bytes(&file) == before);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let house = lived_in();
    let file = house.data("steward.db");
    // What was not yet moved into the file would heal it.
    for rest in ["steward.db-wal", "steward.db-shm"] {
        let _ = fs::remove_file(house.data(rest));
    }
    fs::write(&file, "not a database, but somebody's only copy".repeat(100)).unwrap();
    let before = bytes(&file);
    assert_snapshot!(house.refusal(), @"steward: DIR/data/steward.db is damaged or no database of Steward's. Put back a backup, or move the file away to begin anew.");
    assert!(bytes(&file) == before);
}

#[test]
fn a_broken_config_stops_the_start_before_anything_is_made() {
    let house = House::new();
    house.config("[server]\nlisen = \"127.0.0.1:1\"\n");
    assert_snapshot!(house.refusal(), @"steward: DIR/config.toml, line 2: server.lisen is not a setting; did you mean server.listen?");
    assert!(!house.data("").exists());
}

#[test]
fn the_log_can_be_read_by_programs() {
    let mut house = House::new();
    house.env.push(("STEWARD_LOG__FORMAT", "json".to_owned()));
    let mut running = house.start();
    let log = running.0.as_mut().unwrap().stderr.take().unwrap();
    assert_eq!(running.stop(), 0);
    let lines = BufReader::new(log).lines().map(Result::unwrap);
    let lines: Vec<serde_json::Value> =
        lines.map(|line| serde_json::from_str(&line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["level"] == "INFO"), "{lines:?}");
}
