//! ntfy: a topic on ntfy.sh or on a server of one's own, read by its app.

use serde_json::json;
use zeroize::Zeroizing;

use super::over_http::{self, Said};
use super::{Checked, Kind, New, Outcome, Parcel};
use crate::app::App;
use crate::error::{Error, Result};
use crate::guard::delivery::Letter;
use crate::net::WebUrl;
use crate::secret::Secret;

pub const KIND: Kind = Kind {
    name: "ntfy",
    label: "ntfy",
    secret_path: false,
    check,
    say: |app, parcel| Box::pin(async move { say(&app, &parcel).await }),
};

const SERVER: &str = "https://ntfy.sh";
const TOKEN: &str = "token";
const TOPIC_CHARS_MAX: usize = 64;
/// ntfy counts from 1 to 5.
const NORMAL: u8 = 3;
const HIGH: u8 = 4;

fn check(new: New) -> Result<Checked> {
    let topic = new.topic.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if topic.is_empty() || TOPIC_CHARS_MAX < topic.len() || !topic.chars().all(fits) {
        let message = "A topic is letters, digits, - and _, up to 64 of them. Choose one that nobody guesses.";
        return Err(Error::invalid("topic", message));
    }
    let token = over_http::secret(TOKEN, &new.token, "an access token")?;
    let name = if new.name.trim().is_empty() { format!("ntfy: {topic}") } else { new.name };
    Ok(Checked {
        name,
        server: over_http::server(&new.server, SERVER)?,
        target: topic.to_owned(),
        secrets: token.map(|token| (TOKEN.to_owned(), token)).into_iter().collect(),
    })
}

async fn say(app: &App, parcel: &Parcel) -> Outcome {
    match letter(app, parcel) {
        Ok(letter) => over_http::post(app, parcel, letter, false, judge).await,
        Err(err) => Outcome::Refused { words: err.to_string(), stop: true },
    }
}

fn letter(app: &App, parcel: &Parcel) -> Result<Letter> {
    let words = &parcel.words;
    let mut message = json!({
        "topic": parcel.channel.target,
        "title": words.title,
        "message": words.text,
        "priority": if words.urgent { HIGH } else { NORMAL },
    });
    if let Some(address) = words.address(app) {
        message["click"] = address.into();
    }
    let mut headers = vec![("content-type", Secret::new("application/json"))];
    if let Some(token) = parcel.secret(TOKEN) {
        headers.push(("authorization", Secret::new(format!("Bearer {}", token.expose()))));
    }
    let body = Zeroizing::new(message.to_string().into_bytes());
    Ok(Letter { url: WebUrl::parse(&parcel.channel.server)?, headers, body })
}

fn judge(said: &Said<'_>) -> Option<Outcome> {
    match said.status {
        401 => {
            Some(said.stop("refuses the access token. Add the channel again with the right one."))
        }
        403 => Some(said.stop(
            "lets nobody write to this topic with what was entered. Give an access token that may.",
        )),
        404 => Some(said.stop("has no ntfy at this address. Check the server.")),
        _ => None,
    }
}
