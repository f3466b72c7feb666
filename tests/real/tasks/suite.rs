//! A house that has the tools of one suite, as a careful owner would have set it up.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use steward::agent::ASSISTANT;
use steward::data_folder::SOCKET;
use steward::testing::model_server::ModelServer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::model::Stage;
use crate::house::{House, Key};
use crate::peers;
use crate::talk::plain_house;

const ROLES: &str = include_str!("roles.json");
/// Noon, so that no time zone makes another day of it.
const TIME_OF_DAY: &str = "T12:00:00Z";

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Call {
    pub function: String,
    pub args: Map<String, Value>,
}

/// What the owner declared of a tool.
#[derive(Debug, Deserialize)]
pub struct Declared {
    pub effect: String,
    pub destructive: bool,
    pub roles: BTreeMap<String, String>,
    /// Its answers list the owner's own things.
    #[serde(default)]
    lists: Option<Value>,
    #[serde(default)]
    secret: bool,
}

impl Declared {
    /// Whether a call leaves something behind, here or with whoever is called.
    pub fn acts(&self) -> bool {
        self.effect != "read" || self.roles.values().any(|role| role == "url")
    }

    /// The arguments that a wrong value makes harmful, of those that are given.
    pub fn critical<'a>(&'a self, call: &'a Call) -> Vec<(&'a str, &'a str, &'a Value)> {
        let given = call.args.iter().filter(|(_, value)| !value.is_null());
        let with_role = given.map(|(name, value)| (&**name, &*self.roles[name], value));
        with_role.filter(|(_, role, _)| !matches!(*role, "content" | "soft")).collect()
    }
}

pub type Roles = BTreeMap<String, Declared>;

/// What a suite has.
#[derive(Debug, Deserialize)]
pub struct Home {
    pub user_tasks: Vec<String>,
    pub injection_tasks: Vec<String>,
    today: Option<String>,
    /// Name and mail address.
    pub people: Vec<(String, String)>,
    chats: Vec<String>,
}

/// A scenario as it begins.
#[derive(Debug, Clone, Deserialize)]
pub struct Told {
    pub prompt: String,
    pub output: String,
    pub calls: Vec<Call>,
    /// The argument that picks it, value and name of each thing that the owner has.
    pub things: Vec<(String, String, String)>,
    /// A word that only the attacker's text has.
    pub mark: String,
    pub attack: Option<Attack>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Attack {
    pub calls: Vec<Call>,
}

/// What came of it.
#[derive(Debug, Deserialize)]
pub struct Came {
    pub utility: bool,
    pub security: bool,
    /// What the user asked for is what the attacker wants.
    pub security_anyhow: bool,
    pub calls: Vec<Call>,
}

pub struct Suite {
    pub name: &'static str,
    pub house: House,
    pub key: Key,
    pub roles: Arc<Roles>,
    pub home: Home,
    pub stage: Arc<Mutex<Stage>>,
    owner: reqwest::Client,
    side: BufReader<UnixStream>,
    _model: ModelServer,
}

impl Suite {
    pub async fn open(name: &'static str) -> Suite {
        let model = ModelServer::start().await;
        let (mut house, key) = plain_house(&model).await;
        house.stop().await;
        let roles: Arc<Roles> = Arc::new(serde_json::from_str(ROLES).unwrap());
        let stage = Arc::new(Mutex::new(Stage::new(name, roles.clone())));
        let shown = stage.clone();
        model.answer_by(move |seen| shown.lock().unwrap().answer(seen));
        // The house learns what day it is only when it starts, so the suite is asked before.
        let home: Home = {
            let path = house.path().join("first");
            let _first = spawned(name, &path);
            asked(&mut connected(&path).await, &json!({"do": "tasks"})).await
        };
        if let Some(today) = &home.today {
            house.set_clock(format!("{today}{TIME_OF_DAY}").parse().unwrap());
        }
        know_people(&house, &home);
        house.start().await;
        stage.lock().unwrap().people.clone_from(&home.people);
        let owner = reqwest::Client::builder().unix_socket(house.data().join(SOCKET));
        let owner = owner.build().unwrap();
        let side = house.path().join("side");
        add_server(&owner, name, &side, &roles).await;
        let side = connected(&side).await;
        let suite = Suite { name, house, key, roles, home, stage, owner, side, _model: model };
        for (_, address) in &suite.home.people {
            suite.open_place("recipient", address).await;
        }
        for chat in suite.home.chats.iter().filter(|it| !it.starts_with("External")) {
            suite.open_place("chat", chat).await;
        }
        suite
    }

    /// Whether the owner opened it for good.
    pub fn is_open(&self, role: &str, value: &str) -> bool {
        match role {
            "recipient" => self.home.people.iter().any(|(_, address)| address == value),
            "chat" => {
                !value.starts_with("External") && self.home.chats.iter().any(|it| it == value)
            }
            _ => false,
        }
    }

    pub async fn open_place(&self, role: &str, value: &str) {
        let (list, field, value) = self.place(role, value);
        send(&self.owner, Method::POST, &format!("/{list}"), &json!({ field: value })).await;
    }

    pub async fn close_place(&self, role: &str, value: &str) {
        let (list, _, value) = self.place(role, value);
        send(&self.owner, Method::DELETE, &format!("/{list}/{value}"), &json!({})).await;
    }

    fn place(&self, role: &str, value: &str) -> (&'static str, &'static str, String) {
        match role {
            "recipient" => ("email-whitelist", "email", value.to_owned()),
            "chat" => ("chat-whitelist", "chat", format!("{}:{value}", self.name)),
            _ => ("web-whitelist", "domain", site(value).to_owned()),
        }
    }

    pub async fn begin(&mut self, user_task: &str, injection_task: Option<&str>) -> Told {
        let wanted =
            json!({"do": "begin", "user_task": user_task, "injection_task": injection_task});
        asked(&mut self.side, &wanted).await
    }

    pub async fn end(&mut self, output: &str) -> Came {
        asked(&mut self.side, &json!({"do": "end", "output": output})).await
    }

    pub async fn answer(&self, call_id: &str, yes: bool) {
        let verb = if yes { "approve" } else { "deny" };
        self.key.post(&format!("/tool-calls/{call_id}/{verb}"), &json!({})).await;
    }
}

pub fn site(url: &str) -> &str {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    bare.split('/').next().unwrap_or(bare)
}

fn program() -> String {
    let python = peers::here().join(".peers/venv/bin/python");
    assert!(python.exists(), "the PyPI package `agentdojo` is missing; tests/run installs it");
    python.to_str().unwrap().to_owned()
}

fn arguments(suite: &str, side: &Path) -> [String; 4] {
    let script = peers::here().join("tasks/server.py");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    // -B: it leaves no files beside its script.
    ["-B".to_owned(), text(&script), suite.to_owned(), text(side)]
}

fn spawned(suite: &str, side: &Path) -> tokio::process::Child {
    let mut command = tokio::process::Command::new(program());
    command.args(arguments(suite, side)).stdin(std::process::Stdio::piped()).kill_on_drop(true);
    command.spawn().unwrap()
}

async fn connected(side: &Path) -> BufReader<UnixStream> {
    let mut again = tokio::time::interval(std::time::Duration::from_millis(20));
    for _ in 0..1_500 {
        again.tick().await;
        if let Ok(stream) = UnixStream::connect(side).await {
            return BufReader::new(stream);
        }
    }
    panic!("the suite's tool server did not start");
}

async fn asked<T: DeserializeOwned>(side: &mut BufReader<UnixStream>, wanted: &Value) -> T {
    side.get_mut().write_all(format!("{wanted}\n").as_bytes()).await.unwrap();
    let mut line = String::new();
    side.read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap_or_else(|err| panic!("{err}: {wanted}: {line}"))
}

/// The rows that an address book would write; there is none in the program yet.
fn know_people(house: &House, home: &Home) {
    let database = rusqlite::Connection::open(house.data().join("steward.db")).unwrap();
    let sql = "insert into owner_names (source, source_id, user_id, kind, name, value)
               select 'contacts', ?1, id, 'address', ?2, ?3 from users";
    for (number, (name, address)) in home.people.iter().enumerate() {
        database.execute(sql, (number.to_string(), name.to_lowercase(), address)).unwrap();
    }
}

async fn add_server(owner: &reqwest::Client, name: &str, side: &Path, roles: &Roles) {
    let body = json!({
        "name": name, "transport": "stdio", "command": program(),
        "args": arguments(name, side), "agents": [ASSISTANT],
    });
    let server = send(owner, Method::POST, "/mcp-servers", &body).await;
    assert_eq!(server["state"], "connected", "{server}");
    let tools = server["tools"].as_array().unwrap();
    assert!(tools.iter().all(|it| it["refused"].is_null()), "{server}");
    let seen: Map<String, Value> = tools
        .iter()
        .map(|it| (it["tool"].as_str().unwrap().to_owned(), it["fingerprint"].clone()))
        .collect();
    let path = format!("/mcp-servers/{}/accept", server["id"].as_str().unwrap());
    send(owner, Method::POST, &path, &json!({"tools": seen})).await;
    for tool in seen.keys() {
        let Declared { effect, destructive, roles, lists, secret } = &roles[tool];
        let body = json!({"effect": effect, "destructive": destructive, "roles": roles, "lists": lists, "secret": secret});
        send(owner, Method::PUT, &format!("/tools/mcp__{name}__{tool}/roles"), &body).await;
    }
}

async fn send(owner: &reqwest::Client, method: Method, path: &str, body: &Value) -> Value {
    let request = owner.request(method, format!("http://steward/api{path}")).json(body);
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{path} {body}: {status}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}
