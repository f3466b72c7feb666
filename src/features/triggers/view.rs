//! Triggers and their deliveries, as a person reads them.

use jiff::Zoned;

use super::auth::{Auth, SECRET_HEADER};
use super::store::deliveries;
use super::{Delivery, State};
use crate::agent::{Agents, Hold, RunState};
use crate::db::Reader;
use crate::error::Result;
use crate::features::tasks::{Gate, Sign, progress_sign, reason};
use crate::ids::TriggerId;
use crate::web::when::When;

/// A delivery, how far its run is, and what holds it up.
pub struct Came {
    pub delivery: Delivery,
    pub run: Option<RunState>,
    pub hold: Option<Hold>,
}

/// What came, the newest first.
pub fn came(
    r: &Reader<'_>,
    agents: &Agents,
    id: TriggerId,
    (limit, skip): (u32, u32),
) -> Result<Vec<Came>> {
    let gate = Gate::look(r, agents)?;
    let with_hold = |(delivery, run): (Delivery, Option<RunState>)| {
        let hold = gate.hold(r, delivery.state, delivery.run_id.zip(run))?;
        Ok(Came { delivery, run, hold })
    };
    deliveries::list(r, id, limit, skip)?.into_iter().map(with_hold).collect()
}

/// One delivery.
pub struct Line {
    pub when: When,
    pub event: String,
    pub sign: Sign,
    pub reason: String,
    /// Where its run's own page is, or "".
    pub trace: String,
    /// The conversation of its run, or "".
    pub link: String,
}

pub fn line(Came { delivery: it, run, hold }: &Came, now: &Zoned) -> Line {
    let started = it.run_id.is_some();
    let chat = it.conversation_id.filter(|_| started);
    Line {
        when: When::new(it.received_at, now),
        event: it.event_id.clone().unwrap_or_default(),
        sign: progress_sign(it.state, *run, hold.as_ref()),
        reason: reason(&it.reason, hold.as_ref(), now),
        trace: it.run_id.map(|id| format!("/runs/{id}")).unwrap_or_default(),
        link: chat.map(|id| format!("/chat/{id}")).unwrap_or_default(),
    }
}

pub fn state_sign(state: State) -> Sign {
    match state {
        State::On => Sign { word: "on", class: "ok", icon: "check" },
        State::Off => Sign { word: "off", class: "", icon: "pause" },
        State::Paused => Sign { word: "paused", class: "bad", icon: "warn" },
    }
}

pub fn auth_words(auth: Auth) -> &'static str {
    match auth {
        Auth::SharedSecret => "Shared secret in a header",
        Auth::Github => "X-Hub-Signature-256, as GitHub signs",
        Auth::Standard => "Standard Webhooks",
    }
}

/// What to type to try it; the secret stands in the shell's SECRET.
pub fn example(auth: Auth, url: &str) -> String {
    let body = r#"body='{"a": {"b": "hello"}}'"#;
    let call = format!("curl '{url}' -H 'Content-Type: application/json'");
    match auth {
        Auth::SharedSecret => {
            format!("{body}\n{call} \\\n  -H \"{SECRET_HEADER}: $SECRET\" -d \"$body\"")
        }
        Auth::Github => format!(
            "{body}\nsum=$(printf %s \"$body\" | openssl dgst -sha256 -hmac \"$SECRET\" -r | cut -d' ' -f1)\n\
             {call} \\\n  -H \"X-Hub-Signature-256: sha256=$sum\" -d \"$body\""
        ),
        Auth::Standard => format!(
            "{body}\nid=msg_$(date +%s) time=$(date +%s)\n\
             key=$(printf %s \"${{SECRET#whsec_}}\" | base64 -d | od -An -v -tx1 | tr -d ' \\n')\n\
             sum=$(printf %s \"$id.$time.$body\" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$key -binary | base64)\n\
             {call} \\\n  -H \"webhook-id: $id\" -H \"webhook-timestamp: $time\" \\\n  \
             -H \"webhook-signature: v1,$sum\" -d \"$body\""
        ),
    }
}
