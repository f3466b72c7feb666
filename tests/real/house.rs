//! The real binary on a folder of its own: started, killed, started again.

use std::ffi::OsStr;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

const START_TIME_MAX: Duration = Duration::from_secs(30);
const COMMAND_TIME_MAX: Duration = Duration::from_secs(60);
const STOP_TIME_MAX: Duration = Duration::from_secs(20);
const PROBE_EVERY: Duration = Duration::from_millis(1);

pub const OWNER: &str = "ada";
pub const PASSWORD: &str = "correct horse battery staple";

pub struct House {
    dir: tempfile::TempDir,
    port: u16,
    program: PathBuf,
    /// The program's environment.
    pub settings: Vec<(String, String)>,
    /// Holds a small file system over the data folder, seen by this house alone.
    disk: Option<std::process::Child>,
    running: Option<Child>,
}

impl House {
    /// A new, empty house that is not started yet. Settings are `SECTION__KEY` and value.
    pub fn new(settings: &[(&str, &str)]) -> House {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings =
            settings.iter().map(|(key, value)| (format!("STEWARD_{key}"), (*value).to_owned()));
        // A scripted model would take the question for the next turn of its script; and nobody waits
        // half a minute for what is held.
        let usual = [("LLM_SCREEN", "false"), ("HOLD_SECONDS", "0")];
        let usual = usual
            .map(|(key, value)| (format!("STEWARD_GUARD__{key}"), value.to_owned()))
            .into_iter();
        House {
            dir: tempfile::tempdir().unwrap(),
            port,
            program: binary(),
            settings: usual.chain(settings).collect(),
            disk: None,
            running: None,
        }
    }

    /// A house whose data folder is a file system of its own, with these mount options.
    pub fn on_a_disk(options: &'static str) -> House {
        let mut house = House::new(&[]);
        std::fs::create_dir(house.data()).unwrap();
        let mut command = std::process::Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        // It lasts until the house is gone, and with it the other end of its input.
        let script = r#"mount -t tmpfs -o "$0" steward-test "$1" && echo there && exec cat"#;
        command.args(["--mount", "sh", "-c", script, options]).arg(house.data());
        let mut disk = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut there = [0; 6];
        disk.stdout.as_mut().unwrap().read_exact(&mut there).unwrap();
        house.disk = Some(disk);
        house
    }

    /// Mounts the data folder's file system anew with these options.
    pub async fn remount(&self, options: &str) {
        let mut command = self.inside("mount");
        command.args(["-o", &format!("remount,{options}")]).arg(self.data());
        assert!(command.status().await.unwrap().success());
    }

    /// From the next start on it is then, in the debug build: no other has a clock that can be set.
    pub fn set_clock(&mut self, then: jiff::Timestamp) {
        let ahead = then.as_millisecond() - jiff::Timestamp::now().as_millisecond();
        std::fs::write(self.data().join(steward::data_folder::CLOCK), ahead.to_string()).unwrap();
        self.program = env!("CARGO_BIN_EXE_steward").into();
    }

    /// A running house with its owner set up, and a key for everything.
    pub async fn lived_in(settings: &[(&str, &str)]) -> (House, Key) {
        let mut house = House::new(settings);
        house.start().await;
        house.set_up().await;
        let key = house.key("*,approvals").await;
        (house, key)
    }

    /// Starts the program and waits until it answers.
    pub async fn start(&mut self) {
        self.launch();
        self.ready().await;
    }

    /// Starts the program and waits for nothing.
    pub fn launch(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let log = std::fs::File::options().create(true).append(true).open(self.log_path()).unwrap();
        let child = self.serve().stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        self.running = Some(child);
    }

    /// Waits until it answers.
    pub async fn ready(&mut self) {
        let ready = timeout(START_TIME_MAX, async {
            let mut again = interval(PROBE_EVERY);
            while !self.is_ready().await {
                let child = self.running.as_mut().expect("it was started");
                if let Some(status) = child.try_wait().unwrap() {
                    panic!("ended with {status}:\n{}", self.log());
                }
                again.tick().await;
            }
        });
        if ready.await.is_err() {
            panic!("not ready in {START_TIME_MAX:?}:\n{}", self.log());
        }
    }

    /// kill -9: nothing gets to tidy up.
    pub async fn kill(&mut self) {
        self.kill_after(Duration::ZERO).await;
    }

    /// kill -9 after so long, in which it must not end by itself.
    pub async fn kill_after(&mut self, time: Duration) {
        let child = self.running.as_mut().expect("it runs");
        if let Ok(status) = timeout(time, child.wait()).await {
            panic!("ended by itself with {}:\n{}", status.unwrap(), self.log());
        }
        self.running.take().expect("it runs").kill().await.unwrap();
    }

    /// A polite stop; it must end by itself.
    pub async fn stop(&mut self) {
        let mut child = self.running.take().expect("it runs");
        let pid = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = timeout(STOP_TIME_MAX, child.wait()).await.expect("it stops").unwrap();
        assert!(status.success(), "{status}:\n{}", self.log());
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub async fn set_up(&self) {
        let file = self.path().join("password");
        std::fs::write(&file, PASSWORD).unwrap();
        self.run(&["setup", "--owner", OWNER, "--password-file", file.to_str().unwrap()])
            .await
            .done();
    }

    pub async fn key(&self, scopes: &str) -> Key {
        let said =
            self.run(&["token", "create", "--name", "tests", "--scopes", scopes, "--json"]).await;
        let token: Value = serde_json::from_str(&said.done()).unwrap();
        Key { base: self.url(""), key: token["token"].as_str().unwrap().to_owned(), http: client() }
    }

    /// The cookies of a browser in which the owner has signed in.
    pub async fn cookies(&self) -> String {
        let form = [("name", OWNER), ("password", PASSWORD)];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        // The redirect would be followed; the cookies are on the first answer.
        let browser = reqwest::Client::builder().no_proxy();
        let browser = browser.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request = browser.post(self.url("/login")).body(form);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let answer = request.send().await.unwrap();
        let set = answer.headers().get_all("set-cookie").into_iter();
        let pairs = set.map(|it| it.to_str().unwrap().split(';').next().unwrap().to_owned());
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// The one-time code that opens the setup page.
    pub async fn setup_code(&self) -> String {
        self.run(&["setup-code"]).await.done().trim().to_owned()
    }

    /// Runs one of the program's commands against this house.
    pub async fn run(&self, args: &[&str]) -> Said {
        let mut command = self.inside(&self.program);
        command.args(args).arg("--data-dir").arg(self.data());
        let output = timeout(COMMAND_TIME_MAX, self.environment(&mut command).output())
            .await
            .unwrap_or_else(|_| panic!("steward {args:?} did not end:\n{}", self.log()));
        Said::new(args, output.unwrap())
    }

    /// Runs a command in a terminal of its own, in which these lines are typed, and then Ctrl-D.
    pub async fn typed(&self, args: &[&str], lines: &[&str]) -> Said {
        let (program, data) = (&self.program, self.data());
        let line =
            format!("{} {} --data-dir {}", program.display(), args.join(" "), data.display());
        let mut command = self.inside("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        self.environment(&mut command).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the Debian package `bsdutils` is missing");
        let typed: String = lines.iter().map(|line| format!("{line}\n")).collect();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).await.unwrap();
        let output = timeout(COMMAND_TIME_MAX, child.wait_with_output()).await;
        Said::new(args, output.expect("Ctrl-D ends it").unwrap())
    }

    /// Starts the program, which must refuse; what it says then.
    pub async fn refuses_to_start(&self, more: &[&str]) -> Said {
        let mut command = self.serve();
        let output = timeout(COMMAND_TIME_MAX, command.args(more).output()).await;
        let output = output.expect("it refuses, and does not run on").unwrap();
        let said = Said::new(&["serve"], output);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        assert!(!said.err.contains("panicked"), "{}", said.err);
        said
    }

    /// The running program's process.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().and_then(Child::id).expect("it runs")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn serve(&self) -> Command {
        let mut command = self.inside(&self.program);
        command.arg("--data-dir").arg(self.data());
        command.arg("--listen").arg(format!("127.0.0.1:{}", self.port));
        self.environment(&mut command);
        command
    }

    /// A program in the world of mounts that this house is in.
    fn inside(&self, program: impl AsRef<OsStr>) -> Command {
        let Some(disk) = &self.disk else { return Command::new(program) };
        let mut command = Command::new("nsenter");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["--mount", "--target", &disk.id().to_string()]).arg(program);
        command
    }

    fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env_clear().env("PATH", "/usr/bin:/bin").envs(self.settings.iter().cloned());
        command.stdin(Stdio::null()).kill_on_drop(true)
    }

    async fn is_ready(&self) -> bool {
        let answer = client().get(self.url("/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.path().join("log")
    }
}

/// What one of the program's commands answered.
pub struct Said {
    what: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    fn new(args: &[&str], output: std::process::Output) -> Said {
        Said {
            what: args.join(" "),
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The output of a command that must have worked.
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "steward {}: {}{}", self.what, self.out, self.err);
        self.out
    }
}

/// A program of the owner's with an API key.
pub struct Key {
    base: String,
    pub key: String,
    http: reqwest::Client,
}

impl Key {
    pub async fn get(&self, path: &str) -> Value {
        self.send(self.http.get(format!("{}/api{path}", self.base))).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(self.http.post(format!("{}/api{path}", self.base)).json(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

pub fn client() -> reqwest::Client {
    static RING: std::sync::Once = std::sync::Once::new();
    RING.call_once(|| {
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The release build where `tests/run` made one, else the build beside the tests.
pub fn binary() -> PathBuf {
    std::env::var_os("STEWARD_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_steward").into(), PathBuf::from)
}
