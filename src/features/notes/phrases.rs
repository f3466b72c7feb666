//! How to say it without a language model.

use serde_json::json;

use crate::outside::model::builtin::{Parsed, Phrase, Utterance};

const fn phrase(
    tool: &'static str,
    usage: &'static str,
    about: &'static str,
    parse: fn(&Utterance<'_>) -> Option<Parsed>,
) -> Phrase {
    Phrase { group: "Notes", tool, usage, about, parse }
}

pub const ALL: &[Phrase] = &[
    phrase("notes_list", "list notes", "the latest ones", list),
    phrase("notes_add", "note: boiler serviced in May", "keeps a note", add),
    phrase("notes_find", "find boiler", "looks through your notes", find),
    phrase("notes_find", "read note boiler", "shows the whole of one note", read),
    phrase("notes_delete", "delete note boiler", "deletes that note; Undo brings it back", delete),
];

const NO_FILE: &str = "Commands write no files. \"note:\" and your words keep them as a note; a \
                       language model can write a file.";
const ONE_AT_A_TIME: &str = "I delete notes one at a time: \"delete note boiler\". \"list notes\" \
                             shows them.";
/// "find pumps on the web" is not about notes.
const ELSEWHERE: &[&str] = &[" online", " on the web", " on the internet"];

fn list(said: &Utterance<'_>) -> Option<Parsed> {
    let sayings = [
        "notes",
        "list notes",
        "my notes",
        "show notes",
        "show my notes",
        "list my notes",
        "list all notes",
        "show all notes",
        "show me my notes",
        "read notes",
        "read my notes",
        "open my notes",
    ];
    said.is(&sayings).then(|| Parsed::Call { tool: "notes_list", arguments: json!({}) })
}

fn add(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "make a note that",
        "make a note",
        "take a note that",
        "take a note",
        "add a note that",
        "add a note",
        "add note that",
        "add note",
        "new note",
        "note that",
        "note down that",
        "note down",
        "note",
        "write down that",
        "write down",
        "jot down that",
        "jot down",
        "save this",
        "remember that",
        "remember",
    ];
    let content = said.after_any(&openings)?;
    if said.is(&["save this to a file", "save this as a file", "save this in a file"]) {
        return Parsed::say(NO_FILE);
    }
    if content.is_empty() {
        return Parsed::ask("What shall I note?", "note:", "");
    }
    Parsed::call("notes_add", json!({ "content": content }))
}

fn read(said: &Utterance<'_>) -> Option<Parsed> {
    let query = of_note(said, &["read me", "read", "show me", "show", "open"])?;
    if query.is_empty() {
        return Parsed::ask("Which note shall I read?", "read note", "");
    }
    Parsed::call("notes_find", json!({ "query": query }))
}

fn delete(said: &Utterance<'_>) -> Option<Parsed> {
    let verbs = ["delete", "remove"];
    let all = verbs.iter().find_map(|verb| said.after(verb));
    if all.is_some_and(is_all_notes) {
        return Parsed::say(ONE_AT_A_TIME);
    }
    let note = of_note(said, &verbs)?;
    if note.is_empty() {
        return Parsed::ask("Which note shall I delete?", "delete note", "");
    }
    Parsed::call("notes_delete", json!({ "note": note }))
}

fn is_all_notes(what: &str) -> bool {
    let what = what.trim_end_matches(['.', '!']).to_lowercase();
    ["all notes", "all my notes", "all the notes", "all of my notes", "my notes", "notes"]
        .contains(&what.as_str())
}

/// The words by which a note is named: of "read my note about the boiler" the boiler.
fn of_note<'a>(said: &Utterance<'a>, verbs: &[&str]) -> Option<&'a str> {
    let nouns = ["note", "the note", "my note"];
    let ties = [" about", " on", " with", ""];
    let openings = nouns.iter().flat_map(|noun| ties.iter().map(move |tie| format!("{noun}{tie}")));
    let named = openings.flat_map(|noun| verbs.iter().map(move |verb| format!("{verb} {noun}")));
    // "note on" has to be tried before "note".
    let mut fitting: Vec<&str> = named.filter_map(|opening| said.after(&opening)).collect();
    fitting.sort_unstable_by_key(|rest| rest.len());
    fitting.first().map(|rest| without_article(rest.trim_end_matches(['?', '.', '!'])))
}

/// Every word has to be in a note, and few have the article.
fn without_article(query: &str) -> &str {
    let article = ["the ", "my ", "a ", "an "].iter().find_map(|it| query.strip_prefix(it));
    article.unwrap_or(query).trim_matches(['"', '“', '”'])
}

fn find(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "find my notes about",
        "find my note about",
        "find the note about",
        "find note about",
        "find my notes on",
        "find my note on",
        "find the note on",
        "find note on",
        "find notes on",
        "find my note",
        "find my notes",
        "find the note",
        "find notes about",
        "find in notes",
        "find note",
        "find notes",
        "find",
        "search notes for",
        "search my notes for",
        "search notes",
        "what did i note about",
        "what do my notes say about",
        "do i have a note about",
        "do i have a note on",
    ];
    let looked_up = said.after("look up").and_then(|it| it.strip_suffix(" in my notes"));
    let query = looked_up.or_else(|| said.after_any(&openings))?;
    let query = query.trim_end_matches(['?', '.', '!']);
    let query = without_article(query);
    if ELSEWHERE.iter().any(|place| query.to_lowercase().ends_with(place)) {
        return None;
    }
    if query.is_empty() {
        return Parsed::ask("What shall I look for?", "find", "");
    }
    Parsed::call("notes_find", json!({ "query": query }))
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
    fn notes_are_kept_and_found_in_plain_words() {
        let table = [
            ("note: boiler serviced in May", r#"notes_add {"content":"boiler serviced in May"}"#),
            ("Note that the key is with Ann.", r#"notes_add {"content":"the key is with Ann."}"#),
            ("note: - milk\n- bread", r#"notes_add {"content":"- milk\n- bread"}"#),
            ("add a note that the wifi is foo", r#"notes_add {"content":"the wifi is foo"}"#),
            ("add a note: the wifi is foo", r#"notes_add {"content":"the wifi is foo"}"#),
            ("note", "What shall I note?"),
            ("find boiler", r#"notes_find {"query":"boiler"}"#),
            ("what did I note about the boiler?", r#"notes_find {"query":"boiler"}"#),
            ("find my note about the gate", r#"notes_find {"query":"gate"}"#),
            ("look up fence in my notes", r#"notes_find {"query":"fence"}"#),
            ("jot down milk, eggs", r#"notes_add {"content":"milk, eggs"}"#),
            ("find", "What shall I look for?"),
            ("find my note on the boiler", r#"notes_find {"query":"boiler"}"#),
            ("read note boiler", r#"notes_find {"query":"boiler"}"#),
            ("Show me my note about the boiler.", r#"notes_find {"query":"boiler"}"#),
            ("open the note \"gate\"", r#"notes_find {"query":"gate"}"#),
            ("read note", "Which note shall I read?"),
            ("read my notes", "notes_list {}"),
            ("delete note boiler", r#"notes_delete {"note":"boiler"}"#),
            ("remove my note on the gate", r#"notes_delete {"note":"gate"}"#),
            ("delete note", "Which note shall I delete?"),
            ("delete all my notes", ONE_AT_A_TIME),
            ("save this to a file", NO_FILE),
            ("read notepad", "-"),
            ("delete everything", "-"),
            ("list notes", "notes_list {}"),
            ("noteworthy", "-"),
            ("find pumps on the web", "-"),
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
