//! The rows of conversations.

use jiff::Timestamp;
use rusqlite::Row;

use super::Conversation;
use super::attachments::NewAttachment;
use crate::agent::store::messages::{self, Message};
use crate::agent::store::runs::ANSWERED;
use crate::db::{Reader, Tx, at, json_column};
use crate::error::{Error, Result};
use crate::ids::{AgentId, ConversationId, MessageId, RunId, UserId};
use crate::inbox::Trigger;
use crate::label::{Label, Trust};
use crate::outside::model::Usage;

/// Messages that a page or an API answer shows of one conversation; the latest.
const SHOWN_MAX: u32 = 1_000;

/// An index gives the order, so that this is looked up only for the rows that a page shows.
fn columns() -> String {
    format!(
        "conversations.*,
         (select count(*) from messages where conversation_id = conversations.id) as message_count,
         (select model from agents where agents.id = conversations.agent_id) as agent_model,
         (select model_calls.model
          from runs cross join model_calls on model_calls.run_id = runs.id
          where runs.conversation_id = conversations.id and {ANSWERED}
          order by runs.queued_at desc, model_calls.id desc limit 1) as answered_by"
    )
}

/// Whose it is, and whether it was deleted; none: it does not exist.
pub fn owner_of(r: &Reader<'_>, id: ConversationId) -> Result<Option<(UserId, bool)>> {
    let sql = "select user_id, deleted_at is not null from conversations where id = ?1";
    r.row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Whom the conversation is with.
pub fn agent_of(r: &Reader<'_>, id: ConversationId) -> Result<AgentId> {
    r.one("select agent_id from conversations where id = ?1", [id], |row| row.get(0))
}

/// Gives a conversation its first name; one that it has is kept.
pub fn name_once(tx: &Tx<'_>, id: ConversationId, title: &str) -> Result<()> {
    let sql = "update conversations set title = ?2, title_by = 'first_words'
               where id = ?1 and title_by = ''";
    tx.execute(sql, (id, title))?;
    Ok(())
}

/// Which model answers from now on. One that would without being chosen is not written down, so
/// that choosing another elsewhere holds here too.
pub fn set_model(tx: &Tx<'_>, id: ConversationId, model: &str, default: &str) -> Result<()> {
    let sql = "update conversations set model = nullif(?2, coalesce(
                   (select model from agents where agents.id = agent_id), ?3))
               where id = ?1";
    tx.execute(sql, (id, model, default))?;
    Ok(())
}

pub fn list(
    r: &Reader<'_>,
    user: UserId,
    query: &str,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Conversation>, u32)> {
    // Those of tasks and triggers are found there; here they would bury the others.
    // The planner takes another index to count by, in which a million of them stand before the chats.
    let from = "from conversations indexed by conversations_chats
                where user_id = ?1 and deleted_at is null and task_id is null
                and trigger_id is null
                and (?2 = '' or holds(title, ?2))";
    let query = query.trim();
    let total: u32 = if query.is_empty() {
        let sql = "select coalesce(sum(conversations), 0) from counterparties where user_id = ?1";
        r.one(sql, [user], |row| row.get(0))?
    } else {
        r.one(&format!("select count(*) {from}"), (user, query), |row| row.get(0))?
    };
    let columns = columns();
    let sql = format!("select {columns} {from} order by updated_at desc, id limit ?3 offset ?4");
    let skip = i64::from(page.saturating_sub(1)) * i64::from(per_page);
    Ok((r.rows(&sql, (user, query, per_page, skip), from_row)?, total))
}

pub fn find(r: &Reader<'_>, user: UserId, id: ConversationId) -> Result<Conversation> {
    let columns = columns();
    let sql = format!(
        "select {columns} from conversations where id = ?1 and user_id = ?2 and deleted_at is null"
    );
    r.row(&sql, (id, user), from_row)?.ok_or(Error::NotFound("conversation"))
}

pub fn title_of(r: &Reader<'_>, user: UserId, id: ConversationId) -> Result<String> {
    let sql = "select title from conversations where id = ?1 and user_id = ?2";
    r.row(sql, (id, user), |row| row.get(0))?.ok_or(Error::NotFound("conversation"))
}

/// The latest, or the latest before one of them; in order.
pub fn messages(
    r: &Reader<'_>,
    id: ConversationId,
    before: Option<MessageId>,
) -> Result<Vec<Message>> {
    let sql = "select * from (select * from messages where conversation_id = ?1
                              and (?2 is null or seq < (select seq from messages where id = ?2))
                              order by seq desc limit ?3) order by seq";
    r.rows(sql, (id, before, SHOWN_MAX), messages::from_row)
}

/// Runs that nothing was done for yet, and what woke them.
pub fn unbegun(r: &Reader<'_>, id: ConversationId) -> Result<Vec<(RunId, Trigger)>> {
    let sql = "select id, trigger from runs
               where conversation_id = ?1 and state = 'queued' and started_at is null";
    r.rows(sql, [id], |row| Ok((row.get("id")?, json_column(row, "trigger")?)))
}

pub fn set_title(tx: &Tx<'_>, id: ConversationId, title: &str) -> Result<()> {
    let sql = "update conversations set title = ?2, title_by = 'owner' where id = ?1";
    tx.execute(sql, (id, title))?;
    Ok(())
}

/// Whether what is said here is a rehearsal, as its first run was.
pub fn is_trial(r: &Reader<'_>, id: ConversationId) -> Result<bool> {
    let sql = "select dry and json_extract(trigger, '$.kind') = 'chat' from runs
               where conversation_id = ?1 order by queued_at, rowid limit 1";
    Ok(r.row(sql, [id], |row| row.get(0))?.unwrap_or(false))
}

/// Those that nobody has given another name.
pub fn trials(r: &Reader<'_>) -> Result<Vec<(ConversationId, UserId, Timestamp)>> {
    let sql = "select id, user_id, updated_at from conversations
               where deleted_at is null and task_id is null and trigger_id is null
                   and title_by = 'first_words' and title >= 'Trial: ' and title < 'Trial:!'
                   and (select dry and json_extract(trigger, '$.kind') = 'chat' from runs
                        where conversation_id = conversations.id order by queued_at, rowid limit 1)";
    r.rows(sql, (), |row| Ok((row.get(0)?, row.get(1)?, at(row, "updated_at")?)))
}

pub fn set_deleted(tx: &Tx<'_>, id: ConversationId, at: Option<Timestamp>) -> Result<()> {
    let sql = "update conversations set deleted_at = ?2 where id = ?1";
    tx.execute(sql, (id, at.map(Timestamp::as_millisecond)))?;
    Ok(())
}

pub fn insert_attachment(tx: &Tx<'_>, message: MessageId, new: &NewAttachment) -> Result<()> {
    tx.execute(
        "insert into attachments (message_id, name, media_type, bytes, text)
         values (?1, ?2, ?3, ?4, ?5)",
        (message, &new.name, &new.media_type, &new.bytes, &new.text),
    )?;
    Ok(())
}

/// A message as it was sent: its words and its files.
pub fn said(
    r: &Reader<'_>,
    conversation: ConversationId,
    message: MessageId,
) -> Result<(String, Vec<NewAttachment>)> {
    let sql = "select text, label from messages where conversation_id = ?1 and id = ?2";
    let found = r.row(sql, (conversation, message), |row| {
        Ok((row.get(0)?, json_column::<Label>(row, "label")?))
    })?;
    let (text, label) = found.ok_or(Error::NotFound("message"))?;
    if label.trust != Trust::Owner {
        let message = "These are not your own words. Say it yourself.";
        return Err(Error::Conflict(message.to_owned()));
    }
    let sql = "select name, media_type, bytes, text from attachments where message_id = ?1
               order by id";
    let files = r.rows(sql, [message], |row| {
        Ok(NewAttachment {
            name: row.get(0)?,
            media_type: row.get(1)?,
            bytes: row.get(2)?,
            text: row.get(3)?,
        })
    })?;
    Ok((text, files))
}

/// A file that came with a message; its bytes stay where they are.
pub struct File {
    pub id: i64,
    pub message_id: MessageId,
    pub name: String,
    pub media_type: String,
}

pub fn files(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<File>> {
    let sql = "select attachments.id, message_id, name, media_type
               from attachments join messages on messages.id = message_id
               where conversation_id = ?1 order by attachments.id";
    r.rows(sql, [conversation], |row| {
        Ok(File {
            id: row.get(0)?,
            message_id: row.get(1)?,
            name: row.get(2)?,
            media_type: row.get(3)?,
        })
    })
}

/// A file's name, kind and bytes.
pub fn file(
    r: &Reader<'_>,
    conversation: ConversationId,
    id: i64,
) -> Result<(String, String, Vec<u8>)> {
    let sql = "select name, media_type, bytes
               from attachments join messages on messages.id = message_id
               where conversation_id = ?1 and attachments.id = ?2";
    let found =
        r.row(sql, (conversation, id), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    found.ok_or(Error::NotFound("file"))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: row.get("id")?,
        title: row.get("title")?,
        channel: row.get("channel")?,
        model: row.get::<_, Option<String>>("model")?.or(row.get("agent_model")?),
        answered_by: row.get("answered_by")?,
        created_at: at(row, "created_at")?,
        updated_at: at(row, "updated_at")?,
        message_count: row.get("message_count")?,
    })
}

/// What the model calls of a conversation took, all together.
pub struct Spent {
    pub calls: u32,
    pub usage: Usage,
    /// `None`: the price of a call is not known.
    pub cost_usd_micros: Option<i64>,
}

/// One model call of a conversation.
pub struct ModelCall {
    pub run_id: RunId,
    pub model: String,
    pub usage: Usage,
    pub cost_usd_micros: Option<i64>,
    /// "ok", or what came instead of an answer.
    pub outcome: String,
    pub at: Timestamp,
}

pub fn spent(r: &Reader<'_>, conversation: ConversationId) -> Result<Spent> {
    let sql = "select count(*), coalesce(sum(input_tokens), 0) as input_tokens,
                      coalesce(sum(output_tokens), 0) as output_tokens,
                      coalesce(sum(cached_tokens), 0) as cached_tokens,
                      case when count(*) = count(cost_usd_micros)
                           then coalesce(sum(cost_usd_micros), 0) end as cost
               from runs join model_calls on model_calls.run_id = runs.id
               where runs.conversation_id = ?1";
    r.one(sql, [conversation], |row| {
        Ok(Spent { calls: row.get(0)?, usage: usage(row)?, cost_usd_micros: row.get("cost")? })
    })
}

/// The latest first, `limit` of them.
pub fn model_calls(
    r: &Reader<'_>,
    conversation: ConversationId,
    limit: u32,
) -> Result<Vec<ModelCall>> {
    let sql = "select model_calls.* from runs join model_calls on model_calls.run_id = runs.id
               where runs.conversation_id = ?1 order by model_calls.id desc limit ?2";
    r.rows(sql, (conversation, limit), |row| {
        Ok(ModelCall {
            run_id: row.get("run_id")?,
            model: row.get("model")?,
            usage: usage(row)?,
            cost_usd_micros: row.get("cost_usd_micros")?,
            outcome: row.get("outcome")?,
            at: at(row, "created_at")?,
        })
    })
}

fn usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    let tokens = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Usage {
        input_tokens: tokens("input_tokens")?,
        output_tokens: tokens("output_tokens")?,
        cached_tokens: tokens("cached_tokens")?,
        ..Usage::default()
    })
}
