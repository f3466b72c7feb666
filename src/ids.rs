//! Identifiers: UUIDv7 text (RFC 9562) at the edge and in the database, typed by what they name.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::error::Error;

/// The nouns that have ids. Types without values: they only tell ids apart.
pub mod noun {
    pub enum Agent {}
    pub enum Approval {}
    pub enum Change {}
    pub enum Assignment {}
    pub enum Channel {}
    pub enum Conversation {}
    pub enum Delivery {}
    pub enum Execution {}
    pub enum McpServer {}
    pub enum MemoryEntry {}
    pub enum MemoryLayer {}
    pub enum Message {}
    pub enum Note {}
    pub enum Notification {}
    pub enum Reminder {}
    pub enum Run {}
    pub enum StandingRule {}
    pub enum Task {}
    pub enum Token {}
    pub enum ToolCall {}
    pub enum Trigger {}
    pub enum User {}
    pub enum Variation {}
}

pub type AgentId = Id<noun::Agent>;
pub type ApprovalId = Id<noun::Approval>;
pub type ChangeId = Id<noun::Change>;
pub type AssignmentId = Id<noun::Assignment>;
pub type ChannelId = Id<noun::Channel>;
pub type ConversationId = Id<noun::Conversation>;
pub type DeliveryId = Id<noun::Delivery>;
pub type ExecutionId = Id<noun::Execution>;
pub type McpServerId = Id<noun::McpServer>;
pub type MemoryEntryId = Id<noun::MemoryEntry>;
pub type MemoryLayerId = Id<noun::MemoryLayer>;
pub type MessageId = Id<noun::Message>;
pub type NoteId = Id<noun::Note>;
pub type NotificationId = Id<noun::Notification>;
pub type ReminderId = Id<noun::Reminder>;
pub type RunId = Id<noun::Run>;
pub type StandingRuleId = Id<noun::StandingRule>;
pub type TaskId = Id<noun::Task>;
pub type TokenId = Id<noun::Token>;
pub type ToolCallId = Id<noun::ToolCall>;
pub type TriggerId = Id<noun::Trigger>;
pub type UserId = Id<noun::User>;
pub type VariationId = Id<noun::Variation>;

pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// A fresh id that sorts by `now`, to the millisecond.
    pub fn new(now: Timestamp) -> Id<K> {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        let stamp = uuid::Timestamp::from_unix(uuid::NoContext, millis / 1000, nanos);
        Id(Uuid::new_v7(stamp), PhantomData)
    }

    /// The first of all ids that are made at `at` or later.
    pub fn first_at(at: Timestamp) -> Id<K> {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Id(uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid(), PhantomData)
    }

    /// A fixed id, for the few rows that every installation has.
    pub const fn from_u128(value: u128) -> Id<K> {
        Id(Uuid::from_u128(value), PhantomData)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Id<K> {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Id<K>) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Id<K>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Id<K>) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.hyphenated(), f)
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> FromStr for Id<K> {
    type Err = Error;
    fn from_str(text: &str) -> Result<Id<K>, Error> {
        let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
        id.map(|id| Id(id, PhantomData)).ok_or_else(|| Error::invalid("id", "That is not an id."))
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id<K>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
impl<K> ToSql for Id<K> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}
impl<K> FromSql for Id<K> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Id<K>> {
        value.as_str()?.parse().map_err(|_| FromSqlError::InvalidType)
    }
}
