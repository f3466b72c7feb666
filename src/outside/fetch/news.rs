//! News feeds (RSS, Atom, JSON Feed) item by item, for who wants to know what is new in one.

use std::time::Duration;

use feed_rs::model::{Entry, Link};
use feed_rs::parser::Builder;

use super::{Fetched, feed};
use crate::clean::{TextKind, clean};
use crate::error::{Error, Result};

/// Of one feed, the first.
const ITEMS_MAX: usize = 500;
/// A feed that takes longer to read is made to take long.
const READ_TIME_MAX: Duration = Duration::from_secs(10);

/// One item, as the owner and a model read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsItem {
    /// What its feed knows it by; where it says nothing, its address, its title or its text.
    pub id: String,
    pub title: String,
    pub link: String,
    pub summary: String,
}

/// In the order of the feed.
pub async fn read_news(fetched: Fetched) -> Result<Vec<NewsItem>> {
    let host = fetched.url.host().to_owned();
    let read = tokio::task::spawn_blocking(move || parse(&fetched));
    match tokio::time::timeout(READ_TIME_MAX, read).await {
        Ok(Ok(Some(items))) => Ok(items),
        _ => Err(Error::outside(&host, format!("{host} sent no RSS, Atom or JSON Feed."))),
    }
}

fn parse(fetched: &Fetched) -> Option<Vec<NewsItem>> {
    let first = |links: &[Link]| links.first().map(|link| link.href.clone());
    let parser = Builder::new()
        .base_uri(Some(fetched.url.as_str()))
        .id_generator(move |links, title, _| {
            let title = || title.as_ref().map(|title| title.content.clone());
            first(links).or_else(title).unwrap_or_default()
        })
        .build();
    let feed = parser.parse(fetched.body.as_slice()).ok()?;
    Some(feed.entries.into_iter().take(ITEMS_MAX).map(item).collect())
}

fn item(entry: Entry) -> NewsItem {
    let content = || entry.content.as_ref().and_then(|content| content.body.clone());
    let markup = entry.summary.as_ref().map(|it| it.content.clone()).or_else(content);
    let summary = feed::summary(&markup.unwrap_or_default());
    let page = |link: &&Link| link.rel.as_deref().is_none_or(|rel| rel == "alternate");
    let link = entry.links.iter().find(page).or_else(|| entry.links.first());
    let title = entry.title.map(|title| feed::plain(&title.content)).unwrap_or_default();
    NewsItem {
        id: if entry.id.is_empty() { summary.clone() } else { entry.id },
        title: clean(&title, TextKind::Line).text,
        link: link.map(|link| clean(&link.href, TextKind::Line).text).unwrap_or_default(),
        summary: clean(&summary, TextKind::Snippet).text,
    }
}
