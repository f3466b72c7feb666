//! How to say it without a language model.

use serde_json::json;

use crate::net::WebUrl;
use crate::outside::model::builtin::{Parsed, Phrase, Utterance};

pub fn all() -> Vec<Phrase> {
    let phrase = |tool, usage, about, parse| Phrase { group: "The web", tool, usage, about, parse };
    vec![
        phrase("fetch_page", "fetch https://example.org", "reads a page of an allowed site", fetch),
        phrase("web_search", "search the web for heat pumps", "looks something up", search),
        Phrase::switch(
            "The web",
            "open example.org for this chat",
            "lets me read that site here; \"close\" ends it",
        ),
    ]
}

fn fetch(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "fetch the page at",
        "fetch the page",
        "fetch page",
        "fetch",
        "open the page",
        "open page",
        "open",
        "read the page at",
        "read the page",
        "read page",
        "read me",
        "read",
        "show me the page",
        "show the page",
        "show me",
        "summarize",
        "summarise",
        "what is on",
        "what's on",
        "what does",
        "load",
        "go to",
        "visit",
        "get the page",
        "get",
    ];
    if let Some(url) = said.url().filter(|_| said.words().len() == 1) {
        return Parsed::call("fetch_page", json!({ "url": trimmed(url) }));
    }
    // A misspelled "open … for this chat" asks for the site, not for the page.
    if said.text().ends_with("this chat") || said.text().ends_with("this conversation") {
        return None;
    }
    let rest = said.after_any(&openings)?;
    if let Some(url) = said.url() {
        return Parsed::call("fetch_page", json!({ "url": trimmed(url) }));
    }
    if ["fetch", "fetch page", "fetch the page", "visit"].iter().any(|one| said.is(&[one])) {
        return Parsed::ask("Which page? Give its address.", "fetch", "");
    }
    // A bare name of a site, where the verb can mean nothing else.
    let bare = trimmed(Utterance::before_closing(rest));
    let only_web = said.after_any(&["fetch", "visit", "go to"]).is_some();
    let url = WebUrl::parse(bare).ok().filter(|_| only_web && !bare.contains(' '))?;
    Parsed::call("fetch_page", json!({ "url": url.as_str() }))
}

fn search(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "search the web for",
        "search the web about",
        "search the web",
        "search web for",
        "search web about",
        "search web",
        "search the internet for",
        "search the internet",
        "search online for",
        "search online",
        "web search for",
        "web search",
        "look up on the web",
        "google for",
        "google",
    ];
    let query = match said.after_any(&openings) {
        Some(query) => query,
        None => {
            let asked = said.after_any(&["look up", "search for", "find"])?;
            let asked = asked.trim_end_matches(['?', '.', '!']);
            ["on the web", "online", "on the internet"]
                .iter()
                .find_map(|end| asked.strip_suffix(end))?
        }
    };
    let query = query.trim().trim_end_matches(['?', '.', '!']).trim_matches(['"', '“', '”']);
    if query.is_empty() {
        return Parsed::ask("What shall I search the web for?", "search the web for", "");
    }
    Parsed::call("web_search", json!({ "query": query }))
}

fn trimmed(url: &str) -> &str {
    url.trim().trim_end_matches(['.', ',', '!', '?', ';', ':', ')', '"', '>'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let now: jiff::Zoned = "2026-11-23T14:00[Europe/Berlin]".parse().unwrap();
        let said = Utterance::new(text, &now);
        match all().iter().find_map(|phrase| (phrase.parse)(&said)) {
            Some(Parsed::Call { tool, arguments }) => format!("{tool} {arguments}"),
            Some(Parsed::Ask { question, .. }) => question,
            Some(Parsed::Say(text)) => text,
            None => "-".to_owned(),
        }
    }

    #[test]
    fn pages_and_searches_are_asked_for_in_plain_words() {
        let table = [
            ("fetch http://example.org/a?b=c", r#"fetch_page {"url":"http://example.org/a?b=c"}"#),
            ("Please read https://example.org.", r#"fetch_page {"url":"https://example.org"}"#),
            (
                "what is on https://example.org/news?",
                r#"fetch_page {"url":"https://example.org/news"}"#,
            ),
            ("fetch example.org/a", r#"fetch_page {"url":"https://example.org/a"}"#),
            ("fetch example.org please", r#"fetch_page {"url":"https://example.org/"}"#),
            (
                "go to www.example.com now, please!",
                r#"fetch_page {"url":"https://www.example.com/"}"#,
            ),
            ("fetch", "Which page? Give its address."),
            ("search the web for heat pumps", r#"web_search {"query":"heat pumps"}"#),
            ("look up heat pumps online", r#"web_search {"query":"heat pumps"}"#),
            ("search web for heat pumps", r#"web_search {"query":"heat pumps"}"#),
            ("search web", "What shall I search the web for?"),
            ("search website notes", "-"),
            ("search the web", "What shall I search the web for?"),
            ("find boiler", "-"),
            ("open notes", "-"),
            ("read file a.txt", "-"),
            ("open https://example.org for this chat", "-"),
        ];
        for (text, want) in table {
            assert_eq!(read(text), want, "{text}");
        }
    }
}
