//! A tool server that is a program of the owner's: started with nothing but what it was given, and
//! ended with everything that it started.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use tokio_util::sync::CancellationToken;

use super::Program;
use crate::guard::allowed::{Allowed, Command as Judged};
use crate::spawn::Spawner;

/// Between asking it to end and ending it.
const GRACE: Duration = Duration::from_secs(2);
/// Of what it complains; the last part is kept.
const COMPLAINT_BYTES_MAX: usize = 2 << 10;
const UNEXPECTED: &str = "nobody panics while holding a complaint";

pub struct Running {
    child: Child,
    group: Group,
    complaint: Complaint,
}

/// Its process and all that it started; what still runs when this is dropped is killed.
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // None left is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Starts what was judged, in its own folder, and gives its two ends.
pub fn start(
    judged: Allowed<Judged>,
    program: &Program,
    spawner: &Spawner,
) -> io::Result<(Running, ChildStdout, ChildStdin)> {
    let judged = judged.spend();
    let mut command = Command::new(judged.program);
    command.args(judged.arguments).current_dir(&program.folder).env_clear();
    for (name, value) in &program.env {
        command.env(name, value.expose());
    }
    command.process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let pipes = (child.stdout.take(), child.stdin.take(), child.stderr.take());
    let (Some(stdout), Some(stdin), Some(stderr)) = pipes else {
        return Err(io::Error::other("it has no pipes"));
    };
    let complaint = Complaint::default();
    spawner.spawn("complaints of a tool server", complaint.clone().keep(stderr));
    Ok((Running { child, group, complaint }, stdout, stdin))
}

impl Running {
    /// Its input has been closed: it may end by itself, is asked to, and then ended. Gives what it
    /// complained of.
    pub async fn end(mut self) -> Complaint {
        self.group.signal(Signal::TERM);
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.group.signal(Signal::KILL);
            let _ = self.child.wait().await;
        }
        // What it started itself may live on in its group.
        self.group.signal(Signal::KILL);
        self.group.0 = None;
        self.complaint
    }
}

/// The last that it wrote where complaints go.
#[derive(Clone, Default)]
pub struct Complaint {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Cancelled when there will be no more.
    whole: CancellationToken,
}

impl Complaint {
    async fn keep(self, mut stderr: ChildStderr) {
        let _whole = self.whole.clone().drop_guard();
        let mut piece = [0; 1024];
        while let Ok(length @ 1..) = stderr.read(&mut piece).await {
            let mut kept = self.kept.lock().expect(UNEXPECTED);
            kept.extend_from_slice(&piece[..length]);
            let surplus = kept.len().saturating_sub(COMPLAINT_BYTES_MAX);
            kept.drain(..surplus);
        }
    }

    /// Its last line that says something, of a program that was ended.
    pub async fn last_line(&self) -> Option<String> {
        let _ = tokio::time::timeout(GRACE, self.whole.cancelled()).await;
        let kept = self.kept.lock().expect(UNEXPECTED);
        let text = String::from_utf8_lossy(&kept);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        last.map(|line| line.trim().to_owned())
    }
}

/// What it says, as long as no message is longer than may be; then it ends.
pub struct Capped {
    inner: ChildStdout,
    line_bytes: usize,
    max: usize,
}

impl Capped {
    pub fn new(inner: ChildStdout, max: usize) -> Capped {
        Capped { inner, line_bytes: 0, max }
    }
}

impl AsyncRead for Capped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        let new = &buf.filled()[before..];
        self.line_bytes = match new.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => new.len() - at - 1,
            None => self.line_bytes + new.len(),
        };
        if self.line_bytes > self.max {
            return Poll::Ready(Err(io::Error::other("a message is longer than may be")));
        }
        read
    }
}
