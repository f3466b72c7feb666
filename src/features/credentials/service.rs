//! What may be done with credentials; an admin's business throughout.

use crate::app::App;
use crate::error::Result;
use crate::features::connect_providers;
use crate::guard::vault::{self, Credential};
use crate::secret::Secret;
use crate::web::caller::Caller;
use crate::web::scope::Scope;

pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Credential>> {
    caller.admin()?;
    app.db.read(vault::list).await
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
