//! Why a command did not do what it was asked to, and how it ends.

use std::process::ExitCode;

use serde_json::Value;

use crate::error::{Error, without_codes};

/// How the program ends. The numbers are a promise to other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Done = 0,
    Error = 1,
    Usage = 2,
    /// A call waits for the owner's yes.
    Waiting = 3,
    Denied = 4,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

const NO_OWNER: &str = "This steward has no owner yet. Open the address that it printed at start, \
    or run `steward setup --owner NAME --password-file FILE`.";

/// What the person is told. A silent one has been told already, or nobody is left to tell.
#[derive(Debug)]
pub(super) struct Failure {
    pub sentence: String,
    pub hint: Option<String>,
    pub code: Option<String>,
    pub exit: Exit,
}

impl Failure {
    pub fn new(sentence: impl Into<String>) -> Failure {
        let sentence = without_codes(&sentence.into());
        Failure { sentence, hint: None, code: None, exit: Exit::Error }
    }

    pub fn usage(sentence: impl Into<String>) -> Failure {
        Failure { exit: Exit::Usage, ..Failure::new(sentence) }
    }

    pub fn silent() -> Failure {
        Failure::new("")
    }

    pub fn hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }

    /// What the API answered: `{"error": sentence, "detail"?, "code", "request_id"}`.
    pub fn from_api(status: u16, body: &Value) -> Failure {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        if status == 401 {
            // The socket's callers are the owner, so there is none.
            return Failure { code: text("code"), ..Failure::new(NO_OWNER) };
        }
        let sentence = text("error").filter(|sentence| !sentence.is_empty());
        let sentence =
            sentence.unwrap_or_else(|| format!("Steward answered with status {status}."));
        let exit = match (status, body["code"].as_str()) {
            (403, _) => Exit::Denied,
            // What was typed has to be mended.
            (400, Some("invalid")) => Exit::Usage,
            _ => Exit::Error,
        };
        let hint = text("request_id").filter(|_| status == 500);
        let hint = hint.map(|id| format!("The log has more, under {id}."));
        Failure { sentence, hint, code: text("code"), exit }
    }
}

/// What went wrong in this process, which denies nobody anything: a refusal of the owner, of a list
/// or of the guard comes as an answer of the API.
impl From<Error> for Failure {
    fn from(err: Error) -> Failure {
        // No log runs here: the person at the terminal is the one who can mend it.
        let sentence = match &err {
            Error::Internal(cause) => format!("{cause:#}"),
            err => err.to_string(),
        };
        Failure::new(sentence)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(err: anyhow::Error) -> Failure {
        let ours = err.chain().find_map(|cause| cause.downcast_ref::<Error>());
        Failure::new(match ours {
            Some(Error::Internal(cause)) => format!("{cause:#}"),
            Some(ours) => ours.to_string(),
            None => format!("{err:#}"),
        })
    }
}
