//! How to say it without a language model.

use serde_json::json;

use crate::dates;
use crate::outside::model::builtin::{Parsed, Phrase, Utterance};

const fn phrase(
    tool: &'static str,
    usage: &'static str,
    about: &'static str,
    parse: fn(&Utterance<'_>) -> Option<Parsed>,
) -> Phrase {
    Phrase { group: "Time", tool, usage, about, parse }
}

pub const ALL: &[Phrase] = &[
    phrase("time_now", "what time is it", "time and date", now),
    phrase("time_now", "time in Tokyo", "the time elsewhere", elsewhere),
    phrase("time_calculate", "days until 24 December", "counts days", sum),
    phrase("time_calculate", "what is today plus 45 days", "adds to a date", sum),
    phrase("time_calculate", "what day is 3 May 2027", "the weekday of a date", sum),
];

fn now(said: &Utterance<'_>) -> Option<Parsed> {
    let sayings = [
        "time",
        "date",
        "the time",
        "the date",
        "what time is it",
        "what is the time",
        "what's the time",
        "what date is it",
        "what is the date",
        "what's the date",
        "what day is it",
        "what day is today",
        "what is today",
        "what's today",
        "what is today's date",
        "what's today's date",
        "what week is it",
        "today",
    ];
    said.is(&sayings).then(|| Parsed::Call { tool: "time_now", arguments: json!({}) })
}

fn elsewhere(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "what time is it in",
        "what is the time in",
        "what's the time in",
        "what is the date in",
        "the time in",
        "time in",
        "what time is it at",
    ];
    let place = said.after_any(&openings)?.trim_end_matches(['?', '.', '!']);
    let place =
        place.strip_suffix(" now").or_else(|| place.strip_suffix(" right now")).unwrap_or(place);
    if place.is_empty() {
        return Parsed::ask("In which place?", "time in", "");
    }
    Parsed::call("time_now", json!({ "place": place }))
}

/// Whatever can be worked out is a sum; a bare date or span is not asked.
fn sum(said: &Utterance<'_>) -> Option<Parsed> {
    let asks = [
        "what",
        "what's",
        "whats",
        "when",
        "when's",
        "which",
        "how",
        "days",
        "weeks",
        "months",
        "hours",
        "minutes",
        "calculate",
        "between",
        "until",
        "since",
    ];
    let first = said.words().next()?;
    let counted = ["plus", "minus", "+", "-", "ago", "after", "before", "from", "until", "between"];
    let is_asked = asks.contains(&first) || counted.iter().any(|word| said.has(word));
    let text = said.text();
    if !is_asked {
        return None;
    }
    match dates::calculate(text, said.now()) {
        Ok(_) => Parsed::call("time_calculate", json!({ "question": text })),
        Err(_) => dates::sum_fault(text, said.now()).and_then(Parsed::say),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let now: jiff::Zoned = "2026-11-23T14:00[Europe/Berlin]".parse().unwrap();
        let said = Utterance::new(text, &now);
        match ALL.iter().find_map(|phrase| (phrase.parse)(&said)) {
            Some(Parsed::Call { tool, arguments }) => format!("{tool} {arguments}"),
            Some(Parsed::Ask { question, .. }) => question,
            Some(Parsed::Say(text)) => text,
            None => "-".to_owned(),
        }
    }

    #[test]
    fn questions_about_time_are_understood() {
        let table = [
            ("What time is it?", "time_now {}"),
            ("what time is it in New York now?", r#"time_now {"place":"New York"}"#),
            (
                "how many days until christmas?",
                r#"time_calculate {"question":"how many days until christmas?"}"#,
            ),
            ("today + 45 days", r#"time_calculate {"question":"today + 45 days"}"#),
            ("what is the meaning of life", "-"),
            ("days until 30 february", r#"There is no day "30 february"."#),
            ("what day is 29 Feb 2027", r#"There is no day "29 Feb 2027"."#),
            ("how are you", "-"),
            ("tomorrow", "-"),
        ];
        for (text, want) in table {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn every_usage_is_understood() {
        for phrase in ALL {
            assert!(read(phrase.usage).starts_with(phrase.tool), "{}", phrase.usage);
        }
    }
}
