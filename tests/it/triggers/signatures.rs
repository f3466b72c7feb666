//! Who calls: three ways to prove it, and what passes for none of them.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::Sha256;
use steward::testing::{Answer, TestApp};

use super::{SECRET, add, call, came, open, said, trigger};

const BODY: &str = r#"{"zen": "Speak like a human."}"#;

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The time at which every test house opens.
fn start() -> Timestamp {
    "2030-01-01T09:00:00Z".parse().unwrap()
}

/// Calls as Standard Webhooks has it, signed at `at`.
async fn standard(house: &TestApp, id: &str, event: &str, at: Timestamp, key: &[u8]) -> Answer {
    let time = at.as_second().to_string();
    let sum = STANDARD.encode(mac(key, &format!("{event}.{time}.{BODY}")));
    let signature = format!("v1a,nothing v1,{sum}");
    let headers = [
        ("webhook-id", event),
        ("webhook-timestamp", time.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    call(house, id, &headers, BODY).await
}

#[tokio::test]
async fn without_the_shared_secret_nobody_is_let_in() {
    let (_folder, house) = open().await;
    let id = add(&house, "status", json!({})).await;
    let (more, less) = (format!("{SECRET}x"), &SECRET[1..]);
    for wrong in [&more, less, ""] {
        let refused = call(&house, &id, &[("x-webhook-secret", wrong)], BODY).await;
        assert_eq!(said(&refused), "401 Send this trigger's secret as x-webhook-secret.");
    }
    assert_eq!(call(&house, &id, &[], BODY).await.status, StatusCode::UNAUTHORIZED);
    let good = call(&house, &id, &[("x-webhook-secret", SECRET)], BODY).await;
    assert_eq!(good.status, StatusCode::ACCEPTED);
    assert_eq!(trigger(&house, &id).await["refused"], json!({"signature": 4}));
    assert_eq!(came(&house, &id).await.len(), 1);
}

#[tokio::test]
async fn the_signature_of_github_is_over_exactly_this_body() {
    let (_folder, house) = open().await;
    // The example in GitHub's own documentation.
    let known = mac(b"It's a Secret to Everybody", "Hello, World!");
    let told = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(hex::encode(known), told);
    let id = add(&house, "status", json!({"auth": "github"})).await;
    let sum = format!("sha256={}", hex::encode(mac(SECRET.as_bytes(), BODY)));
    let headers = [("x-hub-signature-256", sum.as_str()), ("x-github-delivery", "d1")];
    let (short, other) = (&sum[..sum.len() - 2], sum.replace("sha256", "sha1"));
    for wrong in [short, &other, "sha256=", "sha256=zz"] {
        let refused = call(&house, &id, &[("x-hub-signature-256", wrong)], BODY).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    let changed = call(&house, &id, &headers, &BODY.replace("human", "robot")).await;
    assert_eq!(changed.status, StatusCode::UNAUTHORIZED);
    let ping = [headers[0], ("x-github-event", "ping")];
    assert_eq!(call(&house, &id, &ping, BODY).await.json(), json!({"ok": true, "ping": true}));
    assert_eq!(call(&house, &id, &headers, BODY).await.status, StatusCode::ACCEPTED);
    assert_eq!(call(&house, &id, &headers, BODY).await.json()["repeated"], true);
    house.work().await;
    assert_eq!(came(&house, &id).await.len(), 1);
    let refused = trigger(&house, &id).await["refused"].clone();
    assert_eq!(refused, json!({"ping": 1, "repeated": 1, "signature": 5}));
}

#[tokio::test]
async fn what_is_played_again_later_is_refused_and_an_id_is_done_once() {
    let (_folder, house) = open().await;
    let key = [7; 32];
    let secret = format!("whsec_{}", STANDARD.encode(key));
    let id = add(&house, "note: x", json!({"auth": "standard", "secret": secret})).await;
    assert_eq!(standard(&house, &id, "m1", start(), &key).await.status, StatusCode::ACCEPTED);
    let again = standard(&house, &id, "m1", start(), &key).await;
    assert_eq!((again.status, &again.json()["repeated"]), (StatusCode::OK, &json!(true)));
    for (event, seconds) in [("m2", 300), ("m3", -300)] {
        let at = start() + SignedDuration::from_secs(seconds);
        let good = standard(&house, &id, event, at, &key).await;
        assert_eq!(good.status, StatusCode::ACCEPTED, "{seconds}");
    }
    for seconds in [301, -301] {
        let at = start() + SignedDuration::from_secs(seconds);
        let stale = standard(&house, &id, "m4", at, &key).await;
        assert!(said(&stale).starts_with("401 The webhook-timestamp is more than"), "{seconds}");
    }
    let foreign = standard(&house, &id, "m5", start(), &[8; 32]).await;
    assert!(said(&foreign).starts_with("401 The webhook-signature is not there"));
    house.work().await;
    assert_eq!(came(&house, &id).await.len(), 3);
    house.shift(SignedDuration::from_mins(6));
    let replayed = standard(&house, &id, "m1", start(), &key).await;
    assert_eq!(replayed.status, StatusCode::UNAUTHORIZED);
    let refused = trigger(&house, &id).await["refused"].clone();
    assert_eq!(refused, json!({"repeated": 1, "signature": 1, "stale": 3}));
}

#[tokio::test]
async fn the_known_example_of_standard_webhooks_is_let_in() {
    let (_folder, house) = open().await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let id = add(&house, "status", json!({"auth": "standard", "secret": secret})).await;
    house.shift(Timestamp::from_second(1_614_265_330).unwrap().duration_since(start()));
    let headers = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let good = call(&house, &id, &headers, r#"{"test": 2432232314}"#).await;
    assert_eq!(good.status, StatusCode::ACCEPTED, "{}", good.text);
}
