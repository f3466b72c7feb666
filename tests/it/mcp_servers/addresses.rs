//! Web addresses for tools of other people's servers that only read: the same rule as for pages that
//! are fetched here. Whoever picks an address could write to whoever reads that site's log.

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;

const ECHO: &str = "mcp__tools__echo";

/// A house whose tool is declared to look at web addresses, and two sites that the owner opened.
async fn with_sites() -> House {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    let roles = json!({"effect": "read", "roles": {"text": "url"}});
    let declared = house.app.send_json("PUT", "/api/tools/mcp__tools__echo/roles", &roles).await;
    assert_eq!(declared.json()["effect_in_force"], "read", "{}", declared.text);
    for domain in ["example.org", "*.example.net"] {
        let opened = house.app.post("/api/web-whitelist", &json!({"domain": domain})).await;
        assert_eq!(opened.status, 200, "{}", opened.text);
    }
    house
}

fn address(text: &str) -> Value {
    json!({"text": text})
}

/// The model looks at `text` though a planner found nothing of the kind in the owner's words.
async fn looked_at(house: &House, text: &str) -> (String, String) {
    house.answers(&[Say::Call(ECHO, address(text))]);
    house.answers(&[Say::Text(&json!({"effects": []}).to_string())]);
    house.answers(&[Say::Text("Done.")]);
    house.ask().await;
    let (state, result, _) = house.last_call().await;
    (state, result)
}

#[tokio::test]
async fn a_first_page_and_an_address_of_the_owners_are_looked_at_without_a_card() {
    let house = with_sites().await;
    house.call(ECHO, address("https://example.org/")).await;
    assert_eq!((house.last_call().await.0.as_str(), house.calls().len()), ("done", 1));
    house.answers(&[Say::Call(ECHO, address("https://example.org/plan?week=49"))]);
    house.answers(&[Say::Text("Done.")]);
    house.app.ask("What is new at https://example.org/plan?week=49 today?").await;
    assert_eq!((house.last_call().await.0.as_str(), house.calls().len()), ("done", 2));
    assert!(house.waiting().await.is_empty());
}

#[tokio::test]
async fn an_address_that_could_say_something_carries_nothing_to_a_tool_server() {
    let house = with_sites().await;
    for text in [
        "https://example.org/4711",
        "https://example.org/?pin=4711",
        "https://pin-4711.example.net/",
        "https://example.org:4711/",
        "https://evil.example/",
        "example.org",
    ] {
        let (state, result) = looked_at(&house, text).await;
        assert_eq!(state, "denied", "{text}: {result}");
    }
    assert!(house.calls().is_empty() && house.waiting().await.is_empty());
}

#[tokio::test]
async fn an_address_that_could_say_something_is_asked_about_where_it_was_wished_for() {
    let house = with_sites().await;
    house.call_that_waits(ECHO, address("https://example.org/4711")).await;
    let card = house.waiting().await.remove(0);
    let reason = "The address is neither in your words nor a link of that site.";
    assert_eq!((card["reason"].as_str().unwrap(), house.calls().len()), (reason, 0));
}

#[tokio::test]
async fn a_run_picks_among_first_pages_five_times_and_then_asks() {
    let house = with_sites().await;
    let first_page = address("https://example.org/");
    for _ in 0..5 {
        house.answers(&[Say::Call(ECHO, first_page.clone())]);
    }
    house.plan_for(ECHO, first_page);
    house.ask().await;
    assert_eq!((house.calls().len(), house.waiting().await.len()), (5, 1));
}
