//! Web push: a browser that subscribed, told through its maker's push service, which can't read it.

use serde_json::json;
use zeroize::Zeroizing;

use super::over_http::{self, Said};
use super::{Checked, Kind, New, Outcome, Parcel};
use crate::app::App;
use crate::audit::By;
use crate::error::{Error, Result};
use crate::guard::delivery::Letter;
use crate::net::WebUrl;
use crate::outside::push::{Signer, Subscriber};
use crate::secret::Secret;

pub const KIND: Kind = Kind {
    name: "web_push",
    label: "a browser",
    secret_path: true,
    check,
    say: |app, parcel| Box::pin(async move { say(&app, &parcel).await }),
};

const AUTH: &str = "auth";
/// The vault's entry for the key of the house; it can be used and is never shown.
const HOUSE_KEY: &str = "secret:web-push";
/// How long a browser that is off may still be told.
const KEPT_SECONDS: &str = "86400";

fn check(new: New) -> Result<Checked> {
    let endpoint = WebUrl::parse(&new.server);
    let endpoint = endpoint.map_err(|err| Error::invalid("endpoint", err.to_string()))?;
    Subscriber::parse(&new.key, &new.auth)?;
    let name = if new.name.trim().is_empty() { "A browser".to_owned() } else { new.name };
    Ok(Checked {
        name,
        server: endpoint.as_str().to_owned(),
        target: new.key.trim().to_owned(),
        secrets: vec![(AUTH.to_owned(), Secret::new(new.auth.trim()))],
    })
}

/// The key of the house, made when it is first asked for.
pub async fn signer(app: &App) -> Result<Signer> {
    let vault = app.vault.clone();
    let kept = app.db.read(move |r| vault.get(r, HOUSE_KEY)).await?;
    if let Some(kept) = kept {
        return Signer::open(&kept);
    }
    let (vault, by) = (app.vault.clone(), By::system(app.clock.now()));
    let kept = app
        .db
        .write(move |tx| {
            if let Some(kept) = vault.get(tx, HOUSE_KEY)? {
                return Ok(kept);
            }
            let made = Signer::new_key()?;
            vault.put(tx, HOUSE_KEY, &made, "Signs what browsers are told", &by)?;
            Ok(made)
        })
        .await?;
    Signer::open(&kept)
}

async fn say(app: &App, parcel: &Parcel) -> Outcome {
    match letter(app, parcel).await {
        Ok(letter) => over_http::post(app, parcel, letter, true, judge).await,
        Err(Error::Denied(words)) => Outcome::Refused { words, stop: false },
        Err(err) => Outcome::Refused { words: err.to_string(), stop: true },
    }
}

async fn letter(app: &App, parcel: &Parcel) -> Result<Letter> {
    let words = &parcel.words;
    let url = WebUrl::parse(&parcel.channel.server)?;
    let auth = parcel.secret(AUTH).map_or("", Secret::expose);
    let browser = Subscriber::parse(&parcel.channel.target, auth)?;
    let said = json!({
        "title": words.title, "body": words.text, "url": words.link, "tag": words.tag,
    });
    let body = browser.seal(said.to_string().as_bytes())?;
    let base = app.config.get().server.base_url.clone();
    let contact = base.filter(|base| base.scheme() == "https");
    let signer = signer(app).await?;
    let contact = contact.as_ref().map(url::Url::as_str);
    let note = signer.authorization(&url, contact, app.clock.now())?;
    let headers = vec![
        ("authorization", note),
        ("content-encoding", Secret::new("aes128gcm")),
        ("content-type", Secret::new("application/octet-stream")),
        ("ttl", Secret::new(KEPT_SECONDS)),
        ("urgency", Secret::new(if words.urgent { "high" } else { "normal" })),
        // A browser that was off gets the last of those that have the same.
        ("topic", Secret::new(words.tag.replace('-', ""))),
    ];
    Ok(Letter { url, headers, body: Zeroizing::new(body) })
}

fn judge(said: &Said<'_>) -> Option<Outcome> {
    match said.status {
        404 | 410 => Some(
            said.stop("says that the browser took its subscription back. Subscribe again in it."),
        ),
        401 | 403 => Some(
            said.stop("refuses our key. Remove the channel and subscribe again in that browser."),
        ),
        _ => None,
    }
}
