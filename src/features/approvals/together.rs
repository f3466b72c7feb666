//! Several calls of one task, answered with one press.

use askama::Template;

use crate::ids::ToolCallId;

/// Answers the very calls that were shown beside it, and none that came since.
#[derive(Template)]
#[template(path = "approvals/together.html")]
pub struct TogetherView {
    count: usize,
    /// Ids with commas between.
    calls: String,
    back: String,
}

/// It stands in other pages as it is; its own template has escaped it.
impl askama::filters::HtmlSafe for TogetherView {}

impl TogetherView {
    /// `back` is a path of ours. `None`: there are not several.
    pub fn new(calls: &[ToolCallId], back: &str) -> Option<TogetherView> {
        let ids: Vec<String> = calls.iter().map(ToolCallId::to_string).collect();
        let view =
            || TogetherView { count: ids.len(), calls: ids.join(","), back: back.to_owned() };
        (ids.len() > 1).then(view)
    }
}
