//! How to say it without a language model.

use serde_json::json;

use crate::outside::model::builtin::{Parsed, Phrase, Utterance};

/// Files that are read without being called a file.
const ENDINGS: &[&str] =
    &["txt", "md", "pdf", "csv", "tsv", "json", "log", "toml", "yaml", "yml", "xml", "ini"];

pub fn all() -> Vec<Phrase> {
    let phrase = |tool, usage, about, parse| Phrase { group: "Files", tool, usage, about, parse };
    vec![
        phrase("files_list", "list files", "what lies in your folder", list),
        phrase("files_read", "read file plan.txt", "reads a text or PDF file", read),
        phrase("files_search", "search files for boiler", "finds words in files", search),
        phrase("files_delete", "delete file plan.txt", "deletes it for good", delete),
    ]
}

fn list(said: &Utterance<'_>) -> Option<Parsed> {
    let whole = [
        "files",
        "list files",
        "list my files",
        "my files",
        "show files",
        "show my files",
        "ls",
        "what files do i have",
    ];
    if said.is(&whole) {
        return Parsed::call("files_list", json!({}));
    }
    let openings = [
        "list files in",
        "list the files in",
        "show files in",
        "show the files in",
        "list folder",
        "list the folder",
    ];
    let path = named(said, &openings).filter(|path| !path.is_empty())?;
    Parsed::call("files_list", json!({ "path": path }))
}

fn read(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "read the file",
        "read my file",
        "read file",
        "show the file",
        "show me the file",
        "show file",
        "open the file",
        "open file",
        "print the file",
    ];
    let verbs = ["read", "open", "cat", "print", "show me", "show", "what's in", "what is in"];
    with_file(said, &openings, "files_read", "Which file shall I read?", "read file")
        .or_else(|| by_its_name(said, &verbs, "files_read"))
}

fn delete(said: &Utterance<'_>) -> Option<Parsed> {
    let openings =
        ["delete the file", "delete my file", "delete file", "remove the file", "remove file"];
    with_file(said, &openings, "files_delete", "Which file shall I delete?", "delete file")
        .or_else(|| by_its_name(said, &["delete", "remove"], "files_delete"))
}

fn search(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "search my files for",
        "search the files for",
        "search files for",
        "search in files for",
        "search in my files for",
        "find in files",
        "find in my files",
        "find files with",
        "find files about",
        "find the file",
        "find file",
        "find files",
        "search files",
        "search my files",
    ];
    let query = named(said, &openings)?;
    if query.is_empty() {
        return Parsed::ask("What shall I look for in your files?", "search files for", "");
    }
    Parsed::call("files_search", json!({ "query": query }))
}

fn with_file(
    said: &Utterance<'_>,
    openings: &[&str],
    tool: &'static str,
    question: &str,
    before: &str,
) -> Option<Parsed> {
    let path = named(said, openings)?;
    if path.is_empty() {
        return Parsed::ask(question, before, "");
    }
    Parsed::call(tool, json!({ "path": path }))
}

/// "read plan.txt": no site's name ends as files do that can be read here.
fn by_its_name(said: &Utterance<'_>, verbs: &[&str], tool: &'static str) -> Option<Parsed> {
    let name = named(said, verbs).filter(|name| !name.contains("://"))?;
    let (_, ending) = name.rsplit_once('.')?;
    let known = ENDINGS.contains(&ending.to_lowercase().as_str());
    if known { Parsed::call(tool, json!({ "path": name })) } else { None }
}

/// What follows, without quotes and the mark at the end of a sentence.
fn named<'a>(said: &Utterance<'a>, openings: &[&str]) -> Option<&'a str> {
    let rest = said.after_any(openings)?.trim();
    Some(rest.trim_end_matches(['?', '!']).trim().trim_matches(['"', '“', '”', '\'', '`']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_asked_for_in_plain_words() {
        let now: jiff::Zoned = "2026-11-23T14:00[Europe/Berlin]".parse().unwrap();
        let read = |text: &str| {
            let said = Utterance::new(text, &now);
            match all().iter().find_map(|phrase| (phrase.parse)(&said)) {
                Some(Parsed::Call { tool, arguments }) => format!("{tool} {arguments}"),
                Some(Parsed::Ask { question, .. }) => question,
                Some(Parsed::Say(text)) => text,
                None => "-".to_owned(),
            }
        };
        let table = [
            ("list my files", "files_list {}"),
            ("list files in /srv/docs", r#"files_list {"path":"/srv/docs"}"#),
            ("Please read the file \"My Plan.txt\"", r#"files_read {"path":"My Plan.txt"}"#),
            ("read plan.txt", r#"files_read {"path":"plan.txt"}"#),
            ("what's in docs/My Plan.pdf?", r#"files_read {"path":"docs/My Plan.pdf"}"#),
            ("open example.org", "-"),
            ("read https://example.org/plan.txt", "-"),
            ("delete plan.txt", r#"files_delete {"path":"plan.txt"}"#),
            ("read file", "Which file shall I read?"),
            ("search my files for boiler", r#"files_search {"query":"boiler"}"#),
            ("delete file a/b.txt", r#"files_delete {"path":"a/b.txt"}"#),
            ("find boiler", "-"),
            ("delete note 3", "-"),
        ];
        for (text, want) in table {
            assert_eq!(read(text), want, "{text}");
        }
    }
}
