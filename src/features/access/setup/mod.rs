//! The first minutes: the printed code, the owner, a model. Then this door closes for good.

pub mod api;
pub mod code;
pub mod page;

use jiff::Timestamp;
use serde_json::json;

use super::login::lockout::{self, Policy};
use super::password;
use super::store::{devices, lockouts, users};
use super::users::{NewUser, User};
use crate::app::App;
use crate::audit::{self, Actor, By, Entry};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::secret::Secret;
use crate::web::caller::Role;
use crate::web::store::{callers, sessions};

/// The code's wrong tries are counted together, whoever makes them.
const SUBJECT: &str = "setup";

pub enum Tried {
    Right,
    Wrong,
    Wait(u64),
}

/// What a fresh house asks its owner to do.
pub struct Invitation {
    pub url: String,
    pub code: code::Code,
}

/// None once somebody lives here.
pub async fn invitation(app: &App) -> Result<Option<Invitation>> {
    if is_over(app).await? {
        return Ok(None);
    }
    Ok(Some(Invitation { url: page::url(app), code: code::current(app).await? }))
}

pub async fn is_over(app: &App) -> Result<bool> {
    app.db.read(callers::anybody).await
}

/// Compares what was typed with the code.
pub async fn try_code(app: &App, typed: &str) -> Result<Tried> {
    let now = app.clock.now();
    let count = move |tx: &Tx<'_>| lockout::count(tx, &[(SUBJECT.to_owned(), Policy::SETUP)], now);
    let counted = match app.db.write(count).await? {
        Ok(counted) => counted,
        Err(seconds) => return Ok(Tried::Wait(seconds)),
    };
    if !code::current(app).await?.is(typed) {
        return Ok(Tried::Wrong);
    }
    app.db.write(move |tx| counted.undo(tx)).await?;
    Ok(Tried::Right)
}

/// Makes the first person, once. `channel` is how they came: `web` or `cli`.
pub async fn create_owner(app: &App, name: &str, password: Secret, channel: &str) -> Result<User> {
    let name = NewUser::name(name)?;
    let password_hash = password::hash(password).await?;
    let now = app.clock.now();
    let user = User {
        id: UserId::new(now),
        name,
        password_hash,
        role: Role::Admin,
        active: true,
        created_at: now,
    };
    let (new, by) = (user.clone(), By::new(Actor::User(user.id), channel, now));
    app.db
        .write(move |tx| {
            if callers::anybody(tx)? {
                return Err(Error::Conflict("This house has its owner already.".to_owned()));
            }
            users::insert(tx, &new)?;
            lockouts::delete(tx, SUBJECT)?;
            audit::record(tx, Entry::new(&by, "access.setup", new.name.as_str()))?;
            Ok(())
        })
        .await?;
    code::discard(app).await?;
    Ok(user)
}

/// A new password for an owner who lost it, for whoever sits at the machine: every browser is
/// signed out and every lock is opened.
pub async fn reset_owner(app: &App, name: &str, password: Secret) -> Result<()> {
    let key = name.trim().to_lowercase();
    let found = app.db.read(move |r| users::by_name(r, &key)).await?;
    let Some(user) = found.filter(|user| user.role == Role::Admin) else {
        let message = "This house has its owner already. Give the owner's own name to set a new \
                       password.";
        return Err(Error::Conflict(message.to_owned()));
    };
    let password_hash = password::hash(password).await?;
    let now = app.clock.now();
    let standing = app.standing.clone();
    let reset = move |tx: &Tx<'_>| {
        standing.changed(tx);
        write_reset(tx, User { password_hash, active: true, ..user }, now)
    };
    app.db.write(reset).await
}

fn write_reset(tx: &Tx<'_>, user: User, now: Timestamp) -> Result<()> {
    users::update(tx, &user)?;
    let ended = sessions::revoke_all(tx, user.id, "")?;
    devices::forget_all(tx, user.id)?;
    lockouts::delete(tx, &format!("account:{}", user.name.to_lowercase()))?;
    let by = By::new(Actor::User(user.id), "cli", now);
    let entry = Entry::new(&by, "access.password", user.name.as_str());
    audit::record(tx, entry.detail(json!({ "sessions_ended": ended })))?;
    Ok(())
}
