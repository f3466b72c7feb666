//! Notifications: what a person was told without asking, kept until read.
//!
//! Channels that can ring (web push, Telegram) read these rows too.

mod api;
mod store;

use jiff::Timestamp;

use super::Feature;
use crate::agent::Run;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{NotificationId, UserId};
use crate::web::store::callers;

pub const FEATURE: Feature =
    Feature { name: "notifications", api: api::routes, ..Feature::NOTHING };

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

/// What another feature wants a person told.
pub struct Telling<'a> {
    pub user_id: UserId,
    pub kind: &'a str,
    pub text: &'a str,
    pub link: Option<String>,
}

/// In the transaction of what it tells of.
pub fn tell(tx: &Tx<'_>, telling: &Telling<'_>, now: Timestamp) -> Result<NotificationId> {
    let id = NotificationId::new(now);
    store::insert(tx, id, telling, now)?;
    Ok(id)
}

/// Tells whose run it is that it waits for their answer.
pub fn asked(tx: &Tx<'_>, run: &Run, question: &str, now: Timestamp) -> Result<()> {
    let text = format!("Waiting for your answer: {question}");
    let (user_id, link) = (run.user_id, Some("/approvals".to_owned()));
    tell(tx, &Telling { user_id, kind: "approval", text: &text, link }, now)?;
    Ok(())
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
