//! Pushover: both keys go along and nowhere else, and its refusals are said in words.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::json;
use steward::testing::TestApp;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::{ModelServer, Seen};

use super::{LINKED, MINUTE};

const TOKEN: &str = "azGDORePK8gMaC0QOYAMyEEuzJnyUi";
const USER: &str = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG";

async fn house() -> (tempfile::TempDir, TestApp, ModelServer, String) {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), LINKED).await;
    let peer = ModelServer::start().await;
    let server = format!("http://{}/push", peer.addr());
    let new = json!({"kind": "pushover", "server": server, "token": TOKEN, "user_key": USER});
    let made = house.post("/api/notifications/channels", &new).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    (folder, house, peer, id)
}

fn took() -> Answer {
    Answer::json(200, &json!({"status": 1, "request": "647d2300-702c-4b38-8b2f-d56326ae460b"}))
}

fn fields(seen: &Seen) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&seen.body).into_owned().collect()
}

async fn test(house: &TestApp, id: &str) -> String {
    let answer = house.post(&format!("/api/notifications/channels/{id}/test"), &json!({})).await;
    assert!(!answer.text.contains(TOKEN) && !answer.text.contains(USER), "{}", answer.text);
    format!("{} {}", answer.json()["ok"], answer.json()["message"].as_str().unwrap())
}

#[tokio::test]
async fn a_reminder_rings_once_on_pushover() {
    let (_folder, house, peer, _) = house().await;
    peer.always(took());
    house.ask("remind me in 1 minute to ring Zoë").await;
    house.advance(MINUTE).await;
    house.advance(SignedDuration::from_hours(1)).await;
    let requests = peer.requests();
    assert_eq!((requests.len(), requests[0].path.as_str()), (1, "/push/1/messages.json"));
    let said = fields(&requests[0]);
    assert_eq!((said["token"].as_str(), said["user"].as_str()), (TOKEN, USER));
    assert_eq!(
        (said["title"].as_str(), said["message"].as_str()),
        ("Steward", "Reminder: ring Zoë")
    );
    assert!(said["url"].starts_with("https://steward.example.org/chat/"), "{said:?}");
}

#[tokio::test]
async fn refusals_name_the_key_that_is_wrong() {
    let (_folder, house, peer, id) = house().await;
    let said = async |answer: Answer| {
        peer.answer(answer);
        test(&house, &id).await.replace("127.0.0.1", "peer")
    };
    let wrong = |field: &str| json!({field: "invalid", "errors": [format!("{field} is invalid")], "status": 0});
    assert_eq!(said(took()).await, "true peer took it.");
    insta::assert_snapshot!(said(Answer::json(400, &wrong("token"))).await, @"false peer refuses the application token. Add the channel again with the right one.");
    insta::assert_snapshot!(said(Answer::json(400, &wrong("user"))).await, @"false peer doesn’t know the user key. Add the channel again with the right one.");
    insta::assert_snapshot!(said(Answer::json(429, &json!({"errors": ["limit"], "status": 0}))).await, @"false peer asks us to come less often.");
    let echo = json!({"errors": [format!("no {USER}")], "status": 0});
    let echoed = said(Answer::json(200, &echo)).await;
    assert!(
        echoed.starts_with("false peer did not take it: “no [hidden: secret:channel-"),
        "{echoed}"
    );
}

#[tokio::test]
async fn a_key_that_can_not_be_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let refused = async |token: &str, user: &str| {
        let new = json!({"kind": "pushover", "token": token, "user_key": user});
        let answer = house.post("/api/notifications/channels", &new).await;
        format!("{} {}", answer.status.as_u16(), answer.json()["error"].as_str().unwrap())
    };
    insta::assert_snapshot!(refused("short", USER).await, @"400 The application token is 30 letters and digits; paste it again.");
    insta::assert_snapshot!(refused(TOKEN, "").await, @"400 The user key is 30 letters and digits; paste it again.");
    let form = format!(
        "kind=pushover&app_token={TOKEN}&user_key=x&pushover_server=https%3A%2F%2Fp.example"
    );
    let request = axum::http::Request::post("/notifications/channels")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(form));
    let page = house.send(request.unwrap()).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("The user key is 30") && page.text.contains("https://p.example"));
    assert!(!page.text.contains(TOKEN));
}
