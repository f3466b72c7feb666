//! What came of a card, in one line: what a person was told of it says that from then on.

use jiff::Timestamp;

use crate::agent::Agents;
use crate::approval::{Approval, State};

/// Of the value that tells one question from another.
const TARGET_CHARS_MAX: usize = 80;

/// "Delete this file (plan.txt): you said yes at 21:45", or "3 things of one task: yes to 2, no to 1".
/// `now` is when the last of them was answered.
pub fn of_group(agents: &Agents, group: &[Approval], now: Timestamp) -> String {
    if let [one] = group {
        let what = one.card.what.trim_end_matches('?');
        let target = target(agents, one).map(|it| format!(" ({it})")).unwrap_or_default();
        return format!("{what}{target}: {}", of_one(agents, one, now));
    }
    let count = |state| group.iter().filter(|it| it.state == state).count();
    let parts = [
        ("yes to", count(State::Approved)),
        ("no to", count(State::Denied)),
        ("expired:", count(State::Expired)),
        ("taken back:", count(State::Withdrawn)),
    ];
    let parts = parts.into_iter().filter(|(_, count)| *count > 0);
    let parts: Vec<String> = parts.map(|(words, count)| format!("{words} {count}")).collect();
    format!("{} things of one task: {}", group.len(), parts.join(", "))
}

fn of_one(agents: &Agents, asked: &Approval, now: Timestamp) -> String {
    let at = |at: Timestamp| {
        let zone = agents.config.zone();
        let (at, asked) = (at.to_zoned(zone.clone()), asked.created_at.to_zoned(zone));
        let form = if at.date() == asked.date() { "at %H:%M" } else { "on %b %-d at %H:%M" };
        at.strftime(form).to_string()
    };
    let when = at(asked.answered.as_ref().map_or(now, |it| it.at));
    match asked.state {
        State::Approved if asked.edited_arguments.is_some() => {
            format!("you changed it and said yes {when}")
        }
        State::Approved => format!("you said yes {when}"),
        State::Denied => format!("you said no {when}"),
        State::Expired => format!("it expired {when}; nothing was done"),
        State::Withdrawn => format!("it was taken back {when}; nothing was done"),
        State::Waiting => "it waits".to_owned(),
    }
}

/// The file, person or address that it is about.
fn target(agents: &Agents, asked: &Approval) -> Option<String> {
    let tool = agents.toolbox.find(&asked.tool)?;
    let arguments = asked.edited_arguments.as_ref().unwrap_or(&asked.arguments);
    let roles = tool.roles();
    let mut critical = roles.iter().filter(|(_, role)| role.is_critical());
    let value = critical.find_map(|(name, _)| arguments[*name].as_str())?;
    Some(match value.char_indices().nth(TARGET_CHARS_MAX) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    })
}
