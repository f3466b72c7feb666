//! Conversations as rows, whoever begins them.

use jiff::Timestamp;

use crate::db::Tx;
use crate::error::Result;
use crate::ids::{AgentId, ConversationId, TaskId, TriggerId, UserId};

pub struct NewConversation<'a> {
    pub id: ConversationId,
    pub user_id: UserId,
    pub agent_id: AgentId,
    pub channel: &'a str,
    /// Its name for good; `None`: what is said first gives it one.
    pub title: Option<&'a str>,
    /// Whose run it is.
    pub task_id: Option<TaskId>,
    /// What woke its first run.
    pub trigger_id: Option<TriggerId>,
}

pub fn insert(tx: &Tx<'_>, new: &NewConversation<'_>, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into conversations (id, user_id, agent_id, channel, title, title_by, task_id,
                                    trigger_id, created_at, updated_at)
         values (?1, ?2, ?3, ?4, coalesce(?5, 'New chat'), iif(?5 is null, '', 'owner'), ?6, ?7, ?8,
                 ?8)",
        (
            new.id,
            new.user_id,
            new.agent_id,
            new.channel,
            new.title,
            new.task_id,
            new.trigger_id,
            now.as_millisecond(),
        ),
    )?;
    Ok(())
}
