//! Another program that calls: it signs each delivery, and sends it again until it hears what came of
//! it, even in a later life of the house.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::interval;

use crate::chance::Chance;
use crate::diary::{Diary, Fate};
use crate::house::{House, client};
use crate::peers;
use crate::rows::{Delivered, Rows};
use crate::world::Time;

const KEY: [u8; 32] = [7; 32];
const BODY: &str = r#"{"it": "happened"}"#;
/// A trigger takes no more than so many a minute.
const CALLS_EVERY: Duration = Duration::from_millis(50);
/// What a delivery that is signed well may be refused with: the clock jumped, or too many came.
const REFUSALS: [&str; 3] =
    ["more than 5 minutes away", "deliveries a minute", "deliveries of this trigger wait"];
/// The same, where the machine is at fault and so runs fail.
const FAULTS: [&str; 3] =
    ["switched off or paused", "The disk is full", "Something went wrong in here."];

pub struct Webhook {
    pub trigger: String,
    url: String,
    http: reqwest::Client,
}

impl Webhook {
    /// The body that makes its trigger.
    pub fn body() -> Value {
        json!({
            "name": "hook", "prompt": peers::words(&["say-hook".to_owned()]),
            "allowed_tools": ["time"], "auth": "standard",
            "secret": format!("whsec_{}", STANDARD.encode(KEY)),
        })
    }

    pub fn new(house: &House, made: &Value) -> Webhook {
        let trigger = made["id"].as_str().unwrap().to_owned();
        let url = house.url(&format!("/api/webhooks/triggers/{trigger}"));
        Webhook { trigger, url, http: client() }
    }

    /// As Standard Webhooks has it.
    async fn send(&self, event: &str, at: Timestamp) -> reqwest::Result<reqwest::Response> {
        let time = at.as_second().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
        mac.update(format!("{event}.{time}.{BODY}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let request = self.http.post(&self.url).header("content-type", "application/json");
        let request = request.header("webhook-id", event).header("webhook-timestamp", time);
        request.header("webhook-signature", signature).body(BODY).send().await
    }
}

/// Delivers one after another.
pub async fn call(hook: &Webhook, time: &Time, diary: &Diary, chance: &Chance) {
    let mut again = interval(CALLS_EVERY);
    loop {
        again.tick().await;
        let (event, sent_before) = diary.delivery();
        // Whatever comes of it: from here on it may have been heard.
        diary.deliver(&event, Fate::Unknown);
        match hook.send(&event, time.now()).await {
            // It is sent again.
            Err(err) if err.is_connect() && !sent_before => diary.not_heard(&event),
            Err(_) => {}
            Ok(answer) if answer.status().is_success() => {
                diary.deliver(&event, Fate::Accepted);
                if chance.one_in(4) {
                    repeat(hook, time, diary, &event).await;
                }
            }
            Ok(_) if sent_before => diary.give_up(&event),
            Ok(answer) => {
                let status = answer.status();
                let words = answer.text().await.unwrap_or_default();
                diary.deliver(&event, Fate::Refused(format!("{status}: {words}")));
            }
        }
    }
}

/// Sends what was accepted once more, as some programs do.
async fn repeat(hook: &Webhook, time: &Time, diary: &Diary, event: &str) {
    let Ok(answer) = hook.send(event, time.now()).await else { return };
    if answer.status().is_success()
        && let Ok(body) = answer.json::<Value>().await
        && body["repeated"] != true
    {
        diary.broken(format!("{event} was accepted twice: {body}"));
    }
}

/// Each that was accepted has its one row and one run; none has two.
pub fn check(hook: &Webhook, rows: &Rows, diary: &Diary) {
    let mut found: BTreeMap<String, Vec<Delivered>> = BTreeMap::new();
    for row in rows.deliveries(&hook.trigger) {
        found.entry(row.event.clone()).or_default().push(row);
    }
    for (event, fate) in diary.all_delivered() {
        if let Fate::Refused(why) = &fate {
            let fits = |sentences: &[&str]| sentences.iter().any(|it| why.contains(it));
            if !(fits(&REFUSALS) || diary.lenient && fits(&FAULTS)) {
                diary.broken(format!("{event} was refused without a reason: {why}"));
            }
        }
        let rows = found.remove(&event).unwrap_or_default();
        match (&fate, rows.as_slice()) {
            (Fate::Unknown | Fate::Refused(_), []) => {}
            (Fate::Accepted | Fate::Unknown, [row]) => ended(row, diary),
            // SQLite can't always tell a failed commit from one whose last sync failed.
            (Fate::Refused(_), [row]) if diary.lenient => ended(row, diary),
            (fate, rows) => diary.broken(format!("{event} {fate:?} is there {}×", rows.len())),
        }
    }
    found.keys().for_each(|event| diary.broken(format!("nobody delivered {event}")));
}

fn ended(row: &Delivered, diary: &Diary) {
    let whole = match (row.state.as_str(), row.runs.as_slice()) {
        ("done", [run]) => run == "completed",
        ("failed", [run]) => diary.lenient && run == "failed",
        _ => false,
    };
    if !whole {
        diary.broken(format!("{} is {}, with the runs {:?}", row.event, row.state, row.runs));
    }
}
