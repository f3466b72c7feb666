//! What the configuration file says of a tool: it counts for more than the tool's page, and no slip
//! in it makes a tool laxer.

use serde_json::{Value, json};

use super::{House, path, tool};
use crate::callers::form;

const ECHO: &str = "mcp__tools__echo";
const ROLES: &str = "/api/tools/mcp__tools__echo/roles";
const READS: &str = "[tools.mcp__tools__echo]\neffect = \"read\"\nroles.text = \"soft\"\n";

impl House {
    async fn roles(&self) -> Value {
        self.app.get(ROLES).await.json()
    }

    async fn declare(&self, body: Value) -> (u16, String) {
        let answer = self.app.send_json("PUT", ROLES, &body).await;
        (answer.status.as_u16(), answer.text)
    }
}

/// The page of the scripted tool.
fn page(server: &Value) -> String {
    format!("/mcp-servers/{}/tools/{ECHO}", server["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_declaration_of_the_file_is_in_effect_and_what_differs_from_it_is_refused() {
    let house = House::declaring(READS).await;
    house.with_tools(&["echo"]).await;
    insta::assert_snapshot!(house.roles().await, @r#"{"destructive":false,"effect":"read","effect_in_force":"read","enabled":true,"lists":null,"name":"mcp__tools__echo","roles":{"text":"soft"},"secret":false}"#);
    house.call(ECHO, json!({"text": "hi"})).await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (0, 1));
    for (body, key) in [
        (json!({"effect": "send"}), "effect"),
        (json!({"effect": "read", "roles": {"text": "recipient"}}), "roles"),
    ] {
        let (status, said) = house.declare(body).await;
        assert_eq!(status, 409, "{said}");
        assert!(said.contains(&format!("tools.{ECHO}.{key} is set by ")), "{said}");
        assert!(said.contains("config.toml and can only be changed there."), "{said}");
    }
    let (status, said) = house.declare(json!({"effect": "read", "destructive": true})).await;
    assert_eq!(status, 200, "{said}");
    house.call_that_waits(ECHO, json!({"text": "hi"})).await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (1, 1));
    let house = house.reopened("").await;
    insta::assert_snapshot!(house.roles().await, @r#"{"destructive":true,"effect":null,"effect_in_force":"send","enabled":true,"lists":null,"name":"mcp__tools__echo","roles":{"text":null},"secret":false}"#);
}

#[tokio::test]
async fn the_page_shows_what_the_file_fixes_and_saves_the_rest() {
    let house = House::declaring(READS).await;
    let server = house.with_tools(&["echo"]).await;
    let page = page(&server);
    let shown = house.app.get(&page).await.text;
    for field in ["effect", "role.text"] {
        let select = format!("name=\"{field}\" aria-describedby=\"{field}-hint\" disabled>");
        let source = format!("id=\"locked-{field}\"");
        assert!(shown.contains(&select) && shown.contains(&source), "{field}: {shown}");
    }
    assert_eq!(shown.matches("<span>From the configuration file <code").count(), 2, "{shown}");
    assert!(shown.contains("It is called without asking."), "{shown}");
    assert_eq!(house.app.send(form(&page, "destructive=on&enabled=on")).await.status, 303);
    assert_eq!(house.roles().await["effect"], "read");
    let house = house.reopened("").await;
    let roles = house.roles().await;
    assert_eq!((&roles["effect"], &roles["roles"]["text"]), (&Value::Null, &Value::Null));
    assert_eq!(roles["destructive"], true);
    let shown = house.app.get(&page).await.text;
    assert!(!shown.contains("From the configuration file"), "{shown}");
}

#[tokio::test]
async fn what_the_file_leaves_out_is_as_the_page_says() {
    let house = House::declaring("[tools.mcp__tools__echo.roles]\ntext = \"soft\"\n").await;
    house.with_tools(&["echo"]).await;
    assert_eq!(house.roles().await["effect_in_force"], "send");
    assert_eq!(house.declare(json!({"effect": "read"})).await.0, 200);
    assert_eq!(house.roles().await["effect_in_force"], "read");
    let house = house.reopened("").await;
    let roles = house.roles().await;
    assert_eq!((&roles["effect"], &roles["effect_in_force"]), (&json!("read"), &json!("send")));
}

#[tokio::test]
async fn a_tool_that_changed_is_off_whatever_the_file_says() {
    let house = House::declaring(READS).await;
    let server = house.add().await;
    assert_eq!(server["tools"][0]["state"], "new", "nobody has looked at it yet");
    house.accept(&server).await;
    let mut changed = tool("echo");
    changed["description"] = json!("Does more.");
    house.offer(&json!([changed]));
    let seen = house.app.post(&format!("{}/refresh", path(&server)), &json!({})).await.json();
    assert_eq!(seen["tools"][0]["state"], "changed");
    house.call(ECHO, json!({"text": "hi"})).await;
    assert!(house.shown().is_empty() && house.calls().is_empty());
    let shown = house.app.get(&page(&server)).await.text;
    assert!(shown.contains("What the configuration file says of it holds once you accept."));
}

#[tokio::test]
async fn the_file_switches_a_tool_off_and_makes_it_ask_always() {
    let house = House::declaring("[tools.mcp__tools__echo]\nenabled = false\n").await;
    let server = house.with_tools(&["echo"]).await;
    assert_eq!(house.server(&server).await["tools"][0]["state"], "off");
    let (status, said) = house.declare(json!({"enabled": true})).await;
    assert_eq!(status, 409);
    assert!(said.contains("tools.mcp__tools__echo.enabled is set by "), "{said}");
    house.call(ECHO, json!({"text": "hi"})).await;
    assert!(house.shown().is_empty() && house.calls().is_empty());
    let shown = house.app.get(&page(&server)).await.text;
    assert!(shown.contains("name=\"enabled\" value=\"on\" disabled>"), "{shown}");
    assert_eq!(house.app.send(form(&page(&server), "")).await.status, 303);
    let asks = format!("{READS}destructive = true\n");
    let house = house.reopened(&asks.replace("roles.text = \"soft\"\n", "")).await;
    assert_eq!(house.declare(json!({"roles": {"text": "soft"}})).await.0, 200);
    let roles = house.roles().await;
    assert_eq!((&roles["destructive"], &roles["enabled"]), (&json!(true), &json!(true)));
    assert_eq!(roles["effect_in_force"], "read");
    house.app.tick().await;
    house.call_that_waits(ECHO, json!({"text": "hi"})).await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (1, 0));
}

#[tokio::test]
async fn what_the_file_says_of_things_that_are_not_there_changes_nothing_and_is_told() {
    let house = House::declaring(
        "[tools.mcp__tools__echo]\neffect = \"read\"\nroles.txt = \"soft\"\n\
         [tools.mcp__tools__ecko]\neffect = \"read\"\n[tools.mcp__other__echo]\neffect = \"read\"\n",
    )
    .await;
    let server = house.with_tools(&["echo"]).await;
    let roles = house.roles().await;
    assert_eq!(
        (&roles["roles"], &roles["effect_in_force"]),
        (&json!({"text": null}), &json!("send"))
    );
    house.call_that_waits(ECHO, json!({"text": "hi"})).await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (1, 0));
    let argument = "tools.mcp__tools__echo.roles: the tool has no argument &#34;txt&#34;; did you \
                    mean text?";
    let tool = "tools.mcp__tools__ecko: no server offers this tool; did you mean mcp__tools__echo?";
    let server_of_none = "tools.mcp__other__echo: no server offers this tool";
    let here = format!("/mcp-servers/{}", server["id"].as_str().unwrap());
    for (page, told) in [
        ("/mcp-servers".to_owned(), [true, true, true]),
        (here, [true, true, false]),
        (page(&server), [true, false, false]),
    ] {
        let shown = house.app.get(&page).await.text;
        let said = [argument, tool, server_of_none].map(|sentence| shown.contains(sentence));
        assert_eq!(said, told, "{page}: {shown}");
    }
}
