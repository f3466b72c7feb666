//! What the events of a conversation leave out: rows as they stand now.

use std::collections::HashMap;

use jiff::Zoned;

use super::held_up::Line;
use super::offers::{self, Standing};
use super::store::{self, File};
use super::view::PartView;
use super::words;
use crate::agent::CallState;
use crate::agent::store::calls::{self, Call};
use crate::approval::{self, Approval};
use crate::changes::{self, Change};
use crate::db::Reader;
use crate::error::Result;
use crate::features::approvals::{GroupView, HeldView};
use crate::ids::{ConversationId, ToolCallId};

pub struct Rows {
    /// Each card's, in the order in which they were asked.
    asked: Vec<Vec<Approval>>,
    pub(super) calls: HashMap<ToolCallId, Call>,
    pub(super) files: Vec<File>,
    pub(super) offers: HashMap<ToolCallId, Standing>,
    /// What calls changed that can be taken back, or was.
    pub(super) changes: HashMap<ToolCallId, Change>,
    pub(super) line: Line,
    now: Zoned,
    pub(super) back: String,
}

impl Rows {
    pub fn load(
        r: &Reader<'_>,
        conversation: ConversationId,
        asked: &[ToolCallId],
        (now, all_paused): (Zoned, bool),
    ) -> Result<Rows> {
        let calls = calls::list_of_conversation(r, conversation)?;
        let groups = groups(r, asked)?;
        let offers = match store::owner_of(r, conversation)? {
            Some((user, _)) => offers::load(r, (user, conversation), &calls, now.timestamp())?,
            None => HashMap::new(),
        };
        Ok(Rows {
            asked: groups,
            offers,
            line: Line::load(r, all_paused, conversation)?,
            changes: changes::of_calls(r, calls.iter().map(|call| call.id))?,
            calls: calls.into_iter().map(|call| (call.id, call)).collect(),
            files: store::files(r, conversation)?,
            now,
            back: format!("/chat/{conversation}"),
        })
    }

    /// The card on which a call is asked about, else how long it is held; and its place in the page.
    pub fn card(&self, call: ToolCallId) -> Option<(String, PartView)> {
        let of_call = |group: &&Vec<Approval>| group.iter().any(|it| it.call_id == call);
        if let Some(group) = self.asked.iter().find(of_call) {
            let view = GroupView::new(group, &self.now, &self.back)?;
            return Some((view.place(), PartView::Card(Box::new(view))));
        }
        let call = self.calls.get(&call)?;
        let title = words::phrase(&call.tool, call.state == CallState::Done);
        let view = HeldView::new(call, title, &self.now, &self.back)?;
        Some((format!("card-{}", call.id), PartView::Held(view)))
    }

    /// Whether the card of this call stands in the page where an earlier one of it was asked.
    pub(super) fn joins(&self, call: ToolCallId) -> bool {
        self.asked.iter().any(|group| group.iter().skip(1).any(|it| it.call_id == call))
    }
}

fn groups(r: &Reader<'_>, asked: &[ToolCallId]) -> Result<Vec<Vec<Approval>>> {
    let mut groups: Vec<Vec<Approval>> = Vec::new();
    for id in asked {
        if groups.iter().flatten().any(|known| known.call_id == *id) {
            continue;
        }
        if let Some(found) = approval::find_by_call(r, *id)? {
            groups.push(approval::list_of_group(r, found.group_id)?);
        }
    }
    Ok(groups)
}
