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
use crate::outside::fetch::{NewsItem, Version, come_back_after, read_news, read_page};

/// It is given up after failing for so long, and so often at least: one that is looked at once a
/// week had no other chance.
const FAILING_MAX: SignedDuration = SignedDuration::from_hours(24);
const MISSES_MIN: u32 = 3;
/// After the first failure it is left alone for so long at least, after each more for twice as long.
const BACKOFF: SignedDuration = SignedDuration::from_mins(5);
const BACKOFF_MAX: SignedDuration = SignedDuration::from_hours(1);
/// A server that asks for more is asked again all the same.
const AWAY_MAX: SignedDuration = SignedDuration::from_hours(24);

/// What the server sent.
struct Found {
    /// Where it was found in the end: whoever sends us on is not who wrote it.
    host: String,
    version: Version,
    content: Content,
}

enum Content {
    Page(String),
    Feed(Vec<NewsItem>),
}

/// A look that came to nothing.
struct Failed {
    why: String,
    /// What the server asked for.
    not_before: Option<Timestamp>,
}

/// `by_hand`: a person did not wait for its time.
pub async fn look(app: &App, id: TriggerId, by_hand: bool) -> Result<()> {
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
        Err(err) => Err(failed(&err, app.clock.now())),
        Ok(found) => Ok(found),
    };
    let agents = app.agents.clone();
    app.db.write(move |tx| settle(tx, &agents, (&monitor, by_hand), found)).await
}

fn failed(err: &Error, now: Timestamp) -> Failed {
    let asked = come_back_after(err, now).and_then(|it| SignedDuration::try_from(it).ok());
    Failed { why: err.to_string(), not_before: asked.map(|it| now + it.min(AWAY_MAX)) }
}

/// None: still the version that is known.
async fn fetch(app: &App, monitor: &Monitor, visit: Allowed<Visit>) -> Result<Option<Found>> {
    let fetcher = app.outside.fetcher();
    let fetched = fetcher.get_newer(visit, &monitor.watch.version).await?;
    let Some(fetched) = fetched else { return Ok(None) };
    let (host, version) = (fetched.url.host().to_owned(), fetched.version.clone());
    let content = match monitor.trigger.kind {
        Kind::Feed => Content::Feed(read_news(fetched).await?),
        Kind::Page | Kind::Webhook => {
            Content::Page(read_page(fetched, &app.outside.sandbox().await).await?.text)
        }
    };
    Ok(Some(Found { host, version, content }))
}

fn settle(
    tx: &Tx<'_>,
    agents: &Agents,
    (looked, by_hand): (&Monitor, bool),
    found: Result<Option<Found>, Failed>,
) -> Result<()> {
    let (id, now) = (looked.trigger.id, agents.clock.now());
    // What was deleted, switched off or sent elsewhere meanwhile was not meant by this look.
    let Some(mut monitor) = store::get(tx, id)? else { return Ok(()) };
    if monitor.trigger.state != State::On || monitor.watch.new.url != looked.watch.new.url {
        return Ok(());
    }
    let watch = &mut monitor.watch;
    watch.looked_at = Some(now);
    let planned = watch.next_at;
    let schedule = watch.schedule()?;
    watch.next_at = schedule.next_after(now).unwrap_or(now + BACKOFF);
    let found = match found {
        Ok(found) => found,
        Err(failed) => {
            watch.outcome = format!("It could not be read. {}", failed.why);
            if by_hand {
                watch.next_at = failed.not_before.map_or(planned, |at| at.max(planned));
                return store::save(tx, id, watch);
            }
            return miss(tx, monitor, &failed, now);
        }
    };
    watch.forgive();
    let news = match found {
        Some(found) => {
            let host = found.host.clone();
            news_of(tx, agents, &mut monitor, found)?.map(|news| (host, news))
        }
        None => {
            monitor.watch.outcome = "Nothing new: the server has the same version.".to_owned();
            None
        }
    };
    store::save(tx, id, &monitor.watch)?;
    let Some((host, news)) = news else { return Ok(()) };
    let url = &monitor.watch.new.url;
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

fn miss(tx: &Tx<'_>, mut monitor: Monitor, failed: &Failed, now: Timestamp) -> Result<()> {
    let watch = &mut monitor.watch;
    watch.misses += 1;
    let since = *watch.failing_since.get_or_insert(now);
    let doubled = 2_i32.saturating_pow(watch.misses.saturating_sub(1));
    let pause = BACKOFF.saturating_mul(doubled).min(BACKOFF_MAX);
    let asked = failed.not_before.unwrap_or(now);
    watch.next_at = watch.next_at.max(now + pause).max(asked);
    store::save(tx, monitor.trigger.id, watch)?;
    let misses = monitor.watch.misses;
    if misses < MISSES_MIN || now.duration_since(since) < FAILING_MAX {
        return Ok(());
    }
    let why = format!(
        "It could not be read for a day, {misses} times in a row. The last time: {}",
        failed.why
    );
    triggers::pause(tx, monitor.trigger, &why, now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::TestApp;

    /// Of what lies on this machine, only the place that was asked for is reached, so what a redirect
    /// between two hosts leads to is told here as if it had come.
    #[tokio::test]
    async fn what_is_new_is_of_the_site_that_it_was_found_on_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let house = TestApp::open(folder.path()).await;
        house.post("/api/web-whitelist", &json!({"domain": "short.example"})).await;
        let body = json!({
            "name": "News", "kind": "page", "url": "https://short.example/x",
            "schedule": "every hour", "prompt": "note: something is new",
            "allowed_tools": ["notes"],
        });
        let made = house.post("/api/monitors", &body).await;
        let id: TriggerId = made.json()["id"].as_str().unwrap().parse().unwrap();
        for words in ["Open nine to five.", "Open ten to five."] {
            let agents = house.app.agents.clone();
            let settled = house.app.db.write(move |tx| {
                let monitor = store::get(tx, id)?.unwrap();
                let content = Content::Page(words.to_owned());
                let (host, version) = ("end.example".to_owned(), Version::default());
                let found = Found { host, version, content };
                settle(tx, &agents, (&monitor, false), Ok(Some(found)))
            });
            settled.await.unwrap();
        }
        let sql = "select json_extract(label, '$.origin.of') from messages
                   where json_extract(label, '$.trust') = 'outside'";
        let hosts: Vec<String> = house.read(move |r| r.rows(sql, (), |row| row.get(0))).await;
        assert_eq!(hosts, ["end.example"]);
    }
}
