//! The pages, as forms without script.

use serde_json::json;
use steward::testing::Answer;

use super::{House, tool};
use crate::callers::form;

fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn send(house: &House, path: &str, fields: &[(&str, &str)]) -> Answer {
    house.app.send(form(path, &encoded(fields))).await
}

#[tokio::test]
async fn a_server_is_added_looked_at_and_declared_by_forms() {
    let house = House::new().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mcp_servers/server.sh");
    let args = format!("{script}\n{}", house.folder.path().join("tools").display());
    let fields = [
        ("name", "tools"),
        ("transport", "stdio"),
        ("command", "/bin/sh"),
        ("args", args.as_str()),
        ("given", "PATH=/usr/bin:/bin"),
        ("assistant", "on"),
    ];
    let wrong: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, if *name == "name" { "No Name" } else { *value }))
        .collect();
    let refused = send(&house, "/mcp-servers", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text.contains("Give it a short name")
            && refused.text.contains("PATH=/usr/bin:/bin")
    );
    assert_eq!(send(&house, "/mcp-servers", &fields).await.status, 303);
    let list = house.app.get("/mcp-servers").await.text;
    assert!(list.contains("Connected") && list.contains("0 in use, 1 new"), "{list}");

    let servers = house.app.get("/api/mcp-servers").await.json();
    let server = &servers["mcp_servers"][0];
    let here = format!("/mcp-servers/{}", server["id"].as_str().unwrap());
    let page = house.app.get(&here).await.text;
    assert!(page.contains("New: look at it") && page.contains("may use its tools"), "{page}");
    let seen = json!({"echo": server["tools"][0]["fingerprint"]}).to_string();
    assert_eq!(send(&house, &format!("{here}/accept"), &[("seen", &seen)]).await.status, 303);
    let tool_page = format!("{here}/tools/mcp__tools__echo");
    let page = house.app.get(&tool_page).await.text;
    assert!(page.contains("The server says that it only reads. Nobody checks that."), "{page}");
    let declared = [("effect", "read"), ("role.text", "soft"), ("enabled", "on")];
    let half = [&declared[..], &[("lists.argument", "event_id")]].concat();
    let refused = send(&house, &tool_page, &half).await;
    assert!(refused.status == 422 && refused.text.contains("needs the argument"));
    assert!(refused.text.contains("value=\"event_id\""), "what was typed stays: {}", refused.text);
    let whole = [&half[..], &[("lists.value", "id"), ("lists.name", "title")]].concat();
    assert_eq!(send(&house, &tool_page, &whole).await.status, 303);
    let page = house.app.get(&tool_page).await.text;
    assert!(page.contains("It is called without asking."), "{page}");
    assert!(page.contains("value=\"event_id\"") && page.contains("value=\"title\""), "{page}");
    let roles = house.app.get("/api/tools/mcp__tools__echo/roles").await.json();
    assert_eq!((&roles["effect"], &roles["roles"]["text"]), (&json!("read"), &json!("soft")));
}

#[tokio::test]
async fn old_and_new_words_stand_side_by_side_when_a_tool_changed() {
    let house = House::new().await;
    let server = house.with_tools(&["echo"]).await;
    let here = format!("/mcp-servers/{}", server["id"].as_str().unwrap());
    let mut changed = tool("echo");
    changed["description"] = json!("Does <b>more</b>.");
    house.offer(&json!([changed]));
    assert_eq!(send(&house, &format!("{here}/refresh"), &[]).await.status, 303);
    let page = house.app.get(&format!("{here}/tools/mcp__tools__echo")).await.text;
    assert!(
        page.contains("Does echo.") && page.contains("Does &#60;b&#62;more&#60;/b&#62;."),
        "{page}"
    );
    assert!(page.contains("The tool is off until you accept"));
    assert!(house.app.get(&here).await.text.contains("Changed: off until you look"));
}

#[tokio::test]
async fn a_grant_is_given_and_taken_back_by_its_button() {
    let house = House::new().await;
    let server = house.with_tools(&["echo"]).await;
    let here = format!("/mcp-servers/{}", server["id"].as_str().unwrap());
    let grant = format!("{here}/grants/{}", steward::agent::ASSISTANT);
    send(&house, &grant, &[]).await;
    assert_eq!(house.server(&server).await["agents"], json!([]));
    send(&house, &grant, &[]).await;
    assert_eq!(house.server(&server).await["agents"], json!([steward::agent::ASSISTANT]));
    assert_eq!(send(&house, &format!("{here}/switch"), &[]).await.status, 303);
    assert!(house.app.get(&here).await.text.contains("Switch on"));
    assert_eq!(send(&house, &format!("{here}/delete"), &[]).await.status, 303);
    assert_eq!(house.app.get(&here).await.status, 404);
}
