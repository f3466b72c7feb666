//! A held call: what goes out when, and the way to take it back.

use askama::Template;
use jiff::{Timestamp, Zoned};

use super::card::{Fact, facts};
use super::job;
use crate::agent::CallState;
use crate::agent::hold::{self, Word};
use crate::agent::store::calls::{self, Call};
use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::ToolCallId;
use crate::spawn::Timers;
use crate::web::caller::Caller;
use crate::web::scope::Scope;

#[derive(Template)]
#[template(path = "approvals/held.html")]
pub struct HeldView {
    call_id: ToolCallId,
    /// What is done, as far as its tool's name says it.
    title: String,
    /// "12:04:30"; empty once it was settled.
    goes_at: String,
    outcome: &'static str,
    facts: Vec<Fact>,
    back: String,
}

/// It stands in other pages as it is; its own template has escaped it.
impl askama::filters::HtmlSafe for HeldView {}

impl HeldView {
    /// `None` for a call that is not held and never was. `now` in the owner's zone; `back` is a path
    /// of ours.
    pub fn new(call: &Call, title: String, now: &Zoned, back: &str) -> Option<HeldView> {
        let until = call.held_until?.to_zoned(now.time_zone().clone());
        let goes_at = match call.state {
            CallState::Waiting => until.strftime("%H:%M:%S").to_string(),
            _ => String::new(),
        };
        Some(HeldView {
            call_id: call.id,
            title,
            goes_at,
            outcome: outcome(call.state),
            facts: facts(&call.arguments, &[]),
            back: back.to_owned(),
        })
    }
}

fn outcome(state: CallState) -> &'static str {
    match state {
        CallState::Denied => "Not sent",
        CallState::Done => "Sent",
        CallState::Failed => "Tried, and failed",
        CallState::Unknown => "Perhaps sent: the outcome is not known",
        _ => "On its way",
    }
}

/// What is held of this caller's, the first to go first.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Call>> {
    let user = caller.user_id;
    app.db.read(move |r| calls::list_held(r, Some(user))).await
}

pub async fn settle(app: &App, caller: &Caller, id: ToolCallId, word: Word) -> Result<()> {
    caller.require(Scope::Approvals)?;
    hold::settle(&app.agents, caller.user_id, id, word, caller.by(app.clock.now())).await
}

pub async fn release(app: App) -> Result<Option<Timestamp>> {
    hold::release_due(&app.agents).await
}

/// Looks at what is held once this change is on disk: there is more of it, or a pause is over.
pub fn attend(tx: &Tx<'_>, timers: &Timers) {
    let timers = timers.clone();
    tx.after_commit(move || timers.wake(job::RELEASE));
}
