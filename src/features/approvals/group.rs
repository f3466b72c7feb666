//! What waits together of one task: one card, on which each call is shown whole and is answered
//! alone, or all of them with one press.

use askama::Template;
use jiff::Zoned;

use super::card::CardView;
use crate::approval::{Approval, State};
use crate::ids::{ApprovalId, ToolCallId};

#[derive(Template)]
#[template(path = "approvals/group.html")]
pub struct GroupView {
    id: ApprovalId,
    /// "3 things of one task"; "" for a call that is alone.
    title: String,
    cards: Vec<CardView>,
    waiting: usize,
    /// The very calls that are shown as waiting, and none that came since: ids with commas between.
    calls: String,
    back: String,
}

/// It stands in other pages as it is; its own template has escaped it.
impl askama::filters::HtmlSafe for GroupView {}

impl GroupView {
    /// `asked` are of one group; `now` in the owner's zone; `back` is a path of ours. `None`: there
    /// is nothing to show.
    pub fn new(asked: &[Approval], now: &Zoned, back: &str) -> Option<GroupView> {
        let title = match asked.len() {
            1 => String::new(),
            count => format!("{count} things of one task"),
        };
        let waiting = asked.iter().filter(|it| it.state == State::Waiting).map(|it| it.call_id);
        let waiting: Vec<String> = waiting.map(|it: ToolCallId| it.to_string()).collect();
        Some(GroupView {
            id: asked.first()?.group_id,
            title,
            cards: asked.iter().map(|it| CardView::new(it, now, back)).collect(),
            waiting: waiting.len(),
            calls: waiting.join(","),
            back: back.to_owned(),
        })
    }

    /// Its place in a page, for replacing it.
    pub fn place(&self) -> String {
        format!("group-{}", self.id)
    }
}
