//! What the kinds that speak HTTP share: the guard's proof, one POST, and how an answer reads.

use jiff::SignedDuration;

use super::{Outcome, Parcel};
use crate::app::App;
use crate::clean::{TextKind, clean};
use crate::error::{Error, Result};
use crate::guard::delivery::{Letter, judge_entered, judge_named};
use crate::net::WebUrl;
use crate::outside::push::Posted;

const QUOTE_CHARS_MAX: usize = 160;

/// An answer of the peer's that is no success.
pub struct Said<'a> {
    pub host: &'a str,
    pub status: u16,
    pub body: &'a str,
}

/// `named`: not even an admin's word opens the home network, for a browser gave the address. `judge`
/// knows what a status means to this kind of peer; none: what it means to all.
pub async fn post(
    app: &App,
    parcel: &Parcel,
    letter: Letter,
    named: bool,
    judge: fn(&Said<'_>) -> Option<Outcome>,
) -> Outcome {
    let host = letter.url.host().to_owned();
    let allowed = if parcel.admin && !named {
        WebUrl::parse(&parcel.channel.server).and_then(|saved| judge_entered(letter, &saved))
    } else {
        judge_named(letter, &app.config.get().guard.private_allowed)
    };
    let posted = match allowed {
        Ok(delivery) => app.outside.courier().post(delivery, app.clock.now()).await,
        Err(err) => Posted::Denied(err.to_string()),
    };
    match posted {
        Posted::Denied(words) => Outcome::Refused { words, stop: true },
        Posted::NotSent { what } => {
            Outcome::Later { words: format!("{host} {what}."), pause: None }
        }
        Posted::Unknown { what } => {
            Outcome::Unknown(format!("{host} {what}, so nobody knows whether it arrived."))
        }
        Posted::Answered { status, pause, body } => {
            let said = Said { host: &host, status, body: &body };
            let pause = pause.and_then(|pause| SignedDuration::try_from(pause).ok());
            judge(&said).unwrap_or_else(|| usual(&said, pause))
        }
    }
}

fn usual(said: &Said<'_>, pause: Option<SignedDuration>) -> Outcome {
    let (host, status) = (said.host, said.status);
    let later = |what: &str| Outcome::Later { words: format!("{host} {what}."), pause };
    let refused = |what: String, stop| Outcome::Refused { words: format!("{host} {what}."), stop };
    match status {
        200..=299 => Outcome::Sent(format!("{host} took it.")),
        300..=399 => refused("sends us on to another address. Enter that one".to_owned(), true),
        413 => refused("finds the message too long".to_owned(), false),
        408 | 425 => later("was not ready for it"),
        429 => later("asks us to come less often"),
        // A server between us speaks for one behind it, which may have heard.
        502 | 504 => Outcome::Unknown(format!(
            "{host} got no answer from the server behind it (status {status}), so nobody knows whether it arrived."
        )),
        500..=599 => later(&format!("has trouble of its own (status {status})")),
        _ => refused(format!("refuses it (status {status}){}", said.quote()), false),
    }
}

impl Said<'_> {
    /// The peer's own words, where it has some: ": “topic is invalid”".
    pub fn quote(&self) -> String {
        let json: serde_json::Value = serde_json::from_str(self.body).unwrap_or_default();
        let text =
            ["/error", "/errors/0", "/message"].iter().find_map(|at| json.pointer(at)?.as_str());
        let text = clean(text.unwrap_or_default(), TextKind::Line).text;
        let text: String =
            text.trim().trim_end_matches('.').chars().take(QUOTE_CHARS_MAX).collect();
        if text.is_empty() { text } else { format!(": “{text}”") }
    }

    pub fn stop(&self, what: &str) -> Outcome {
        Outcome::Refused { words: format!("{} {what}", self.host), stop: true }
    }
}

/// The server's address, with its usual one where nothing was entered. A path beneath it is kept.
pub fn server(typed: &str, usual: &str) -> Result<String> {
    let typed = typed.trim();
    let url = WebUrl::parse(if typed.is_empty() { usual } else { typed });
    let url = url.map_err(|err| Error::invalid("server", err.to_string()))?;
    if url.as_str().contains('?') {
        return Err(Error::invalid("server", "Give the server's address alone, without a query."));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// What stands in a header or a form and is never shown again; empty is none.
pub fn secret(
    field: &'static str,
    typed: &str,
    what: &str,
) -> Result<Option<crate::secret::Secret>> {
    const BYTES_MAX: usize = 512;
    let typed = typed.trim();
    if BYTES_MAX < typed.len() || !typed.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid(field, format!("That can't be {what}; paste it again.")));
    }
    Ok((!typed.is_empty()).then(|| crate::secret::Secret::new(typed)))
}
