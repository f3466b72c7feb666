//! Reminders: a text that is said at a set time.
//!
//! It waits until `due_at`, is said once (in the conversation it was asked for in, and as a
//! notification), and stays open until the person says it is done. Said late, it says so.

mod api;
mod job;
mod page;
mod phrases;
mod service;
mod store;
mod tool;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

use super::{Feature, Undoable};
use crate::dates;
use crate::error::{Error, Result};
use crate::ids::{ConversationId, ReminderId, UserId};
use crate::label::Label;
use crate::web::shell::{Entry, Group};

pub use service::search;

pub const FEATURE: Feature = Feature {
    name: "reminders",
    nav: &[Entry {
        group: Group::Daily,
        label: "Reminders",
        url: "/reminders",
        icon: "bell",
        thumb: false,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    tools: tool::all,
    phrases: || phrases::ALL.to_vec(),
    jobs: job::ALL,
    undoable: &[Undoable { table: "reminders", shared: false, wakes: Some(job::DELIVER) }],
};

const TEXT_CHARS_MAX: usize = 500;
const YEARS_AHEAD_MAX: i64 = 100;

#[derive(Debug, Clone, PartialEq)]
pub struct Reminder {
    pub id: ReminderId,
    pub user_id: UserId,
    pub conversation_id: Option<ConversationId>,
    pub text: String,
    pub due_at: Timestamp,
    pub state: State,
    pub label: Label,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    /// It was said and is not done yet.
    Sent,
    Done,
    Cancelled,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sent => "sent",
            State::Done => "done",
            State::Cancelled => "cancelled",
        }
    }

    fn parse(text: &str) -> Option<State> {
        [State::Waiting, State::Sent, State::Done, State::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A reminder that passed the checks but is not stored yet.
#[derive(Debug, Clone)]
pub struct NewReminder {
    text: String,
    due_at: Timestamp,
}

impl NewReminder {
    /// `when` is a time as people write it; it is read against `now`, in its zone.
    pub fn parse(text: &str, when: &str, now: &Zoned) -> Result<NewReminder> {
        Ok(NewReminder { text: checked_text(text)?, due_at: checked_due("due_at", when, now)? })
    }

    /// One line that holds both: "call mum tomorrow 6pm".
    pub fn parse_line(line: &str, now: &Zoned) -> Result<NewReminder> {
        if dates::repeats(line) {
            return Err(Error::invalid(
                "line",
                "Reminders come once: write a day and a time. What comes again is a task, under Schedule.",
            ));
        }
        let found = dates::find(line, now);
        let found = found.map_err(|err| Error::invalid("line", err.to_string()))?;
        let Some(found) = found else {
            return Err(Error::invalid(
                "line",
                "Say when, too: \"call mum tomorrow 6pm\", \"stretch in 20 min\".",
            ));
        };
        let text = checked_text(&found.rest).map_err(|_| {
            Error::invalid("line", "Say what to be reminded of, too: \"call mum tomorrow 6pm\".")
        })?;
        Ok(NewReminder { text, due_at: ahead(&found.when.at, now, "line")? })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn due_at(&self) -> Timestamp {
        self.due_at
    }
}

pub fn checked_text(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || TEXT_CHARS_MAX < text.chars().count() {
        let message = format!("Write what to be reminded of, up to {TEXT_CHARS_MAX} characters.");
        return Err(Error::invalid("text", message));
    }
    Ok(text.to_owned())
}

/// `field` is what the person mends when the time can't be.
pub fn checked_due(field: &'static str, when: &str, now: &Zoned) -> Result<Timestamp> {
    let read = dates::parse(when, now).map_err(|err| Error::invalid(field, err.to_string()))?;
    ahead(&read.at, now, field)
}

fn ahead(at: &Zoned, now: &Zoned, field: &'static str) -> Result<Timestamp> {
    if at <= now {
        return Err(Error::invalid(field, passed(at, now)));
    }
    if now.checked_add(YEARS_AHEAD_MAX.years()).is_ok_and(|last| last < *at) {
        return Err(Error::invalid(field, "That is too far ahead. Give an earlier time."));
    }
    Ok(at.timestamp())
}

fn passed(at: &Zoned, now: &Zoned) -> String {
    format!("That time has passed ({}). Give a later one.", dates::say_moment(at, now))
}

impl Reminder {
    pub fn due_in(&self, zone: &TimeZone) -> Zoned {
        self.due_at.to_zoned(zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-23T14:00[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn line_holds_text_and_time() {
        let new = NewReminder::parse_line("call mum tomorrow 6pm", &now()).unwrap();
        assert_eq!(
            (new.text(), new.due_at().to_string().as_str()),
            ("call mum", "2026-11-24T17:00:00Z")
        );
    }

    #[test]
    fn what_can_not_be_is_refused_with_a_sentence() {
        let refused = |line: &str| NewReminder::parse_line(line, &now()).unwrap_err().to_string();
        insta::assert_snapshot!(refused("call mum"), @r#"Say when, too: "call mum tomorrow 6pm", "stretch in 20 min"."#);
        insta::assert_snapshot!(refused("tomorrow 6pm"), @r#"Say what to be reminded of, too: "call mum tomorrow 6pm"."#);
        insta::assert_snapshot!(refused("call mum yesterday"), @"That time has passed (yesterday at 09:00). Give a later one.");
        insta::assert_snapshot!(refused("call mum in 2000 years"), @"That is too far ahead. Give an earlier time.");
        insta::assert_snapshot!(refused("call mum on monday and tuesday"), @"A reminder has one time; say one of them.");
        insta::assert_snapshot!(refused("call mum on 30 Feb"), @r#"There is no day "30 Feb"."#);
        insta::assert_snapshot!(refused("call mum before 6pm"), @r#"I can't tell which moment that is. Say a day or a time, or something like "5 minutes before 6pm"."#);
        insta::assert_snapshot!(refused("call mum every monday"), @"Reminders come once: write a day and a time. What comes again is a task, under Schedule.");
    }
}
