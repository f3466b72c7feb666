//! The ledger: who did what, when and over which channel. Added to, never changed.
//!
//! A row is written in the transaction of the change it tells of. Each carries the hash of itself
//! and of the row before it, so a row that was changed, dropped, reordered or cut off shows.

mod anchors;
mod chain;
mod stubs;
mod verify;

pub use anchors::{Anchor, Anchors, append_anchor, due_anchor, pin, read_anchors};
pub use stubs::{StubKey, purge, renew_stubs, retention_days, set_retention_days};
pub use verify::{Bad, Report, verify};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::db::{Reader, Tx, at};
use crate::error::Result;
use crate::ids::{AgentId, ConversationId, RunId, TaskId, TokenId, UserId};
use chain::{Hash, Link};

pub const PER_PAGE_MAX: u32 = 200;
/// Fields of a detail that are hidden whatever they hold.
const HIDDEN_FIELDS: &[&str] =
    &["password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "authorization"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    User(UserId),
    Token(TokenId),
    Agent(AgentId),
    System,
}

/// Who acts, over which channel, when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub actor: Actor,
    /// `web`, `api`, `cli`, `telegram` … or `system`.
    pub channel: String,
    pub at: Timestamp,
}

impl By {
    pub fn new(actor: Actor, channel: impl Into<String>, at: Timestamp) -> By {
        By { actor, channel: channel.into(), at }
    }

    pub fn system(at: Timestamp) -> By {
        By::new(Actor::System, "system", at)
    }
}

/// What the guard said to a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Go,
    Ask,
    Deny,
}

impl Decision {
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Go => "go",
            Decision::Ask => "ask",
            Decision::Deny => "deny",
        }
    }
}

/// A line for the ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    by: By,
    action: &'static str,
    target: String,
    tool_name: Option<String>,
    session_id: Option<String>,
    task_id: Option<String>,
    run_id: Option<String>,
    decision: Option<Decision>,
    confirmed: Option<bool>,
    detail: Value,
}

impl Entry {
    /// `action` is `noun.verb`; `target` is what it was done to, as a person would name it.
    pub fn new(by: &By, action: &'static str, target: impl Into<String>) -> Entry {
        Entry {
            by: by.clone(),
            action,
            target: target.into(),
            tool_name: None,
            session_id: None,
            task_id: None,
            run_id: None,
            decision: None,
            confirmed: None,
            detail: Value::Object(Map::new()),
        }
    }

    pub fn tool(mut self, name: &str) -> Entry {
        self.tool_name = Some(name.to_owned());
        self
    }

    pub fn session(mut self, id: ConversationId) -> Entry {
        self.session_id = Some(id.to_string());
        self
    }

    /// None: it belongs to no task.
    pub fn task(mut self, id: impl Into<Option<TaskId>>) -> Entry {
        self.task_id = id.into().map(|id| id.to_string());
        self
    }

    pub fn run(mut self, id: RunId) -> Entry {
        self.run_id = Some(id.to_string());
        self
    }

    pub fn decision(mut self, decision: Decision) -> Entry {
        self.decision = Some(decision);
        self
    }

    /// Whether a person said yes (or no) to it.
    pub fn confirmed(mut self, confirmed: bool) -> Entry {
        self.confirmed = Some(confirmed);
        self
    }

    /// More about it. Mask values of the vault first ([`crate::leak::Watch::masked`]); fields
    /// named like a password are hidden here in any case.
    pub fn detail(mut self, detail: Value) -> Entry {
        self.detail = hidden(detail);
        self
    }
}

/// Adds a line and gives its number. In the same transaction as the change, always.
pub fn record(tx: &Tx<'_>, entry: Entry) -> Result<i64> {
    let (last, previous) = chain::head(tx)?;
    let (actor, actor_id) = match entry.by.actor {
        Actor::User(id) => ("user", Some(id.to_string())),
        Actor::Token(id) => ("token", Some(id.to_string())),
        Actor::Agent(id) => ("agent", Some(id.to_string())),
        Actor::System => ("system", None),
    };
    let detail = entry.detail.to_string();
    let link = Link {
        seq: last + 1,
        happened_at: entry.by.at.as_millisecond(),
        confirmed: entry.confirmed,
        texts: [
            Some(actor),
            actor_id.as_deref(),
            Some(entry.action),
            Some(&entry.target),
            entry.tool_name.as_deref(),
            entry.session_id.as_deref(),
            entry.task_id.as_deref(),
            entry.run_id.as_deref(),
            entry.decision.map(Decision::as_str),
            Some(&entry.by.channel),
            Some(&detail),
        ],
    };
    chain::insert(tx, &link, &link.hash(&previous))?;
    Ok(link.seq)
}

/// A line as it is read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub seq: i64,
    pub happened_at: Timestamp,
    /// `user`, `token`, `agent` or `system`, and its id.
    pub actor: String,
    pub actor_id: Option<String>,
    pub action: String,
    pub target: String,
    pub tool_name: Option<String>,
    pub session_id: Option<String>,
    pub task_id: Option<String>,
    pub run_id: Option<String>,
    pub decision: Option<String>,
    pub confirmed: Option<bool>,
    pub channel: String,
    pub detail: Value,
    pub hash: Hash,
}

/// What to list; everything when left as it is by default.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// From here on.
    pub start: Option<Timestamp>,
    /// Before this.
    pub end: Option<Timestamp>,
    pub tool_name: Option<String>,
    pub session_id: Option<String>,
    pub task_id: Option<String>,
    pub confirmed_only: bool,
    /// Part of the action, the tool's name or the target.
    pub text: Option<String>,
    /// What this user did, and what was done in their conversations.
    pub user: Option<UserId>,
}

/// One page of what fits, newest first, and how many fit in all. `page` counts from 1.
pub fn list(
    reader: &Reader<'_>,
    filter: &Filter,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Row>, u64)> {
    let (start, end) = (filter.start.map(millis), filter.end.map(millis));
    let wanted = "from audit where (?1 is null or happened_at >= ?1)
         and (?2 is null or happened_at < ?2) and (?3 is null or tool_name = ?3)
         and (?4 is null or session_id = ?4) and (?5 is null or task_id = ?5)
         and (not ?6 or confirmed = 1)
         and (?7 is null or holds(action || ' ' || coalesce(tool_name, '') || ' ' || target, ?7))
         and (?8 is null or actor_id = ?8
              or session_id in (select id from conversations where user_id = ?8))";
    let Filter { tool_name, session_id, task_id, confirmed_only, text, user, .. } = filter;
    let fits = (start, end, tool_name, session_id, task_id, confirmed_only, text, user);
    let total =
        reader.one(&format!("select count(*) {wanted}"), fits, |row| row.get::<_, i64>(0))?;
    let per_page = per_page.clamp(1, PER_PAGE_MAX);
    let skipped = i64::from(page.saturating_sub(1)) * i64::from(per_page);
    let rows = reader.rows(
        &format!("select * {wanted} order by seq desc limit {per_page} offset {skipped}"),
        fits,
        from_row,
    )?;
    Ok((rows, total.unsigned_abs()))
}

fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let detail: String = row.get("detail")?;
    Ok(Row {
        seq: row.get("seq")?,
        happened_at: at(row, "happened_at")?,
        actor: row.get("actor")?,
        actor_id: row.get("actor_id")?,
        action: row.get("action")?,
        target: row.get("target")?,
        tool_name: row.get("tool_name")?,
        session_id: row.get("session_id")?,
        task_id: row.get("task_id")?,
        run_id: row.get("run_id")?,
        decision: row.get("decision")?,
        confirmed: row.get("confirmed")?,
        channel: row.get("channel")?,
        detail: serde_json::from_str(&detail).unwrap_or(Value::String(detail)),
        hash: row.get("hash")?,
    })
}

fn hidden(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| match HIDDEN_FIELDS.contains(&name.to_lowercase().as_str()) {
                    true => (name, Value::String("[hidden]".to_owned())),
                    false => (name, hidden(value)),
                })
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(hidden).collect(),
        other => other,
    }
}
