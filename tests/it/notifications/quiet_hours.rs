//! Quiet hours: what comes in them stands in the pages at once, and rings when they end; what waits
//! for a yes rings at once.

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use steward::testing::{ADA, TestApp};

use super::{LINKED, MINUTE, Ringing, add, message, took};

const HERE: &str = "/api/quiet-hours";

/// Quiet from now until the given time.
async fn quiet(house: &TestApp, to: &str) {
    let set = house.send_json("PUT", HERE, &json!({"from": "09:00", "to": to})).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
}

#[tokio::test]
async fn what_comes_in_quiet_hours_is_said_in_one_summary_when_they_end() {
    let it = Ringing::new().await;
    it.peer.always(took());
    quiet(&it.house, "10:00").await;
    it.house.ask("remind me in 5 minutes to eat; remind me in 10 minutes to walk").await;
    it.house.advance(MINUTE * 5).await;
    assert_eq!(it.house.get("/api/notifications").await.json()["total"], 1, "shown at once");
    assert_eq!(it.came().await, "waiting: It is kept until your quiet hours end.");
    it.house.advance(MINUTE * 5).await;
    it.house.advance(MINUTE * 49).await;
    assert!(it.heard().is_empty());
    it.house.advance(MINUTE).await;
    it.house.advance(MINUTE).await;
    insta::assert_snapshot!(it.heard().join("\n---\n"), @"
    2 things in your quiet hours:
    • Reminder: eat
    • Reminder: walk
    ");
    it.remind("sing").await;
    assert_eq!(it.heard()[1], "Reminder: sing");
}

#[tokio::test]
async fn quiet_hours_go_over_midnight_and_outlive_a_restart() {
    let it = Ringing::new().await;
    it.peer.always(took());
    let night = json!({"from": "22:00", "to": "7:00"});
    let set = it.house.send_json("PUT", HERE, &night).await.json();
    assert_eq!(
        set,
        json!({"from": "22:00", "to": "07:00", "approvals": true, "zone": "UTC", "quiet_until": null})
    );
    it.house.ask("remind me at 23:30 to sleep").await;
    it.house.shift(SignedDuration::from_hours(14) + MINUTE * 30);
    let it = it.again().await;
    it.house.tick().await;
    assert_eq!(it.house.get(HERE).await.json()["quiet_until"], "2030-01-02T07:00:00Z");
    it.house.advance(SignedDuration::from_hours(7) + MINUTE * 29).await;
    assert!(it.heard().is_empty());
    let it = it.again().await;
    it.house.advance(MINUTE).await;
    assert_eq!(it.heard(), ["Reminder: sleep"]);
}

#[tokio::test]
async fn what_was_read_in_quiet_hours_does_not_ring_after_them() {
    let it = Ringing::new().await;
    it.peer.always(took());
    quiet(&it.house, "10:00").await;
    it.remind("stretch").await;
    it.house.post("/api/notifications/mark-all-read", &json!({})).await;
    it.house.advance(SignedDuration::from_hours(1)).await;
    assert!(it.heard().is_empty());
    assert_eq!(it.came().await, "dropped: It was read here before it was sent.");
}

#[tokio::test]
async fn ending_the_quiet_hours_rings_what_was_kept() {
    let it = Ringing::new().await;
    it.peer.always(took());
    quiet(&it.house, "10:00").await;
    it.remind("stretch").await;
    assert_eq!(it.house.send_json("DELETE", HERE, &json!({})).await.json(), json!({"ok": true}));
    it.house.tick().await;
    assert_eq!(it.heard(), ["Reminder: stretch"]);
    assert_eq!(it.house.get(HERE).await.json()["from"], json!(null));
}

/// A house in which a model asks for a yes, in quiet hours.
async fn asked(approvals: bool) -> (tempfile::TempDir, TestApp, ModelServer) {
    let (model, peer) = (ModelServer::start().await, ModelServer::start().await);
    let url = model.base_url(Kind::OpenAi);
    let config = format!(
        "{LINKED}[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{url}\"\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), &config).await;
    let own = folder.path().join("data/files").join(ADA.to_string());
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("plans.txt"), "Conquer the garden.").unwrap();
    peer.always(took());
    add(&house, &format!("http://{}", peer.addr())).await;
    let hours = json!({"from": "09:00", "to": "10:00", "approvals": approvals});
    house.send_json("PUT", HERE, &hours).await;
    model.answer(Answer::openai(&[Say::Call("files_delete", json!({"path": "plans.txt"}))]));
    house.ask("Tidy up.").await;
    house.tick().await;
    (folder, house, peer)
}

#[tokio::test]
async fn what_waits_for_a_yes_rings_in_quiet_hours_too_and_louder() {
    let (_folder, house, peer) = asked(true).await;
    let said = peer.requests()[0].json();
    assert_eq!((&said["title"], &said["priority"]), (&json!("Steward asks"), &json!(4)));
    assert_eq!(said["message"], "Waits for your answer: Delete this file? plans.txt");
    let id = house.get("/api/approvals").await.json()["approvals"][0]["id"].clone();
    assert_eq!(
        said["click"],
        format!("https://steward.example.org/approvals/{}", id.as_str().unwrap())
    );
}

#[tokio::test]
async fn what_waits_for_a_yes_waits_for_the_morning_where_that_is_wanted() {
    let (_folder, house, peer) = asked(false).await;
    assert!(peer.requests().is_empty());
    house.advance(SignedDuration::from_hours(1)).await;
    assert_eq!(
        peer.requests().iter().map(message).collect::<Vec<_>>(),
        ["Waits for your answer: Delete this file? plans.txt"]
    );
}

#[tokio::test]
async fn what_was_answered_meanwhile_does_not_ring() {
    let (_folder, house, peer) = asked(false).await;
    let call = house.get("/api/approvals").await.json()["approvals"][0]["call_id"].clone();
    let no = format!("/api/tool-calls/{}/deny", call.as_str().unwrap());
    assert_eq!(house.post(&no, &json!({})).await.status, StatusCode::OK);
    house.advance(SignedDuration::from_hours(1)).await;
    assert!(peer.requests().is_empty());
}

#[tokio::test]
async fn page_takes_quiet_hours_and_says_what_is_wrong() {
    let it = Ringing::new().await;
    let form = async |path: &str, form: &str| {
        let request = axum::http::Request::post(format!("/notifications/quiet-hours{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(form.to_owned()));
        it.house.send(request.unwrap()).await
    };
    let page = async || it.house.get("/notifications/channels").await.text;
    assert!(page().await.contains("<small>None</small>"));
    assert_eq!(form("", "from=22%3A00&to=07%3A00").await.status, StatusCode::SEE_OTHER);
    assert!(page().await.contains("22:00 to 07:00"));
    assert_eq!(it.house.get(HERE).await.json()["approvals"], false);
    let wrong = form("", "from=22%3A00&to=late").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text.contains("Write a time of the day") && wrong.text.contains(r#"value="late""#)
    );
    assert_eq!(form("/delete", "").await.status, StatusCode::SEE_OTHER);
    assert!(page().await.contains("<small>None</small>"));
    let bad = it.house.send_json("PUT", HERE, &json!({"from": "22:00", "to": "22:00"})).await;
    assert_eq!((bad.status, bad.json()["detail"].clone()), (StatusCode::BAD_REQUEST, json!("to")));
}
