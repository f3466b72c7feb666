//! What a model may do with reminders.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::service::{self, Asked, Named};
use super::store::{self, Which};
use super::{NewReminder, Reminder, State, checked_due, job};
use crate::agent::tool::{self, Arg, Cx, Output, Tool};
use crate::call::Role;
use crate::dates;
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::guard::permit::Permit;
use crate::label::Label;

/// Reminders in one answer.
const LISTED_MAX: u32 = 50;

const WHEN: &str = "When, in English or ISO 8601: \"in 20 minutes\", \"tomorrow at 18:00\", \
                    \"2027-05-03T18:00\".";
const WHICH: &str = "Its id, or words of its text.";

pub fn all() -> Vec<Tool> {
    vec![
        Tool::write(
            "reminders",
            "reminders_create",
            "Reminds the owner of something once, at a set time.",
            create,
        )
        .arg(Arg::text("text", Role::Content, "What to remind of, in a few words."))
        .arg(Arg::text("when", Role::Date, WHEN)),
        Tool::read(
            "reminders",
            "reminders_list",
            "Lists the owner's reminders that are still open.",
            |cx, _, _| list(cx),
        ),
        Tool::write("reminders", "reminders_done", "Ticks a reminder off.", done).arg(Arg::text(
            "reminder",
            Role::Id,
            WHICH,
        )),
        Tool::write("reminders", "reminders_cancel", "Drops a reminder.", cancel).arg(Arg::text(
            "reminder",
            Role::Id,
            WHICH,
        )),
        Tool::write(
            "reminders",
            "reminders_snooze",
            "Puts a reminder off to a later time.",
            snooze,
        )
        .arg(Arg::text("reminder", Role::Id, WHICH))
        .arg(Arg::text("until", Role::Date, WHEN)),
    ]
}

#[derive(Deserialize)]
struct New {
    text: String,
    when: String,
}

#[derive(Deserialize)]
struct One {
    reminder: String,
}

#[derive(Deserialize)]
struct Later {
    reminder: String,
    until: String,
}

fn create(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let new: New = tool::parse(args)?;
    let now = cx.local_now();
    let new = NewReminder::parse(&new.text, &new.when, &now)?;
    let asked = Asked {
        user_id: cx.user_id,
        conversation_id: Some(cx.conversation_id),
        label: cx.written_label(),
    };
    let reminder = service::create(tx, &cx.by(), asked, new)?;
    cx.wake(tx, job::DELIVER);
    let told = format!("I'll remind you {}: {}", said(&reminder, cx), reminder.text);
    Ok(about(&reminder, told))
}

async fn list(cx: Cx) -> Result<Output> {
    let user = cx.user_id;
    cx.db
        .clone()
        .read(move |r| {
            let open = store::list(r, user, Which::Open, "", LISTED_MAX, 0)?;
            let total = store::count(r, user, Which::Open, "")?;
            let label = Label::of_shown(open.iter().map(|it| &it.label));
            Ok(Output::labelled(listed(&open, total, &cx), label))
        })
        .await
}

fn listed(open: &[Reminder], total: u32, cx: &Cx) -> String {
    let now = cx.local_now();
    if open.is_empty() {
        return "You have no open reminders.".to_owned();
    }
    let mut lines: Vec<String> = open
        .iter()
        .map(|it| {
            let told = if it.state == State::Sent { ", told already" } else { "" };
            format!("- {}: {}{told}", dates::say_moment(&it.due_in(now.time_zone()), &now), it.text)
        })
        .collect();
    if LISTED_MAX < total {
        lines.push(format!("- and {} more, on the Reminders page", total - LISTED_MAX));
    }
    lines.join("\n")
}

fn done(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let One { reminder } = tool::parse(args)?;
    with_named(tx, cx, &reminder, |reminder| {
        service::done(tx, &cx.by(), cx.user_id, reminder.id)?;
        Ok(about(&reminder, format!("Done: {}", reminder.text)))
    })
}

fn cancel(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let One { reminder } = tool::parse(args)?;
    with_named(tx, cx, &reminder, |reminder| {
        service::cancel(tx, &cx.by(), cx.user_id, reminder.id)?;
        Ok(about(&reminder, format!("Cancelled: {}", reminder.text)))
    })
}

fn snooze(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let later: Later = tool::parse(args)?;
    let until: Timestamp = checked_due("until", &later.until, &cx.local_now())?;
    with_named(tx, cx, &later.reminder, |reminder| {
        let reminder = service::snooze(tx, &cx.by(), cx.user_id, reminder.id, until)?;
        cx.wake(tx, job::DELIVER);
        let told = format!("I'll remind you again {}: {}", said(&reminder, cx), reminder.text);
        Ok(about(&reminder, told))
    })
}

/// Does it with the one reminder that `words` mean; where several fit, their texts are shown.
fn with_named(
    r: &Reader<'_>,
    cx: &Cx,
    words: &str,
    act: impl FnOnce(Reminder) -> Result<Output>,
) -> Result<Output> {
    match service::named(r, cx.user_id, words, &cx.local_now())? {
        Named::One(one) => act(*one),
        Named::Several(several) => {
            let label = Label::of_shown(several.iter().map(|it| &it.label));
            Ok(Output::failed(service::which_one(&several, &cx.local_now()), label))
        }
    }
}

fn about(reminder: &Reminder, told: String) -> Output {
    Output::labelled(told, Label::of_shown([&reminder.label]))
}

fn said(reminder: &Reminder, cx: &Cx) -> String {
    dates::say_moment(&reminder.due_in(&cx.zone), &cx.local_now())
}
