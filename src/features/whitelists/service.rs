//! What may be done with the lists. The shared ones are an admin's business; whom the browser
//! trusts is each user's own.

use jiff::Timestamp;

use crate::app::App;
use crate::audit::By;
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::guard::check::{self, Checked};
use crate::guard::whitelist::{self, Address, Listed};
use crate::ids::ChangeId;
use crate::spelling::fold;
use crate::web::caller::Caller;

/// Everything that is on the lists.
pub struct Lists {
    /// None for who is no admin.
    pub shared: Option<Shared>,
    /// This user's own.
    pub trusted: Vec<Listed>,
}

pub struct Shared {
    pub addresses: Vec<Address>,
    pub chats: Vec<Address>,
    pub domains: Vec<Listed>,
    pub folders: Vec<Listed>,
}

/// Of each list what has `words` in it or in its note; "" for all.
pub async fn all(app: &App, caller: &Caller, words: &str) -> Result<Lists> {
    let (user, now, admin) = (caller.user_id, app.clock.now(), caller.admin().is_ok());
    let words = words.to_owned();
    let load = move |r: &Reader<'_>| {
        let shared = || -> Result<Shared> {
            let (chats, addresses) = recipients(r, now)?;
            Ok(Shared {
                addresses: addresses_with(addresses, &words),
                chats: addresses_with(chats, &words),
                domains: listed_with(whitelist::list_domains(r)?, &words),
                folders: listed_with(whitelist::list_folders(r)?, &words),
            })
        };
        let shared = if admin { Some(shared()?) } else { None };
        Ok(Lists { shared, trusted: listed_with(whitelist::list_trusted(r, user)?, &words) })
    };
    app.db.read(load).await
}

/// Chats, and mail addresses.
fn recipients(r: &Reader<'_>, now: Timestamp) -> Result<(Vec<Address>, Vec<Address>)> {
    let all = whitelist::list_addresses(r, now)?.into_iter();
    Ok(all.partition(|it| whitelist::parse_chat(&it.address).is_ok()))
}

fn addresses_with(mut all: Vec<Address>, words: &str) -> Vec<Address> {
    all.retain(|it| fold::any_holds(&[&it.address], words));
    all
}

fn listed_with(mut all: Vec<Listed>, words: &str) -> Vec<Listed> {
    all.retain(|it| fold::any_holds(&[&it.value, &it.note], words));
    all
}

/// What the shared lists say of an address, a chat, a website or a path.
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
    let (_, addresses) = app.db.read(move |r| recipients(r, now)).await?;
    Ok(addresses_with(addresses, words))
}

pub async fn add_address(
    app: &App,
    caller: &Caller,
    address: String,
    daily_limit: u32,
) -> Result<()> {
    caller.admin()?;
    let to = whitelist::parse_address(&address)?.address;
    change(app, caller, move |tx, by| whitelist::add_address(tx, &to, daily_limit, by)).await
}

pub async fn remove_address(app: &App, caller: &Caller, address: String) -> Result<ChangeId> {
    caller.admin()?;
    let user = caller.user_id;
    let to = whitelist::parse_address(&address).map_err(|_| Error::NotFound("address"))?.address;
    change(app, caller, move |tx, by| whitelist::remove_address(tx, user, &to, by)).await
}

pub async fn chats(app: &App, caller: &Caller, words: &str) -> Result<Vec<Address>> {
    caller.admin()?;
    let now = app.clock.now();
    let (chats, _) = app.db.read(move |r| recipients(r, now)).await?;
    Ok(addresses_with(chats, words))
}

pub async fn add_chat(app: &App, caller: &Caller, chat: String, daily_limit: u32) -> Result<()> {
    caller.admin()?;
    let to = whitelist::parse_chat(&chat)?.address;
    change(app, caller, move |tx, by| whitelist::add_address(tx, &to, daily_limit, by)).await
}

pub async fn remove_chat(app: &App, caller: &Caller, chat: String) -> Result<ChangeId> {
    caller.admin()?;
    let user = caller.user_id;
    let to = whitelist::parse_chat(&chat).map_err(|_| Error::NotFound("chat"))?.address;
    change(app, caller, move |tx, by| whitelist::remove_address(tx, user, &to, by)).await
}

pub async fn domains(app: &App, caller: &Caller, words: &str) -> Result<Vec<Listed>> {
    caller.admin()?;
    Ok(listed_with(app.db.read(whitelist::list_domains).await?, words))
}

pub async fn add_domain(app: &App, caller: &Caller, domain: String, note: String) -> Result<()> {
    change(app, caller, move |tx, by| whitelist::add_domain(tx, &domain, &note, by)).await
}

pub async fn remove_domain(app: &App, caller: &Caller, domain: String) -> Result<ChangeId> {
    let user = caller.user_id;
    change(app, caller, move |tx, by| whitelist::remove_domain(tx, user, &domain, by)).await
}

pub async fn folders(app: &App, caller: &Caller, words: &str) -> Result<Vec<Listed>> {
    caller.admin()?;
    Ok(listed_with(app.db.read(whitelist::list_folders).await?, words))
}

pub async fn add_folder(app: &App, caller: &Caller, path: String, note: String) -> Result<()> {
    let data_dir = app.config.get().data.dir.clone();
    change(app, caller, move |tx, by| whitelist::add_folder(tx, &path, &note, &data_dir, by)).await
}

pub async fn remove_folder(app: &App, caller: &Caller, path: String) -> Result<ChangeId> {
    let user = caller.user_id;
    change(app, caller, move |tx, by| whitelist::remove_folder(tx, user, &path, by)).await
}

pub async fn trusted(app: &App, caller: &Caller, words: &str) -> Result<Vec<Listed>> {
    let user = caller.user_id;
    let all = app.db.read(move |r| whitelist::list_trusted(r, user)).await?;
    Ok(listed_with(all, words))
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
