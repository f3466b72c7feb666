//! Notes: what a person wants kept, found again by its words.
//!
//! A note has a content and may have a title. A deleted one can be taken back for thirty days.

mod api;
mod job;
mod page;
mod phrases;
mod service;
mod store;
mod tool;

use jiff::Timestamp;

use super::{Feature, Undoable};
use crate::error::{Error, Result};
use crate::ids::{NoteId, UserId};
use crate::label::{Label, Secrecy};
use crate::web::shell::{Entry, Group};

pub use service::list;

pub const FEATURE: Feature = Feature {
    name: "notes",
    nav: &[Entry {
        group: Group::Knows,
        label: "Notes",
        url: "/notes",
        icon: "notes",
        thumb: false,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    tools: tool::all,
    phrases: || phrases::ALL.to_vec(),
    jobs: job::ALL,
    undoable: &[Undoable { table: "notes", shared: false, wakes: Some(job::PURGE) }],
};

const TITLE_CHARS_MAX: usize = 200;
const CONTENT_CHARS_MAX: usize = 100_000;
/// Of a heading made from a note's first line.
const HEADING_CHARS_MAX: usize = 80;

#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub id: NoteId,
    pub user_id: UserId,
    pub title: String,
    pub content: String,
    pub label: Label,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

impl Note {
    /// Whether its owner is asked before any of it is sent.
    pub fn is_secret(&self) -> bool {
        self.label.secrecy == Secrecy::Secret
    }

    /// Tells this state of the note from those before and after it.
    pub fn revision(&self) -> i64 {
        self.updated_at.as_millisecond()
    }

    /// The title, or the first line where it has none.
    pub fn heading(&self) -> String {
        if !self.title.is_empty() {
            return self.title.clone();
        }
        let first = self.content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let first = first.trim().trim_start_matches(['#', ' ']);
        match first.char_indices().nth(HEADING_CHARS_MAX) {
            Some((end, _)) => format!("{}…", first[..end].trim_end()),
            None => first.to_owned(),
        }
    }
}

/// Title and content that passed the checks.
#[derive(Debug, Clone)]
pub struct NewNote {
    title: String,
    content: String,
    /// Whether it is marked as secret; none: as it was, and not where it is new.
    secret: Option<bool>,
}

impl NewNote {
    pub fn parse(title: &str, content: &str) -> Result<NewNote> {
        let (title, content) = (title.trim(), content.trim());
        if content.is_empty() {
            return Err(Error::invalid("content", "Write something to keep."));
        }
        if CONTENT_CHARS_MAX < content.chars().count() {
            let message = format!(
                "A note holds up to {CONTENT_CHARS_MAX} characters. Split it, or keep it as a file."
            );
            return Err(Error::invalid("content", message));
        }
        if TITLE_CHARS_MAX < title.chars().count() || title.contains(['\n', '\r']) {
            let message = format!("A title is one line of up to {TITLE_CHARS_MAX} characters.");
            return Err(Error::invalid("title", message));
        }
        if content.contains('\0') || title.contains('\0') {
            return Err(Error::invalid("content", "A note can't hold null characters."));
        }
        Ok(NewNote { title: title.to_owned(), content: content.to_owned(), secret: None })
    }

    /// With or without the mark.
    pub fn marked(self, secret: Option<bool>) -> NewNote {
        NewNote { secret, ..self }
    }

    /// `label` with the mark as it is wanted.
    fn label(&self, label: Label) -> Label {
        match self.secret {
            Some(true) => Label { secrecy: Secrecy::Secret, ..label },
            Some(false) => Label { secrecy: label.secrecy.min(Secrecy::Private), ..label },
            None => label,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fits_is_kept() {
        let refused =
            |title: &str, content: &str| NewNote::parse(title, content).unwrap_err().to_string();
        insta::assert_snapshot!(refused("", "  "), @"Write something to keep.");
        insta::assert_snapshot!(refused("a\nb", "x"), @"A title is one line of up to 200 characters.");
        insta::assert_snapshot!(refused("", &"x".repeat(CONTENT_CHARS_MAX + 1)), @"A note holds up to 100000 characters. Split it, or keep it as a file.");
        assert!(NewNote::parse("", &"ü".repeat(CONTENT_CHARS_MAX)).is_ok());
    }
}
