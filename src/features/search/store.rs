//! The full-text queries.

use jiff::Timestamp;

use super::{Hit, Kind};
use crate::db::{Reader, at, json_column};
use crate::error::Result;
use crate::ids::{ConversationId, MessageId, UserId};
use crate::label::Label;
use crate::outside::model::catalog::COMMANDS;

/// Words around a match.
const EXCERPT_TOKENS: u32 = 24;
/// Said by a clock that ran ahead or behind: so many messages later, a time is still looked for.
const ASTRAY_MAX: i64 = 10_000;

/// What a search is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Narrow {
    /// None: everything that has words.
    pub kind: Option<Kind>,
    /// Of messages alone.
    pub channel: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Leaves out the conversation that the search is made in.
    pub without: Option<ConversationId>,
    /// For somebody who looks for something: what was saved comes first, and what the built-in
    /// commands were asked to look up or could not do, with what they said to it, is left out.
    pub for_reading: bool,
}

/// Whether a message is part of a run in which the built-in commands did nothing but look
/// something up, or failed. What was asked belongs to the answer that comes next.
const LOOKED_UP: &str = "exists (
    select 1 from model_calls
    where model_calls.model = ?9
          and model_calls.run_id = coalesce(messages.run_id, (
              select next.run_id from messages as next
              where next.conversation_id = messages.conversation_id and next.seq > messages.seq
                    and next.run_id is not null
              order by next.seq limit 1))
          and not exists (
              select 1 from tool_calls
              where tool_calls.run_id = model_calls.run_id and tool_calls.state = 'done'
                    and tool_calls.tool <> 'search_own'
                    and substr(tool_calls.tool, -5) not in ('_find', '_list', '_show')))";

/// Messages that hold all words, newest first. `words` is FTS5 query syntax.
pub fn messages(
    r: &Reader<'_>,
    user: UserId,
    words: &str,
    narrow: &Narrow,
    limit: u32,
) -> Result<Vec<Hit>> {
    let sql = format!(
        "select messages.id, messages.conversation_id, conversations.title, messages.label,
                coalesce(agents.label, messages.label) as namer,
                messages.created_at, snippet(messages_text, 0, '', '', '…', {EXCERPT_TOKENS}) as cut
         from messages_text
              join messages on messages.seq = messages_text.rowid
              join conversations on conversations.id = messages.conversation_id
              join agents on agents.id = conversations.agent_id
         where messages_text match ?1 and conversations.user_id = ?2
               and conversations.deleted_at is null
               and (?3 is null or conversations.channel = ?3)
               and (?4 is null or messages.created_at >= ?4)
               and (?5 is null or messages.created_at < ?5)
               and (?6 is null or messages.conversation_id <> ?6)
               and (?8 = 0 or not {LOOKED_UP})
               and messages_text.rowid between ?10 and ?11
         order by messages_text.rowid desc limit ?7"
    );
    let from = narrow.from.map(Timestamp::as_millisecond);
    let to = narrow.to.map(Timestamp::as_millisecond);
    let (first, last) = numbers(r, narrow)?;
    let Narrow { channel, without, for_reading, .. } = narrow;
    let wanted =
        (words, user, channel, from, to, without, limit, for_reading, COMMANDS, first, last);
    r.rows(&sql, wanted, |row| {
        let conversation: ConversationId = row.get("conversation_id")?;
        let (label, namer): (Label, Label) =
            (json_column(row, "label")?, json_column(row, "namer")?);
        Ok(Hit {
            kind: Kind::Message,
            id: row.get("id")?,
            place: row.get("title")?,
            excerpt: row.get("cut")?,
            url: format!("/chat/{conversation}"),
            at: at(row, "created_at")?,
            // A conversation with an agent has its name in its title.
            label: if namer.trust < label.trust { namer } else { label },
        })
    })
}

/// Between these numbers is all that was said in the time looked for; ids sort by their time.
fn numbers(r: &Reader<'_>, narrow: &Narrow) -> Result<(i64, i64)> {
    let number = |sql, at| r.row(sql, [MessageId::first_at(at)], |row| row.get::<_, i64>(0));
    let first = match narrow.from {
        None => 0,
        Some(from) => number("select seq from messages where id >= ?1 order by id limit 1", from)?
            .unwrap_or(i64::MAX),
    };
    let last = match narrow.to {
        None => i64::MAX,
        Some(to) => number("select seq from messages where id < ?1 order by id desc limit 1", to)?
            .unwrap_or(0),
    };
    Ok((first.saturating_sub(ASTRAY_MAX), last.saturating_add(ASTRAY_MAX)))
}
