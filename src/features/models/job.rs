//! What each provider has is asked for once, in the background: after the start, and when providers
//! changed. Pages offer what a provider listed last and never wait for it.

use futures_util::future::join_all;
use jiff::Timestamp;

use crate::app::App;
use crate::error::Result;
use crate::features::Job;

pub const LIST: &str = "models.list";

pub const ALL: &[Job] = &[Job { name: LIST, run: |app| Box::pin(list(app)) }];

/// One that does not say is asked again when somebody looks at the models.
async fn list(app: App) -> Result<Option<Timestamp>> {
    let models = app.outside.models().providers;
    let asked = models.providers().map(async |provider| {
        if models.last_list(provider).is_some() || models.has_just_refused(provider) {
            return;
        }
        if let Err(err) = models.list(provider).await {
            tracing::debug!(provider = provider.name, "its models are not listed: {err}");
        }
    });
    join_all(asked).await;
    Ok(None)
}
