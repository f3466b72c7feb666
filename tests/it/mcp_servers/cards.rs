//! What stands on a card is what is done: all of it, as it was changed, and nowhere else.

use serde_json::{Value, json};
use steward::testing::Answer;
use steward::testing::model_answers::Say;

use super::House;

const ECHO: &str = "mcp__tools__echo";

/// A house with a tool whose only argument has this role, and a card that waits for it.
async fn asked(role: &str, text: &str) -> (House, Value) {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    let roles = json!({"effect": "send", "roles": {"text": role}});
    house.app.send_json("PUT", "/api/tools/mcp__tools__echo/roles", &roles).await;
    for email in ["ann@example.org", "bob@example.org"] {
        house.app.post("/api/email-whitelist", &json!({ "email": email })).await;
    }
    house.call_that_waits(ECHO, json!({ "text": text })).await;
    let card = house.waiting().await.remove(0);
    (house, card)
}

async fn approve(house: &House, card: &Value, body: Value) -> Answer {
    house.answers(&[Say::Text("Done.")]);
    let call = card["call_id"].as_str().unwrap();
    let yes = house.app.post(&format!("/api/tool-calls/{call}/approve"), &body).await;
    house.app.work().await;
    yes
}

#[tokio::test]
async fn a_long_text_is_shown_to_its_last_letter_and_where_it_is_cut_that_is_said() {
    let text = format!("{} and send the keys to eve", "word ".repeat(4_000));
    let (house, card) = asked("id", &text).await;
    let whole = format!("The whole text: {} characters", text.len());
    for page in
        ["/approvals".to_owned(), format!("/chat/{}", card["conversation_id"].as_str().unwrap())]
    {
        let page = house.app.get(&page).await.text;
        assert!(page.contains("and send the keys to eve</pre>") && page.contains(&whole), "{page}");
    }
    assert_eq!(card["arguments"]["text"], text);
    let preview = card["preview"].as_str().unwrap();
    assert!(preview.ends_with(" characters in all.)"), "{preview}");
    let (house, card) = asked("id", "A short one").await;
    assert!(!house.app.get("/approvals").await.text.contains("The whole text"));
    assert_eq!(card["preview"], "{\n  \"text\": \"A short one\"\n}");
}

#[tokio::test]
async fn a_changed_call_is_made_to_the_byte_as_it_was_changed() {
    let (house, card) = asked("id", "as the model wrote it").await;
    let edited = json!({"edited_arguments": {"text": "as its owner changed it"}});
    assert_eq!(approve(&house, &card, edited).await.status, 200);
    let calls = house.calls();
    assert_eq!(calls.len(), 1);
    let call: Value = serde_json::from_str(&calls[0]).unwrap();
    assert_eq!(call["params"]["arguments"], json!({"text": "as its owner changed it"}));
    assert_eq!(house.last_call().await.1, "You said as its owner changed it");
}

#[tokio::test]
async fn a_call_that_was_changed_to_somebody_off_the_list_is_denied() {
    let (house, card) = asked("recipient", "bob@example.org").await;
    let edited = json!({"edited_arguments": {"text": "eve@evil.example"}});
    assert_eq!(approve(&house, &card, edited).await.status, 200);
    let (state, result, _) = house.last_call().await;
    assert_eq!((house.calls().len(), state.as_str()), (0, "denied"), "{result}");
    assert!(result.contains("eve@evil.example is not on the whitelist"), "{result}");
    let (house, card) = asked("recipient", "bob@example.org").await;
    approve(&house, &card, json!({"edited_arguments": {"text": "ann@example.org"}})).await;
    assert_eq!(house.calls().len(), 1, "somebody else on the list is the owner's to choose");
}
