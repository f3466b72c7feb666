//! Tools of other people's servers: added, looked at, called and kept in their place.

mod addresses;
mod calls;
mod cards;
mod changes;
mod declared;
mod held;
mod hidden;
mod listing;
mod lists;
mod pages;
mod paths;
mod protocol;
mod repeats;
mod roles;
mod secret_answers;
mod servers;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::outside::mcp::Limits;
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use steward::testing::{Answer as Reply, TestApp};

/// A house with a scripted model and a scripted tool server named `tools`.
pub struct House {
    pub folder: tempfile::TempDir,
    pub model: ModelServer,
    pub app: TestApp,
    /// What the config file says of tools.
    declared: String,
}

impl House {
    pub async fn new() -> House {
        House::declaring("").await
    }

    pub async fn with_limits(limits: Limits) -> House {
        House::open(limits, "").await
    }

    /// With this in the config file.
    pub async fn declaring(declared: &str) -> House {
        let connect_time_max = Duration::from_secs(20);
        House::open(Limits { connect_time_max, ..quick() }, declared).await
    }

    async fn open(limits: Limits, declared: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let model = ModelServer::start().await;
        std::fs::create_dir(folder.path().join("tools")).unwrap();
        let app = open(&folder, &model, declared).await;
        app.app.outside.limit_mcp(limits);
        let house = House { folder, model, app, declared: declared.to_owned() };
        house.offer(&json!([tool("echo")]));
        house
    }

    /// The same house after a kill: nothing but the rows is left.
    pub async fn killed(self) -> House {
        let declared = self.declared.clone();
        self.reopened(&declared).await
    }

    /// The same, with this in the config file from now on.
    pub async fn reopened(self, declared: &str) -> House {
        let House { folder, model, app, .. } = self;
        drop(app);
        let app = open(&folder, &model, declared).await;
        House { folder, model, app, declared: declared.to_owned() }
    }

    /// What the scripted server reads and writes.
    pub fn tools(&self, name: &str) -> PathBuf {
        self.folder.path().join("tools").join(name)
    }

    /// What the scripted server offers from now on.
    pub fn offer(&self, tools: &Value) {
        std::fs::write(self.tools("tools.json"), tools.to_string()).unwrap();
    }

    /// Every call that reached the scripted server.
    pub fn calls(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.tools("calls.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// The body that adds the scripted server, usable by the assistant.
    pub fn body(&self) -> Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mcp_servers/server.sh");
        json!({
            "name": "tools", "transport": "stdio", "command": "/bin/sh",
            "args": [script, self.folder.path().join("tools")],
            "env": [{"name": "PATH", "value": "/usr/bin:/bin"}],
            "agents": [ASSISTANT],
        })
    }

    pub async fn add(&self) -> Value {
        let added = self.app.post("/api/mcp-servers", &self.body()).await;
        assert_eq!(added.status, 201, "{}", added.text);
        added.json()
    }

    /// Adds the server with these tools and accepts them all; gives the server.
    pub async fn with_tools(&self, names: &[&str]) -> Value {
        self.offer(&names.iter().map(|name| tool(name)).collect());
        let server = self.add().await;
        self.accept(&server).await.json()
    }

    /// Accepts every tool as it stands in this answer.
    pub async fn accept(&self, server: &Value) -> Reply {
        let tools = server["tools"].as_array().unwrap().iter();
        let seen: serde_json::Map<String, Value> = tools
            .map(|it| (it["tool"].as_str().unwrap().to_owned(), it["fingerprint"].clone()))
            .collect();
        self.app.post(&format!("{}/accept", path(server)), &json!({"tools": seen})).await
    }

    pub async fn server(&self, server: &Value) -> Value {
        self.app.get(&path(server)).await.json()
    }

    /// The owner asks, the model calls this tool, which is not judged as an effect, and then ends
    /// with "Done."
    pub async fn call(&self, tool: &str, arguments: Value) -> String {
        self.answers(&[Say::Call(tool, arguments)]);
        self.answers(&[Say::Text("Done.")]);
        self.ask().await
    }

    /// The owner asks and the model calls this tool, which must wait for the owner.
    pub async fn call_that_waits(&self, tool: &str, arguments: Value) -> String {
        self.plan_for(tool, arguments);
        self.ask().await
    }

    /// The model makes this call, and a planner finds it in the owner's words.
    fn plan_for(&self, tool: &str, arguments: Value) {
        self.answers(&[Say::Call(tool, arguments)]);
        let plan = json!({"effects": [{"tool": tool}]}).to_string();
        self.answers(&[Say::Text(&plan)]);
    }

    /// The same, and the owner says yes to what waits, if anything does.
    pub async fn call_with_yes(&self, tool: &str, arguments: Value) -> String {
        self.plan_for(tool, arguments);
        self.answers(&[Say::Text("Done.")]);
        let talk = self.ask().await;
        for card in self.waiting().await {
            let call = card["call_id"].as_str().unwrap();
            let yes = self.app.post(&format!("/api/tool-calls/{call}/approve"), &json!({})).await;
            assert_eq!(yes.status, 200, "{}", yes.text);
        }
        self.app.work().await;
        talk
    }

    async fn ask(&self) -> String {
        let talk = self.app.say(None, "Go on, please").await;
        self.app.work().await;
        talk
    }

    fn answers(&self, parts: &[Say<'_>]) {
        self.model.answer(Answer::of(Kind::OpenAi, parts));
    }

    pub async fn waiting(&self) -> Vec<Value> {
        self.app.get("/api/approvals").await.json()["approvals"].as_array().unwrap().clone()
    }

    /// The last call's state, result and label.
    pub async fn last_call(&self) -> (String, String, String) {
        let sql = "select state, coalesce(result, ''), coalesce(result_label, '') from tool_calls
                   order by rowid desc limit 1";
        self.app.read(|r| r.one(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))).await
    }

    /// The names of the foreign tools that the model was shown last.
    pub fn shown(&self) -> Vec<String> {
        let requests = self.model.requests();
        let last = requests.iter().rev().map(|it| it.json()).find(|it| it["tools"].is_array());
        let tools = last.unwrap_or_default()["tools"].as_array().cloned().unwrap_or_default();
        let names = tools.iter().map(|it| it["function"]["name"].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with("mcp__")).collect()
    }
}

async fn open(folder: &tempfile::TempDir, model: &ModelServer, declared: &str) -> TestApp {
    let config = format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n\
         {declared}",
        model.base_url(Kind::OpenAi)
    );
    TestApp::with_config(folder.path(), &config).await
}

/// Little of everything.
pub fn quick() -> Limits {
    let connect_wait_max = Duration::from_millis(200);
    Limits { message_bytes_max: 1 << 20, connect_wait_max, ..Limits::default() }
}

/// A tool with one text.
pub fn tool(name: &str) -> Value {
    json!({
        "name": name,
        "description": format!("Does {name}."),
        "inputSchema": {
            "type": "object",
            "properties": {"text": {"type": "string", "description": "What to say."}},
        },
        "annotations": {"readOnlyHint": true},
    })
}

pub fn path(server: &Value) -> String {
    format!("/api/mcp-servers/{}", server["id"].as_str().unwrap())
}
