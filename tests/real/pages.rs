//! Every page in light and dark, on a phone and on a desk: nothing that axe finds, and
//! nothing that sticks out to the side.

use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::data_folder::SOCKET;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;

use crate::browser::Story;
use crate::house::{House, Key};
use crate::talk::plain_house;

async fn lived_in() -> (House, Key) {
    let (house, key) = House::lived_in(&[]).await;
    for words in ["remind me tomorrow at 9 to stretch", "note: boiler serviced in May"] {
        house.run(&["ask", words]).await.done();
    }
    (house, key)
}

async fn accessible(path: &str) {
    let (house, _) = lived_in().await;
    accessible_in(&house, path).await;
}

async fn accessible_in(house: &House, path: &str) {
    Story::live("page_is_accessible", house, &[("PAGE_PATH", path)]).await;
}

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap()
}

#[tokio::test]
async fn approvals_page_is_accessible() {
    accessible("/approvals").await;
}

#[tokio::test]
async fn chat_page_is_accessible() {
    accessible("/chat").await;
}

#[tokio::test]
async fn conversations_page_is_accessible() {
    accessible("/conversations").await;
}

#[tokio::test]
async fn credentials_page_is_accessible() {
    accessible("/credentials").await;
}

#[tokio::test]
async fn error_page_is_accessible() {
    let (house, _) = lived_in().await;
    let nowhere = [("PAGE_PATH", "/nowhere"), ("PAGE_STATUS", "404")];
    Story::live("page_is_accessible", &house, &nowhere).await;
}

#[tokio::test]
async fn login_page_is_accessible() {
    accessible("/login").await;
}

#[tokio::test]
async fn models_page_is_accessible() {
    accessible("/models").await;
}

#[tokio::test]
async fn notes_page_is_accessible() {
    accessible("/notes").await;
}

#[tokio::test]
async fn runs_page_is_accessible() {
    accessible("/runs").await;
}

#[tokio::test]
async fn agents_page_is_accessible() {
    accessible("/agents").await;
}

#[tokio::test]
async fn an_agents_page_is_accessible() {
    accessible("/agents/00000000-0000-7000-8000-000000000001").await;
}

#[tokio::test]
async fn new_agent_page_is_accessible() {
    accessible("/agents/new").await;
}

#[tokio::test]
async fn security_page_is_accessible() {
    accessible("/security").await;
}

#[tokio::test]
async fn schedule_page_is_accessible() {
    accessible("/tasks").await;
}

#[tokio::test]
async fn new_task_page_is_accessible() {
    accessible("/tasks/new").await;
}

#[tokio::test]
async fn week_page_is_accessible() {
    accessible("/tasks/week").await;
}

#[tokio::test]
async fn notifications_page_is_accessible() {
    accessible("/notifications").await;
}

#[tokio::test]
async fn channels_page_is_accessible() {
    accessible("/notifications/channels").await;
}

#[tokio::test]
async fn triggers_page_is_accessible() {
    accessible("/triggers").await;
}

#[tokio::test]
async fn new_trigger_page_is_accessible() {
    accessible("/triggers/new").await;
}

#[tokio::test]
async fn monitors_page_is_accessible() {
    accessible("/monitors").await;
}

#[tokio::test]
async fn new_monitor_page_is_accessible() {
    accessible("/monitors/new").await;
}

#[tokio::test]
async fn reminders_page_is_accessible() {
    accessible("/reminders").await;
}

#[tokio::test]
async fn settings_page_is_accessible() {
    accessible("/settings").await;
}

#[tokio::test]
async fn whitelists_page_is_accessible() {
    let (house, key) = lived_in().await;
    key.post("/web-whitelist", &json!({"domain": "example.org", "note": "the library"})).await;
    key.post("/email-whitelist", &json!({"email": "bob@example.org", "daily_limit": 3})).await;
    accessible_in(&house, "/whitelists").await;
}

#[tokio::test]
async fn keys_page_is_accessible() {
    accessible("/tokens").await;
}

#[tokio::test]
async fn audit_page_is_accessible() {
    accessible("/audit").await;
}

#[tokio::test]
async fn mcp_servers_page_is_accessible() {
    accessible("/mcp-servers").await;
}

#[tokio::test]
async fn a_tool_servers_page_is_accessible() {
    let (house, _) = lived_in().await;
    let folder = house.path().join("tools");
    std::fs::create_dir(&folder).unwrap();
    let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}});
    let offers = json!([{"name": "echo", "description": "Says it again.", "inputSchema": schema}]);
    std::fs::write(folder.join("tools.json"), offers.to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mcp_servers/server.sh");
    let server = json!({
        "name": "tools", "transport": "stdio", "command": "/bin/sh", "args": [script, folder],
        "env": [{"name": "PATH", "value": "/usr/bin:/bin"}], "agents": [ASSISTANT],
    });
    // A key can add no program; the owner at the socket can.
    let owner = reqwest::Client::builder().unix_socket(house.data().join(SOCKET)).build().unwrap();
    let made = owner.post("http://steward/api/mcp-servers").json(&server).send().await.unwrap();
    let made: Value = serde_json::from_str(&made.text().await.unwrap()).unwrap();
    assert_eq!(made["state"], "connected", "{made}");
    let page = format!("/mcp-servers/{}", id(&made));
    accessible_in(&house, &page).await;
    accessible_in(&house, &format!("{page}/tools/mcp__tools__echo")).await;
}

#[tokio::test]
async fn a_notes_page_is_accessible() {
    let (house, key) = lived_in().await;
    let notes = key.get("/notes").await;
    accessible_in(&house, &format!("/notes/{}", id(&notes["notes"][0]))).await;
}

#[tokio::test]
async fn a_runs_page_is_accessible() {
    let (house, key) = lived_in().await;
    let runs = key.get("/runs").await;
    accessible_in(&house, &format!("/runs/{}", id(&runs["runs"][0]))).await;
}

#[tokio::test]
async fn a_card_and_the_page_that_changes_it_are_accessible() {
    let model = ModelServer::start().await;
    model.answer(Answer::openai_tool_call("files_delete", json!({"path": "plan.txt"})));
    let (house, key) = plain_house(&model).await;
    let said = house.run(&["ask", "Tidy up, please"]).await;
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    let waiting = key.get("/approvals").await;
    let card = format!("/approvals/{}", id(&waiting["approvals"][0]));
    accessible_in(&house, &card).await;
    accessible_in(&house, &format!("{card}/edit")).await;
}

#[tokio::test]
async fn a_tasks_pages_are_accessible() {
    let (house, key) = lived_in().await;
    let task = json!({
        "name": "Summary", "schedule": "0 8 * * *", "prompt": "note: it is morning",
        "allowed_tools": ["notes"],
    });
    let task = key.post("/tasks", &task).await;
    key.post(&format!("/tasks/{}/run", id(&task)), &json!({})).await;
    let page = format!("/tasks/{}", id(&task));
    accessible_in(&house, &page).await;
    accessible_in(&house, &format!("{page}/edit")).await;
}

#[tokio::test]
async fn a_triggers_pages_are_accessible() {
    let (house, key) = lived_in().await;
    let trigger = json!({
        "name": "Push", "prompt": "note: it was called", "allowed_tools": ["notes"],
        "auth": "shared_secret", "secret": "a-secret-of-the-sender-0123456789",
    });
    let trigger = key.post(&format!("/agents/{ASSISTANT}/triggers"), &trigger).await;
    let page = format!("/triggers/{}", id(&trigger));
    accessible_in(&house, &page).await;
    accessible_in(&house, &format!("{page}/edit")).await;
}

#[tokio::test]
async fn a_monitors_pages_are_accessible() {
    let (house, key) = lived_in().await;
    key.post("/web-whitelist", &json!({"domain": "example.org", "note": ""})).await;
    let monitor = json!({
        "name": "News", "kind": "page", "url": "https://example.org/", "schedule": "every hour",
        "prompt": "note: something is new", "allowed_tools": ["notes"],
    });
    let monitor = key.post("/monitors", &monitor).await;
    let page = format!("/monitors/{}", id(&monitor));
    accessible_in(&house, &page).await;
    accessible_in(&house, &format!("{page}/edit")).await;
}

#[tokio::test]
async fn an_agents_editor_is_accessible() {
    accessible(&format!("/agents/{ASSISTANT}/edit")).await;
}

#[tokio::test]
async fn the_page_of_a_new_variation_is_accessible() {
    accessible(&format!("/agents/{ASSISTANT}/variations/new")).await;
}

#[tokio::test]
async fn the_page_of_an_agents_files_is_accessible() {
    accessible(&format!("/agents/{ASSISTANT}/files")).await;
}

#[tokio::test]
async fn memory_page_is_accessible() {
    accessible("/memory-layers").await;
}
