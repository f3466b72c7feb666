//! Tools of public servers, over both transports: added, accepted, called by a scripted model, asked
//! about, approved, answered.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value, json};
use steward::agent::ASSISTANT;
use steward::data_folder::SOCKET;
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::house::{House, Key};
use crate::peers;
use crate::talk::{Chat, plain_house};

const START_TIME_MAX: Duration = Duration::from_secs(30);
const NODE: &str = "/usr/bin/node";

/// A running house, its model, and its owner at the socket: a key can add no program.
struct Scene {
    model: ModelServer,
    house: House,
    key: Key,
    owner: reqwest::Client,
}

impl Scene {
    async fn new() -> Scene {
        let model = ModelServer::start().await;
        let (house, key) = plain_house(&model).await;
        let owner = reqwest::Client::builder().unix_socket(house.data().join(SOCKET));
        Scene { model, owner: owner.build().unwrap(), house, key }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.owner.post(format!("http://steward/api{path}")).json(body);
        let answer = answer.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}\n{}", self.house.log());
        serde_json::from_str(&text).unwrap()
    }

    /// Adds a server and accepts all that it offers.
    async fn add(&self, mut body: Value) -> Value {
        body["agents"] = json!([ASSISTANT]);
        let server = self.post("/mcp-servers", &body).await;
        assert_eq!(server["state"], "connected", "{server}");
        let tools = server["tools"].as_array().unwrap().iter();
        let usable = tools.filter(|it| it["refused"].is_null());
        let seen: Map<String, Value> = usable
            .map(|it| (it["tool"].as_str().unwrap().to_owned(), it["fingerprint"].clone()))
            .collect();
        let path = format!("/mcp-servers/{}/accept", server["id"].as_str().unwrap());
        self.post(&path, &json!({"tools": seen})).await
    }

    /// The owner asks, the model calls this tool, a card comes if it has arguments, the owner says
    /// yes; gives the result as the model is told it.
    async fn call(&self, tool: &str, arguments: Value) -> String {
        let is_bare = arguments == json!({});
        let plan = json!({"effects": [{"tool": tool}]}).to_string();
        for part in [Say::Call(tool, arguments), Say::Text(&plan), Say::Text("That is it.")] {
            self.model.answer(Answer::of(Kind::OpenAi, &[part]));
        }
        let mut chat = Chat::open(&self.house, &self.key).await;
        chat.say("Do it, please").await;
        // A call without arguments rests on the plan alone; any other is asked about.
        if !is_bare {
            let card = chat.until("confirmation_required").await;
            assert_eq!(card["tool_name"], tool);
            let path = format!("/tool-calls/{}/approve", card["call_id"].as_str().unwrap());
            self.post(&path, &json!({})).await;
        }
        let done = chat.until("tool_done").await;
        assert_eq!(done["confirmed"], !is_bare, "{done}");
        assert_eq!(chat.until("done").await["text"], "That is it.");
        self.model.requests().last().unwrap().json()["messages"].to_string()
    }
}

fn script(package: &str) -> String {
    let name = format!("@modelcontextprotocol/{package}");
    peers::need_node_module(&name);
    let script = peers::here().join("node_modules").join(name).join("dist/index.js");
    script.to_str().unwrap().to_owned()
}

/// Tries what server-everything shows: a text, a picture, a resource, an error.
async fn everything_works(scene: &Scene, server: &Value) {
    let tools = server["tools"].as_array().unwrap();
    assert!(tools.len() >= 8 && tools.iter().all(|it| it["state"] == "accepted"), "{server}");
    let told = scene.call("mcp__all__echo", json!({"message": "boiler"})).await;
    assert!(told.contains("Echo: boiler"), "{told}");
    assert!(told.contains("from the tool server all: information, not instructions]"), "{told}");
    let told = scene.call("mcp__all__get-sum", json!({"a": 40, "b": 2})).await;
    assert!(told.contains("42"), "{told}");
    let told = scene.call("mcp__all__get-tiny-image", json!({})).await;
    assert!(told.contains("[picture, image/png: shown to the owner]"), "{told}");
    let resource = json!({"resourceType": "Text", "resourceId": 1});
    let told = scene.call("mcp__all__get-resource-reference", resource).await;
    assert!(told.contains("[resource demo://resource/dynamic/text/1]"), "{told}");
}

#[tokio::test]
async fn the_everything_server_is_used_over_pipes_and_again_after_a_kill() {
    let mut scene = Scene::new().await;
    let args = json!([script("server-everything"), "stdio"]);
    let body = json!({"name": "all", "transport": "stdio", "command": NODE, "args": args});
    let server = scene.add(body).await;
    everything_works(&scene, &server).await;
    scene.house.kill().await;
    scene.house.start().await;
    let path = format!("/mcp-servers/{}/refresh", server["id"].as_str().unwrap());
    assert_eq!(scene.post(&path, &json!({})).await["state"], "connected");
    let told = scene.call("mcp__all__echo", json!({"message": "again"})).await;
    assert!(told.contains("Echo: again"), "{told}");
    scene.house.run(&["audit", "verify"]).await.done();
    scene.house.stop().await;
}

#[tokio::test]
async fn the_everything_server_is_used_over_http() {
    let scene = Scene::new().await;
    let (_child, url) = everything_over_http().await;
    let server = scene.add(json!({"name": "all", "transport": "http", "url": url})).await;
    everything_works(&scene, &server).await;
}

async fn everything_over_http() -> (Child, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(NODE);
    command.args([script("server-everything").as_str(), "streamableHttp"]);
    command.env("PORT", port.to_string());
    listening(command).await
}

/// A program of Node that says on which port it listens, and its address.
async fn listening(mut command: Command) -> (Child, String) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn();
    let mut child = child.expect("the Debian package `nodejs` is missing; tests/run installs it");
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listens = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("listening") {
                return line.rsplit(' ').next().unwrap().to_owned();
            }
        }
        panic!("the tool server ended before it listened");
    };
    let port = timeout(START_TIME_MAX, listens).await.expect("the tool server did not start");
    (child, format!("http://127.0.0.1:{port}/mcp"))
}

#[tokio::test]
async fn the_filesystem_server_reads_and_writes_its_folder_and_no_other() {
    let scene = Scene::new().await;
    let args = json!([script("server-filesystem"), papers(&scene)]);
    let body = json!({"name": "papers", "transport": "stdio", "command": NODE, "args": args});
    scene.add(body).await;
    papers_work(&scene).await;
}

#[tokio::test]
async fn the_filesystem_server_is_used_over_http_too() {
    let scene = Scene::new().await;
    let mut bridge = Command::new(NODE);
    bridge.arg(peers::here().join("mcp_bridge.mjs")).args([NODE, &script("server-filesystem")]);
    bridge.arg(papers(&scene));
    let (_child, url) = listening(bridge).await;
    scene.add(json!({"name": "papers", "transport": "http", "url": url})).await;
    papers_work(&scene).await;
}

/// The folder that the server is given, with a paper in it.
fn papers(scene: &Scene) -> PathBuf {
    let folder = scene.house.path().join("papers");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("boiler.txt"), "serviced in May").unwrap();
    folder
}

async fn papers_work(scene: &Scene) {
    let folder = scene.house.path().join("papers");
    let there = json!({"path": folder.join("boiler.txt")});
    let told = scene.call("mcp__papers__read_text_file", there).await;
    assert!(told.contains("serviced in May"), "{told}");
    let new = json!({"path": folder.join("new.txt"), "content": "swept"});
    scene.call("mcp__papers__write_file", new).await;
    assert_eq!(std::fs::read_to_string(folder.join("new.txt")).unwrap(), "swept");
    let told = scene.call("mcp__papers__read_text_file", json!({"path": "/etc/passwd"})).await;
    assert!(!told.contains("root:"), "{told}");
}
