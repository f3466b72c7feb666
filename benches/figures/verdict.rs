//! What a verdict costs in a long conversation: half a megabyte of the owner's words
//! and as much from outside, in this process, with the facts gathered from a database and a vault.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;
use steward::audit::By;
use steward::call::{Call, Effect, Role};
use steward::db::Db;
use steward::guard::grounding::{Read, Said};
use steward::guard::intent::{Intent, Slot};
use steward::guard::verdict::{Mode, Scene, Verdict, gather, judge};
use steward::guard::whitelist;
use steward::ids::UserId;
use steward::label::{Label, Origin};
use steward::secret::Secret;
use steward::vault::KeySource;
use steward::vault::Vault;

use crate::Size;
use crate::table::{Table, percentile};

const TEXT_BYTES: usize = 500_000;
const MESSAGE_BYTES: usize = 2_000;
const CREDENTIALS: u128 = 20;
const WARM_UP: usize = 100;
const GATE_MICROSECONDS: f64 = 200.0;
const ROLES: &[(&str, Role)] = &[
    ("to", Role::Recipient),
    ("amount", Role::Amount),
    ("when", Role::Date),
    ("text", Role::Content),
];

pub async fn measure(table: &mut Table, size: Size) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&folder.path().join("steward.db"), &folder.path().join("backups")).unwrap();
    let key = KeySource::File(folder.path().join("master.key"));
    let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    let vault = db
        .write(move |tx| {
            whitelist::add_address(tx, "ann@example.org", 0, &By::system(now))?;
            let vault = Vault::open(tx, &key, now)?;
            for number in 0..CREDENTIALS {
                let digits = u128::MAX / (number + 3);
                let value = Secret::new(format!("sk-live-{digits:032x}"));
                vault.put(tx, &format!("system:{number}"), &value, "", &By::system(now))?;
            }
            Ok(vault)
        })
        .await
        .unwrap();
    let scene = long_conversation(now);
    let (mut judged, mut whole) = (Vec::new(), Vec::new());
    for at in 0..WARM_UP + size.verdicts {
        let (vault, scene) = (vault.clone(), scene.clone());
        // Every other call has values of somebody else's, whose origin is looked for.
        let own = at % 2 == 0;
        let (judging, all) = db.read(move |r| Ok(once(r, &vault, scene, own, now))).await.unwrap();
        if at >= WARM_UP {
            judged.push(judging);
            whole.push(all);
        }
    }
    let figure = |name: &str| format!("verdict: 1 MB of text, {name}");
    table.at_most(&figure("p50"), percentile(&mut judged, 0.5), GATE_MICROSECONDS, "µs");
    table.at_most(&figure("p99"), percentile(&mut judged, 0.99), GATE_MICROSECONDS, "µs");
    table.at_most(
        &figure(&format!("with its facts and {CREDENTIALS} credentials, p50")),
        percentile(&mut whole, 0.5),
        GATE_MICROSECONDS,
        "µs",
    );
}

/// One verdict: microseconds for the judgement, and with what it rests on read from the database.
fn once(
    r: &steward::db::Reader<'_>,
    vault: &Vault,
    scene: Scene,
    own: bool,
    now: Timestamp,
) -> (f64, f64) {
    let (amount, when) = if own { (json!(1250), "2026-12-03") } else { (json!(99), "2027-01-01") };
    let text = "The boiler was serviced in May, the bill is in the blue folder.".repeat(10);
    let arguments =
        json!({ "to": "ann@example.org", "amount": amount, "when": when, "text": text });
    let call = Call {
        tool: "payments_send",
        effect: Effect::Send,
        destructive: false,
        roles: ROLES,
        arguments: &arguments,
        headless: false,
    };
    let begun = Instant::now();
    let facts = gather(r, vault, scene, &call, now).unwrap();
    let gathered = Instant::now();
    let verdict = judge(&facts, &call, None);
    let judging = gathered.elapsed();
    assert_eq!(matches!(verdict, Verdict::Go(_)), own, "{verdict:?}");
    let microseconds = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    (microseconds(judging), microseconds(begun.elapsed()))
}

fn long_conversation(now: Timestamp) -> Scene {
    let at = now.in_tz("Europe/Berlin").unwrap();
    let (mut said, mut read) = (Said::default(), Read::default());
    let label = Label::outside(Origin::Web("news.example.org".to_owned()));
    for number in 0..TEXT_BYTES / MESSAGE_BYTES {
        said.add(&message(number), &at);
        read.add(&label, &format!("{} See https://news.example.org/{number}", message(number)));
    }
    said.add("Send 1,250.00 to ann@example.org on 3 December", &at);
    let bound = [("to", "ann@example.org"), ("amount", "1250"), ("when", "2026-12-03")];
    let bound = bound.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let slot = Slot { tool: "payments_send".to_owned(), bound, times: None };
    Scene {
        halt: None,
        own_root: PathBuf::from("/data/files/1"),
        user_id: UserId::from_u128(1),
        now: at,
        said: Arc::new(said),
        read: Arc::new(read),
        visited: Vec::new(),
        intent: Some(Intent { slots: vec![slot] }),
        done: Vec::new(),
        opened: Vec::new(),
        listed: Vec::new(),
        private_allowed: Vec::new(),
        mode: Mode::Balanced,
        canary: None,
    }
}

fn message(number: usize) -> String {
    let mut text = format!("Letter {number}. ");
    while text.len() < MESSAGE_BYTES {
        let at = text.len();
        text.push_str(&format!("Invoice {number}-{at} of 5 May for {at} euros by mail{number}@example.net is in the folder. "));
    }
    text
}
