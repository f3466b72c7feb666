//! With no model at all: the plain commands, in the browser and on the command line.

use axum::Router;
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;

use crate::browser::Story;
use crate::house::{House, Key};

const PAGE: &str = "<!doctype html><title>The library</title><article><h1>The library</h1>\
    <p>The opening hours are from nine to five on weekdays, and from ten to two on \
    Saturdays; on Sundays the house is closed.</p></article>";

/// A page on loopback that the owner allowed, in a house with no model.
async fn house_with_a_page() -> (House, Key, String) {
    let (house, key, page) = house_beside_a_page().await;
    key.post("/web-whitelist", &json!({ "domain": "127.0.0.1", "note": "the library" })).await;
    (house, key, page)
}

/// The same, and nothing is allowed yet.
async fn house_beside_a_page() -> (House, Key, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let pages = Router::new().route("/hours", get(|| async { axum::response::Html(PAGE) }));
    tokio::task::spawn(async move { axum::serve(listener, pages).await });
    let (house, key) = House::lived_in(&[("GUARD__PRIVATE_ALLOWED", &address)]).await;
    (house, key, format!("http://{address}/hours"))
}

#[tokio::test]
async fn the_four_commands_work_in_chat_and_a_reminder_rings_across_a_restart() {
    let (mut house, key, page) = house_with_a_page().await;
    let mut story = Story::begin("commands_work_without_a_model", &house, &[("PAGE", &page)]);
    story.until("the reminder is set", &house).await;
    house.kill().await;
    house.start().await;
    story.go_on().await;
    story.until("commands answered", &house).await;
    story.go_on().await;
    story.until("the reminder rang", &house).await;
    let told = key.get("/notifications").await;
    assert_eq!(told.to_string().matches("stretch").count(), 1, "{told}");
    story.go_on().await;
    story.ends(&house).await;
}

#[tokio::test]
async fn the_four_commands_work_on_the_command_line() {
    let (house, _, page) = house_with_a_page().await;
    let ask = async |words: &str| house.run(&["ask", words]).await.done();
    let set = ask("remind me in 1 minute to stretch").await;
    assert!(set.contains("stretch"), "{set}");
    ask("note: boiler serviced in May").await;
    let found = ask("find boiler").await;
    assert!(found.contains("boiler serviced in May"), "{found}");
    let read = ask(&format!("fetch {page}")).await;
    assert!(read.contains("from nine to five"), "{read}");
}

#[tokio::test]
async fn a_denied_site_is_opened_and_asked_for_again_in_the_chat() {
    let (house, _, page) = house_beside_a_page().await;
    Story::live("denied_site_is_opened_in_the_chat", &house, &[("PAGE", &page)]).await;
}

#[tokio::test]
async fn words_typed_while_the_program_is_away_are_kept() {
    let (mut house, _) = House::lived_in(&[]).await;
    let mut story = Story::begin("words_outlive_a_restart", &house, &[]);
    story.until("kill it", &house).await;
    house.kill().await;
    story.go_on().await;
    story.until("start it", &house).await;
    house.start().await;
    story.go_on().await;
    story.until("kill and start it", &house).await;
    house.kill().await;
    house.start().await;
    story.go_on().await;
    story.ends(&house).await;
}
