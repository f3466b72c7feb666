//! How to say it without a language model. Only the exact name of an agent is one: whoever else is
//! asked for something is nobody's business here.

use serde_json::json;

use crate::outside::model::builtin::{Parsed, Phrase, Utterance};

const fn phrase(
    tool: &'static str,
    usage: &'static str,
    about: &'static str,
    parse: fn(&Utterance<'_>) -> Option<Parsed>,
) -> Phrase {
    Phrase { group: "Agents", tool, usage, about, parse }
}

pub const ALL: &[Phrase] = &[
    phrase("agents_list", "list agents", "who else is there", list),
    phrase("agents_run", "run agent Gardener", "has it do what was written for it", run),
    phrase("agents_run", "ask Gardener to weed the beds", "has it do this instead", ask),
];

const QUOTES: [char; 3] = ['"', '“', '”'];
const NOTHING_MORE: [&str; 3] = ["", "please", "now"];

fn list(said: &Utterance<'_>) -> Option<Parsed> {
    let sayings =
        ["agents", "list agents", "my agents", "show agents", "show my agents", "list my agents"];
    if said.is(&sayings) { Parsed::call("agents_list", json!({})) } else { None }
}

fn run(said: &Utterance<'_>) -> Option<Parsed> {
    let rest = said.after_any(&["run the agent", "run agent", "start the agent", "start agent"])?;
    if rest.is_empty() {
        return Parsed::ask("Which agent shall I run?", "run agent", "");
    }
    let Some((agent, rest)) = named(said, rest) else {
        return Parsed::say(match said.agents() {
            [] => "There is no other agent. You make one on the page Agents.".to_owned(),
            names => format!("There is no agent by that name. There are: {}.", names.join(", ")),
        });
    };
    if let Some(message) = order(rest) {
        return Parsed::call("agents_run", json!({"agent": agent, "message": message}));
    }
    let rest = rest.trim_matches(['.', '!', ' ']).to_lowercase();
    NOTHING_MORE.contains(&rest.as_str()).then_some(())?;
    Parsed::call("agents_run", json!({ "agent": agent }))
}

fn ask(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = ["ask the agent", "ask agent", "ask the", "ask"];
    let mut begun = openings.iter().filter_map(|opening| said.after(opening));
    let (agent, rest) = begun.find_map(|rest| named(said, rest))?;
    let message = order(rest)?;
    Parsed::call("agents_run", json!({"agent": agent, "message": message}))
}

/// The agent whose name the text begins with, and what follows; of two that fit, the longer one.
fn named<'t>(said: &'t Utterance<'_>, text: &'t str) -> Option<(&'t str, &'t str)> {
    let text = text.trim_start_matches(QUOTES);
    let after = |name: &'t String| {
        let own = text.get(..name.len())?;
        let rest = &text[name.len()..];
        let ends =
            !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '\'' | '’'));
        (own.to_lowercase() == name.to_lowercase() && ends).then_some((name.as_str(), rest))
    };
    let names: &'t [String] = said.agents();
    let found = names.iter().filter_map(after).max_by_key(|(name, _)| name.len());
    found.map(|(name, rest)| (name, rest.trim_start_matches(QUOTES).trim()))
}

/// What it is to do.
fn order(rest: &str) -> Option<&str> {
    let order = [":", "to "].iter().find_map(|opening| rest.strip_prefix(opening))?.trim();
    (!order.is_empty()).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, agents: &[&str]) -> String {
        let now: jiff::Zoned = "2026-11-23T14:00[Europe/Berlin]".parse().unwrap();
        let agents: Vec<String> = agents.iter().map(|name| (*name).to_owned()).collect();
        let said = Utterance::new(text, &now).among(&agents);
        match ALL.iter().find_map(|phrase| (phrase.parse)(&said)) {
            Some(Parsed::Call { tool, arguments }) => format!("{tool} {arguments}"),
            Some(Parsed::Ask { question, .. }) => question,
            Some(Parsed::Say(text)) => text,
            None => "-".to_owned(),
        }
    }

    #[test]
    fn an_agent_is_run_and_asked_by_its_name() {
        let table = [
            ("list agents", "agents_list {}"),
            ("Run agent gardener.", r#"agents_run {"agent":"Gardener"}"#),
            ("please run the agent Gardener now", r#"agents_run {"agent":"Gardener"}"#),
            ("run agent “Gardener II”", r#"agents_run {"agent":"Gardener II"}"#),
            (
                "run agent Gardener: weed the beds",
                r#"agents_run {"agent":"Gardener","message":"weed the beds"}"#,
            ),
            (
                "ask the gardener to weed the beds",
                r#"agents_run {"agent":"Gardener","message":"weed the beds"}"#,
            ),
            (
                "Ask Gardener II: what is up?",
                r#"agents_run {"agent":"Gardener II","message":"what is up?"}"#,
            ),
            ("run agent", "Which agent shall I run?"),
            (
                "run agent Cook",
                "There is no agent by that name. There are: Gardener, Gardener II, Zoë.",
            ),
            ("ask zoë to sing", r#"agents_run {"agent":"Zoë","message":"sing"}"#),
        ];
        for (text, want) in table {
            assert_eq!(read(text, &["Gardener", "Gardener II", "Zoë"]), want, "{text}");
        }
    }

    #[test]
    fn whoever_else_is_asked_is_left_to_others() {
        let table = [
            "ask Ann to call me",
            "ask Gardeners to weed",
            "ask Gardener's wife to call",
            "ask Gardener",
            "ask Gardener to",
            "ask",
            "ask me to stretch in 10 minutes",
            "remind me to ask Gardener to weed",
            "note: ask Gardener to weed",
            "run Gardener",
            "run agent Gardener tomorrow at 8",
        ];
        for text in table {
            assert_eq!(read(text, &["Gardener"]), "-", "{text}");
        }
        assert_eq!(read("ask Gardener to weed", &[]), "-");
        let none = "There is no other agent. You make one on the page Agents.";
        assert_eq!(read("run agent Gardener", &[]), none);
    }

    #[test]
    fn every_usage_is_understood() {
        for phrase in ALL {
            assert!(read(phrase.usage, &["Gardener"]).starts_with(phrase.tool), "{}", phrase.usage);
        }
    }
}
