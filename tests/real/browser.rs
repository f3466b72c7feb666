//! Chromium with a story to live through; see `browser/`.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::house::{House, OWNER, PASSWORD};
use crate::peers;

const STORY_TIME_MAX: Duration = Duration::from_secs(200);

pub struct Story {
    name: String,
    child: Child,
    answers: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Story {
    pub fn begin(name: &str, house: &House, more: &[(&str, &str)]) -> Story {
        let mut command = Command::new("node");
        command.arg(peers::here().join("browser/run.mjs")).arg(name);
        command.env("BASE", house.url("")).env("CHROMIUM", peers::chromium());
        command.env("OWNER", OWNER).env("PASSWORD", PASSWORD).envs(more.iter().copied());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the Debian package `nodejs` is missing; tests/run installs it");
        let answers = child.stdin.take().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap()).lines();
        Story { name: name.to_owned(), child, answers, told }
    }

    /// A story that needs nothing from the test.
    pub async fn live(name: &str, house: &House, more: &[(&str, &str)]) {
        Story::begin(name, house, more).ends(house).await;
    }

    /// Until the story tells this; it then waits for [`Story::go_on`].
    pub async fn until(&mut self, what: &str, house: &House) {
        let line = timeout(STORY_TIME_MAX, self.told.next_line()).await.unwrap_or_else(|_| {
            panic!("{}: «{what}» was not told in {STORY_TIME_MAX:?}\n{}", self.name, house.log())
        });
        match line.unwrap() {
            Some(line) => assert_eq!(line, format!("told {what}"), "{}", self.name),
            None => panic!("{}", self.complaint(house).await),
        }
    }

    pub async fn go_on(&mut self) {
        self.answers.write_all(b"go on\n").await.unwrap();
    }

    #[expect(clippy::print_stderr, reason = "what a story measured belongs in the run's output")]
    pub async fn ends(mut self, house: &House) {
        let status = timeout(STORY_TIME_MAX, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("{} did not end in {STORY_TIME_MAX:?}", self.name));
        if !status.unwrap().success() {
            panic!("{}", self.complaint(house).await);
        }
        // What it measured.
        eprint!("{}", self.said().await);
    }

    async fn complaint(&mut self, house: &House) -> String {
        let said = self.said().await;
        format!("{}:\n{said}\nthe program's log:\n{}", self.name, house.log())
    }

    async fn said(&mut self) -> String {
        let mut said = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            errors.read_to_string(&mut said).await.unwrap();
        }
        said
    }
}
