//! The outbox: a kill loses nothing, nothing is said twice, and what came of it is known or said to
//! be unknown.

use jiff::SignedDuration;
use serde_json::json;
use steward::testing::TestApp;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::Signal;

use super::{MINUTE, Ringing, add, run_job, took};
use crate::site::Site;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test]
async fn a_reminder_rings_once_with_a_short_text_and_a_link() {
    let it = Ringing::new().await;
    it.peer.always(took());
    it.remind("stretch").await;
    it.house.advance(HOUR).await;
    let requests = it.peer.requests();
    assert_eq!(requests.len(), 1);
    let said = requests[0].json();
    assert_eq!((&said["topic"], &said["title"]), (&json!("ada"), &json!("Steward")));
    assert_eq!((&said["message"], &said["priority"]), (&json!("Reminder: stretch"), &json!(3)));
    let link = said["click"].as_str().unwrap();
    assert!(link.starts_with("https://steward.example.org/chat/"), "{link}");
    assert_eq!(requests[0].headers["authorization"], format!("Bearer {}", super::TOKEN));
    assert_eq!(it.came().await, "sent: peer took it.");
}

#[tokio::test]
async fn no_more_of_a_long_message_leaves_than_a_glance_needs() {
    let it = Ringing::new().await;
    it.peer.always(took());
    it.remind(&"stretch and breathe and ".repeat(18)).await;
    let said = it.heard().remove(0);
    assert!(said.chars().count() <= 240 && said.ends_with('…'), "{said}");
}

#[tokio::test]
async fn a_secret_in_a_message_stays_in_the_house() {
    let it = Ringing::new().await;
    it.peer.always(took());
    let door = json!({"key": "secret:door", "value": "swordfish-4711-canary"});
    it.house.post("/api/credentials", &door).await;
    it.remind("type swordfish-4711-canary at the door").await;
    let said = it.heard().remove(0);
    assert!(said.contains("[hidden: secret:door]") && !said.contains("4711"), "{said}");
}

#[tokio::test]
async fn what_was_told_before_a_kill_is_said_after_it() {
    let it = Ringing::new().await;
    it.peer.always(took());
    it.house.ask("remind me in 1 minute to stretch").await;
    it.house.shift(MINUTE);
    run_job(&it.house, "reminders.deliver").await;
    assert_eq!(it.came().await, "waiting: ");
    let it = it.again().await;
    it.house.tick().await;
    it.house.tick().await;
    assert_eq!(it.heard(), ["Reminder: stretch"]);
    assert_eq!(it.came().await, "sent: peer took it.");
}

#[tokio::test]
async fn what_a_kill_cuts_off_is_unknown_and_not_said_again() {
    let it = Ringing::new().await;
    let never = Signal::default();
    it.peer.answer(Answer::status(200, "").wait(&never));
    it.peer.always(took());
    it.house.ask("remind me in 1 minute to stretch").await;
    // The status is held back with the body by nobody, so the kill comes while it is read.
    tokio::select! {
        () = it.house.advance(MINUTE) => panic!("it was answered"),
        () = it.peer.asked(1) => {}
    }
    let it = it.again().await;
    it.house.advance(HOUR).await;
    assert_eq!(it.heard().len(), 1);
    insta::assert_snapshot!(it.came().await, @"unknown: Steward stopped while this was being sent, so nobody knows whether it arrived. It is not sent again.");
    it.remind("eat").await;
    assert_eq!(it.heard(), ["Reminder: stretch", "Reminder: eat"]);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_is_unknown_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let peer = Site::start(|_| Vec::new()).await;
    add(&house, &peer.url("")).await;
    house.ask("remind me in 1 minute to stretch").await;
    for _ in 0..3 {
        house.advance(HOUR).await;
    }
    assert_eq!(peer.seen().len(), 1);
    let found = house.get("/api/notifications").await.json();
    let sent = &found["notifications"][0]["deliveries"][0];
    assert_eq!(sent["state"], "unknown");
    insta::assert_snapshot!(sent["message"].as_str().unwrap(), @"127.0.0.1 broke off without an answer, so nobody knows whether it arrived. It is not sent again.");
    let page = house.get("/notifications").await.text;
    assert!(page.contains("not known whether it arrived"), "{page}");
}

#[tokio::test]
async fn a_peer_that_is_away_is_tried_again_and_gets_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let peer = Site::start(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let address = peer.address.to_string();
    drop(peer);
    add(&house, &format!("http://{address}")).await;
    house.ask("remind me in 1 minute to stretch").await;
    house.advance(MINUTE).await;
    let state = |it: &serde_json::Value| it["notifications"][0]["deliveries"][0]["state"].clone();
    assert_eq!(state(&house.get("/api/notifications").await.json()), "waiting");
    let peer =
        Site::at(&address, |_| b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    for _ in 0..3 {
        house.advance(MINUTE).await;
    }
    assert_eq!(peer.seen().len(), 1);
    assert_eq!(state(&house.get("/api/notifications").await.json()), "sent");
}

#[tokio::test]
async fn a_peer_that_names_a_time_is_left_alone_until_then() {
    let it = Ringing::new().await;
    it.peer.answer(Answer::status(429, "").header("retry-after", "600"));
    it.peer.always(took());
    it.remind("stretch").await;
    assert_eq!(it.came().await, "waiting: peer asks us to come less often.");
    assert_eq!(it.state().await["rests_until"], "2030-01-01T09:11:00Z");
    it.house.advance(MINUTE * 9).await;
    assert_eq!(it.heard().len(), 1);
    it.house.advance(MINUTE).await;
    assert_eq!(it.heard(), ["Reminder: stretch", "Reminder: stretch"]);
    assert_eq!(it.came().await, "sent: peer took it.");
}

#[tokio::test]
async fn a_peer_in_trouble_is_tried_less_and_less_often_and_given_up_aloud() {
    let it = Ringing::new().await;
    it.peer.always(Answer::status(500, ""));
    it.remind("stretch").await;
    let mut tries = Vec::new();
    for minute in 0..180 {
        if tries.len() < it.heard().len() {
            tries.push(minute);
        }
        it.house.advance(MINUTE).await;
    }
    assert_eq!(tries, [0, 1, 3, 7, 15, 31, 63, 123]);
    insta::assert_snapshot!(it.came().await, @"given_up: Given up after 8 tries. peer has trouble of its own (status 500).");
    insta::assert_snapshot!(it.trouble().await.join("\n"), @"ntfy: ada did not get a message, after 8 tries. peer has trouble of its own (status 500).");
    it.peer.always(took());
    it.remind("eat").await;
    assert_eq!(it.came().await, "sent: peer took it.");
}

#[tokio::test]
async fn what_a_gateway_does_not_know_is_unknown() {
    let it = Ringing::new().await;
    it.peer.always(Answer::status(504, ""));
    it.remind("stretch").await;
    it.house.advance(HOUR).await;
    assert_eq!(it.heard().len(), 1);
    insta::assert_snapshot!(it.came().await, @"unknown: peer got no answer from the server behind it (status 504), so nobody knows whether it arrived. It is not sent again.");
}

#[tokio::test]
async fn many_that_piled_up_are_said_in_one_message() {
    let it = Ringing::new().await;
    it.peer.answer(Answer::status(503, ""));
    it.peer.always(took());
    let all: Vec<String> = (1..=7).map(|n| format!("remind me in 1 minute to walk {n}")).collect();
    it.house.ask(&all.join("; ")).await;
    it.house.advance(MINUTE).await;
    it.house.advance(MINUTE).await;
    it.house.advance(MINUTE).await;
    let heard = it.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(
        heard[1].starts_with("7 things since the last time:\n• Reminder: walk 1"),
        "{}",
        heard[1]
    );
    assert!(heard[1].ends_with("… and 2 more"));
}

#[tokio::test]
async fn what_was_read_here_before_is_not_sent() {
    let it = Ringing::new().await;
    it.peer.answer(Answer::status(503, ""));
    it.peer.always(took());
    it.remind("stretch").await;
    it.house.post("/api/notifications/mark-all-read", &json!({})).await;
    it.house.advance(HOUR).await;
    assert_eq!(it.heard().len(), 1);
    assert_eq!(it.came().await, "dropped: It was read here before it was sent.");
}

#[tokio::test]
async fn the_very_same_within_a_minute_rings_once() {
    let it = Ringing::new().await;
    it.peer.always(took());
    it.house.ask("remind me in 1 minute to eat; remind me in 1 minute to eat").await;
    it.house.advance(MINUTE).await;
    assert_eq!(it.house.get("/api/notifications").await.json()["total"], 2);
    assert_eq!(it.heard(), ["Reminder: eat"]);
}
