//! From an utterance to what should happen.

use serde_json::Value;
use strsim::{damerau_levenshtein, normalized_damerau_levenshtein};

use super::phrase::{Parsed, Phrase};
use super::utterance::{Scene, Utterance};
use super::words;

/// Commands in one message.
const COMMANDS_MAX: usize = 8;
/// How like a known command the first words must be to be called near.
const NEAR: f64 = 0.6;
/// Words that say nothing about what is meant.
const COMMON: &[&str] = &[
    "what", "what's", "how", "when", "who", "why", "which", "where", "is", "are", "can", "the",
    "show", "that", "this",
];
/// Who is not understood is not led to what takes something away.
const NEVER_NEAREST: &[&str] = &["delete"];
/// Where in an utterance a typo is looked for.
const TYPO_WORDS: usize = 3;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub tool: &'static str,
    pub arguments: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    Calls(Vec<Call>),
    Say(String),
    Ask {
        question: String,
        before: String,
        after: String,
    },
    /// A command was misspelled; "yes" runs `corrected`.
    Offer {
        question: String,
        corrected: String,
    },
    /// Of one group, or of all.
    Help(Option<&'static str>),
    Unknown {
        nearest: Option<&'static str>,
    },
}

impl Plan {
    pub fn question(&self) -> Option<&str> {
        match self {
            Plan::Ask { question, .. } | Plan::Offer { question, .. } => Some(question),
            _ => None,
        }
    }
}

/// Reads `text` as the answer to the question of `pending`, if there was one, else as a new command.
pub(super) fn continued(
    phrases: &[Phrase],
    pending: Option<&Plan>,
    text: &str,
    scene: Scene<'_>,
) -> Plan {
    let fresh = || read(phrases, text, scene);
    let answer = heard(text, scene);
    match pending {
        Some(_) if answer.is(words::NEVER_MIND) => Plan::Say(words::LEFT_IT.to_owned()),
        Some(Plan::Ask { question, before, after }) if !answer.is(words::HELP) => {
            let whole = format!("{before} {} {after}", text.trim());
            match one(phrases, whole.trim(), scene) {
                Some(Plan::Calls(calls)) => Plan::Calls(calls),
                asked => match fresh() {
                    plan @ (Plan::Calls(_) | Plan::Say(_) | Plan::Help(_)) => plan,
                    _ if is_still_open((question, before, after), asked.as_ref()) => {
                        pending.cloned().unwrap_or_else(fresh)
                    }
                    other => asked.unwrap_or(other),
                },
            }
        }
        Some(Plan::Offer { corrected, .. }) if answer.is(words::YES) => {
            read(phrases, corrected, scene)
        }
        Some(Plan::Offer { .. }) if answer.is(words::NO) => Plan::Say(words::LEFT_IT.to_owned()),
        _ => fresh(),
    }
}

/// Whether a question is as open as it was: words that answer nothing are no part of the command.
fn is_still_open((question, before, after): (&str, &str, &str), asked: Option<&Plan>) -> bool {
    matches!(asked, Some(Plan::Ask { question: again, before: same, after: longer })
        if again == question || same == before && longer != after)
}

fn heard<'a>(text: &'a str, (now, agents): Scene<'a>) -> Utterance<'a> {
    Utterance::new(text, now).among(agents)
}

fn read(phrases: &[Phrase], text: &str, scene: Scene<'_>) -> Plan {
    let utterance = heard(text, scene);
    if utterance.is(words::HELP) || text.trim() == "?" {
        return Plan::Help(None);
    }
    if utterance.is(words::GREETINGS) {
        return Plan::Say(words::hello(phrases));
    }
    if utterance.is(words::STOP) {
        return Plan::Say(words::NOTHING_TO_STOP.to_owned());
    }
    if utterance.is(words::THANKS) {
        return Plan::Say(words::WELCOME.to_owned());
    }
    if let Some(plan) = several(phrases, text, scene).or_else(|| one(phrases, text, scene)) {
        return plan;
    }
    if let Some(topic) = utterance.after_any(words::HELP_WITH) {
        return Plan::Help(group_of(phrases, topic, scene));
    }
    if let Some(corrected) = corrected(phrases, &utterance) {
        let question = words::did_you_mean(&corrected);
        return Plan::Offer { question, corrected };
    }
    Plan::Unknown { nearest: nearest(phrases, &utterance) }
}

fn one(phrases: &[Phrase], text: &str, scene: Scene<'_>) -> Option<Plan> {
    let utterance = heard(text, scene);
    let parsed = phrases.iter().find_map(|phrase| (phrase.parse)(&utterance))?;
    Some(match parsed {
        Parsed::Call { tool, arguments } => Plan::Calls(vec![Call { tool, arguments }]),
        Parsed::Ask { question, before, after } => Plan::Ask { question, before, after },
        Parsed::Say(text) => Plan::Say(text),
    })
}

/// What "add a note" or "my reminders" is about.
fn group_of(phrases: &[Phrase], topic: &str, scene: Scene<'_>) -> Option<&'static str> {
    let topic = heard(topic, scene);
    let is_named = |phrase: &&Phrase| {
        let name = phrase.group.to_lowercase();
        topic.words().any(|word| name == word || name.strip_suffix('s') == Some(word))
    };
    let read = phrases.iter().find(|phrase| (phrase.parse)(&topic).is_some());
    read.or_else(|| phrases.iter().find(is_named)).map(|phrase| phrase.group)
}

/// Several commands on lines of their own or parted by semicolons: only if each is one by itself.
fn several(phrases: &[Phrase], text: &str, scene: Scene<'_>) -> Option<Plan> {
    let parts: Vec<&str> = text
        .lines()
        .flat_map(|line| line.split("; "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if !(2..=COMMANDS_MAX).contains(&parts.len()) {
        return None;
    }
    let mut calls = Vec::new();
    for part in parts {
        match one(phrases, part, scene)? {
            Plan::Calls(more) => calls.extend(more),
            _ => return None,
        }
    }
    Some(Plan::Calls(calls))
}

/// The utterance with one of its first words set right, if that makes it a command.
fn corrected(phrases: &[Phrase], utterance: &Utterance<'_>) -> Option<String> {
    let known: Vec<&str> = phrases
        .iter()
        .flat_map(|phrase| head(phrase.usage))
        .filter(|word| 3 < word.len())
        .collect();
    let typed: Vec<&str> = utterance.words().take(TYPO_WORDS).collect();
    for (place, word) in
        typed.iter().enumerate().filter(|(_, word)| !known.contains(word) && !COMMON.contains(word))
    {
        let slips_max = if word.len() < 6 { 1 } else { 2 };
        let mut near: Vec<(usize, &str)> = known
            .iter()
            .map(|known| (damerau_levenshtein(word, known), *known))
            .filter(|(slips, _)| *slips <= slips_max)
            .collect();
        near.sort_unstable();
        let fixed = near.iter().find_map(|(_, right)| {
            utterance
                .replacing(place, right)
                .filter(|text| one(phrases, text, utterance.scene()).is_some())
        });
        if fixed.is_some() {
            return fixed;
        }
    }
    None
}

/// The two words by which a usage is known, without punctuation.
fn head(usage: &'static str) -> impl Iterator<Item = &'static str> {
    usage.split(' ').take(2).map(|word| word.trim_end_matches([':', ',']))
}

fn nearest(phrases: &[Phrase], utterance: &Utterance<'_>) -> Option<&'static str> {
    let typed: Vec<&str> = utterance.words().take(2).collect();
    let first = typed.first().filter(|_| !typed.iter().all(|word| COMMON.contains(word)))?;
    let likeness = |phrase: &Phrase| {
        let mut head = head(phrase.usage);
        let one = head.next().unwrap_or_default();
        let two = head.next().map_or_else(String::new, |two| format!("{one} {two}"));
        let by_one =
            if COMMON.contains(first) { 0.0 } else { normalized_damerau_levenshtein(first, one) };
        by_one.max(normalized_damerau_levenshtein(&typed.join(" "), &two))
    };
    let harmless =
        phrases.iter().filter(|it| head(it.usage).all(|word| !NEVER_NEAREST.contains(&word)));
    let scored = harmless.map(|phrase| (likeness(phrase), phrase.usage));
    let best = scored.filter(|(score, _)| NEAR <= *score).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, usage)| usage)
}
