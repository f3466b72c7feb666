//! What may be done with approvals: look, and answer once. Each user sees and answers their own.

use std::collections::HashSet;

use serde_json::Value;

use crate::agent;
use crate::app::App;
use crate::approval::standing::Always;
use crate::approval::{self, Answer, Approval};
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ToolCallId};
use crate::web::caller::Caller;
use crate::web::scope::Scope;

/// Calls that one answer may settle.
const TOGETHER_MAX: usize = 100;

/// An answer as it comes in.
#[derive(Debug, Default)]
pub struct Said {
    pub approved: bool,
    pub memo: Option<String>,
    pub edited_arguments: Option<Value>,
    pub always: Option<Always>,
}

/// What waits.
pub struct Waiting {
    pub found: Vec<Approval>,
    /// Cards that wait too and don't have the words.
    pub others: usize,
}

/// What waits on cards with `words` on them; "" for all.
pub async fn waiting(app: &App, caller: &Caller, words: String) -> Result<Waiting> {
    let user = caller.user_id;
    let load = move |r: &Reader<'_>| {
        let found = approval::list_waiting(r, Some(user), &words)?;
        let shown: HashSet<ApprovalId> = found.iter().map(|it| it.group_id).collect();
        let all = approval::count_groups(r, user)? as usize;
        Ok(Waiting { found, others: all.saturating_sub(shown.len()) })
    };
    app.db.read(load).await
}

/// One page, counted from 1, newest first; with `words` on the card, "" for all.
pub async fn decided(
    app: &App,
    caller: &Caller,
    words: String,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Approval>, u64)> {
    let (user, skip) = (caller.user_id, page.saturating_sub(1).saturating_mul(per_page));
    app.db.read(move |r| approval::list_decided(r, Some(user), &words, skip, per_page)).await
}

/// By its own id, or by the id of its tool call.
pub async fn find(app: &App, caller: &Caller, id: String) -> Result<Approval> {
    let user = caller.user_id;
    let load = move |r: &Reader<'_>| {
        let by_id = match id.parse::<ApprovalId>() {
            Ok(id) => approval::find(r, id)?,
            Err(_) => None,
        };
        match (by_id, id.parse::<ToolCallId>()) {
            (Some(found), _) => Ok(Some(found)),
            (None, Ok(call)) => approval::find_by_call(r, call),
            (None, Err(_)) => Ok(None),
        }
    };
    let found = app.db.read(load).await?;
    found.filter(|it| it.user_id == user).ok_or(Error::NotFound("approval"))
}

/// The whole card that this is on.
pub async fn group(app: &App, caller: &Caller, id: String) -> Result<Vec<Approval>> {
    let group = find(app, caller, id).await?.group_id;
    app.db.read(move |r| approval::list_of_group(r, group)).await
}

/// One answer to several calls, such as those of one task. Those that have an answer by now keep it;
/// gives how many took this one.
pub async fn answer_all(
    app: &App,
    caller: &Caller,
    calls: Vec<ToolCallId>,
    approved: bool,
) -> Result<usize> {
    caller.require(Scope::Approvals)?;
    if calls.is_empty() || TOGETHER_MAX < calls.len() {
        let message = format!("Name the 1 to {TOGETHER_MAX} calls that this answers.");
        return Err(Error::invalid("calls", message));
    }
    let answer = Answer {
        approved,
        by: caller.by(app.clock.now()),
        name: caller.name.clone(),
        memo: None,
        edited_arguments: None,
        always: None,
    };
    agent::answer::answer_all(app, caller.user_id, calls, answer).await
}

/// The answer to a call. A second one is a conflict that says who was first.
pub async fn answer(app: &App, caller: &Caller, call: String, said: Said) -> Result<Approval> {
    caller.require(Scope::Approvals)?;
    let asked = find(app, caller, call).await?;
    let answer = Answer {
        approved: said.approved,
        by: caller.by(app.clock.now()),
        name: caller.name.clone(),
        memo: said.memo.filter(|memo| !memo.trim().is_empty()),
        edited_arguments: said.edited_arguments,
        always: said.always,
    };
    agent::answer::answer(app, caller.user_id, asked.call_id, answer).await
}
