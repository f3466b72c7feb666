//! The page for something that went wrong: what, and what to do next.

use askama::Template;

use crate::web::theme::Theme;

/// `error.html`. Stands alone, so that it can be shown to anybody, signed in or not; who is signed in
/// sees it in the frame, see `app::framed`.
#[derive(Clone, Template)]
#[template(path = "error.html")]
pub struct Problem {
    pub theme: Theme,
    pub status: u16,
    /// "There is nothing here", one line.
    pub title: &'static str,
    /// The error's own sentence.
    pub message: String,
    /// What can be done about it, or "".
    pub next: &'static str,
    /// The moment, as text.
    pub at: String,
    /// What to look for in the log, or "".
    pub request_id: String,
}

impl Problem {
    /// Title and next step that go with a status; `typed`: what was asked came from a form.
    pub fn words(status: u16, typed: bool) -> (&'static str, &'static str) {
        match status {
            400 => ("That request was not understood", ""),
            401 => ("Please sign in", ""),
            403 => ("That is not allowed", ""),
            404 => (
                "There is nothing here",
                "It may have been deleted, or the address has a typing error.",
            ),
            409 => ("Something came first", "Reload the page to see how things stand now."),
            410 => ("This is closed", ""),
            413 => ("That is too large", "Send less at once."),
            422 if !typed => ("That request was not understood", ""),
            422 => (
                "Something has to be mended",
                "Go back with your browser; what you typed is still there.",
            ),
            429 => ("Too fast", "Wait a minute and try again."),
            ..500 => ("That can't be done here", ""),
            502 => ("Another service did not answer well", "Try again in a moment."),
            503 => ("Not just now", "Try again in a moment."),
            _ => (
                "Something went wrong in here",
                "Nothing was lost. Try again; if it stays, the log has the details.",
            ),
        }
    }
}
