//! The one error type, sorted by who can act on it.
//!
//! It knows nothing of HTTP; `web/error.rs` turns it into a page or JSON, `cli.rs` into a line and
//! an exit code. Return errors; they are logged once, at the edge. Only [`Error::Internal`] and the
//! `source` of [`Error::Outside`] hold text that a person never sees.

use std::borrow::Cow;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing asked for is not there (or is not this caller's to see).
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    /// The person can mend the input; `field` names the form or JSON field.
    #[error("{message}")]
    Invalid { field: Cow<'static, str>, message: String },
    /// The state of things forbids it just now: a duplicate, an answer that came second.
    #[error("{0}")]
    Conflict(String),
    /// A list, an approval, a role or a limit said no.
    #[error("{0}")]
    Denied(String),
    /// A model, a website or a server elsewhere failed; `message` says what to do about it.
    #[error("{message}")]
    Outside { service: String, message: String, source: Option<anyhow::Error> },
    /// A bug or a broken disk. The text is logged, never shown.
    #[error("Something went wrong in here. The log has the details.")]
    Internal(#[from] anyhow::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn invalid(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Error {
        Error::Invalid { field: field.into(), message: message.into() }
    }

    pub fn outside(service: impl Into<String>, message: impl Into<String>) -> Error {
        Error::Outside { service: service.into(), message: message.into(), source: None }
    }

    /// A fault of ours, with its cause for the log.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Error {
        Error::Internal(cause.into())
    }
}

/// A sentence without the numbers that an operating system puts behind its errors.
pub fn without_codes(sentence: &str) -> String {
    let mut pieces = sentence.split(" (os error ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |told, piece| told + piece.split_once(')').map_or("", |(_, rest)| rest))
}

/// The `service` of an [`Error::Outside`] that the machine's own disk is to blame for.
pub const DISK: &str = "disk";

impl From<rusqlite::Error> for Error {
    fn from(err: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode::{DiskFull, ReadOnly};
        let message = match err.sqlite_error_code() {
            Some(DiskFull) => {
                "The disk is full, so nothing was changed. Free some space and try again."
            }
            Some(ReadOnly) => {
                "The data folder can't be written, so nothing was changed. Make it writable and try \
                 again."
            }
            _ => return Error::Internal(err.into()),
        };
        let service = DISK.to_owned();
        Error::Outside { service, message: message.to_owned(), source: Some(err.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::without_codes;

    #[test]
    fn numbers_of_the_operating_system_are_left_out() {
        let missing = std::io::Error::from_raw_os_error(2);
        let said = format!("It can't be read: {missing}. Nor can that: {missing}");
        let plain = "No such file or directory";
        assert_eq!(
            without_codes(&said),
            format!("It can't be read: {plain}. Nor can that: {plain}")
        );
        assert_eq!(without_codes("(as it was)"), "(as it was)");
    }
}
