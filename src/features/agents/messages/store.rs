//! The SQL, and nothing but.

use super::{Group, Line, Status};
use crate::agent::RunState;
use crate::db::{Reader, Tx, at};
use crate::error::Result;
use crate::ids::{AgentId, ConversationId, UserId};

/// Of a person with an agent, theirs; what tasks and triggers began stands elsewhere.
const OF_BOTH: &str = "conversations.agent_id = ?1 and conversations.user_id = ?2
    and conversations.deleted_at is null and conversations.task_id is null
    and conversations.trigger_id is null";

/// The name that a counterparty has in the rows: none for the user themselves.
pub fn key_of(r: &Reader<'_>, user: UserId, counterparty: &str) -> Result<String> {
    let sql = "select iif(name = ?2, '', ?2) from users where id = ?1";
    r.one(sql, (user, counterparty), |row| row.get(0))
}

/// The latest that goes on by this name.
pub fn conversation_with(
    r: &Reader<'_>,
    (agent, user): (AgentId, UserId),
    key: &str,
) -> Result<Option<ConversationId>> {
    let sql = format!(
        "select id from conversations where {OF_BOTH} and counterparty = ?3
         order by last_said desc limit 1"
    );
    r.row(&sql, (agent, user, key), |row| row.get(0))
}

pub fn set_counterparty(tx: &Tx<'_>, id: ConversationId, key: &str) -> Result<()> {
    tx.execute("update conversations set counterparty = ?2 where id = ?1", (id, key))?;
    Ok(())
}

/// What was said, the latest first, and how much that is; `key`: with this counterparty alone.
pub fn messages(
    r: &Reader<'_>,
    (agent, user): (AgentId, UserId),
    key: Option<&str>,
    (limit, offset): (u32, u32),
) -> Result<(Vec<Line>, u32)> {
    let sql = "select coalesce(sum(said), 0) from counterparties
               where agent_id = ?1 and user_id = ?2 and (?3 is null or counterparty = ?3)";
    let total = r.one(sql, (agent, user, key), |row| row.get(0))?;
    let with = if key.is_some() { "counterparty = ?3" } else { "?3 is null" };
    // So many messages that are the latest stand in no more conversations than that, and in those
    // that were last spoken in.
    let page = format!(
        "select messages.seq, latest.counterparty
         from (select id, counterparty from conversations where {OF_BOTH} and {with}
               order by last_said desc limit ?4 + ?5) as latest
              cross join messages on messages.conversation_id = latest.id
         where messages.text <> '' and messages.role in ('user', 'assistant')
         order by messages.seq desc limit ?4 offset ?5"
    );
    let sql = format!(
        "with page (seq, counterparty) as ({page}),
              said as (
                  select messages.seq, messages.id, messages.conversation_id, messages.role,
                         messages.text, messages.created_at,
                         coalesce(nullif(page.counterparty, ''), users.name) as who,
                         coalesce(messages.run_id, (
                             select runs.id from runs
                             where runs.conversation_id = messages.conversation_id
                                   and (json_extract(runs.trigger, '$.message_id') = messages.id
                                        or exists (select 1 from json_each(runs.trigger, '$.also')
                                                   where value = messages.id)))) as run
                  from page join messages on messages.seq = page.seq
                       join users on users.id = ?2)
         select said.*, runs.state, runs.started_at,
                exists (select 1 from messages
                        where messages.conversation_id = said.conversation_id
                              and messages.run_id = runs.id) as spoke
         from said left join runs on runs.id = said.run order by said.seq desc"
    );
    let lines = r.rows(&sql, (agent, user, key, limit, offset), |row| {
        let role: String = row.get("role")?;
        let state: Option<RunState> = row.get("state")?;
        let begun = row.get::<_, Option<i64>>("started_at")?.is_some();
        let spoke: bool = row.get("spoke")?;
        Ok(Line {
            id: row.get("id")?,
            conversation_id: row.get("conversation_id")?,
            counterparty: row.get("who")?,
            status: (role == "user").then(|| status(state, begun, spoke)),
            role,
            content: row.get("text")?,
            run_id: row.get("run")?,
            created_at: at(row, "created_at")?,
        })
    })?;
    Ok((lines, total))
}

fn status(run: Option<RunState>, begun: bool, spoke: bool) -> Status {
    match run {
        Some(RunState::Queued) if !begun => Status::Pending,
        Some(RunState::Queued | RunState::Running | RunState::Waiting) if !spoke => {
            Status::Delivered
        }
        _ => Status::Read,
    }
}

/// By counterparty, the latest first, and how many those are.
pub fn groups(
    r: &Reader<'_>,
    (agent, user): (AgentId, UserId),
    (limit, offset): (u32, u32),
) -> Result<(Vec<Group>, u32)> {
    let sql = "select count(*) from counterparties where agent_id = ?1 and user_id = ?2";
    let total = r.one(sql, (agent, user), |row| row.get(0))?;
    let sql = "select coalesce(nullif(counterparty, ''), users.name) as who, conversations, said,
                      updated_at,
                      (select id from conversations as own
                       where own.agent_id = theirs.agent_id and own.user_id = theirs.user_id
                             and own.counterparty = theirs.counterparty and own.deleted_at is null
                             and own.task_id is null and own.trigger_id is null
                       order by own.last_said desc limit 1) as latest
               from counterparties as theirs join users on users.id = theirs.user_id
               where theirs.agent_id = ?1 and theirs.user_id = ?2
               order by updated_at desc, counterparty limit ?3 offset ?4";
    let groups = r.rows(sql, (agent, user, limit, offset), |row| {
        Ok(Group {
            counterparty: row.get("who")?,
            conversation_id: row.get("latest")?,
            conversations: row.get("conversations")?,
            messages: row.get("said")?,
            last_message_at: at(row, "updated_at")?,
        })
    })?;
    Ok((groups, total))
}
