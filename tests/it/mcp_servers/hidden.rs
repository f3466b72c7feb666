//! Characters that nobody sees, in what is put before the owner: they are seen there, and sent as they
//! were.

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;
use crate::callers::form;

const ECHO: &str = "mcp__tools__echo";
/// Read from right to left, another number.
const TURNED: &str = "\u{202e}0003 98ED";
const SEEN: &str = "⟨U+202E⟩0003 98ED";

async fn house() -> House {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    let roles = json!({"effect": "send", "roles": {"text": "id"}});
    house.app.send_json("PUT", "/api/tools/mcp__tools__echo/roles", &roles).await;
    house
}

/// No page that shows the call has the character itself.
async fn nothing_hides(house: &House, card: &Value) {
    let part = |name: &str| card[name].as_str().unwrap().to_owned();
    for path in [
        "/approvals".to_owned(),
        format!("/approvals/{}", part("id")),
        format!("/chat/{}", part("conversation_id")),
        format!("/runs/{}", part("run_id")),
    ] {
        let page = house.app.get(&path).await.text;
        assert!(!page.contains('\u{202e}'), "{path}: {page}");
        assert!(page.contains(SEEN), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_card_shows_what_nobody_would_see_and_says_so() {
    let house = house().await;
    house.call_that_waits(ECHO, json!({"text": TURNED})).await;
    let card = house.waiting().await.remove(0);
    assert_eq!(
        card["reason"],
        format!(
            "It leaves the house, and {SEEN} is not in your words. Look twice: text has hidden \
             characters in it; they are written out here, like ⟨U+202E⟩."
        )
    );
    assert_eq!(card["origins"], json!([format!("text: {SEEN} (not in your words)")]));
    assert_eq!(card["preview"], format!("{{\n  \"text\": \"{SEEN}\"\n}}"));
    assert_eq!((&card["standing"], &card["arguments"]["text"]), (&Value::Null, &json!(TURNED)));
    nothing_hides(&house, &card).await;
    let page = house.app.get("/approvals").await.text;
    assert!(page.contains(&format!("<bdi><mark>{SEEN}</mark></bdi>")), "{page}");
    assert!(page.contains("It leaves the house. Look twice: text has hidden characters"), "{page}");
}

#[tokio::test]
async fn what_was_judged_is_what_is_sent_also_where_it_hides_something() {
    let house = house().await;
    house.call_that_waits(ECHO, json!({"text": TURNED})).await;
    let card = house.waiting().await.remove(0);
    let edit = format!("/approvals/{}/edit", card["id"].as_str().unwrap());
    let page = house.app.get(&edit).await.text;
    assert!(!page.contains('\u{202e}') && page.contains(SEEN), "{page}");
    house.answers(&[Say::Text("Done.")]);
    let same = format!("arg.text={}", SEEN.replace('+', "%2B").replace(' ', "+"));
    assert_eq!(house.app.send(form(&edit, &same)).await.status, 303);
    house.app.work().await;
    let sent: Value = serde_json::from_str(&house.calls()[0]).unwrap();
    assert_eq!(sent["params"]["arguments"], json!({"text": TURNED}));
    let decided = house.app.get("/approvals?state=decided").await.text;
    assert!(!decided.contains('\u{202e}') && decided.contains(SEEN), "{decided}");
}

#[tokio::test]
async fn a_value_with_hidden_characters_is_nobodys_own_even_if_it_was_said() {
    let house = house().await;
    house.plan_for(ECHO, json!({"text": TURNED}));
    house.app.say(None, &format!("Look up \"{TURNED}\", please")).await;
    house.app.work().await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (1, 0));
}
