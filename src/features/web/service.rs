//! Which search server is asked: from the settings, its key perhaps from the vault.

use crate::app::App;
use crate::audit::By;
use crate::error::{Error, Result};
use crate::outside::search::{BRAVE_URL, SearchService};

/// Puts the settings for web search into effect; call it at start and after a change.
pub async fn connect_search(app: &App) -> Result<()> {
    let config = app.config.get();
    let web = &config.web;
    let brave = |key| SearchService::Brave { url: BRAVE_URL.to_owned(), key };
    let service = match (&web.search_url, &web.brave_key, &web.brave_credential) {
        (Some(url), _, _) => SearchService::SearXng { url: url.to_string() },
        (_, Some(key), _) => brave(key.clone()),
        (_, _, Some(name)) => {
            let (vault, name, by) = (app.vault.clone(), name.clone(), By::system(app.clock.now()));
            let spent = app.db.write(move |tx| vault.spend(tx, &name, "web search", &by)).await;
            match spent {
                Ok(key) => brave(key),
                Err(Error::Denied(why)) => {
                    tracing::warn!("web search is off: {why}");
                    SearchService::None
                }
                Err(err) => return Err(err),
            }
        }
        _ => SearchService::None,
    };
    app.outside.set_search(service);
    Ok(())
}
