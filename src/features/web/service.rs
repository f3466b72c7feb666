//! Which search server is asked: from the settings, its key perhaps from the vault.

use crate::app::App;
use crate::error::Result;
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
            let (vault, name) = (app.vault.clone(), name.clone());
            let key = app.db.read(move |reader| vault.get(reader, &name)).await?;
            key.map_or(SearchService::None, brave)
        }
        _ => SearchService::None,
    };
    app.outside.set_search(service);
    Ok(())
}
