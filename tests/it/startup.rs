//! Starting the program itself: what stands in its way is said in one sentence, with what to do, and
//! nothing is lost.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;

/// A data folder and a port of its own.
pub struct House {
    dir: tempfile::TempDir,
    port: u16,
    pub env: Vec<(&'static str, String)>,
}

impl House {
    pub fn new() -> House {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        House { dir: tempfile::tempdir().unwrap(), port, env: Vec::new() }
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
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        command.env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts and waits for the line that says so.
    pub fn start(&self) -> Running {
        let mut child = self.command().spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if !line.starts_with("steward is ready.") {
            let output = child.wait_with_output().unwrap();
            panic!("{line}{}", String::from_utf8_lossy(&output.stderr));
        }
        Running(Some(child))
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
