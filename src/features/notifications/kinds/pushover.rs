//! Pushover: its app on phones and desks, by an application's token and a person's key.

use serde_json::Value;
use zeroize::Zeroizing;

use super::over_http::{self, Said};
use super::{Checked, Kind, New, Outcome, Parcel};
use crate::app::App;
use crate::error::{Error, Result};
use crate::guard::delivery::Letter;
use crate::net::WebUrl;
use crate::secret::Secret;

pub const KIND: Kind = Kind {
    name: "pushover",
    label: "Pushover",
    secret_path: false,
    check,
    say: |app, parcel| Box::pin(async move { say(&app, &parcel).await }),
};

const SERVER: &str = "https://api.pushover.net";
const PATH: &str = "/1/messages.json";
const TOKEN: &str = "token";
const USER_KEY: &str = "user_key";
/// Each is exactly so long.
const KEY_CHARS: usize = 30;
/// Pushover cuts off what is longer, and a link that is cut leads nowhere.
const LINK_CHARS_MAX: usize = 512;

fn check(new: New) -> Result<Checked> {
    if !new.topic.trim().is_empty() {
        return Err(Error::invalid("topic", "Pushover has no topics."));
    }
    let token = key(TOKEN, &new.token, "application token")?;
    let user_key = key(USER_KEY, &new.user_key, "user key")?;
    let name = if new.name.trim().is_empty() { "Pushover".to_owned() } else { new.name };
    Ok(Checked {
        name,
        server: over_http::server(&new.server, SERVER)?,
        target: String::new(),
        secrets: vec![(TOKEN.to_owned(), token), (USER_KEY.to_owned(), user_key)],
    })
}

fn key(field: &'static str, typed: &str, what: &str) -> Result<Secret> {
    let typed = typed.trim();
    if typed.len() != KEY_CHARS || !typed.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let message = format!("The {what} is {KEY_CHARS} letters and digits; paste it again.");
        return Err(Error::invalid(field, message));
    }
    Ok(Secret::new(typed))
}

async fn say(app: &App, parcel: &Parcel) -> Outcome {
    match letter(app, parcel) {
        Ok(letter) => over_http::post(app, parcel, letter, false, judge).await,
        Err(err) => Outcome::Refused { words: err.to_string(), stop: true },
    }
}

fn letter(app: &App, parcel: &Parcel) -> Result<Letter> {
    let words = &parcel.words;
    let secret = |name| parcel.secret(name).map_or("", Secret::expose);
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", secret(TOKEN)).append_pair("user", secret(USER_KEY));
    form.append_pair("title", &words.title).append_pair("message", &words.text);
    form.append_pair("priority", if words.urgent { "1" } else { "0" });
    if let Some(address) = words.address(app).filter(|it| it.len() <= LINK_CHARS_MAX) {
        form.append_pair("url", &address).append_pair("url_title", "Open");
    }
    let body = Zeroizing::new(form.finish().into_bytes());
    let url = WebUrl::parse(&format!("{}{PATH}", parcel.channel.server))?;
    let headers = vec![("content-type", Secret::new("application/x-www-form-urlencoded"))];
    Ok(Letter { url, headers, body })
}

/// It says 1 for what it took; of what it didn't it names the field that is wrong.
fn judge(said: &Said<'_>) -> Option<Outcome> {
    let json: Value = serde_json::from_str(said.body).unwrap_or_default();
    let wrong = |field: &str| json[field] == "invalid";
    match said.status {
        200..=299 if json["status"] == 1 => None,
        200..=299 => Some(Outcome::Refused {
            words: format!("{} did not take it{}.", said.host, said.quote()),
            stop: false,
        }),
        400..=428 if wrong("token") => Some(
            said.stop("refuses the application token. Add the channel again with the right one."),
        ),
        400..=428 if wrong("user") => {
            Some(said.stop("doesn’t know the user key. Add the channel again with the right one."))
        }
        404 => Some(said.stop("has no Pushover at this address. Check the server.")),
        _ => None,
    }
}
