//! What a model may do on the web: read a page, search.

use serde::Deserialize;
use serde_json::Value;

use crate::agent::tool::{self, Arg, Cx, Output, Tool};
use crate::call::Role;
use crate::error::Result;
use crate::guard::allowed::Allowed;
use crate::guard::permit::Permit;
use crate::guard::visit::Visit;
use crate::label::{Label, Origin};
use crate::outside::fetch::{Page, read_page};
use crate::outside::search::{SearchService, search};

const RESULTS: usize = 8;

pub fn all() -> Vec<Tool> {
    vec![
        Tool::read(
            "web",
            "fetch_page",
            "Reads a page of the web as text, with its links. Works for web pages, plain text, JSON, \
             feeds and PDF, on sites that the owner allowed.",
            fetch_page,
        )
        .arg(Arg::text("url", Role::Url, "The whole address, such as https://example.org/page."))
        .asks("Open this page?"),
        Tool::read("web", "web_search", "Searches the web; gives titles, addresses and summaries.", web_search)
            .arg(Arg::text("query", Role::Content, "A few words to search for."))
            .asks("Search the web?"),
    ]
}

async fn fetch_page(cx: Cx, _: Value, mut permit: Permit) -> Result<Output> {
    let visit = permit.url("url")?;
    let site = Origin::Web(visit.get().url().host().to_owned());
    match read(&cx, visit).await {
        Ok(page) => {
            let label = Label::outside(Origin::Web(page.url.host().to_owned()));
            Ok(Output::labelled(shown(&page), label))
        }
        // What it calls its files, and where it sends us, are its own words.
        Err(err) => Output::failed_at(site, err),
    }
}

async fn read(cx: &Cx, visit: Allowed<Visit>) -> Result<Page> {
    let fetched = cx.outside.fetcher().get(visit).await?;
    read_page(fetched, &cx.outside.sandbox().await).await
}

fn shown(page: &Page) -> String {
    let Page { url, title, text, .. } = page;
    match title.is_empty() {
        true => format!("{url}\n\n{text}"),
        false => format!("# {title}\n{url}\n\n{text}"),
    }
}

#[derive(Deserialize)]
struct Query {
    query: String,
}

async fn web_search(cx: Cx, args: Value, _: Permit) -> Result<Output> {
    let Query { query } = tool::parse(&args)?;
    let site = Origin::Web("a web search".to_owned());
    let service = cx.outside.search();
    let found = match search(&service, &cx.outside.fetcher(), &query, RESULTS).await {
        Ok(found) => found,
        Err(err) if matches!(service, SearchService::None) => return Err(err),
        Err(err) => return Output::failed_at(site, err),
    };
    if found.is_empty() {
        return Ok(Output::own(format!("The web search found nothing for \"{query}\".")));
    }
    let lines = found.into_iter().map(|one| {
        let snippet =
            if one.snippet.is_empty() { String::new() } else { format!("\n  {}", one.snippet) };
        format!("- [{}]({}){snippet}", one.title.replace(['[', ']'], ""), one.url)
    });
    Ok(Output::labelled(lines.collect::<Vec<_>>().join("\n"), Label::outside(site)))
}
