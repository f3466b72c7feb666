//! A locked room for reading hostile files: no network, no environment, no files, little memory and
//! little time. What goes wrong in there stays in there.
//!
//! The room is bubblewrap (own namespaces, an empty read-only root); once inside, the child shuts
//! itself in further with landlock and resource limits ([`child`]). Without either the tools that
//! need it are off, and say why.

pub mod child;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::error::{Error, Result, without_codes};

const BWRAP_PLACES: [&str; 3] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"];
/// What a program linked to the system's C library needs to start.
const LIBRARIES: [&str; 4] = ["/usr/lib", "/usr/lib64", "/lib", "/lib64"];
const TIME_MAX: Duration = Duration::from_secs(20);
const PROBE_TIME_MAX: Duration = Duration::from_secs(5);
const OUTPUT_BYTES_MAX: u64 = 4 << 20;
const COMPLAINT_BYTES_MAX: u64 = 4 << 10;

/// The subcommand of our own program that is run inside; people never type it.
pub const EXTRACT_PDF: &str = "__extract-pdf";

/// The locked room, or why there is none.
#[derive(Debug, Clone)]
pub enum Sandbox {
    Ready { bwrap: PathBuf, program: PathBuf },
    Missing { why: String },
}

struct Outcome {
    code: Option<i32>,
    output: Vec<u8>,
    complaint: String,
}

impl Sandbox {
    /// Tries the room once with nothing in it. `program` is our own executable.
    pub async fn probe(program: PathBuf) -> Sandbox {
        let found = BWRAP_PLACES.iter().map(PathBuf::from).find(|place| place.exists());
        let Some(bwrap) = found else {
            return Sandbox::Missing {
                why: "bubblewrap is not installed (on Debian: apt install bubblewrap)".into(),
            };
        };
        let run = run(&bwrap, &program, child::PROBE.to_vec());
        let why = match tokio::time::timeout(PROBE_TIME_MAX, run).await {
            Ok(Ok(outcome)) if outcome.output == child::READY => {
                return Sandbox::Ready { bwrap, program };
            }
            Ok(Ok(outcome)) if outcome.code == Some(i32::from(child::NO_LANDLOCK)) => {
                "the kernel has no landlock".into()
            }
            Ok(Ok(outcome)) => format!("bubblewrap could not start it: {}", outcome.complaint),
            Ok(Err(err)) => without_codes(&format!("bubblewrap could not be run: {err}")),
            Err(_) => "it did not answer in time".into(),
        };
        Sandbox::Missing { why }
    }

    /// The sentence for a page or a tool that is off; nothing when all is well.
    pub fn missing(&self) -> Option<String> {
        match self {
            Sandbox::Ready { .. } => None,
            Sandbox::Missing { why } => Some(format!(
                "PDF files can't be read here, because the sandbox is missing: {why}."
            )),
        }
    }

    /// The words in a PDF file.
    pub async fn pdf_text(&self, pdf: Vec<u8>) -> Result<String> {
        let (bwrap, program) = match self {
            Sandbox::Ready { bwrap, program } => (bwrap, program),
            Sandbox::Missing { .. } => {
                return Err(Error::Denied(self.missing().unwrap_or_default()));
            }
        };
        let outcome = tokio::time::timeout(TIME_MAX, run(bwrap, program, pdf)).await;
        let outcome = match outcome {
            Ok(outcome) => outcome.map_err(Error::internal)?,
            Err(_) => return Err(unreadable("it takes too long to read")),
        };
        match outcome.code.and_then(|code| u8::try_from(code).ok()) {
            Some(child::DONE) => match String::from_utf8(outcome.output) {
                Ok(text) if text.trim().is_empty() => {
                    Err(unreadable("there is no text in it; it may be a scan"))
                }
                Ok(text) => Ok(text),
                Err(_) => Err(unreadable("what it holds is not text")),
            },
            Some(child::LOCKED) => Err(unreadable("it is locked with a password")),
            Some(child::DAMAGED) => Err(unreadable("it is damaged")),
            _ => Err(unreadable("it is damaged, or made to break what reads it")),
        }
    }
}

fn unreadable(why: &str) -> Error {
    Error::outside("pdf", format!("This PDF can't be read: {why}."))
}

async fn run(bwrap: &PathBuf, program: &PathBuf, input: Vec<u8>) -> std::io::Result<Outcome> {
    let mut child = command(bwrap, program).spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async move {
        // A child that ends early closes its end; what it says then counts.
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(&input).await;
        }
    };
    let output = up_to(stdout, OUTPUT_BYTES_MAX);
    let complaint = up_to(stderr, COMPLAINT_BYTES_MAX);
    let ((), output, complaint) = tokio::join!(feed, output, complaint);
    let code = finish(&mut child).await?;
    let complaint = String::from_utf8_lossy(&complaint);
    let complaint = complaint.lines().next().unwrap_or("it ended without a word").to_owned();
    Ok(Outcome { code, output, complaint })
}

/// Reads to the end or to `max`; closing the pipe then stops a child that would go on for ever.
async fn up_to(pipe: Option<impl AsyncRead + Unpin>, max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.take(max).read_to_end(&mut bytes).await;
    }
    bytes
}

async fn finish(child: &mut Child) -> std::io::Result<Option<i32>> {
    Ok(child.wait().await?.code())
}

fn command(bwrap: &PathBuf, program: &PathBuf) -> Command {
    let mut command = Command::new(bwrap);
    command.args(["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]);
    command.args(["--cap-drop", "ALL"]);
    for library in LIBRARIES {
        command.args(["--ro-bind-try", library, library]);
    }
    command.arg("--ro-bind").arg(program).arg(child::INSIDE);
    command.args(["--remount-ro", "/", "--chdir", "/", "--", child::INSIDE, EXTRACT_PDF]);
    command.env_clear().kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_sandbox_says_why() {
        let sandbox = Sandbox::probe("/nowhere/steward".into()).await;
        let said = sandbox.missing().unwrap_or_default();
        assert!(
            said.starts_with("PDF files can't be read here, because the sandbox is missing: "),
            "{said}"
        );
        let refusal = sandbox.pdf_text(b"%PDF-1.4".to_vec()).await.unwrap_err();
        assert_eq!(refusal.to_string(), said);
    }
}
