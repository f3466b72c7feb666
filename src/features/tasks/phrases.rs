//! How to say it without a language model.

use serde_json::json;

use crate::outside::model::builtin::{Parsed, Phrase, Utterance};
use crate::schedule::{Schedule, zone};

const fn phrase(
    tool: &'static str,
    usage: &'static str,
    about: &'static str,
    parse: fn(&Utterance<'_>) -> Option<Parsed>,
) -> Phrase {
    Phrase { group: "Schedule", tool, usage, about, parse }
}

pub const ALL: &[Phrase] = &[
    phrase(
        "tasks_create",
        "every weekday at 7:30: status",
        "writes down a task; you switch it on",
        create,
    ),
    phrase("tasks_list", "list tasks", "what is scheduled", list),
    phrase("tasks_switch_off", "switch off task status", "stops a task", switch_off),
];

/// "every weekday at 7:30: status". The colon ends the schedule, so nothing of either is guessed.
fn create(said: &Utterance<'_>) -> Option<Parsed> {
    let (when, prompt) = said.text().split_once(": ")?;
    let when = said_schedule(when)?;
    let prompt = prompt.trim();
    let own = said.now().time_zone().iana_name().unwrap_or("UTC");
    let read = Schedule::parse(when, zone(own).ok()?, said.now().timestamp()).ok()?;
    (!read.is_once() && !prompt.is_empty()).then_some(())?;
    let name = prompt.chars().take(60).collect::<String>();
    Parsed::call("tasks_create", json!({"name": name, "prompt": prompt, "schedule": when}))
}

/// What begins as something that comes again and again.
fn said_schedule(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text.strip_prefix("schedule ").unwrap_or(text);
    let again =
        ["every ", "each ", "daily ", "weekdays ", "weekends ", "hourly", "monthly ", "yearly "];
    let lower = text.to_lowercase();
    again.iter().any(|opening| lower.starts_with(opening)).then_some(text)
}

fn list(said: &Utterance<'_>) -> Option<Parsed> {
    let sayings = [
        "tasks",
        "list tasks",
        "my tasks",
        "show tasks",
        "show my tasks",
        "schedule",
        "show schedule",
        "show the schedule",
        "what is scheduled",
        "what's scheduled",
    ];
    if said.is(&sayings) { Parsed::call("tasks_list", json!({})) } else { None }
}

fn switch_off(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = ["switch off the task", "switch off task", "stop the task", "stop task"];
    let name = said.after_any(&openings)?;
    if name.is_empty() {
        return Parsed::ask("Which task shall I switch off?", "switch off task", "");
    }
    Parsed::call("tasks_switch_off", json!({"task": name.trim_matches(['"', '“', '”'])}))
}

#[cfg(test)]
mod tests {
    use jiff::Zoned;

    use super::*;

    fn read(text: &str) -> String {
        let now: Zoned = "2026-11-23T14:00[Europe/Berlin]".parse().unwrap();
        let said = Utterance::new(text, &now);
        match ALL.iter().find_map(|phrase| (phrase.parse)(&said)) {
            Some(Parsed::Call { tool, arguments }) => format!("{tool} {arguments}"),
            Some(Parsed::Ask { question, .. }) => question,
            Some(Parsed::Say(text)) => text,
            None => "-".to_owned(),
        }
    }

    #[test]
    fn tasks_are_made_in_plain_words() {
        let table = [
            (
                "every weekday at 7:30: status",
                r#"tasks_create {"name":"status","prompt":"status","schedule":"every weekday at 7:30"}"#,
            ),
            (
                "schedule daily at 8: list reminders",
                r#"tasks_create {"name":"list reminders","prompt":"list reminders","schedule":"daily at 8"}"#,
            ),
            ("every blue moon: status", "-"),
            ("note: every day at 8: sing", "-"),
            ("what is scheduled?", "tasks_list {}"),
            ("switch off task status", r#"tasks_switch_off {"task":"status"}"#),
            ("switch off task", "Which task shall I switch off?"),
        ];
        for (text, want) in table {
            assert_eq!(read(text), want, "{text}");
        }
        for phrase in ALL {
            assert!(read(phrase.usage).starts_with(phrase.tool), "{}", phrase.usage);
        }
    }
}
