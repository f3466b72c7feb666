//! Searching, for the assistant.

use serde::Deserialize;
use serde_json::json;

use super::store::Narrow;
use super::{Hit, Kind, service};
use crate::agent::tool::{self, Arg, Output, Tool};
use crate::call::Role;
use crate::label::Label;
use crate::outside::model::builtin::{Parsed, Phrase, Utterance};

const HITS: u32 = 10;

#[derive(Deserialize)]
struct Args {
    query: String,
}

pub fn all() -> Vec<Tool> {
    let about =
        "Searches notes, reminders and earlier conversations for words; newest first of each.";
    let search = Tool::read("search", "search_own", about, async |cx, arguments, _| {
        let args: Args = tool::parse(&arguments)?;
        let (user, without) = (cx.user_id, Some(cx.conversation_id));
        let query = args.query.clone();
        let find = move |r: &crate::db::Reader<'_>| {
            let narrow = Narrow { without, for_reading: true, ..Narrow::default() };
            service::find(r, user, &query, &narrow, HITS)
        };
        let hits = cx.db.read(find).await?;
        if hits.is_empty() {
            return Ok(Output::own(format!(
                "Nothing that was said or saved holds “{}”.",
                args.query
            )));
        }
        let lines: Vec<String> = hits
            .iter()
            .map(|hit| {
                let day = hit.at.to_zoned(cx.zone.clone()).strftime("%-d %b %Y");
                format!("- {day}, {}: {}", place(hit), hit.excerpt)
            })
            .collect();
        let label = Label::of_shown(hits.iter().map(|hit| &hit.label));
        Ok(Output::labelled(lines.join("\n"), label))
    });
    vec![search.arg(Arg::text("query", Role::Content, "Words that all have to occur"))]
}

fn place(hit: &Hit) -> String {
    match (hit.kind, &*hit.place) {
        (Kind::Message, title) => format!("in “{title}”"),
        (Kind::Note, "") => "in a note".to_owned(),
        (Kind::Note, title) => format!("in the note “{title}”"),
        (Kind::Reminder, _) => "in a reminder".to_owned(),
    }
}

pub fn phrases() -> Vec<Phrase> {
    fn search(said: &Utterance<'_>) -> Option<Parsed> {
        let starts =
            ["search my conversations for", "search conversations for", "search for", "search"];
        let query = said.after_any(&starts)?;
        match query.is_empty() {
            true => Parsed::ask("What shall I look for?", "search for ", ""),
            false => Parsed::call("search_own", json!({"query": query})),
        }
    }
    vec![Phrase {
        group: "Search",
        tool: "search_own",
        usage: "search for boiler",
        about: "finds words in conversations, notes and reminders",
        parse: search,
    }]
}
