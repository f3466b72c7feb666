//! What may be done with reminders. Pages, API, tools and the job all come through here.

use jiff::{Timestamp, Zoned};

use super::store::{self, Which};
use super::{NewReminder, Reminder, State};
use crate::audit::By;
use crate::changes::{self, Place};
use crate::dates;
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{ConversationId, ReminderId, UserId};
use crate::label::Label;
use crate::spelling::fold;

/// Open reminders of one person.
const OPEN_MAX: u32 = 1_000;
/// Of one person; older ones are not looked through.
const SEARCHED_MAX: u32 = 2_000;
/// How many of several that fit are named.
const NAMED_MAX: usize = 5;

/// For whom, where it was asked for, and whose words it is made of.
#[derive(Debug, Clone)]
pub struct Asked {
    pub user_id: UserId,
    pub conversation_id: Option<ConversationId>,
    pub label: Label,
}

/// What a change leaves alone is `None`.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub text: Option<String>,
    pub due_at: Option<Timestamp>,
}

/// A page of those with `words` in their text ("" for all), and how many there are.
pub fn list(
    r: &Reader<'_>,
    user: UserId,
    which: Which,
    words: &str,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Reminder>, u32)> {
    let skip = (page - 1).saturating_mul(per_page);
    let found = store::list(r, user, which, words, per_page, skip)?;
    Ok((found, store::count(r, user, which, words)?))
}

/// Whatever became of them: those whose text holds words that begin with all of these, the latest
/// first among the last [`SEARCHED_MAX`].
pub fn search(r: &Reader<'_>, user: UserId, words: &str) -> Result<Vec<Reminder>> {
    let wanted: Vec<_> = fold::words(words).map(fold::plain).collect();
    let mut found = store::list(r, user, Which::All, "", SEARCHED_MAX, 0)?;
    found.retain(|reminder| {
        let held: Vec<_> = fold::words(&reminder.text).map(fold::plain).collect();
        wanted.iter().all(|word| held.iter().any(|it| it.starts_with(word.as_ref())))
    });
    Ok(found)
}

pub fn find(r: &Reader<'_>, user: UserId, id: ReminderId) -> Result<Reminder> {
    store::find(r, user, id)
}

pub fn create(tx: &Tx<'_>, by: &By, asked: Asked, new: NewReminder) -> Result<Reminder> {
    if OPEN_MAX <= store::count(tx, asked.user_id, Which::Open, "")? {
        let message = format!("You have {OPEN_MAX} open reminders. Finish or cancel some first.");
        return Err(Error::Denied(message));
    }
    let reminder = Reminder {
        id: ReminderId::new(by.at),
        user_id: asked.user_id,
        conversation_id: asked.conversation_id,
        text: new.text,
        due_at: new.due_at,
        state: State::Waiting,
        label: asked.label,
        created_at: by.at,
        sent_at: None,
        ended_at: None,
    };
    keep(tx, by, "reminders.create", reminder)
}

pub fn update(
    tx: &Tx<'_>,
    by: &By,
    user: UserId,
    id: ReminderId,
    change: Change,
) -> Result<Reminder> {
    let mut reminder = store::find(tx, user, id)?;
    if let Some(text) = change.text {
        reminder.text = text;
    }
    if let Some(due_at) = change.due_at {
        wait_until(&mut reminder, due_at);
    }
    keep(tx, by, "reminders.update", reminder)
}

/// Says it again at a later time; one that was done or cancelled waits again.
pub fn snooze(
    tx: &Tx<'_>,
    by: &By,
    user: UserId,
    id: ReminderId,
    until: Timestamp,
) -> Result<Reminder> {
    let mut reminder = store::find(tx, user, id)?;
    wait_until(&mut reminder, until);
    keep(tx, by, "reminders.snooze", reminder)
}

pub fn done(tx: &Tx<'_>, by: &By, user: UserId, id: ReminderId) -> Result<Reminder> {
    let mut reminder = store::find(tx, user, id)?;
    (reminder.state, reminder.ended_at) = (State::Done, Some(by.at));
    keep(tx, by, "reminders.done", reminder)
}

pub fn cancel(tx: &Tx<'_>, by: &By, user: UserId, id: ReminderId) -> Result<Reminder> {
    let mut reminder = store::find(tx, user, id)?;
    (reminder.state, reminder.ended_at) = (State::Cancelled, Some(by.at));
    keep(tx, by, "reminders.cancel", reminder)
}

/// Takes back `done` or `cancel`: it is as it was before.
pub fn reopen(tx: &Tx<'_>, by: &By, user: UserId, id: ReminderId) -> Result<Reminder> {
    let mut reminder = store::find(tx, user, id)?;
    reminder.ended_at = None;
    reminder.state = if reminder.sent_at.is_some() { State::Sent } else { State::Waiting };
    keep(tx, by, "reminders.reopen", reminder)
}

/// Which reminders some words mean.
pub enum Named {
    One(Box<Reminder>),
    Several(Vec<Reminder>),
}

/// The open reminders that `words` mean: an id, or words of a text, and when it is due where the
/// words alone don't tell.
pub fn named(r: &Reader<'_>, user: UserId, words: &str, now: &Zoned) -> Result<Named> {
    let words = words.trim();
    if let Ok(id) = words.parse() {
        return store::find(r, user, id).map(|one| Named::One(Box::new(one)));
    }
    let open = store::list(r, user, Which::Open, "", OPEN_MAX, 0)?;
    let mut found = fitting(&open, words);
    if found.len() != 1 {
        let due = due(&open, words, now);
        found = if due.is_empty() { found } else { due };
    }
    match found.len() {
        0 => Err(Error::Conflict(format!("There is no open reminder with \"{words}\"."))),
        1 => Ok(Named::One(Box::new(found.remove(0).clone()))),
        _ => Ok(Named::Several(found.into_iter().cloned().collect())),
    }
}

/// Those with this text, else those with all of these words.
fn fitting<'a>(open: &'a [Reminder], words: &str) -> Vec<&'a Reminder> {
    let asked = words.to_lowercase();
    let fits = |it: &&Reminder| {
        let text = it.text.to_lowercase();
        // The 1 of "9:15" is nobody's name for it.
        let is_number = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
        asked.split_whitespace().all(|word| match is_number(word) {
            true => fold::words(&text).any(|own| own == word),
            false => text.contains(word),
        })
    };
    let exact: Vec<_> = open.iter().filter(|it| it.text.to_lowercase() == asked).collect();
    if exact.is_empty() { open.iter().filter(fits).collect() } else { exact }
}

/// Those that "pay rent on thursday" or "pay rent at 18:00" means.
fn due<'a>(open: &'a [Reminder], words: &str, now: &Zoned) -> Vec<&'a Reminder> {
    let last = dates::mentions(words, now).pop().filter(|it| it.range.end == words.len());
    let Some(said) = last.filter(|it| it.range.start != 0) else { return Vec::new() };
    let text = words[..said.range.start].trim();
    if text.is_empty() {
        return Vec::new();
    }
    let at = dates::parse(&words[said.range.clone()], now).map_or(said.when.at.clone(), |it| it.at);
    let is_then = |it: &&Reminder| {
        let due = it.due_in(now.time_zone());
        let same_time = (due.hour(), due.minute()) == (at.hour(), at.minute());
        (!said.has_day || due.date() == at.date()) && (!said.has_time() || same_time)
    };
    fitting(open, text).into_iter().filter(is_then).collect()
}

pub fn which_one(several: &[Reminder], now: &Zoned) -> String {
    let named: Vec<String> = several.iter().take(NAMED_MAX).map(|it| line(it, now)).collect();
    let more = several.len().saturating_sub(NAMED_MAX);
    let tail = if more == 0 { String::new() } else { format!("; and {more} more") };
    let how = how_to_tell(several, now);
    format!("Several reminders fit: {}{tail}. {how}", named.join("; "))
}

fn how_to_tell(several: &[Reminder], now: &Zoned) -> String {
    let text = |it: &Reminder| it.text.to_lowercase();
    let first = &several[0];
    if several.iter().any(|it| text(it) != text(first)) {
        return "Say more of its words, or its day and time.".to_owned();
    }
    match several.iter().any(|it| it.due_at != first.due_at) {
        true => {
            let said = dates::say_moment(&first.due_in(now.time_zone()), now);
            format!("Say its day and time, too: \"{} {said}\".", first.text)
        }
        false => {
            "Nothing tells them apart in words; end the right one on the page Reminders.".to_owned()
        }
    }
}

/// "call Ann (tomorrow at 18:00)".
pub fn line(reminder: &Reminder, now: &Zoned) -> String {
    format!("{} ({})", reminder.text, dates::say_moment(&reminder.due_in(now.time_zone()), now))
}

fn wait_until(reminder: &mut Reminder, due_at: Timestamp) {
    reminder.due_at = due_at;
    reminder.state = State::Waiting;
    (reminder.sent_at, reminder.ended_at) = (None, None);
}

fn keep(tx: &Tx<'_>, by: &By, action: &'static str, reminder: Reminder) -> Result<Reminder> {
    let place = Place { table: "reminders", key: &[("id", &reminder.id)] };
    let entry = (action, &*reminder.text);
    changes::keeping(tx, by, reminder.user_id, &place, entry, || store::save(tx, &reminder))?;
    Ok(reminder)
}
