//! Notifications: what a person was told without asking, kept until read.
//!
//! Everybody sees theirs in the pages at once. Over the channels that somebody has set up (see
//! `kinds`) they go through an outbox, each once.

mod api;
mod channel;
mod channel_api;
mod channel_page;
mod job;
mod kinds;
mod outbox;
mod page;
mod push_api;
mod quiet;
mod quiet_api;
mod quiet_page;
mod store;

use askama::Template;
use jiff::{SignedDuration, Timestamp};

use super::Feature;
use crate::agent::Run;
use crate::clean;
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::ids::{NotificationId, UserId};
use crate::web::shell::{Entry, Group};
use crate::web::store::callers;
use outbox::Came;
use store::{deliveries, notifications};

pub const FEATURE: Feature = Feature {
    name: "notifications",
    nav: &[Entry {
        group: Group::Daily,
        label: "Notifications",
        url: HERE,
        icon: "info",
        thumb: false,
        admin: false,
    }],
    pages: || page::routes().merge(channel_page::routes()).merge(quiet_page::routes()),
    api: || {
        api::routes()
            .merge(channel_api::routes())
            .merge(quiet_api::routes())
            .merge(push_api::routes())
    },
    jobs: job::ALL,
    ..Feature::NOTHING
};

const HERE: &str = "/notifications";
const SETTINGS: &str = "/notifications/channels";
/// The very same thing within this time rings once.
const SAME_WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// Said at once on a page that is open.
const NOTES_MAX: u32 = 3;
/// What waits for a yes.
const ASKS: &str = "approval";

#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    pub id: NotificationId,
    pub user_id: UserId,
    /// What it is about: "reminder", "alarm".
    pub kind: String,
    pub text: String,
    /// A path in this house.
    pub link: Option<String>,
    pub created_at: Timestamp,
    pub read_at: Option<Timestamp>,
}

impl Notification {
    /// Whether somebody waits for an answer to it.
    fn asks(&self) -> bool {
        self.kind == ASKS
    }
}

/// In the place of words that are marked as secret: others carry what a person is told.
pub const SECRET: &str = "what it says is secret, and stands in Steward.";

/// What another feature wants a person told.
pub struct Telling<'a> {
    pub user_id: UserId,
    pub kind: &'a str,
    pub text: &'a str,
    pub link: Option<String>,
}

impl Telling<'_> {
    /// The same, told in this text.
    fn in_text<'t>(&'t self, text: &'t str) -> Telling<'t> {
        Telling { text, link: self.link.clone(), ..*self }
    }
}

/// In the transaction of what it tells of. Hidden characters in it are written out.
pub fn tell(tx: &Tx<'_>, telling: &Telling<'_>, now: Timestamp) -> Result<NotificationId> {
    let text = clean::shown(telling.text);
    let telling = &telling.in_text(&text);
    let again = notifications::told_since(tx, telling, now - SAME_WITHIN)?;
    let id = NotificationId::new(now);
    notifications::insert(tx, id, telling, now)?;
    let count = deliveries::put(tx, id, telling.user_id, now)?;
    if again {
        let why = (Came::Dropped, "The very same was told a moment before.");
        deliveries::end_of(tx, id, why, now)?;
    } else if count > 0 {
        tx.wake(job::DELIVER);
    }
    Ok(id)
}

/// The same thing as before, if that was not read yet, in more words; else something new.
pub fn tell_more(tx: &Tx<'_>, telling: &Telling<'_>, now: Timestamp) -> Result<()> {
    let text = clean::shown(telling.text);
    let telling = &telling.in_text(&text);
    match notifications::reword(tx, telling)? {
        0 => tell(tx, telling, now).map(drop),
        _ => Ok(()),
    }
}

/// In the pages alone, and not again while it stands there unread.
fn note(tx: &Tx<'_>, telling: &Telling<'_>, now: Timestamp) -> Result<()> {
    let text = clean::shown(telling.text);
    let telling = &telling.in_text(&text);
    if notifications::stands(tx, telling)? {
        return Ok(());
    }
    notifications::insert(tx, NotificationId::new(now), telling, now)
}

/// The last that a person was told.
pub fn last(r: &Reader<'_>, user: UserId) -> Result<Option<NotificationId>> {
    notifications::last(r, user)
}

/// What a page says of it that is open meanwhile.
#[derive(Template)]
#[template(path = "notifications/note.html")]
pub struct Note {
    pub id: NotificationId,
    text: String,
    link: String,
}

/// What a person was told after that one, the oldest first, a few at a time.
pub fn since(r: &Reader<'_>, user: UserId, after: Option<NotificationId>) -> Result<Vec<Note>> {
    let found = notifications::since(r, user, after, NOTES_MAX)?;
    let note =
        |it: Notification| Note { id: it.id, text: it.text, link: it.link.unwrap_or_default() };
    Ok(found.into_iter().map(note).collect())
}

/// What this leads to needs nobody any more: what was told of it counts as read, and says what came
/// of it from now on.
pub fn settle(tx: &Tx<'_>, came: &Telling<'_>, now: Timestamp) -> Result<()> {
    let text = clean::shown(came.text);
    notifications::settle(tx, &came.in_text(&text), now)
}

/// Tells who talked, and the owner of the house, that the guard stopped a secret.
pub fn alarm(tx: &Tx<'_>, run: &Run, sentence: &str, now: Timestamp) -> Result<()> {
    let owner = callers::owner(tx)?.map(|owner| owner.id).filter(|owner| *owner != run.user_id);
    let link = format!("/chat/{}", run.conversation_id);
    let own = Telling { user_id: run.user_id, kind: "alarm", text: sentence, link: Some(link) };
    tell(tx, &own, now)?;
    if let Some(user_id) = owner {
        tell(tx, &Telling { user_id, link: None, ..own }, now)?;
    }
    Ok(())
}
