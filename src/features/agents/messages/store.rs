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

/// The latest that goes on by this name.
pub fn conversation_with(
    r: &Reader<'_>,
    (agent, user): (AgentId, UserId),
    counterparty: &str,
) -> Result<Option<ConversationId>> {
    let sql = format!(
        "select id from conversations where {OF_BOTH} and counterparty = ?3
         order by updated_at desc limit 1"
    );
    r.row(&sql, (agent, user, counterparty), |row| row.get(0))
}

pub fn set_counterparty(tx: &Tx<'_>, id: ConversationId, name: &str) -> Result<()> {
    tx.execute("update conversations set counterparty = ?2 where id = ?1", (id, name))?;
    Ok(())
}

/// What was said, the latest first, and how much that is; `counterparty`: with this one alone.
pub fn messages(
    r: &Reader<'_>,
    (agent, user): (AgentId, UserId),
    counterparty: Option<&str>,
    (limit, offset): (u32, u32),
) -> Result<(Vec<Line>, u32)> {
    let from = format!(
        "from messages join conversations on conversations.id = messages.conversation_id
              join users on users.id = conversations.user_id
         where {OF_BOTH} and messages.role in ('user', 'assistant') and messages.text <> ''
               and (?3 is null or coalesce(nullif(counterparty, ''), users.name) = ?3)"
    );
    let total = r.one(&format!("select count(*) {from}"), (agent, user, counterparty), |row| {
        row.get::<_, u32>(0)
    })?;
    let sql = format!(
        "select said.*, runs.state, runs.started_at,
                exists (select 1 from messages where messages.run_id = runs.id) as spoke
         from (select messages.seq, messages.id, messages.conversation_id, messages.role,
                      messages.text, messages.created_at,
                      coalesce(nullif(counterparty, ''), users.name) as who,
                      coalesce(messages.run_id, (
                          select runs.id from runs
                          where runs.conversation_id = messages.conversation_id
                                and (json_extract(runs.trigger, '$.message_id') = messages.id
                                     or exists (select 1 from json_each(runs.trigger, '$.also')
                                                where value = messages.id)))) as run
               {from} order by messages.seq desc limit ?4 offset ?5) as said
              left join runs on runs.id = said.run
         order by said.seq desc"
    );
    let lines = r.rows(&sql, (agent, user, counterparty, limit, offset), |row| {
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
    let grouped = format!(
        "select coalesce(nullif(counterparty, ''), users.name) as who,
                count(*) as conversations, max(updated_at) as updated_at, conversations.id,
                sum((select count(*) from messages
                     where conversation_id = conversations.id and text <> ''
                           and role in ('user', 'assistant'))) as messages
         from conversations join users on users.id = conversations.user_id
         where {OF_BOTH} group by who"
    );
    let total = r.one(&format!("select count(*) from ({grouped})"), (agent, user), |row| {
        row.get::<_, u32>(0)
    })?;
    let sql = format!("{grouped} order by updated_at desc, who limit ?3 offset ?4");
    let groups = r.rows(&sql, (agent, user, limit, offset), |row| {
        Ok(Group {
            counterparty: row.get("who")?,
            // SQLite takes the row that `max` was found in.
            conversation_id: row.get("id")?,
            conversations: row.get("conversations")?,
            messages: row.get("messages")?,
            last_message_at: at(row, "updated_at")?,
        })
    })?;
    Ok((groups, total))
}
