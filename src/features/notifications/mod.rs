//! Notifications: what a person was told without asking, kept until read.
//!
//! Channels that can ring (web push, Telegram) read these rows too.

mod api;
mod store;

use jiff::Timestamp;

use super::Feature;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{NotificationId, UserId};

pub const FEATURE: Feature =
    Feature { name: "notifications", api: api::routes, ..Feature::NOTHING };

#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    pub id: NotificationId,
    pub user_id: UserId,
    /// What it is about: "reminder".
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
