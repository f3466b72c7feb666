//! How to say it without a language model.

use jiff::Zoned;
use serde_json::json;

use crate::dates;
use crate::error::Result;
use crate::outside::model::builtin::{Parsed, Phrase, Utterance};
use crate::schedule::{Schedule, zone};

const fn phrase(
    tool: &'static str,
    usage: &'static str,
    about: &'static str,
    parse: fn(&Utterance<'_>) -> Option<Parsed>,
) -> Phrase {
    Phrase { group: "Reminders", tool, usage, about, parse }
}

pub const ALL: &[Phrase] = &[
    phrase("reminders_create", "remind me in 10 minutes to stretch", "tells you then", create),
    phrase("reminders_list", "list reminders", "what is still open", list),
    phrase("reminders_done", "done stretch", "ticks a reminder off", done),
    phrase("reminders_snooze", "snooze stretch for 1 hour", "tells you again later", snooze),
    phrase("reminders_cancel", "cancel reminder stretch", "drops a reminder", cancel),
];

const NOT_AGAIN: &str = "A reminder comes once. For one that comes again, add a task under Schedule, \
                         or say it like this: \"every tuesday at 9:00: remind me in 1 minute to call \
                         Ann\".";
const ONE_AT_A_TIME: &str = "I cancel reminders one at a time: \"cancel reminder stretch\". \"list \
                             reminders\" shows them, and so does the page Reminders.";
const WHICH_TO_CANCEL: &str = "Which reminder shall I cancel?";
/// How what comes again begins.
const AGAIN: &[&str] = &["every ", "each ", "daily"];
const TIMER: &str = "The timer is up.";
const SNOOZE_USUAL: &str = "10 minutes";
/// Behind "cancel" these name nothing.
const NO_NAME: &[&str] = &["all", "everything", "please"];
/// And these something that was spoken of, which nobody can tell here.
const POINTED_AT: &[&str] = &["it", "that", "this", "this one", "one"];
const ALL_OF_THEM: &[&str] = &[
    "all reminders",
    "all my reminders",
    "all the reminders",
    "all of my reminders",
    "my reminders",
    "every reminder",
];

fn create(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "remind me",
        "set a reminder",
        "add a reminder",
        "new reminder",
        "create a reminder",
        "i need to be reminded",
        "i want to be reminded",
        "don't let me forget",
        "reminder",
        "remember to",
    ];
    if let Some(up) = timer(said) {
        return Parsed::call("reminders_create", json!({ "text": TIMER, "when": exact(&up) }));
    }
    let turned = time_first(said);
    let rest = turned.as_deref().or_else(|| said.after_any(&openings))?;
    let rest = rest.strip_prefix("for ").unwrap_or(rest).trim_end_matches(['?', '!', ' ']);
    if rest.is_empty() {
        return Parsed::ask("What shall I remind you of?", "remind me to", "");
    }
    if dates::repeats(rest) {
        return Parsed::say(not_again(rest, said.now()));
    }
    let found = match dates::find(rest, said.now()) {
        Ok(Some(found)) => found,
        Ok(None) => {
            let what = dates::strip_ties(rest);
            return Parsed::ask("When?", "remind me", format!("to {what}"));
        }
        Err(half_understood) => return Parsed::say(half_understood.to_string()),
    };
    if found.rest.is_empty() {
        return Parsed::ask("What shall I remind you of?", format!("remind me {rest} to"), "");
    }
    Parsed::call("reminders_create", json!({ "text": found.rest, "when": exact(&found.when.at) }))
}

/// When "set a timer for 5 minutes" is up.
fn timer(said: &Utterance<'_>) -> Option<Zoned> {
    let openings = ["set a timer for", "set timer for", "start a timer for", "timer for", "timer"];
    let how_long = Utterance::before_closing(said.after_any(&openings)?);
    said.now().checked_add(dates::parse_span(how_long)?).ok()
}

/// How it is said that something comes again, in the owner's own words where they can be parted.
fn not_again(rest: &str, now: &Zoned) -> String {
    let own = parted(rest).filter(|(when, what)| {
        let zone = zone(now.time_zone().iana_name().unwrap_or("UTC"));
        let read = zone.and_then(|it| Schedule::parse(when, it, now.timestamp()));
        !what.is_empty() && read.is_ok_and(|it| !it.is_once())
    });
    let Some((when, what)) = own else { return NOT_AGAIN.to_owned() };
    format!(
        "A reminder comes once. For one that comes again, add a task under Schedule, or say it like \
         this: \"{when}: remind me in 1 minute to {what}\"."
    )
}

/// "every 2 hours" and "drink water", of "to drink water every 2 hours" or the other way round.
fn parted(rest: &str) -> Option<(&str, &str)> {
    let starts = |text: &str| AGAIN.iter().any(|again| text.starts_with(again));
    if starts(rest) {
        let (when, what) = rest.split_once(" to ")?;
        return Some((when.trim(), what.trim()));
    }
    let place = AGAIN.iter().find_map(|again| rest.find(&format!(" {again}")))?;
    Some((rest[place..].trim().trim_end_matches('.'), dates::strip_ties(&rest[..place])))
}

/// "tomorrow at 9 remind me to pay" with the time where it usually stands.
fn time_first(said: &Utterance<'_>) -> Option<String> {
    let (when, what) = said.text().split_once(" remind me ")?;
    dates::parse(when, said.now()).ok()?;
    Some(format!("{when} {what}"))
}

fn list(said: &Utterance<'_>) -> Option<Parsed> {
    let sayings = [
        "reminders",
        "list reminders",
        "my reminders",
        "show reminders",
        "show my reminders",
        "list my reminders",
        "what are my reminders",
        "what reminders do i have",
        "show all reminders",
        "show me my reminders",
        "show me all reminders",
        "list all reminders",
        "any reminders",
        "do i have any reminders",
        "what's coming up",
        "what is coming up",
    ];
    said.is(&sayings).then(|| Parsed::Call { tool: "reminders_list", arguments: json!({}) })
}

fn done(said: &Utterance<'_>) -> Option<Parsed> {
    let marked = said.after("mark").and_then(|it| it.strip_suffix(" as done"));
    let what =
        marked.or_else(|| said.after_any(&["done with", "done", "mark done", "tick off"]))?;
    pick("reminders_done", bare(what), "Which reminder is done?", "done")
}

fn cancel(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "cancel the reminder",
        "cancel my reminder",
        "cancel reminder",
        "delete the reminder",
        "delete reminder",
        "remove reminder",
        "drop reminder",
        "forget the reminder",
        "forget reminder",
    ];
    let last = said.after_any(&["cancel", "delete", "remove"]);
    let whole = last.map(|it| it.trim_end_matches(['.', '!', '?']).to_lowercase());
    if whole.is_some_and(|it| ALL_OF_THEM.contains(&it.as_str())) {
        return Parsed::say(ONE_AT_A_TIME);
    }
    let named = last.and_then(|it| it.strip_suffix(" reminder"));
    let Some(what) = said.after_any(&openings).or(named) else { return cancel_what(said) };
    pick("reminders_cancel", bare(what), WHICH_TO_CANCEL, "cancel reminder")
}

/// "cancel mum" may be about something else that bears the name.
fn cancel_what(said: &Utterance<'_>) -> Option<Parsed> {
    let what = bare(said.after("cancel")?);
    if POINTED_AT.contains(&what.to_lowercase().as_str()) {
        return Parsed::ask(WHICH_TO_CANCEL, "cancel reminder", "");
    }
    if what.is_empty() || NO_NAME.contains(&what.to_lowercase().as_str()) {
        return None;
    }
    Parsed::say(format!("Do you mean a reminder? Then say \"cancel reminder {what}\"."))
}

fn snooze(said: &Utterance<'_>) -> Option<Parsed> {
    let rest = said.after_any(&["snooze the reminder", "snooze reminder", "snooze", "postpone"])?;
    if rest.is_empty() {
        return Parsed::ask("Which reminder shall I snooze?", "snooze", "");
    }
    let (what, until) = match split(rest, said.now()) {
        Ok(both) => both,
        Err(half_understood) => return Parsed::say(half_understood.to_string()),
    };
    if what.is_empty() {
        return Parsed::ask("Which reminder shall I snooze?", "snooze", rest);
    }
    Parsed::call("reminders_snooze", json!({ "reminder": what, "until": until }))
}

/// "stretch for 1 hour", "stretch until tomorrow 9:00", "stretch".
fn split(rest: &str, now: &Zoned) -> Result<(String, String)> {
    if let Some((what, how_long)) = rest.rsplit_once(" for ").or_else(|| rest.rsplit_once(" by "))
        && dates::parse_span(how_long).is_some()
    {
        return Ok((bare(what).to_owned(), format!("in {how_long}")));
    }
    Ok(match dates::find(rest, now)? {
        Some(found) => (bare(&found.rest).to_owned(), exact(&found.when.at)),
        None => (bare(rest).to_owned(), format!("in {SNOOZE_USUAL}")),
    })
}

fn pick(tool: &'static str, what: &str, question: &str, before: &str) -> Option<Parsed> {
    if what.is_empty() {
        return Parsed::ask(question, before, "");
    }
    Parsed::call(tool, json!({ "reminder": what }))
}

fn bare(what: &str) -> &str {
    let what = dates::strip_ties(what);
    let what = what.strip_suffix(" until").or_else(|| what.strip_suffix(" till")).unwrap_or(what);
    let first = what.split_once(' ').filter(|(first, _)| {
        ["the", "my"].iter().any(|article| first.eq_ignore_ascii_case(article))
    });
    let what = first.map_or(what, |(_, rest)| rest);
    what.trim_matches(['"', '“', '”', '\''])
}

/// With its offset, so that an hour that comes twice is still one moment.
fn exact(at: &Zoned) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let now: Zoned = "2026-11-23T14:00:30[Europe/Berlin]".parse().unwrap();
        let said = Utterance::new(text, &now);
        match ALL.iter().find_map(|phrase| (phrase.parse)(&said)) {
            Some(Parsed::Call { tool, arguments }) => format!("{tool} {arguments}"),
            Some(Parsed::Ask { question, before, after }) => {
                format!("{question} <{before}|{after}>")
            }
            Some(Parsed::Say(text)) => text,
            None => "-".to_owned(),
        }
    }

    #[test]
    fn reminders_are_made_in_plain_words() {
        let table = [
            (
                "remind me in 1 minute to stretch",
                r#"reminders_create {"text":"stretch","when":"2026-11-23T14:01:30+01:00"}"#,
            ),
            (
                "Please remind me to call Ann on friday at 9",
                r#"reminders_create {"text":"call Ann","when":"2026-11-27T09:00:00+01:00"}"#,
            ),
            (
                "set a reminder for tomorrow noon: lunch",
                r#"reminders_create {"text":"lunch","when":"2026-11-24T12:00:00+01:00"}"#,
            ),
            (
                "remind me that the bin is full at 7pm",
                r#"reminders_create {"text":"the bin is full","when":"2026-11-23T19:00:00+01:00"}"#,
            ),
            (
                "tomorrow at 9 remind me to pay rent",
                r#"reminders_create {"text":"pay rent","when":"2026-11-24T09:00:00+01:00"}"#,
            ),
            (
                "can you remind me to water the plants tomorrow?",
                r#"reminders_create {"text":"water the plants","when":"2026-11-24T09:00:00+01:00"}"#,
            ),
            (
                "set a timer for 5 minutes please",
                r#"reminders_create {"text":"The timer is up.","when":"2026-11-23T14:05:30+01:00"}"#,
            ),
            ("remember to call Bob", "When? <remind me|to call Bob>"),
            (
                "remind me at 18:00 to to feed the cat",
                r#"reminders_create {"text":"feed the cat","when":"2026-11-23T18:00:00+01:00"}"#,
            ),
            ("remind me to stretch", "When? <remind me|to stretch>"),
            ("remind me", "What shall I remind you of? <remind me to|>"),
            ("remind me tomorrow", "What shall I remind you of? <remind me tomorrow to|>"),
        ];
        for (text, want) in table {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn what_comes_again_is_said_in_the_words_that_were_used() {
        for (said, own) in [
            (
                "remind me every monday at 9:00 to call Ann",
                "every monday at 9:00: remind me in 1 minute to call Ann",
            ),
            (
                "remind me to drink water every 2 hours",
                "every 2 hours: remind me in 1 minute to drink water",
            ),
        ] {
            assert!(
                read(said).ends_with(&format!("say it like this: \"{own}\".")),
                "{}",
                read(said)
            );
        }
        assert_eq!(read("remind me every blue moon to call Ann"), NOT_AGAIN);
    }

    #[test]
    fn reminders_are_seen_ended_and_put_off_in_plain_words() {
        let table = [
            ("done THE look", r#"reminders_done {"reminder":"look"}"#),
            ("done with the bins", r#"reminders_done {"reminder":"bins"}"#),
            ("mark stretch as done", r#"reminders_done {"reminder":"stretch"}"#),
            ("delete the call mum reminder", r#"reminders_cancel {"reminder":"call mum"}"#),
            ("any reminders?", "reminders_list {}"),
            ("list my reminders please", "reminders_list {}"),
            ("done stretch", r#"reminders_done {"reminder":"stretch"}"#),
            ("cancel reminder \"stretch\"", r#"reminders_cancel {"reminder":"stretch"}"#),
            (
                "snooze stretch for 1 hour",
                r#"reminders_snooze {"reminder":"stretch","until":"in 1 hour"}"#,
            ),
            (
                "snooze stretch until tomorrow 9:00",
                r#"reminders_snooze {"reminder":"stretch","until":"2026-11-24T09:00:00+01:00"}"#,
            ),
            (
                "snooze stretch",
                r#"reminders_snooze {"reminder":"stretch","until":"in 10 minutes"}"#,
            ),
            ("snooze", "Which reminder shall I snooze? <snooze|>"),
        ];
        for (text, want) in table {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn moments_before_others_are_taken_and_what_is_half_understood_is_refused() {
        let table = [
            (
                "5 minutes before 6pm remind me to leave",
                r#"reminders_create {"text":"leave","when":"2026-11-23T17:55:00+01:00"}"#,
            ),
            (
                "remind me the day before christmas to wrap presents",
                r#"reminders_create {"text":"wrap presents","when":"2026-12-24T09:00:00+01:00"}"#,
            ),
            ("remind me at 5 or 6 to leave", "A reminder has one time; say one of them."),
            (
                "remind me at 25:00 to leave",
                r#"There is no time "25:00". Times go from 00:00 to 23:59."#,
            ),
            ("remind me on 30 Feb to leave", r#"There is no day "30 Feb"."#),
            (
                "snooze stretch until 25:00",
                r#"There is no time "25:00". Times go from 00:00 to 23:59."#,
            ),
            ("cancel mum", r#"Do you mean a reminder? Then say "cancel reminder mum"."#),
            ("cancel reminder mum", r#"reminders_cancel {"reminder":"mum"}"#),
            ("cancel everything", "-"),
            ("cancel that", "Which reminder shall I cancel? <cancel reminder|>"),
            ("cancel all my reminders", ONE_AT_A_TIME),
            ("delete all reminders", ONE_AT_A_TIME),
            ("cancel", "-"),
            ("what is a reminder", "-"),
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
