//! The protocol's own conformance checks, of the scenarios for clients that offer what we offer:
//! no questions to the person in the middle of a call, and no signing in by the protocol.
//!
//! The checks start a server and run a client against it. The client is this very test, run again
//! by them: a house that adds the server, accepts its tools and calls them as it calls any other.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value, json};
use steward::agent::ASSISTANT;
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use tokio::process::Command;
use tokio::time::timeout;

use crate::peers;

const SCENARIOS: [&str; 3] = ["initialize", "tools_call", "sse-retry"];
const TIME_MAX: Duration = Duration::from_secs(120);
const PACKAGE: &str = "@modelcontextprotocol/conformance";
const THIS_TEST: &str = "mcp_conformance::our_client_passes_the_conformance_checks";

#[tokio::test]
async fn our_client_passes_the_conformance_checks() {
    if let Some(scenario) = std::env::var_os("MCP_CONFORMANCE_SCENARIO") {
        let url = std::env::args().next_back().unwrap();
        return be_the_client(scenario.to_str().unwrap(), &url).await;
    }
    peers::need_node_module(PACKAGE);
    let script = peers::here().join("node_modules").join(PACKAGE).join("dist/index.js");
    let this = std::env::current_exe().unwrap();
    let client = format!("{} --exact {THIS_TEST}", this.display());
    for scenario in SCENARIOS {
        let folder = tempfile::tempdir().unwrap();
        let mut checks = Command::new("node");
        checks.arg(&script).args(["client", "--verbose", "--command", &client]);
        checks.args(["--scenario", scenario]).current_dir(folder.path());
        checks.stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(TIME_MAX, checks.output()).await.expect("the checks end").unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{scenario}: {said}{complaint}");
        assert!(said.contains("\"SUCCESS\""), "{scenario} checked nothing: {said}");
    }
}

async fn be_the_client(scenario: &str, url: &str) {
    let (folder, model) = (tempfile::tempdir().unwrap(), ModelServer::start().await);
    let base_url = model.base_url(Kind::OpenAi);
    let config = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{base_url}\"\n"
    );
    let house = TestApp::with_config(folder.path(), &config).await;
    let body = json!({"name": "peer", "transport": "http", "url": url, "agents": [ASSISTANT]});
    let server = house.post("/api/mcp-servers", &body).await.json();
    assert_eq!(server["state"], "connected", "{server}");
    let tools = server["tools"].as_array().unwrap();
    let seen: Map<String, Value> = tools
        .iter()
        .map(|it| (it["tool"].as_str().unwrap().to_owned(), it["fingerprint"].clone()))
        .collect();
    let accept = format!("/api/mcp-servers/{}/accept", server["id"].as_str().unwrap());
    assert_eq!(house.post(&accept, &json!({"tools": seen})).await.status, 200);
    let (tool, arguments) = match scenario {
        "tools_call" => ("mcp__peer__add_numbers", json!({"a": 5, "b": 3})),
        "sse-retry" => ("mcp__peer__test_reconnection", json!({})),
        _ => return,
    };
    let plan = json!({"effects": [{"tool": tool}]}).to_string();
    for part in [Say::Call(tool, arguments), Say::Text(&plan), Say::Text("Done.")] {
        model.answer(Answer::of(Kind::OpenAi, &[part]));
    }
    house.say(None, "Try it").await;
    house.work().await;
    // A call without arguments rests on the plan alone; the other is asked about.
    let cards = house.get("/api/approvals").await.json()["approvals"].take();
    for card in cards.as_array().unwrap() {
        let yes = format!("/api/tool-calls/{}/approve", card["call_id"].as_str().unwrap());
        assert_eq!(house.post(&yes, &json!({})).await.status, 200);
    }
    house.work().await;
    let told = model.requests().last().unwrap().json()["messages"].to_string();
    assert!(told.contains("from the tool server peer"), "{told}");
}
