//! What is new: of a page the lines that changed, of a feed the items that were not there before.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use similar::TextDiff;

use super::store;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::TriggerId;
use crate::outside::fetch::NewsItem;

/// Lines around a change that are shown with it.
const AROUND: usize = 2;
const DIFFERENCE_CHARS_MAX: usize = 20_000;
/// Two texts that take longer to compare are compared more coarsely.
const COMPARE_TIME_MAX: Duration = Duration::from_secs(1);
/// New items of one look that a run is shown; the others are only counted.
const ITEMS_SHOWN_MAX: usize = 20;

/// What changed, line by line.
pub fn difference(old: &str, new: &str) -> String {
    let (old, new) = (format!("{old}\n"), format!("{new}\n"));
    let diff = TextDiff::configure().timeout(COMPARE_TIME_MAX).diff_lines(&old, &new);
    let text = diff.unified_diff().context_radius(AROUND).to_string();
    match text.char_indices().nth(DIFFERENCE_CHARS_MAX) {
        Some((end, _)) => format!("{}\n[shortened]", &text[..end]),
        None => text,
    }
}

/// Remembers all items, and gives those that were not seen before.
pub fn unseen(
    tx: &Tx<'_>,
    id: TriggerId,
    items: Vec<NewsItem>,
    now: Timestamp,
) -> Result<Vec<NewsItem>> {
    let mut new = Vec::new();
    for item in items {
        if store::see_item(tx, id, &Sha256::digest(&item.id), now)? {
            new.push(item);
        }
    }
    store::prune_items(tx, id)?;
    Ok(new)
}

pub fn told(items: &[NewsItem]) -> String {
    let mut text = String::new();
    for item in items.iter().take(ITEMS_SHOWN_MAX) {
        let _ =
            write!(text, "- {}", if item.title.is_empty() { "(untitled)" } else { &item.title });
        for (before, part) in [(" ", &item.link), ("\n  ", &item.summary)] {
            if !part.is_empty() {
                let _ = write!(text, "{before}{part}");
            }
        }
        text.push('\n');
    }
    if let Some(more) = items.len().checked_sub(ITEMS_SHOWN_MAX).filter(|more| 0 < *more) {
        let _ = writeln!(text, "- and {more} more");
    }
    text
}
