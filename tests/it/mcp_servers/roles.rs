//! What the owner declares decides; what a server says of itself never does.

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::{House, tool};
use crate::callers::form;

const ROLES: &str = "/api/tools/mcp__tools__echo/roles";

#[tokio::test]
async fn undeclared_is_the_strictest_whatever_the_server_advises() {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    let roles = house.app.get(ROLES).await.json();
    insta::assert_snapshot!(roles, @r#"{"destructive":false,"effect":null,"effect_in_force":"send","enabled":true,"lists":null,"name":"mcp__tools__echo","roles":{"text":null},"secret":false}"#);
    house.call_that_waits("mcp__tools__echo", json!({"text": "hi"})).await;
    let card = house.waiting().await.remove(0);
    assert_eq!(card["reason"], "Nobody declared what text means to mcp__tools__echo.");
}

#[tokio::test]
async fn a_tool_that_only_reads_is_called_without_asking_where_nothing_can_leave_with_it() {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    let declare = async |roles: Value| {
        let body = json!({"effect": "read", "roles": roles});
        house.app.send_json("PUT", ROLES, &body).await.json()
    };
    assert_eq!(declare(json!({"text": "content"})).await["effect_in_force"], "send");
    assert_eq!(declare(json!({})).await["effect_in_force"], "send");
    house.call_that_waits("mcp__tools__echo", json!({"text": "hi"})).await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (1, 0));
    assert_eq!(declare(json!({"text": "soft"})).await["effect_in_force"], "read");
    house.call("mcp__tools__echo", json!({"text": "hi"})).await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (1, 1));
    let body = json!({"effect": "read", "roles": {"text": "soft"}, "destructive": true});
    house.app.send_json("PUT", ROLES, &body).await;
    house.call_that_waits("mcp__tools__echo", json!({"text": "hi"})).await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (2, 1));
}

#[tokio::test]
async fn a_declared_path_address_or_chat_is_held_against_the_whitelist() {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    for (role, value, said) in [
        ("path", "/etc/passwd", "Not allowed: "),
        ("url", "https://evil.example/", "evil.example is not on the web whitelist."),
        ("recipient", "eve@evil.example", "Not allowed: "),
        ("chat", "C024BE91L", "tools:C024BE91L is not on the whitelist of chats and accounts."),
    ] {
        let body = json!({"effect": "send", "roles": {"text": role}});
        house.app.send_json("PUT", ROLES, &body).await;
        house.call("mcp__tools__echo", json!({"text": value})).await;
        let (state, result, _) = house.last_call().await;
        assert_eq!(state, "denied", "{role}: {result}");
        assert!(result.contains(said), "{role}: {result}");
    }
    assert!(house.calls().is_empty());
}

#[tokio::test]
async fn bad_declarations_are_refused_with_a_sentence() {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    for (body, sentence) in [
        (json!({"effect": "write"}), "The effect is read, send or execute"),
        (json!({"roles": {"text": "king"}}), "There is no role \"king\"."),
        (json!({"roles": {"other": "soft"}}), "The tool has no argument \"other\"."),
    ] {
        let refused = house.app.send_json("PUT", ROLES, &body).await;
        assert_eq!(refused.status, 400, "{body}");
        assert!(refused.json()["error"].as_str().unwrap().contains(sentence), "{}", refused.text);
    }
    assert_eq!(house.app.get("/api/tools/mcp__tools__nothing/roles").await.status, 404);
    let own = house.app.get("/api/tools/files_read/roles").await.json();
    assert_eq!((&own["effect"], &own["roles"]["path"]), (&json!("read"), &json!("path")));
    let fixed = house.app.send_json("PUT", "/api/tools/files_read/roles", &json!({})).await;
    assert_eq!(fixed.status, 409);
}

#[tokio::test]
async fn a_role_is_forgotten_when_its_argument_means_something_else() {
    let house = House::new().await;
    let server = house.with_tools(&["echo"]).await;
    let body = json!({"effect": "read", "roles": {"text": "soft"}});
    house.app.send_json("PUT", ROLES, &body).await;
    let mut changed = tool("echo");
    changed["inputSchema"]["properties"]["text"]["description"] = json!("The whole mail.");
    house.offer(&json!([changed]));
    let seen =
        house.app.post(&format!("{}/refresh", super::path(&server)), &json!({})).await.json();
    house.accept(&seen).await;
    let roles = house.app.get(ROLES).await.json();
    assert_eq!(
        (&roles["roles"]["text"], &roles["effect_in_force"]),
        (&Value::Null, &json!("send"))
    );
}

#[tokio::test]
async fn a_tool_that_the_owner_switched_off_is_not_shown() {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    house.app.send_json("PUT", ROLES, &json!({"enabled": false})).await;
    house.call("mcp__tools__echo", json!({"text": "hi"})).await;
    assert!(house.shown().is_empty() && house.waiting().await.is_empty());
    house.app.send_json("PUT", ROLES, &json!({"enabled": true})).await;
    house.call_that_waits("mcp__tools__echo", json!({"text": "hi"})).await;
    assert_eq!(house.shown(), ["mcp__tools__echo"]);
}

#[tokio::test]
async fn the_sixth_of_five_letters_a_day_is_refused_and_a_kill_forgets_none() {
    let mut house = House::new().await;
    house.with_tools(&["echo"]).await;
    let roles = json!({"effect": "send", "roles": {"text": "recipient"}});
    house.app.send_json("PUT", ROLES, &roles).await;
    let ann = json!({"email": "ann@example.org", "daily_limit": 5});
    assert_eq!(house.app.post("/api/email-whitelist", &ann).await.status, 200);
    for sent in 1..=5 {
        house.write_to_ann().await;
        assert_eq!((house.calls().len(), house.last_call().await.0.as_str()), (sent, "done"));
    }
    let page = house.app.get("/whitelists").await.text;
    assert!(page.contains("5 of 5 sent today"), "{page}");
    house = house.killed().await;
    house.app.tick().await;
    house.call_ann("Done.");
    house.app.ask("Write to ann@example.org").await;
    let (state, result, _) = house.last_call().await;
    assert_eq!((house.calls().len(), state.as_str()), (5, "denied"), "{result}");
    assert!(result.contains("The daily limit of 5 for ann@example.org is used up"), "{result}");
    house.app.shift(jiff::SignedDuration::from_hours(24));
    house.write_to_ann().await;
    assert_eq!(house.calls().len(), 6, "tomorrow there are five more");
}

#[tokio::test]
async fn a_chat_that_was_denied_is_offered_and_then_written_to_up_to_its_limit() {
    let house = House::new().await;
    house.with_tools(&["echo"]).await;
    let roles = json!({"effect": "send", "roles": {"text": "chat"}});
    assert_eq!(house.app.send_json("PUT", ROLES, &roles).await.status, 200);
    let post = json!({"text": "C024BE91L"});
    house.answers(&[Say::Call("mcp__tools__echo", post.clone())]);
    house.answers(&[Say::Text("I may not.")]);
    let talk = house.app.say(None, "Post to C024BE91L").await;
    house.app.work().await;
    let page = house.app.get(&format!("/chat/{talk}")).await.text;
    for part in ["I may not write to tools:C024BE91L.", "Allow this chat"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let action = page.split("action=\"").find(|it| it.contains("/allow\"")).unwrap();
    let action = action.split('"').next().unwrap();
    assert_eq!(house.app.send(form(action, "how=always")).await.status, 303);
    let listed = house.app.get("/api/chat-whitelist").await.json();
    assert_eq!(listed[0]["chat"], "tools:C024BE91L");
    house.app.send_json("DELETE", "/api/chat-whitelist/tools:C024BE91L", &json!({})).await;
    let once = json!({"chat": "tools:C024BE91L", "daily_limit": 1});
    assert_eq!(house.app.post("/api/chat-whitelist", &once).await.status, 200);
    house.plan_for("mcp__tools__echo", post.clone());
    house.answers(&[Say::Text("Done.")]);
    house.app.ask("Post to C024BE91L").await;
    assert_eq!((house.calls().len(), house.last_call().await.0.as_str()), (1, "done"));
    house.answers(&[Say::Call("mcp__tools__echo", post)]);
    house.answers(&[Say::Text("I may not.")]);
    house.app.ask("Post to C024BE91L").await;
    assert_eq!((house.calls().len(), house.last_call().await.0.as_str()), (1, "denied"));
    let result = house.last_call().await.1;
    assert!(result.contains("The daily limit of 1 for tools:C024BE91L is used up"), "{result}");
    assert!(house.app.get("/whitelists").await.text.contains("1 of 1 sent today"));
}

impl House {
    /// The owner asks for a letter, and it goes.
    async fn write_to_ann(&self) {
        self.plan_for("mcp__tools__echo", json!({"text": "ann@example.org"}));
        self.answers(&[Say::Text("Done.")]);
        self.app.ask("Write to ann@example.org").await;
    }

    /// The model tries to write to her, and then ends like this.
    fn call_ann(&self, end: &str) {
        self.answers(&[Say::Call("mcp__tools__echo", json!({"text": "ann@example.org"}))]);
        self.answers(&[Say::Text(end)]);
    }
}
