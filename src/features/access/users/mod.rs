//! The people of the house, as an admin sees and changes them.

pub mod api;

use jiff::Timestamp;
use serde_json::json;

use super::password;
use super::store::{devices, users};
use crate::app::App;
use crate::audit::{self, By, Entry};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::secret::Secret;
use crate::web::caller::Role;
use crate::web::store::sessions;

const NAME_CHARS_MAX: usize = 64;

#[derive(Clone)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub password_hash: String,
    pub role: Role,
    pub active: bool,
    pub created_at: Timestamp,
}

pub struct NewUser {
    pub name: String,
    pub password: Secret,
    pub role: Role,
}

/// What is left out stays as it is.
#[derive(Default)]
pub struct Change {
    pub name: Option<String>,
    pub password: Option<Secret>,
    pub role: Option<Role>,
    pub active: Option<bool>,
}

impl NewUser {
    /// A name as it is kept: one line, without blanks around it.
    pub fn name(typed: &str) -> Result<String> {
        let name = typed.trim();
        if name.is_empty() {
            return Err(Error::invalid("name", "Write a name to sign in with."));
        }
        if NAME_CHARS_MAX < name.chars().count() || name.chars().any(char::is_control) {
            let message =
                format!("Use a name of one line and at most {NAME_CHARS_MAX} characters.");
            return Err(Error::invalid("name", message));
        }
        Ok(name.to_owned())
    }
}

pub async fn list(app: &App) -> Result<Vec<User>> {
    app.db.read(users::list).await
}

pub async fn find(app: &App, id: UserId) -> Result<User> {
    let found = app.db.read(move |r| users::find(r, id)).await?;
    found.ok_or(Error::NotFound("user"))
}

pub async fn create(app: &App, new: NewUser, by: By) -> Result<UserId> {
    let name = NewUser::name(&new.name)?;
    let password_hash = password::hash(new.password).await?;
    let (id, role) = (UserId::new(by.at), new.role);
    let user = User { id, name, password_hash, role, active: true, created_at: by.at };
    app.db
        .write(move |tx| {
            free(tx, &user)?;
            users::insert(tx, &user)?;
            let entry = Entry::new(&by, "users.create", user.name.as_str());
            audit::record(tx, entry.detail(json!({ "role": role })))?;
            Ok(id)
        })
        .await
}

/// A new password, or being switched off, signs the person out everywhere.
pub async fn change(app: &App, id: UserId, change: Change, by: By) -> Result<()> {
    let password_hash = match change.password {
        Some(password) => Some(password::hash(password).await?),
        None => None,
    };
    let name = change.name.as_deref().map(NewUser::name).transpose()?;
    let what = json!({
        "name": name, "role": change.role, "is_active": change.active,
        "new_password": password_hash.is_some(),
    });
    let standing = app.standing.clone();
    app.db
        .write(move |tx| {
            standing.changed(tx);
            let old = users::find(tx, id)?.ok_or(Error::NotFound("user"))?;
            let leaves = password_hash.is_some() || change.active == Some(false);
            let new = User {
                name: name.unwrap_or_else(|| old.name.clone()),
                password_hash: password_hash.unwrap_or(old.password_hash),
                role: change.role.unwrap_or(old.role),
                active: change.active.unwrap_or(old.active),
                ..old
            };
            free(tx, &new)?;
            users::update(tx, &new)?;
            keep_an_admin(tx)?;
            if leaves {
                sessions::revoke_all(tx, id, "")?;
                devices::forget_all(tx, id)?;
            }
            audit::record(tx, Entry::new(&by, "users.change", old.name).detail(what))?;
            Ok(())
        })
        .await
}

pub async fn delete(app: &App, id: UserId, by: By) -> Result<()> {
    let standing = app.standing.clone();
    app.db
        .write(move |tx| {
            standing.changed(tx);
            let user = users::find(tx, id)?.ok_or(Error::NotFound("user"))?;
            users::delete(tx, id)?;
            keep_an_admin(tx)?;
            audit::record(tx, Entry::new(&by, "users.delete", user.name))?;
            Ok(())
        })
        .await
}

/// A person's own new password; the browser it was typed in stays signed in.
pub async fn change_password(
    app: &App,
    id: UserId,
    (old, new): (Secret, Secret),
    (session, by): (String, By),
) -> Result<()> {
    let user = find(app, id).await?;
    if !password::matches(old, Some(user.password_hash.clone())).await? {
        return Err(Error::invalid("current_password", "That is not your password."));
    }
    let password_hash = password::hash(new).await.map_err(|err| match err {
        Error::Invalid { message, .. } => Error::invalid("new_password", message),
        other => other,
    })?;
    let standing = app.standing.clone();
    app.db
        .write(move |tx| {
            standing.changed(tx);
            users::update(tx, &User { password_hash, ..user.clone() })?;
            let ended = sessions::revoke_all(tx, id, &session)?;
            let entry = Entry::new(&by, "access.password", user.name);
            audit::record(tx, entry.detail(json!({ "sessions_ended": ended })))?;
            Ok(())
        })
        .await
}

fn free(tx: &Tx<'_>, user: &User) -> Result<()> {
    match users::by_name(tx, &user.name.to_lowercase())? {
        Some(other) if other.id != user.id => {
            Err(Error::Conflict(format!("There is a user called {:?} already.", other.name)))
        }
        _ => Ok(()),
    }
}

fn keep_an_admin(tx: &Tx<'_>) -> Result<()> {
    if users::admins(tx)? == 0 {
        let message = "This is the last admin; make somebody else an admin first.";
        return Err(Error::Conflict(message.to_owned()));
    }
    Ok(())
}
