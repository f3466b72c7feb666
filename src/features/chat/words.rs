//! Tool calls in a person's words: "Searched notes · 0.4 s".

use jiff::SignedDuration;
use serde_json::Value;

use super::transcript::{Step, StepState};

/// Of an output in a chat; the page of its run has all.
const OUTPUT_LINES_MAX: usize = 40;
const TARGET_CHARS_MAX: usize = 60;
/// More steps than this are counted, not named.
const NAMED_MAX: usize = 3;

/// In a tool's name; once it is done; before that.
const VERBS: [(&str, &str, &str); 22] = [
    ("add", "Added", "Add"),
    ("calculate", "Calculated", "Calculate"),
    ("cancel", "Cancelled", "Cancel"),
    ("create", "Created", "Create"),
    ("delete", "Deleted", "Delete"),
    ("done", "Finished", "Finish"),
    ("fetch", "Fetched", "Fetch"),
    ("find", "Searched", "Search"),
    ("list", "Listed", "List"),
    ("now", "Looked up", "Look up"),
    ("pause", "Paused", "Pause"),
    ("read", "Read", "Read"),
    ("remove", "Removed", "Remove"),
    ("reopen", "Reopened", "Reopen"),
    ("resume", "Resumed", "Resume"),
    ("run", "Ran", "Run"),
    ("search", "Searched", "Search"),
    ("send", "Sent", "Send"),
    ("show", "Looked up", "Look up"),
    ("snooze", "Snoozed", "Snooze"),
    ("update", "Changed", "Change"),
    ("write", "Wrote", "Write"),
];
/// Verbs that mean one of them.
const ONE: [&str; 11] = [
    "add", "cancel", "create", "delete", "done", "read", "remove", "reopen", "snooze", "update",
    "write",
];
/// Arguments that say what a call is about, the best first.
const TARGETS: [&str; 10] =
    ["url", "path", "query", "to", "title", "name", "text", "expression", "when", "id"];

/// `notes_find` → "Searched notes", or "Search notes" while it is not done; a name we know no verb
/// for stays as it is.
pub fn phrase(tool: &str, done: bool) -> String {
    let Some((set, verb)) = tool.split_once('_') else { return tool.to_owned() };
    let (first, rest) = verb.split_once('_').unwrap_or((verb, ""));
    let verb_of = |name: &str| VERBS.iter().find(|(verb, ..)| *verb == name);
    let word = |(_, past, present): &(_, &'static str, &'static str)| {
        if done { *past } else { *present }
    };
    let Some(found) = verb_of(first) else {
        // The verb stands first in the names of a few: `fetch_page`.
        return match verb_of(set).filter(|_| rest.is_empty()) {
            Some(found) if verb == "own" => format!("{} what is yours", word(found)),
            Some(found) => format!("{} a {verb}", word(found)),
            None => tool.replace('_', " "),
        };
    };
    let word = word(found);
    let noun = match (rest, set) {
        ("", set) if ONE.contains(&first) => singular(set),
        ("", "web") => "the web".to_owned(),
        ("", set) => set.to_owned(),
        (rest, _) => rest.replace('_', " "),
    };
    format!("{word} {noun}")
}

fn singular(set: &str) -> String {
    let one = match (set.strip_suffix("es").filter(|it| it.ends_with("ss")), set.strip_suffix('s'))
    {
        (Some(one), _) => one,
        (None, Some(one)) if set != "status" => one,
        _ => return set.to_owned(),
    };
    let article = if one.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {one}")
}

/// The icon of what a tool is about; a tool of a server is just a tool.
pub fn icon(tool: &str) -> &'static str {
    match tool.split('_').next().unwrap_or(tool) {
        "fetch" | "web" => "globe",
        "files" => "file",
        "notes" => "notes",
        "reminders" => "bell",
        _ => "tool",
    }
}

pub fn target(arguments: &Value) -> String {
    let text = TARGETS.iter().find_map(|name| arguments.get(name)?.as_str());
    let line = text.unwrap_or_default().lines().next().unwrap_or_default();
    match line.char_indices().nth(TARGET_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// As many as one reads at a glance.
pub fn first_lines(text: &str) -> String {
    let lines = text.lines().count();
    if lines <= OUTPUT_LINES_MAX {
        return text.to_owned();
    }
    let first: Vec<&str> = text.lines().take(OUTPUT_LINES_MAX).collect();
    format!("{}\n… {} more lines", first.join("\n"), lines - OUTPUT_LINES_MAX)
}

pub fn took(duration: SignedDuration) -> String {
    let seconds = duration.as_secs_f64().max(0.0);
    match seconds {
        ..0.1 => format!("{:.0} ms", seconds * 1000.0),
        0.1..10.0 => format!("{seconds:.1} s"),
        10.0..60.0 => format!("{seconds:.0} s"),
        _ => format!("{} min {} s", duration.as_mins(), duration.as_secs() % 60),
    }
}

/// The folded line over some steps, of which the guard `blocked` some without a card.
pub fn summary(steps: &[Step], blocked: usize) -> String {
    let mut phrases: Vec<String> = Vec::new();
    for step in steps {
        let phrase = phrase(&step.tool, step.state == StepState::Done);
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    let mut words = match phrases.len() {
        ..=NAMED_MAX => phrases.join(" · "),
        _ => format!("{} steps", steps.len()),
    };
    let total: SignedDuration = steps.iter().filter_map(|step| step.took).sum();
    if steps.iter().all(|step| step.took.is_some()) {
        words.push_str(" · ");
        words.push_str(&took(total));
    }
    if blocked > 0 {
        words.push_str(&format!(" · blocked {blocked}"));
    }
    words
}

/// 1912 → "1,912".
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::json;

    use super::{grouped, phrase, target, took};

    #[test]
    fn tools_are_said_in_words() {
        let said = ["notes_find", "notes_add", "web_search", "web_fetch_page", "status_show"];
        let said = said.map(|tool| phrase(tool, true)).join(", ");
        assert_eq!(
            said,
            "Searched notes, Added a note, Searched the web, Fetched page, Looked up status"
        );
        assert_eq!(phrase("fetch_page", true), "Fetched a page");
        assert_eq!(phrase("search_own", true), "Searched what is yours");
        assert_eq!(phrase("addresses_remove", true), "Removed an address");
        assert_eq!(phrase("fetch_page", false), "Fetch a page");
        assert_eq!(phrase("mcp__x__do", true), "mcp  x  do");
        assert_eq!(phrase("files_delete", false), "Delete a file");
        assert_eq!(target(&json!({"n": 1, "query": "boiler\nx"})), "boiler");
        assert_eq!(took(SignedDuration::from_millis(1_940)), "1.9 s");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
