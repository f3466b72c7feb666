//! What may be done with credentials; an admin's business throughout.

use std::sync::Arc;

use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::connect_providers;
use crate::secret::Secret;
use crate::spelling::fold;
use crate::vault::NewKey;
use crate::vault::{self, Credential};
use crate::web::caller::Caller;
use crate::web::scope::Scope;

/// Those with `words` in their name or what they are for; "" for all.
pub async fn list(app: &App, caller: &Caller, words: &str) -> Result<Vec<Credential>> {
    caller.admin()?;
    Ok(with_words(app.db.read(vault::list).await?, words))
}

fn with_words(mut all: Vec<Credential>, words: &str) -> Vec<Credential> {
    all.retain(|it| fold::any_holds(&[&it.key, &it.description], words));
    all
}

/// The same, each with how its value ends, where that is shown. The values are opened for it, which
/// counts as no use of them.
pub async fn list_with_endings(
    app: &App,
    caller: &Caller,
    words: String,
) -> Result<Vec<(Credential, Option<String>)>> {
    caller.admin()?;
    let vault = app.vault.clone();
    let with_ending = move |r: &Reader<'_>| {
        // One that can't be opened is listed all the same, so that it can be replaced.
        let shown = |it: Credential| {
            let value = vault.get(r, &it.key).ok().flatten();
            let ending = value.and_then(|value| value.ending());
            (it, ending)
        };
        Ok(with_words(vault::list(r)?, &words).into_iter().map(shown).collect())
    };
    app.db.read(with_ending).await
}

/// Saves a new one, or a new value under an old name.
pub async fn save(
    app: &App,
    caller: &Caller,
    key: String,
    value: Secret,
    description: String,
) -> Result<()> {
    caller.admin()?;
    let (vault, by) = (app.vault.clone(), caller.by(app.clock.now()));
    app.db.write(move |tx| vault.put(tx, &key, &value, &description, &by)).await?;
    // A model's key holds from now on, not from the next start.
    connect_providers(app).await
}

/// The value, for a person who proved just now who they are, or a key with that very power.
pub async fn reveal(app: &App, caller: &Caller, key: String) -> Result<(Credential, Secret)> {
    caller.admin()?;
    caller.require(Scope::CredentialsReveal)?;
    let (vault, by) = (app.vault.clone(), caller.by(app.clock.now()));
    app.db.write(move |tx| vault.reveal(tx, &key, &by)).await
}

pub async fn delete(app: &App, caller: &Caller, key: String) -> Result<()> {
    caller.admin()?;
    let by = caller.by(app.clock.now());
    app.db.write(move |tx| vault::delete(tx, &key, &by)).await?;
    connect_providers(app).await
}

/// What came of a rotation.
pub struct Rotated {
    /// How many credentials are under the new key.
    pub credentials: usize,
    /// What the owner has to do before the next start; "" when nothing.
    pub to_do: String,
}

/// Gives the vault another master key, while everything goes on. Only from this machine: a key that
/// is then lost takes every credential with it.
pub async fn rotate(app: &App, caller: &Caller, new: NewKey) -> Result<Rotated> {
    caller.admin()?;
    caller.on_this_machine()?;
    let (vault, by) = (app.vault.clone(), caller.by(app.clock.now()));
    let make = move || vault.make_key(new);
    let made = tokio::task::spawn_blocking(make).await.map_err(Error::internal)??;
    let (vault, new) = (app.vault.clone(), Arc::new(made));
    let taken = new.clone();
    let credentials = app.db.write(move |tx| vault.rotate(tx, taken, &by)).await?;
    let to_do = match app.vault.unfinished() {
        None => new.to_do().to_owned(),
        Some(path) => format!(
            "The new key's file could not be put in the old one's place and waits at {}. Keep it: \
             the next start does that.",
            path.display()
        ),
    };
    Ok(Rotated { credentials, to_do })
}
