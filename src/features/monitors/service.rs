//! What may be done with monitors. Pages and API come through here.

use super::input::Checked;
use super::{Monitor, Watch, job, look, store};
use crate::app::App;
use crate::audit::By;
use crate::config::HostPort;
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::features::triggers::{self, State};
use crate::guard::whitelist;
use crate::ids::{TriggerId, UserId};
use crate::label::Label;
use crate::net::WebUrl;
use crate::web::caller::Caller;

const SHOWN_MAX: u32 = 200;

pub fn list(r: &Reader<'_>, user: UserId) -> Result<Vec<Monitor>> {
    store::list(r, user, SHOWN_MAX)
}

pub fn find(r: &Reader<'_>, user: UserId, id: TriggerId) -> Result<Monitor> {
    store::find(r, user, id)
}

/// What was sent or typed, checked; its site is on the whitelist already.
pub fn create(
    tx: &Tx<'_>,
    app: &App,
    by: &By,
    (user, label): (UserId, Label),
    it: Checked,
) -> Result<Monitor> {
    check_listed(tx, &it.watch.url, &app.config.get().guard.private_allowed)?;
    let whose = (user, label, it.kind);
    let trigger = triggers::create(tx, app, by, whose, (it.new, it.enabled))?;
    let watch = Watch::fresh(it.watch, by.at);
    store::save(tx, trigger.id, &watch)?;
    Ok(Monitor { trigger, watch })
}

pub fn update(
    tx: &Tx<'_>,
    app: &App,
    by: &By,
    (user, label): (UserId, Label),
    id: TriggerId,
    it: Checked,
) -> Result<Monitor> {
    let old = store::find(tx, user, id)?;
    if old.trigger.kind != it.kind {
        let message = "A page stays a page and a feed a feed. Make another monitor.";
        return Err(Error::invalid("kind", message));
    }
    check_listed(tx, &it.watch.url, &app.config.get().guard.private_allowed)?;
    let was_on = old.trigger.state == State::On;
    let trigger = triggers::update(tx, app, by, (user, label), id, (it.new, it.enabled))?;
    let mut watch = if old.watch.new.url == it.watch.url {
        Watch { new: it.watch, ..old.watch }
    } else {
        store::forget_items(tx, id)?;
        Watch::fresh(it.watch, by.at)
    };
    if !was_on {
        watch.forgive();
    }
    watch.next_at = by.at;
    store::save(tx, id, &watch)?;
    Ok(Monitor { trigger, watch })
}

/// On becomes off; anything else becomes on, and is looked at at once.
pub fn toggle(tx: &Tx<'_>, by: &By, user: UserId, id: TriggerId) -> Result<Monitor> {
    let mut watch = store::find(tx, user, id)?.watch;
    let trigger = triggers::toggle(tx, by, user, id)?;
    watch.forgive();
    watch.next_at = by.at;
    store::save(tx, id, &watch)?;
    Ok(Monitor { trigger, watch })
}

pub fn delete(tx: &Tx<'_>, app: &App, by: &By, user: UserId, id: TriggerId) -> Result<Monitor> {
    let monitor = store::find(tx, user, id)?;
    triggers::delete(tx, app, by, user, id)?;
    Ok(monitor)
}

/// Looks now, whatever its schedule says; gives what came of it. A look that fails is not held against
/// the monitor.
pub async fn check(app: &App, caller: &Caller, id: TriggerId) -> Result<Monitor> {
    let user = caller.user_id;
    let monitor = app.db.read(move |r| store::find(r, user, id)).await?;
    if monitor.trigger.state != State::On {
        let message = "It is switched off or paused. Switch it on, and it is looked at.";
        return Err(Error::Conflict(message.to_owned()));
    }
    if app.inbox.paused() {
        let message = "Everything is paused, so nothing is fetched. Resume, and it is looked at.";
        return Err(Error::Conflict(message.to_owned()));
    }
    look::look(app, id, true).await?;
    app.timers.wake(job::LOOK);
    app.db.read(move |r| store::find(r, user, id)).await
}

fn check_listed(r: &Reader<'_>, url: &str, private_allowed: &[HostPort]) -> Result<()> {
    match whitelist::allow_page(r, WebUrl::parse(url)?, private_allowed) {
        Ok(_) => Ok(()),
        Err(Error::Denied(why)) => Err(Error::invalid("url", why)),
        Err(err) => Err(err),
    }
}

/// A change of monitors, with what follows from it.
pub async fn change<T: Send + 'static>(
    app: &App,
    caller: &Caller,
    what: impl FnOnce(&Tx<'_>, &App, &By) -> Result<T> + Send + 'static,
) -> Result<T> {
    let changed = triggers::change(app, caller, what).await?;
    app.timers.wake(job::LOOK);
    Ok(changed)
}
