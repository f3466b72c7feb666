//! A try is no deed: it reads for real, and what it would change is only said.

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;
use crate::callers::form;

async fn notes(house: &House) -> Value {
    house.app.get("/api/notes").await.json()["total"].clone()
}

#[tokio::test]
async fn a_try_changes_nothing_however_long_it_is_talked_to_and_ends_within_two_days() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let page = gardener.replace("/api", "");
    let shown = house.app.get(&page).await.text;
    assert!(shown.contains("only says what it would send, change or delete"), "{shown}");
    let note = || Say::Call("notes_add", json!({"content": "beans"}));
    house.answers(&[note()]);
    house.answers(&[Say::Text("Noted.")]);
    let tried = house.app.send(form(&format!("{page}/run"), "message=Look")).await;
    assert_eq!(tried.status, 303, "{}", tried.text);
    house.app.work().await;
    assert_eq!(notes(&house).await, 0);
    let talks = house.app.get("/api/conversations").await.json();
    let talk = &talks["conversations"][0];
    assert_eq!(talk["title"], "Trial: Look");
    let path = format!("/api/conversations/{}", talk["id"].as_str().unwrap());
    let first = house.app.get(&path).await.json()["messages"][0]["content"].clone();
    assert!(first.as_str().unwrap().starts_with("This is a trial"), "{first}");
    house.answers(&[note()]);
    house.answers(&[Say::Text("Noted.")]);
    house.app.say(talk["id"].as_str(), "Again").await;
    assert_eq!(notes(&house).await, 0, "what is said there later is a trial too");
    for _ in 0..2 {
        house.app.shift(jiff::SignedDuration::from_hours(24));
        house.app.tick().await;
    }
    assert_eq!(house.app.get("/api/conversations").await.json()["total"], 0);
}

#[tokio::test]
async fn beside_the_try_stands_a_button_that_does_it() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let page = gardener.replace("/api", "");
    house.answers(&[Say::Call("notes_add", json!({"content": "beans"}))]);
    house.answers(&[Say::Text("Noted.")]);
    let run = house.app.send(form(&format!("{page}/run"), "message=Look&how=run")).await;
    assert_eq!(run.status, 303, "{}", run.text);
    house.app.work().await;
    assert_eq!(notes(&house).await, 1);
    let talks = house.app.get("/api/conversations").await.json();
    assert_eq!(talks["conversations"][0]["title"], "Look");
}
