//! Which version of the protocol is spoken: the newer one with whoever knows it, else the older, over
//! pipes and over HTTP alike.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use tokio::net::TcpListener;

use super::{House, path, tool};

const NEW: &str = "2026-07-28";
const OLD: &str = "2025-11-25";

/// What a server says that speaks this version and no other of the new kind.
fn speaks(version: &str) -> Value {
    json!({
        "resultType": "complete", "supportedVersions": [version], "capabilities": {"tools": {}},
        "ttlMs": 0, "cacheScope": "private",
    })
}

/// A server over HTTP. `newer`: it speaks the newer version, else the older alone.
struct Peer {
    url: String,
    /// Method, and the version that its request names.
    asked: Arc<Mutex<Vec<(String, String)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Peer {
    async fn start(newer: bool) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let log = asked.clone();
        let answer = async move |headers: HeaderMap, body: String| {
            let asked: Value = serde_json::from_str(&body).unwrap();
            let version = headers.get("mcp-protocol-version").map(|it| it.to_str().unwrap());
            let method = asked["method"].as_str().unwrap_or_default().to_owned();
            log.lock().unwrap().push((method.clone(), version.unwrap_or_default().to_owned()));
            answer(&method, &asked, newer)
        };
        let router = Router::new().route("/mcp", post(answer));
        #[expect(clippy::disallowed_methods, reason = "a pretend server has no spawner")]
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Peer { url, asked, task }
    }

    /// The version that the first request of this method named.
    fn version_of(&self, method: &str) -> Option<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().find(|(name, _)| name == method).map(|(_, version)| version.clone())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn answer(method: &str, asked: &Value, newer: bool) -> Response {
    let text = |text: &str| json!({"content": [{"type": "text", "text": text}]});
    let result = match method {
        "server/discover" if newer => speaks(NEW),
        "initialize" => json!({
            "protocolVersion": OLD, "capabilities": {"tools": {}},
            "serverInfo": {"name": "peer", "version": "1"},
        }),
        "tools/list" => json!({"tools": [tool("echo")]}),
        "tools/call" => text("You said it"),
        _ if asked["id"].is_null() => return StatusCode::ACCEPTED.into_response(),
        _ => {
            let error = json!({"code": -32601, "message": "no such method"});
            let body = json!({"jsonrpc": "2.0", "id": asked["id"], "error": error});
            return axum::Json(body).into_response();
        }
    };
    axum::Json(json!({"jsonrpc": "2.0", "id": asked["id"], "result": result})).into_response()
}

async fn call(house: &House, server: &Value) -> String {
    house.accept(server).await;
    let tool = server["tools"][0]["name"].as_str().unwrap_or("mcp__tools__echo").to_owned();
    house.call_with_yes(&tool, json!({"text": "hi"})).await;
    house.last_call().await.1
}

#[tokio::test]
async fn over_pipes_the_newer_version_is_spoken_with_whoever_knows_it() {
    let house = House::new().await;
    std::fs::write(house.tools("discover.json"), speaks(NEW).to_string()).unwrap();
    let server = house.add().await;
    assert_eq!((&server["state"], &server["protocol"]), (&json!("connected"), &json!(NEW)));
    assert!(!house.tools("hello.log").exists(), "nobody is greeted the old way");
    assert_eq!(call(&house, &server).await, "You said hi");
}

#[tokio::test]
async fn over_pipes_the_older_version_is_offered_to_whoever_knows_no_newer() {
    let house = House::new().await;
    let server = house.add().await;
    assert_eq!((&server["state"], &server["protocol"]), (&json!("connected"), &json!(OLD)));
    let hello = std::fs::read_to_string(house.tools("hello.log")).unwrap();
    let hello: Value = serde_json::from_str(hello.lines().next().unwrap()).unwrap();
    assert_eq!(hello["params"]["protocolVersion"], OLD);
    assert_eq!(hello["params"]["capabilities"], json!({}), "the server may ask for nothing");
    assert_eq!(call(&house, &server).await, "You said hi");
}

#[tokio::test]
async fn a_server_that_speaks_neither_version_is_said_to() {
    let house = House::new().await;
    std::fs::write(house.tools("discover.json"), speaks("2031-01-01").to_string()).unwrap();
    let server = house.add().await;
    assert_eq!(server["state"], "waiting", "{server}");
    let said = server["error"].as_str().unwrap();
    assert!(said.contains("speaks no version of the protocol that is spoken here"), "{said}");
}

#[tokio::test]
async fn over_http_both_versions_are_spoken_and_named_in_each_request() {
    let house = House::new().await;
    for (newer, version) in [(true, NEW), (false, OLD)] {
        let peer = Peer::start(newer).await;
        let name = if newer { "new" } else { "old" };
        let body =
            json!({"name": name, "transport": "http", "url": peer.url, "agents": [ASSISTANT]});
        let server = house.app.post("/api/mcp-servers", &body).await.json();
        assert_eq!((&server["state"], &server["protocol"]), (&json!("connected"), &json!(version)));
        assert_eq!(peer.version_of("initialize").is_some(), !newer);
        assert_eq!(call(&house, &server).await, "You said it");
        for method in ["tools/list", "tools/call"] {
            assert_eq!(peer.version_of(method).as_deref(), Some(version), "{method}");
        }
        assert_eq!(house.app.send_json("DELETE", &path(&server), &json!({})).await.status, 200);
    }
}
