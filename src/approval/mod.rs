//! The owner's yes or no to one tool call. Kept as rows, so they wait through restarts.
//!
//! The first answer wins. A yes holds for the very tool and arguments that were shown (or edited),
//! and is used up by the call it allowed.

mod ends;
mod groups;
mod rows;
pub mod standing;

use std::fmt;

pub use ends::{expire, next_due, withdraw};
pub use groups::{Group, count_groups, list_of_group, remind, still_waits, untold};
use jiff::Timestamp;
pub use rows::{find, find_by_call, insert, list_approved, list_decided, list_waiting};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::standing::Always;
use crate::audit::{self, By, Entry};
use crate::call::{CallHash, call_hash};
use crate::clean;
use crate::db::{Reader, Tx, at_or_none};
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ConversationId, RunId, ToolCallId, UserId};
use crate::label::Origins;

/// What became of a call whose yes was for something that has been done.
pub const USED_UP: &str = "The approval was used up.";
const MEMO_CHARS_MAX: usize = 2_000;

/// A value the owner did not say, and where it was read; `None`: the model made it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    pub argument: String,
    pub value: String,
    pub origin: Option<Origins>,
}

/// "to: eve@evil.example (from a mail by eve@evil.example)".
impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ", self.argument, clean::shown(&self.value))?;
        match &self.origin {
            Some(origin) => write!(f, "(from {})", clean::shown(&origin.to_string())),
            None => f.write_str("(not in your words)"),
        }
    }
}

/// What the owner is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// What will be done: "Send a mail".
    pub what: String,
    /// To whom; empty when it goes to nobody.
    pub recipient: String,
    /// The words that asked for it, quoted.
    pub why: String,
    /// The guard's sentence.
    pub reason: String,
    pub origins: Vec<Foreign>,
    /// The whole text or difference.
    pub preview: String,
    /// Such as "money", "can't be undone".
    pub risks: Vec<String>,
    /// The values that a standing rule made on it would hold for; `None`: none is offered.
    pub standing: Option<Map<String, Value>>,
}

#[derive(Debug, Clone)]
pub struct NewApproval {
    pub call_id: ToolCallId,
    /// The card that it joins; `None`: it begins one.
    pub group_id: Option<ApprovalId>,
    pub run_id: RunId,
    pub conversation_id: ConversationId,
    /// Who is asked.
    pub user_id: UserId,
    pub tool: String,
    pub arguments: Value,
    pub card: Card,
    /// `None`: it waits for as long as it takes.
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Waiting,
    Approved,
    Denied,
    Expired,
    Withdrawn,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Approved => "approved",
            State::Denied => "denied",
            State::Expired => "expired",
            State::Withdrawn => "withdrawn",
        }
    }

    fn parse(text: &str) -> State {
        match text {
            "waiting" => State::Waiting,
            "approved" => State::Approved,
            "expired" => State::Expired,
            "withdrawn" => State::Withdrawn,
            // The schema lets nothing else in; if it did, that is a no.
            _ => State::Denied,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    pub id: ApprovalId,
    /// The first of those that are asked on one card.
    pub group_id: ApprovalId,
    pub call_id: ToolCallId,
    pub run_id: RunId,
    pub conversation_id: ConversationId,
    pub user_id: UserId,
    pub tool: String,
    pub arguments: Value,
    pub card: Card,
    pub state: State,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub answered: Option<Answered>,
    pub memo: Option<String>,
    pub edited_arguments: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// A name to read.
    pub by: String,
    pub via: String,
    pub at: Timestamp,
}

/// An answer on its way in.
#[derive(Debug, Clone)]
pub struct Answer {
    pub approved: bool,
    pub by: By,
    /// The answerer's name, for whoever answers second.
    pub name: String,
    pub memo: Option<String>,
    /// Other arguments that are approved in place of the ones asked about.
    pub edited_arguments: Option<Value>,
    /// The same is not to be asked again.
    pub always: Option<Always>,
}

/// A yes that nothing was done on yet. What rests on it begins with [`take`], and so once.
#[derive(Debug)]
#[must_use]
pub struct Approved {
    hash: CallHash,
}

impl Approved {
    /// Whether it is this call that was approved, to the byte.
    pub fn covers(&self, hash: &CallHash) -> bool {
        self.hash == *hash
    }
}

/// When a call of this run was answered last.
pub fn last_answer(r: &Reader<'_>, run: RunId) -> Result<Option<Timestamp>> {
    let sql = "select max(answered_at) as answered_at from approvals where run_id = ?1";
    r.one(sql, [run], |row| at_or_none(row, "answered_at"))
}

/// Gives the answer, if nobody did before. What comes back is as it stands now.
pub fn answer(tx: &Tx<'_>, call: ToolCallId, answer: &Answer) -> Result<Approval> {
    let asked = find_by_call(tx, call)?.ok_or(Error::NotFound("approval"))?;
    check_answer(&asked, answer)?;
    let state = if answer.approved { State::Approved } else { State::Denied };
    let edited = answer.edited_arguments.as_ref().filter(|_| answer.approved);
    let hash = call_hash(&asked.tool, edited.unwrap_or(&asked.arguments));
    let changed = tx.execute(
        "update approvals set state = ?2, answered_by = ?3, answered_via = ?4, answered_at = ?5,
             memo = ?6, edited_arguments = ?7, answered_hash = ?8
         where call_id = ?1 and state = 'waiting'",
        (
            call,
            state.as_str(),
            &answer.name,
            &answer.by.channel,
            answer.by.at.as_millisecond(),
            &answer.memo,
            edited.map(Value::to_string),
            answer.approved.then_some(hash),
        ),
    )?;
    if changed == 0 {
        return Err(answered_before(&asked));
    }
    let action = if answer.approved { "approvals.approve" } else { "approvals.deny" };
    let entry = Entry::new(&answer.by, action, asked.card.what.as_str())
        .confirmed(answer.approved)
        .detail(json!({"call_id": call, "memo": answer.memo, "edited": edited.is_some()}));
    audit::record(tx, entry.tool(&asked.tool).run(asked.run_id).session(asked.conversation_id))?;
    let answered = find_by_call(tx, call)?.ok_or(Error::NotFound("approval"))?;
    if let Some(always) = answer.always {
        standing::add(tx, &answered, always, &answer.by)?;
    }
    Ok(answered)
}

fn check_answer(asked: &Approval, answer: &Answer) -> Result<()> {
    if asked.state != State::Waiting {
        return Err(answered_before(asked));
    }
    if asked.expires_at.is_some_and(|expires_at| expires_at <= answer.by.at) {
        return Err(Error::Conflict(
            "This question has expired; nothing was done. Ask for it again.".to_owned(),
        ));
    }
    if answer.memo.as_ref().is_some_and(|memo| MEMO_CHARS_MAX < memo.chars().count()) {
        return Err(Error::invalid("memo", "Keep the note under 2000 characters."));
    }
    if answer.edited_arguments.as_ref().is_some_and(|edited| !edited.is_object()) {
        let message = "The edited arguments have to be a JSON object, like the ones asked about.";
        return Err(Error::invalid("edited_arguments", message));
    }
    if answer.always.is_some() && (!answer.approved || answer.edited_arguments.is_some()) {
        let message = "A standing rule is made from a yes to the call as it was asked.";
        return Err(Error::invalid("always", message));
    }
    Ok(())
}

fn answered_before(asked: &Approval) -> Error {
    let Some(first) = &asked.answered else {
        let what = match asked.state {
            State::Expired => "This question has expired; nothing was done.",
            _ => "This question was taken back, because its run was stopped; nothing was done.",
        };
        return Error::Conflict(what.to_owned());
    };
    let did = if asked.state == State::Approved { "approved" } else { "denied" };
    let at = first.at.strftime("%Y-%m-%d at %H:%M UTC");
    Error::Conflict(format!("{} already {did} this on {at} over {}.", first.by, first.via))
}

/// The yes to `call`. `None`: there is none, or it was used.
pub fn unused_yes(r: &Reader<'_>, call: ToolCallId) -> Result<Option<Approved>> {
    let sql = "select answered_hash from approvals
               where call_id = ?1 and state = 'approved' and taken_at is null";
    r.row(sql, [call], |row| Ok(Approved { hash: row.get(0)? }))
}

/// Uses up the yes to `call`, in the transaction that marks the call as being executed: a kill
/// before it leaves the yes as good as it was. Denied where it was used before.
pub fn take(tx: &Tx<'_>, call: ToolCallId, now: Timestamp) -> Result<()> {
    let sql = "update approvals set taken_at = ?2
               where call_id = ?1 and state = 'approved' and taken_at is null";
    match tx.execute(sql, (call, now.as_millisecond()))? {
        0 => Err(Error::Denied(USED_UP.to_owned())),
        _ => Ok(()),
    }
}
