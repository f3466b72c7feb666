//! Messages, and where the model's view of a conversation begins.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::Row;

use crate::agent::Run;
use crate::db::{Reader, Tx, at, json_column};
use crate::error::{Error, Result};
use crate::ids::{ConversationId, MessageId, RunId};
use crate::inbox::Trigger;
use crate::label::Label;

/// Messages that one model call is given at most; older ones wait to be summarised.
const HISTORY_MAX: u32 = 2_000;
/// More labels than these have more origins than any text names.
pub(super) const LABELS_MAX: u32 = 64;

#[derive(Debug, Clone)]
pub struct Message {
    pub seq: i64,
    pub id: MessageId,
    pub run_id: Option<RunId>,
    /// `user`, `assistant`, or `notice` (the program's own words: a reminder that came due).
    pub role: String,
    pub text: String,
    pub label: Label,
    pub created_at: Timestamp,
}

pub struct NewMessage<'a> {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub run_id: Option<RunId>,
    pub role: &'a str,
    pub text: &'a str,
    pub label: &'a Label,
}

pub fn insert(tx: &Tx<'_>, new: &NewMessage<'_>, now: Timestamp) -> Result<()> {
    let label = serde_json::to_string(new.label).map_err(Error::internal)?;
    tx.execute(
        "insert into messages (id, conversation_id, run_id, role, text, label, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (new.id, new.conversation_id, new.run_id, new.role, new.text, label, now.as_millisecond()),
    )?;
    let is_said = matches!(new.role, "user" | "assistant") && !new.text.is_empty();
    tx.execute(
        "update conversations set updated_at = ?2, said = said + ?3,
             last_said = iif(?3, (select seq from messages where id = ?4), last_said)
         where id = ?1",
        (new.conversation_id, now.as_millisecond(), is_said, new.id),
    )?;
    Ok(())
}

/// What the model is shown of a conversation: the latest summary and the messages after it.
pub struct Window {
    pub summary: Option<(String, Label)>,
    pub messages: Vec<Message>,
}

/// Up to where a conversation is looked at: before a message, and not after a moment.
#[derive(Clone, Copy)]
struct Until {
    seq: i64,
    at: i64,
}

const NOW: Until = Until { seq: i64::MAX, at: i64::MAX };

fn window(r: &Reader<'_>, conversation: ConversationId, until: Until) -> Result<Window> {
    let sql = "select after_seq, summary, label from context_windows
               where conversation_id = ?1 and created_at <= ?2 order by id desc limit 1";
    let latest = r.row(sql, (conversation, until.at), |row| {
        let summary = (row.get::<_, String>(1)?, json_column::<Label>(row, "label")?);
        Ok((row.get::<_, i64>(0)?, summary))
    })?;
    let (after, summary) = match latest {
        Some((after, summary)) => (after, Some(summary)),
        None => (0, None),
    };
    let sql = "select * from (
                   select * from messages
                   where conversation_id = ?1 and seq > ?2 and seq < ?3 and created_at <= ?4
                   order by seq desc limit ?5) order by seq";
    let shown = (conversation, after, until.seq, until.at, HISTORY_MAX);
    let messages = r.rows(sql, shown, from_row)?;
    Ok(Window { summary, messages })
}

/// The id of the message with this number.
pub fn id_at(r: &Reader<'_>, seq: i64) -> Result<Option<MessageId>> {
    r.row("select id from messages where seq = ?1", [seq], |row| row.get(0))
}

/// All messages after one, the oldest first; those that were summarised are among them.
pub fn list_after(r: &Reader<'_>, conversation: ConversationId, seq: i64) -> Result<Vec<Message>> {
    let sql = "select * from messages where conversation_id = ?1 and seq > ?2 order by seq";
    r.rows(sql, (conversation, seq), from_row)
}

/// The labels that stay on what is made of a text: of what came from outside, and of what is secret.
/// Each once, secret ones first, then the latest.
pub fn list_staying(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<Label>> {
    let sql = "select label, json_extract(label, '$.secrecy') = 'secret' as secret from messages
               where conversation_id = ?1 and (json_extract(label, '$.trust') = 'outside' or secret)
               group by label order by secret desc, max(seq) desc limit ?2";
    r.rows(sql, (conversation, LABELS_MAX), |row| json_column(row, "label"))
}

/// The names of the files that came with messages, each once, the latest first.
pub fn list_attached(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<String>> {
    let sql = "select name from attachments join messages on messages.id = attachments.message_id
               where messages.conversation_id = ?1
               group by name order by max(attachments.id) desc limit ?2";
    r.rows(sql, (conversation, LABELS_MAX), |row| row.get(0))
}

/// By turns: words that waited behind another run stand where their own run took them up, words
/// that still wait are left out, and the turn of `run` comes last, whatever was said beside it.
pub fn window_of(r: &Reader<'_>, run: &Run) -> Result<Window> {
    window_until(r, run, NOW)
}

/// As [`window_of`] was when the run first asked its model; one that never did, when it ended.
pub fn window_first_asked(r: &Reader<'_>, run: &Run) -> Result<Window> {
    let sql = "select seq, created_at from messages where conversation_id = ?1 and run_id = ?2
               order by seq limit 1";
    let until = |row: &Row<'_>| Ok(Until { seq: row.get(0)?, at: row.get(1)? });
    if let Some(until) = r.row(sql, (run.conversation_id, run.id), until)? {
        return window_until(r, run, until);
    }
    let sql = "select coalesce(ended_at, ?2) from runs where id = ?1";
    let at = r.one(sql, (run.id, NOW.at), |row| row.get(0))?;
    window_until(r, run, Until { at, ..NOW })
}

fn window_until(r: &Reader<'_>, run: &Run, until: Until) -> Result<Window> {
    let Window { summary, messages } = window(r, run.conversation_id, until)?;
    let sql = "select trigger, id, ended_at is null or ended_at > ?2 as open
               from runs where conversation_id = ?1 and json_extract(trigger, '$.kind') = 'chat'
                               and queued_at <= ?2
               order by queued_at desc limit ?3";
    let turns = r.rows(sql, (run.conversation_id, until.at, HISTORY_MAX), |row| {
        let trigger: Trigger = json_column(row, "trigger")?;
        let turn = Turn { run: row.get("id")?, open: row.get("open")? };
        Ok(trigger.message_ids().into_iter().map(|message| (message, turn)).collect::<Vec<_>>())
    })?;
    let turns = turns.into_iter().flatten().collect();
    Ok(Window { summary, messages: by_turns(messages, &turns, run.id) })
}

/// The run that answers a message, and whether it has not ended.
#[derive(Clone, Copy)]
struct Turn {
    run: RunId,
    open: bool,
}

fn by_turns(messages: Vec<Message>, turns: &HashMap<MessageId, Turn>, run: RunId) -> Vec<Message> {
    let spoke: HashSet<RunId> = messages.iter().filter_map(|message| message.run_id).collect();
    let (mut out, mut held, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for message in messages {
        match turns.get(&message.id) {
            Some(turn) if turn.run == run => own.push(message),
            None if message.run_id == Some(run) => own.push(message),
            Some(turn) if spoke.contains(&turn.run) => held.push((turn.run, message)),
            Some(turn) if turn.open => {}
            _ => {
                let its = |(run, _): &mut (RunId, Message)| Some(*run) == message.run_id;
                out.extend(held.extract_if(.., its).map(|(_, words)| words));
                out.push(message);
            }
        }
    }
    out.extend(own);
    out
}

pub fn insert_window(
    tx: &Tx<'_>,
    conversation: ConversationId,
    after_seq: i64,
    summary: &str,
    label: &Label,
    now: Timestamp,
) -> Result<()> {
    let label = serde_json::to_string(label).map_err(Error::internal)?;
    tx.execute(
        "insert into context_windows (conversation_id, after_seq, summary, label, created_at)
         values (?1, ?2, ?3, ?4, ?5)",
        (conversation, after_seq, summary, label, now.as_millisecond()),
    )?;
    Ok(())
}

pub struct Attachment {
    pub message_id: MessageId,
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
    pub text: Option<String>,
}

/// Without `bytes` the files have none: a person is only told which there are.
pub fn attachments(
    r: &Reader<'_>,
    conversation: ConversationId,
    bytes: bool,
) -> Result<Vec<Attachment>> {
    let sql = "select attachments.message_id, name, media_type,
                      case when ?2 then bytes else x'' end, attachments.text
               from attachments join messages on messages.id = attachments.message_id
               where messages.conversation_id = ?1 order by attachments.id";
    r.rows(sql, (conversation, bytes), |row| {
        Ok(Attachment {
            message_id: row.get(0)?,
            name: row.get(1)?,
            media_type: row.get(2)?,
            bytes: row.get(3)?,
            text: row.get(4)?,
        })
    })
}

/// Name and readable text of each file attached after `id`, with their ids.
pub fn attached_after(
    r: &Reader<'_>,
    conversation: ConversationId,
    id: i64,
) -> Result<Vec<(i64, String, Option<String>)>> {
    let sql = "select attachments.id, name, attachments.text
               from attachments join messages on messages.id = attachments.message_id
               where messages.conversation_id = ?1 and attachments.id > ?2 order by attachments.id";
    r.rows(sql, (conversation, id), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

pub fn from_row(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        seq: row.get("seq")?,
        id: row.get("id")?,
        run_id: row.get("run_id")?,
        role: row.get("role")?,
        text: row.get("text")?,
        label: json_column(row, "label")?,
        created_at: at(row, "created_at")?,
    })
}
