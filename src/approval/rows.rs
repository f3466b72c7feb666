//! Questions as rows: written when they are asked, found and listed.

use jiff::Timestamp;
use rusqlite::Row;
use serde_json::{Value, json};

use super::{Answered, Approval, Card, NewApproval, State};
use crate::audit::{self, By, Decision, Entry};
use crate::call::call_hash;
use crate::db::{Reader, Tx, at, at_or_none, json_column, json_or_none};
use crate::error::Result;
use crate::ids::{ApprovalId, RunId, ToolCallId, UserId};

pub fn insert(tx: &Tx<'_>, new: &NewApproval, by: &By) -> Result<ApprovalId> {
    let id = ApprovalId::new(by.at);
    let card = &new.card;
    tx.execute(
        "insert into approvals (id, call_id, run_id, conversation_id, user_id, tool, call_hash, what,
             recipient, why, reason, origins, preview, risks, arguments, state, created_at,
             expires_at, standing, group_id)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'waiting', ?16,
             ?17, ?18, ?19)",
        rusqlite::params![
            id,
            new.call_id,
            new.run_id,
            new.conversation_id,
            new.user_id,
            new.tool,
            call_hash(&new.tool, &new.arguments),
            card.what,
            card.recipient,
            card.why,
            card.reason,
            json!(card.origins).to_string(),
            card.preview,
            json!(card.risks).to_string(),
            new.arguments.to_string(),
            by.at.as_millisecond(),
            new.expires_at.map(Timestamp::as_millisecond),
            card.standing.as_ref().map(|values| json!(values).to_string()),
            new.group_id.unwrap_or(id),
        ],
    )?;
    let entry = Entry::new(by, "approvals.ask", card.what.as_str())
        .decision(Decision::Ask)
        .detail(json!({"call_id": new.call_id, "reason": card.reason, "origins": card.origins}));
    audit::record(tx, entry.tool(&new.tool).run(new.run_id).session(new.conversation_id))?;
    Ok(id)
}

/// Everything on a card one of whose calls has the words in what the card shows of it.
const FITS: &str = "(?2 = '' or group_id in (
    select group_id from approvals where holds(what, ?2) or holds(tool, ?2)
        or holds(recipient, ?2) or holds(memo, ?2)
        or exists (select 1 from json_each(coalesce(edited_arguments, arguments))
                   where holds(value, ?2))))";

/// What waits for an answer, oldest first and each card's together; of one user, or of all. With
/// `words` on the card; "" for all.
pub fn list_waiting(
    reader: &Reader<'_>,
    user: Option<UserId>,
    words: &str,
) -> Result<Vec<Approval>> {
    let sql = format!(
        "select * from approvals where state = 'waiting' and (?1 is null or user_id = ?1) and {FITS}
         order by min(created_at) over (partition by group_id), group_id, created_at, rowid"
    );
    reader.rows(&sql, (user, words.trim()), from_row)
}

/// What was answered, newest first: `limit` of them after `skip`, and how many there are. With
/// `words` on the card; "" for all.
pub fn list_decided(
    reader: &Reader<'_>,
    user: Option<UserId>,
    words: &str,
    skip: u32,
    limit: u32,
) -> Result<(Vec<Approval>, u64)> {
    let words = words.trim();
    let decided = format!(
        "from approvals where state <> 'waiting' and (?1 is null or user_id = ?1) and {FITS}"
    );
    let count = format!("select count(*) {decided}");
    let total: i64 = reader.one(&count, (user, words), |row| row.get(0))?;
    let sql = format!(
        "select * {decided} order by coalesce(answered_at, created_at) desc, id limit ?3 offset ?4"
    );
    let rows = reader.rows(&sql, (user, words, limit, skip), from_row)?;
    Ok((rows, total.unsigned_abs()))
}

/// What the owner said yes to in a run: tools and their arguments, as approved.
pub fn list_approved(reader: &Reader<'_>, run: RunId) -> Result<Vec<(String, Value)>> {
    let sql = "select tool, coalesce(edited_arguments, arguments) as arguments from approvals
               where run_id = ?1 and state = 'approved' order by created_at, id";
    reader.rows(sql, [run], |row| Ok((row.get(0)?, json_column(row, "arguments")?)))
}

pub fn find(reader: &Reader<'_>, id: ApprovalId) -> Result<Option<Approval>> {
    reader.row("select * from approvals where id = ?1", [id], from_row)
}

pub fn find_by_call(reader: &Reader<'_>, call: ToolCallId) -> Result<Option<Approval>> {
    reader.row("select * from approvals where call_id = ?1", [call], from_row)
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Approval> {
    let state: String = row.get("state")?;
    let answered = match at_or_none(row, "answered_at")? {
        None => None,
        Some(at) => {
            Some(Answered { by: row.get("answered_by")?, via: row.get("answered_via")?, at })
        }
    };
    Ok(Approval {
        id: row.get("id")?,
        group_id: row.get("group_id")?,
        call_id: row.get("call_id")?,
        run_id: row.get("run_id")?,
        conversation_id: row.get("conversation_id")?,
        user_id: row.get("user_id")?,
        tool: row.get("tool")?,
        arguments: json_column(row, "arguments")?,
        card: Card {
            what: row.get("what")?,
            recipient: row.get("recipient")?,
            why: row.get("why")?,
            reason: row.get("reason")?,
            origins: json_column(row, "origins")?,
            preview: row.get("preview")?,
            risks: json_column(row, "risks")?,
            standing: json_or_none(row, "standing")?,
        },
        state: State::parse(&state),
        created_at: at(row, "created_at")?,
        expires_at: at_or_none(row, "expires_at")?,
        answered,
        memo: row.get("memo")?,
        edited_arguments: json_or_none(row, "edited_arguments")?,
    })
}
