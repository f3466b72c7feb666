//! The program that a command talks to, scripted: HTTP over the socket in a data folder.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What the peer answers: the request's first line, a status, a body.
type Script = Vec<(&'static str, u16, String)>;

/// At the end of a body: nothing follows, and the connection stays open until the other side ends it.
pub const HANGS: &str = ": hangs\n\n";

/// A data folder, and a program that answers in it if [`House::says`] was called.
pub struct House {
    pub dir: tempfile::TempDir,
    asked: Arc<Mutex<Vec<String>>>,
    script: Script,
}

impl House {
    pub fn new() -> House {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.toml"), "").unwrap();
        House { dir, asked: Arc::default(), script: Script::new() }
    }

    pub fn says(mut self, line: &'static str, status: u16, body: impl Into<String>) -> House {
        self.script.push((line, status, body.into()));
        self
    }

    /// Opens the socket and answers from now on.
    pub fn open(self) -> House {
        let listener = UnixListener::bind(self.dir.path().join("steward.sock")).unwrap();
        let (script, asked) = (self.script.clone(), self.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &script, &asked);
            }
        });
        self
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Runs the program itself, in this data folder.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    pub fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut child = self.command(args).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that fails early reads nothing.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Ran::new(child.wait_with_output().unwrap(), self.path())
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steward"));
        command.args(args).arg("--config").arg(self.path().join("config.toml"));
        command
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("STEWARD_DATA__DIR", self.path())
            .env("TZ", "UTC");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What was asked of the program: method, path and body, one request a line.
    pub fn asked(&self) -> String {
        self.asked.lock().unwrap().join("\n")
    }
}

/// What came of a command.
pub struct Ran {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn new(output: Output, dir: &Path) -> Ran {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            text.replace(dir.to_str().unwrap(), "DIR")
        };
        Ran {
            exit: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|err| panic!("{err}: {}{}", self.out, self.err))
    }

    /// All that a person sees, for snapshots.
    pub fn screen(&self) -> String {
        format!("{}{}[exit {}]", self.out, self.err, self.exit)
    }
}

fn answer(stream: UnixStream, script: &Script, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(&stream);
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return; // only looked whether anybody is there
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let line = first.trim_end().trim_end_matches(" HTTP/1.1");
    asked
        .lock()
        .unwrap()
        .push(format!("{line} {}", String::from_utf8(body).unwrap()).trim_end().to_owned());
    let found = script.iter().find(|(scripted, ..)| *scripted == line);
    let missing = (404, r#"{"error":"There is no such page.","code":"not_found"}"#.to_owned());
    let (status, body) = found.map_or(missing, |(_, status, body)| (*status, body.clone()));
    let kind = if body.starts_with("event:") { "text/event-stream" } else { "application/json" };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n");
    let mut stream = &stream;
    stream.write_all(head.as_bytes()).unwrap();
    // Borders between pieces fall inside letters.
    for piece in body.as_bytes().chunks(7) {
        let _ = stream.write_all(piece);
    }
    if body.ends_with(HANGS) {
        let _ = stream.read_to_end(&mut Vec::new());
    }
}
