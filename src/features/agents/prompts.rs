//! What an agent was told at one time and another, and what is new in each.

use jiff::Zoned;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::store::PromptVersion;
use crate::web::when::When;

/// For its page.
pub struct Version {
    pub number: u32,
    pub made_by: String,
    pub when: When,
    pub lines: Vec<String>,
}

/// For a program.
#[derive(Serialize)]
pub struct View {
    #[serde(flatten)]
    version: PromptVersion,
    difference: Vec<String>,
}

pub fn versions(versions: &[PromptVersion], now: &Zoned) -> Vec<Version> {
    let version = |(at, it): (usize, &PromptVersion)| Version {
        number: it.version,
        made_by: it.made_by.clone(),
        when: When::new(it.created_at, now),
        lines: difference(versions.get(at + 1), it),
    };
    versions.iter().enumerate().map(version).collect()
}

pub fn views(versions: &[PromptVersion]) -> Vec<View> {
    let view = |(at, it): (usize, &PromptVersion)| View {
        version: it.clone(),
        difference: difference(versions.get(at + 1), it),
    };
    versions.iter().enumerate().map(view).collect()
}

/// What is new in it against the one that it took the place of, line by line: "+", "-" or " ", and
/// the line.
fn difference(before: Option<&PromptVersion>, it: &PromptVersion) -> Vec<String> {
    // A last line with its end, so that it is the same line when another follows.
    let ended = |it: &PromptVersion| format!("{}\n", it.prompt);
    let (old, new) = (before.map(ended).unwrap_or_default(), ended(it));
    let diff = TextDiff::from_lines(&old, &new);
    let line = |change: similar::Change<&str>| {
        let sign = match change.tag() {
            ChangeTag::Insert => '+',
            ChangeTag::Delete => '-',
            ChangeTag::Equal => ' ',
        };
        format!("{sign} {}", change.value().trim_end())
    };
    diff.iter_all_changes().map(line).collect()
}
