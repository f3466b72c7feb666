//! Triggers: another program calls, proves who it is, and wakes an agent; each call at most once.

mod effects;
mod pages;
mod signatures;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::db::Tx;
use steward::inbox::Room;
use steward::testing::{Answer, TestApp};

use crate::tasks::edits::change_twice_at_once;

const SECRET: &str = "a-secret-of-the-sender-0123456789";

async fn open() -> (tempfile::TempDir, TestApp) {
    open_with("").await
}

async fn open_with(config: &str) -> (tempfile::TempDir, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), config).await;
    (folder, house)
}

fn home() -> String {
    format!("/api/agents/{ASSISTANT}/triggers")
}

/// Makes a trigger with the shared [`SECRET`]; gives its id.
async fn add(house: &TestApp, prompt: &str, more: Value) -> String {
    let mut body = json!({
        "name": "Push", "prompt": prompt, "allowed_tools": ["notes", "status", "filesystem"],
        "auth": "shared_secret", "secret": SECRET,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = house.post(&home(), &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// Calls as a stranger does: over the network, with these headers.
async fn call(house: &TestApp, id: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::post(format!("/api/webhooks/triggers/{id}"))
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    house.send_raw(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn call_with_secret(house: &TestApp, id: &str, body: &str) -> Answer {
    call(house, id, &[("x-webhook-secret", SECRET)], body).await
}

/// What came, the oldest first: "done Noted".
async fn came(house: &TestApp, id: &str) -> Vec<String> {
    let found = house.get(&format!("{}/{id}/deliveries?per_page=200", home())).await.json();
    let lines = found["deliveries"].as_array().unwrap().iter().rev();
    lines
        .map(|it| {
            let first = it["reason"].as_str().unwrap().lines().next().unwrap_or_default();
            format!("{} {first}", it["state"].as_str().unwrap()).trim_end().to_owned()
        })
        .collect()
}

async fn trigger(house: &TestApp, id: &str) -> Value {
    house.get(&format!("{}/{id}", home())).await.json()
}

async fn notes(house: &TestApp) -> Value {
    house.get("/api/notes").await.json()["total"].clone()
}

fn said(answer: &Answer) -> String {
    let it = answer.json();
    format!("{} {}", answer.status.as_u16(), it["error"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_call_that_is_let_in_is_one_run_in_a_conversation_of_its_own() {
    let (_folder, house) = open().await;
    let id = add(&house, "note: it was called", json!({})).await;
    let answer = call_with_secret(&house, &id, r#"{"a": 1}"#).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    house.work().await;
    assert_eq!(came(&house, &id).await.len(), 1);
    assert_eq!(notes(&house).await, 1);
    let found = house.get(&format!("{}/{id}/deliveries", home())).await.json();
    let it = &found["deliveries"][0];
    assert_eq!((&it["state"], &it["id"]), (&json!("done"), &answer.json()["delivery_id"]));
    let run = house.get(&format!("/api/runs/{}", it["run_id"].as_str().unwrap())).await.json();
    assert_eq!(run["trigger"]["kind"], "webhook");
    assert_eq!(run["trigger"]["trigger_name"], "Push");
    assert_eq!(house.get("/api/conversations").await.json()["total"], 0, "they don't bury chats");
}

#[tokio::test]
async fn what_may_be_done_by_the_api() {
    let (_folder, house) = open().await;
    let id = add(&house, "status {{payload.a.b}}", json!({})).await;
    let path = format!("{}/{id}", home());
    let it = house.get(&path).await.json();
    assert_eq!(house.get(&home()).await.json(), json!([it]));
    assert_eq!(it["path"], format!("/api/webhooks/triggers/{id}"));
    assert_eq!((&it["enabled"], &it["auth"]), (&json!(true), &json!("shared_secret")));
    assert!(!it.to_string().contains(SECRET), "it is shown to nobody");
    let changed = house.send_json("PATCH", &path, &json!({"name": "Other"})).await;
    assert_eq!(changed.json(), json!({"ok": true}));
    assert_eq!(trigger(&house, &id).await["name"], "Other");
    let toggled = house.post(&format!("{path}/toggle"), &json!({})).await;
    assert_eq!(toggled.json(), json!({"enabled": false}));
    let refused = call_with_secret(&house, &id, "{}").await;
    assert_eq!(said(&refused), "409 This trigger is switched off or paused.");
    house.post(&format!("{path}/toggle"), &json!({})).await;
    let renewed = house.post(&format!("{path}/secret"), &json!({})).await.json();
    assert_eq!(call_with_secret(&house, &id, "{}").await.status, StatusCode::UNAUTHORIZED);
    let headers = [("x-webhook-secret", renewed["secret"].as_str().unwrap())];
    assert_eq!(call(&house, &id, &headers, "{}").await.status, StatusCode::ACCEPTED);
    assert_eq!(house.send_json("DELETE", &path, &json!({})).await.json(), json!({"ok": true}));
    assert_eq!(house.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(call(&house, &id, &headers, "{}").await.status, StatusCode::NOT_FOUND);
    let kept = house.get("/api/credentials").await.text;
    assert!(!kept.contains("secret:trigger-"), "its secret went with it: {kept}");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let (_folder, house) = open().await;
    let refused = async |more: Value| {
        let mut body = json!({"name": "Push", "prompt": "status"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = house.post(&home(), &body).await;
        let it = answer.json();
        format!("{} {} {}", answer.status.as_u16(), it["detail"], it["error"].as_str().unwrap())
    };
    let table = [
        json!({"name": " "}),
        json!({"prompt": ""}),
        json!({"auth": "none"}),
        json!({"secret": "short"}),
        json!({"auth": "standard", "secret": "whsec_not-base64-at-all"}),
        json!({"allowed_tools": ["no/tes"]}),
        json!({"allowed_tools": ["note"]}),
        json!({"model": "nobody:nothing"}),
        json!({"every": "day"}),
        json!({"prompt": "say {{env.HOME}}"}),
        json!({"prompt": "say {{payload}}"}),
        json!({"prompt": "say {{payload.a}} and {{ 1 + 1 }}"}),
        json!({"prompt": "say {{payload.a"}),
        json!({"prompt": "say {{payload.a..b}}"}),
    ];
    let mut lines = Vec::new();
    for more in table {
        lines.push(refused(more).await);
    }
    insta::assert_snapshot!(lines.join("\n"));
    let nobody = format!("/api/agents/{}/triggers", steward::testing::ADA);
    let body = json!({"name": "Push", "prompt": "status"});
    assert_eq!(house.post(&nobody, &body).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_hundred_a_minute_are_let_in() {
    let (_folder, house) = open().await;
    let id = add(&house, "status", json!({"allowed_tools": []})).await;
    for _ in 0..100 {
        assert_eq!(call_with_secret(&house, &id, "{}").await.status, StatusCode::ACCEPTED);
    }
    let over = call_with_secret(&house, &id, "{}").await;
    assert_eq!(said(&over), "429 This trigger takes 100 deliveries a minute.");
    house.shift(SignedDuration::from_secs(60));
    assert_eq!(call_with_secret(&house, &id, "{}").await.status, StatusCode::ACCEPTED);
    assert_eq!(trigger(&house, &id).await["refused"], json!({"too_many": 1}));
}

#[tokio::test]
async fn what_is_too_big_or_no_json_is_not_taken() {
    let (_folder, house) = open().await;
    let id = add(&house, "status", json!({})).await;
    let fits = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    assert_eq!(call_with_secret(&house, &id, &fits).await.status, StatusCode::ACCEPTED);
    let big = call_with_secret(&house, &id, &format!("{fits} ")).await;
    assert_eq!(said(&big), "413 A delivery may have at most 1 MB, and this has more.");
    let odd = call_with_secret(&house, &id, "a=b").await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST, "{}", odd.text);
    assert_eq!(trigger(&house, &id).await["refused"], json!({"too_large": 1, "unreadable": 1}));
    assert_eq!(came(&house, &id).await.len(), 1);
}

#[tokio::test]
async fn a_kill_between_the_answer_and_the_run_loses_nothing_and_does_nothing_twice() {
    let (folder, house) = open().await;
    let id = add(&house, "note: it was called", json!({})).await;
    let headers = [("x-webhook-secret", SECRET), ("webhook-id", "one")];
    assert_eq!(call(&house, &id, &headers, "{}").await.status, StatusCode::ACCEPTED);
    drop(house);
    let house = TestApp::open(folder.path()).await;
    let again = call(&house, &id, &headers, "{}").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    assert_eq!(again.json()["repeated"], true);
    house.advance(SignedDuration::from_mins(1)).await;
    drop(house);
    let house = TestApp::open(folder.path()).await;
    house.advance(SignedDuration::from_mins(5)).await;
    assert_eq!(came(&house, &id).await.len(), 1);
    assert_eq!(notes(&house).await, 1);
}

#[tokio::test]
async fn past_the_hourly_limit_a_delivery_waits_and_is_not_lost() {
    let (_folder, house) = open_with("[limits]\nmax_autonomous_runs_per_hour = 2\n").await;
    let id = add(&house, "note: it was called", json!({})).await;
    for _ in 0..3 {
        assert_eq!(call_with_secret(&house, &id, "{}").await.status, StatusCode::ACCEPTED);
    }
    house.work().await;
    let last = came(&house, &id).await.pop().unwrap();
    assert_eq!(last, "due It waits: 2 unattended runs an hour are the limit, in Settings.");
    assert_eq!(house.get("/api/queue").await.json()["waiting_for_limit"], 1);
    let found = house.get(&format!("{}/{id}/deliveries", home())).await.json();
    let it = &found["deliveries"][0];
    let held = (&it["held_by"], &it["held_until"]);
    assert_eq!(held, (&json!("hourly_limit"), &json!("2030-01-01T10:00:00Z")));
    let page = house.get(&format!("/triggers/{id}")).await.text;
    for words in ["held: hourly limit", "in Settings. The next one goes on at 10:00."] {
        assert!(page.contains(words), "{words}: {page}");
    }
    house.advance(SignedDuration::from_mins(61)).await;
    assert_eq!(notes(&house).await, 3);
}

#[tokio::test]
async fn what_a_clock_that_ran_ahead_let_in_holds_nothing_up_when_it_is_set_right() {
    let (_folder, house) = open_with("[limits]\nmax_autonomous_runs_per_hour = 2\n").await;
    let id = add(&house, "note: it was called", json!({})).await;
    let month = SignedDuration::from_hours(24 * 30);
    house.shift(month);
    for _ in 0..2 {
        call_with_secret(&house, &id, "{}").await;
    }
    house.shift(-month);
    call_with_secret(&house, &id, "{}").await;
    house.work().await;
    assert_eq!(notes(&house).await, 3);
    // What was let in half an hour from now counts: the limit is not there twice.
    house.shift(-SignedDuration::from_mins(30));
    for _ in 0..2 {
        call_with_secret(&house, &id, "{}").await;
    }
    house.work().await;
    assert_eq!(notes(&house).await, 4);
}

#[tokio::test]
async fn a_run_that_was_just_taken_from_the_line_ends_with_its_trigger() {
    let (_folder, house) = open().await;
    let id = add(&house, "note: it was called", json!({})).await;
    call_with_secret(&house, &id, "{}").await;
    let (inbox, now) = (house.app.agents.inbox.clone(), house.app.clock.now());
    let take = move |tx: &Tx<'_>| inbox.claim(tx, Room::Any, now);
    let run = house.app.db.write(take).await.unwrap().unwrap().run_id;
    let deleted = house.send_json("DELETE", &format!("{}/{id}", home()), &json!({})).await;
    assert_eq!(deleted.json(), json!({"ok": true}));
    let run = house.get(&format!("/api/runs/{run}")).await.json();
    assert_eq!(run["state"], "cancelled");
}

#[tokio::test]
async fn of_two_changes_at_once_none_is_lost() {
    let (_folder, house) = open().await;
    let id = add(&house, "status", json!({})).await;
    change_twice_at_once(&house, "PATCH", &format!("{}/{id}", home())).await;
}

#[tokio::test]
async fn nobody_goes_on_with_what_another_program_began() {
    let (_folder, house) = open().await;
    let id = add(&house, "note: it was called", json!({})).await;
    call_with_secret(&house, &id, r#"{"a": 1}"#).await;
    house.work().await;
    let run = house.get("/api/runs").await.json()["runs"][0]["id"].clone();
    let path = format!("/api/runs/{}/continue", run.as_str().unwrap());
    let more = house.post(&path, &json!({"message": "note: y"})).await;
    let sentence =
        "409 What began this run was no person of the house, so nobody can go on with it.";
    assert!(said(&more).starts_with(sentence), "{}", more.text);
    assert_eq!(notes(&house).await, 1);
}
