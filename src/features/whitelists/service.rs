//! What may be done with the lists. The shared ones are an admin's business; whom the browser
//! trusts is each user's own.

use crate::app::App;
use crate::audit::By;
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::guard::check::{self, Checked};
use crate::guard::whitelist::{self, Address, Domain, Folder};
use crate::ids::ChangeId;
use crate::spelling::fold;
use crate::web::caller::Caller;

/// Everything that is on the lists.
pub struct Lists {
    /// None for who is no admin.
    pub shared: Option<Shared>,
    /// This user's own.
    pub trusted: Vec<Domain>,
}

pub struct Shared {
    pub addresses: Vec<Address>,
    pub domains: Vec<Domain>,
    pub folders: Vec<Folder>,
}

/// Of each list what has `words` in it or in its note; "" for all.
pub async fn all(app: &App, caller: &Caller, words: &str) -> Result<Lists> {
    let (user, now, admin) = (caller.user_id, app.clock.now(), caller.admin().is_ok());
    let words = words.to_owned();
    let load = move |r: &Reader<'_>| {
        let shared = || -> Result<Shared> {
            Ok(Shared {
                addresses: addresses_with(whitelist::list_addresses(r, now)?, &words),
                domains: domains_with(whitelist::list_domains(r)?, &words),
                folders: folders_with(whitelist::list_folders(r)?, &words),
            })
        };
        let shared = if admin { Some(shared()?) } else { None };
        Ok(Lists { shared, trusted: domains_with(whitelist::list_trusted(r, user)?, &words) })
    };
    app.db.read(load).await
}

fn addresses_with(mut all: Vec<Address>, words: &str) -> Vec<Address> {
    all.retain(|it| fold::any_holds(&[&it.address], words));
    all
}

fn domains_with(mut all: Vec<Domain>, words: &str) -> Vec<Domain> {
    all.retain(|it| fold::any_holds(&[&it.domain, &it.note], words));
    all
}

fn folders_with(mut all: Vec<Folder>, words: &str) -> Vec<Folder> {
    all.retain(|it| fold::any_holds(&[&it.path, &it.note], words));
    all
}

/// What the shared lists say of an address, a website or a path.
pub async fn check(app: &App, caller: &Caller, typed: String) -> Result<Checked> {
    caller.admin()?;
    let own = app.files.join(caller.user_id.to_string());
    let (config, now) = (app.config.get(), app.clock.now());
    let look =
        move |r: &Reader<'_>| check::check(r, &typed, &own, &config.guard.private_allowed, now);
    app.db.read(look).await
}

pub async fn addresses(app: &App, caller: &Caller, words: &str) -> Result<Vec<Address>> {
    caller.admin()?;
    let now = app.clock.now();
    let all = app.db.read(move |r| whitelist::list_addresses(r, now)).await?;
    Ok(addresses_with(all, words))
}

pub async fn add_address(
    app: &App,
    caller: &Caller,
    address: String,
    daily_limit: u32,
) -> Result<()> {
    change(app, caller, move |tx, by| whitelist::add_address(tx, &address, daily_limit, by)).await
}

pub async fn remove_address(app: &App, caller: &Caller, address: String) -> Result<ChangeId> {
    let user = caller.user_id;
    change(app, caller, move |tx, by| whitelist::remove_address(tx, user, &address, by)).await
}

pub async fn domains(app: &App, caller: &Caller, words: &str) -> Result<Vec<Domain>> {
    caller.admin()?;
    Ok(domains_with(app.db.read(whitelist::list_domains).await?, words))
}

pub async fn add_domain(app: &App, caller: &Caller, domain: String, note: String) -> Result<()> {
    change(app, caller, move |tx, by| whitelist::add_domain(tx, &domain, &note, by)).await
}

pub async fn remove_domain(app: &App, caller: &Caller, domain: String) -> Result<ChangeId> {
    let user = caller.user_id;
    change(app, caller, move |tx, by| whitelist::remove_domain(tx, user, &domain, by)).await
}

pub async fn folders(app: &App, caller: &Caller, words: &str) -> Result<Vec<Folder>> {
    caller.admin()?;
    Ok(folders_with(app.db.read(whitelist::list_folders).await?, words))
}

pub async fn add_folder(app: &App, caller: &Caller, path: String, note: String) -> Result<()> {
    let data_dir = app.config.get().data.dir.clone();
    change(app, caller, move |tx, by| whitelist::add_folder(tx, &path, &note, &data_dir, by)).await
}

pub async fn remove_folder(app: &App, caller: &Caller, path: String) -> Result<ChangeId> {
    let user = caller.user_id;
    change(app, caller, move |tx, by| whitelist::remove_folder(tx, user, &path, by)).await
}

pub async fn trusted(app: &App, caller: &Caller, words: &str) -> Result<Vec<Domain>> {
    let user = caller.user_id;
    let all = app.db.read(move |r| whitelist::list_trusted(r, user)).await?;
    Ok(domains_with(all, words))
}

pub async fn add_trusted(app: &App, caller: &Caller, domain: String, note: String) -> Result<()> {
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    app.db.write(move |tx| whitelist::add_trusted(tx, user, &domain, &note, &by)).await
}

pub async fn remove_trusted(app: &App, caller: &Caller, domain: String) -> Result<ChangeId> {
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    app.db.write(move |tx| whitelist::remove_trusted(tx, user, &domain, &by)).await
}

/// A change of a list that all share.
async fn change<T: Send + 'static>(
    app: &App,
    caller: &Caller,
    change: impl FnOnce(&Tx<'_>, &By) -> Result<T> + Send + 'static,
) -> Result<T> {
    caller.admin()?;
    let by = caller.by(app.clock.now());
    app.db.write(move |tx| change(tx, &by)).await
}
