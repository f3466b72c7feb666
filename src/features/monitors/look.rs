//! One look at what a monitor watches, and what follows from it.
//!
//! What was found, what is remembered of it, the run that it makes and the time of the next look are
//! one change: a kill leaves the look either done or still to do.

use jiff::{SignedDuration, Timestamp};

use super::{Monitor, news, store};
use crate::agent::Agents;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::features::triggers::{self, Happening, Kind, State};
use crate::guard::allowed::Allowed;
use crate::guard::visit::Visit;
use crate::guard::whitelist;
use crate::ids::TriggerId;
use crate::label::{Label, Origin};
use crate::net::WebUrl;
use crate::outside::fetch::{NewsItem, Version, read_news, read_page};

/// Looks that fail in a row and pause it.
const MISSES_MAX: u32 = 3;
/// After the first failure it is left alone for so long at least, after each more for twice as long.
const BACKOFF: SignedDuration = SignedDuration::from_mins(5);

/// What the server sent.
struct Found {
    version: Version,
    content: Content,
}

enum Content {
    Page(String),
    Feed(Vec<NewsItem>),
}

pub async fn look(app: &App, id: TriggerId) -> Result<()> {
    let private = app.config.get().guard.private_allowed.clone();
    let read = move |r: &crate::db::Reader<'_>| {
        let Some(monitor) = store::get(r, id)? else { return Ok(None) };
        let visit = WebUrl::parse(&monitor.watch.new.url)
            .and_then(|url| whitelist::allow_page(r, url, &private));
        Ok(Some((monitor, visit)))
    };
    let Some((monitor, visit)) = app.db.read(read).await? else { return Ok(()) };
    let found = match visit {
        Ok(visit) => fetch(app, &monitor, visit).await,
        Err(err) => Err(err),
    };
    let found = match found {
        Err(Error::Internal(err)) => return Err(Error::Internal(err)),
        Err(err) => Err(err.to_string()),
        Ok(found) => Ok(found),
    };
    let agents = app.agents.clone();
    app.db.write(move |tx| settle(tx, &agents, &monitor, found)).await
}

/// None: still the version that is known.
async fn fetch(app: &App, monitor: &Monitor, visit: Allowed<Visit>) -> Result<Option<Found>> {
    let fetcher = app.outside.fetcher();
    let fetched = fetcher.get_newer(visit, &monitor.watch.version).await?;
    let Some(fetched) = fetched else { return Ok(None) };
    let version = fetched.version.clone();
    let content = match monitor.trigger.kind {
        Kind::Feed => Content::Feed(read_news(fetched).await?),
        Kind::Page | Kind::Webhook => {
            Content::Page(read_page(fetched, &app.outside.sandbox().await).await?.text)
        }
    };
    Ok(Some(Found { version, content }))
}

fn settle(
    tx: &Tx<'_>,
    agents: &Agents,
    looked: &Monitor,
    found: Result<Option<Found>, String>,
) -> Result<()> {
    let (id, now) = (looked.trigger.id, agents.clock.now());
    // What was deleted, switched off or sent elsewhere meanwhile was not meant by this look.
    let Some(mut monitor) = store::get(tx, id)? else { return Ok(()) };
    if monitor.trigger.state != State::On || monitor.watch.new.url != looked.watch.new.url {
        return Ok(());
    }
    let watch = &mut monitor.watch;
    watch.looked_at = Some(now);
    let schedule = watch.schedule()?;
    watch.next_at = schedule.next_after(now).unwrap_or(now + BACKOFF);
    let found = match found {
        Ok(found) => found,
        Err(why) => return miss(tx, monitor, &why, now),
    };
    watch.misses = 0;
    let news = match found {
        Some(found) => news_of(tx, agents, &mut monitor, found)?,
        None => {
            monitor.watch.outcome = "Nothing new: the server has the same version.".to_owned();
            None
        }
    };
    store::save(tx, id, &monitor.watch)?;
    let Some(news) = news else { return Ok(()) };
    let url = &monitor.watch.new.url;
    let host = WebUrl::parse(url)?.host().to_owned();
    let text = match monitor.trigger.kind {
        Kind::Feed => format!("New in {url}:\n{news}"),
        Kind::Page | Kind::Webhook => format!("What changed on {url}:\n{news}"),
    };
    let label = Label::outside(Origin::Web(host));
    let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let it = Happening { event_id: None, bytes, text: &text, label };
    triggers::accept(tx, agents, &monitor.trigger, &it, now)?;
    Ok(())
}

/// What is new, to be shown to a run; none: nothing, or this was the first look.
fn news_of(
    tx: &Tx<'_>,
    agents: &Agents,
    monitor: &mut Monitor,
    found: Found,
) -> Result<Option<String>> {
    let (id, watch) = (monitor.trigger.id, &mut monitor.watch);
    watch.version = found.version;
    let first = !std::mem::replace(&mut watch.primed, true);
    let (outcome, news) = match found.content {
        Content::Page(text) => {
            // It is kept until the next look, and whoever wrote the page may know a secret.
            let text = agents.vault.watch(tx)?.shown(&text);
            let old = watch.page_text.replace(text.clone()).unwrap_or_default();
            let changed = (old != text).then(|| news::difference(&old, &text));
            match changed.filter(|_| !first) {
                None => ("It says the same as before.".to_owned(), None),
                changed => ("It had changed.".to_owned(), changed),
            }
        }
        Content::Feed(items) => {
            let new = news::unseen(tx, id, items, agents.clock.now())?;
            match new.len() {
                0 => ("Nothing new in it.".to_owned(), None),
                count => (format!("New items: {count}."), Some(news::told(&new))),
            }
        }
    };
    watch.outcome =
        if first { "The first look: what is there now is remembered.".to_owned() } else { outcome };
    Ok(news.filter(|_| !first))
}

fn miss(tx: &Tx<'_>, mut monitor: Monitor, why: &str, now: Timestamp) -> Result<()> {
    let watch = &mut monitor.watch;
    watch.misses += 1;
    watch.outcome = format!("It could not be read. {why}");
    let doubled = 2_i32.saturating_pow(watch.misses.saturating_sub(1));
    watch.next_at = watch.next_at.max(now + BACKOFF.saturating_mul(doubled));
    store::save(tx, monitor.trigger.id, watch)?;
    if monitor.watch.misses < MISSES_MAX {
        return Ok(());
    }
    let why = format!("It could not be read {MISSES_MAX} times in a row. The last time: {why}");
    triggers::pause(tx, monitor.trigger, &why, now)
}
