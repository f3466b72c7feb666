//! A house in use: its peers, its tools, its tasks, and a clock that can be moved.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use steward::data_folder::{CLOCK, SOCKET};
use steward::outside::model::Kind;
use steward::testing::model_server::ModelServer;

use crate::faults::Faults;
use crate::house::{House, Key};
use crate::load::Line;
use crate::peers::{self, Tools};
use crate::talk::scripted_house;
use crate::webhook::Webhook;

const MINUTE: Duration = Duration::from_mins(1);
const AHEAD_MS: i64 = 3_600_000;
const SETTINGS: [(&str, &str); 2] =
    [("LIMITS__MAX_AUTONOMOUS_RUNS_PER_HOUR", "10000"), ("GUARD__HOLD_SECONDS", "1")];
/// What is wanted, schedule, distance of its slots, what of those that were missed, what while one
/// still runs.
const TASKS: [(&str, &str, Duration, &str, &str); 5] = [
    ("say-0", "* * * * *", MINUTE, "all", "queue"),
    ("say-1", "@every 1m", MINUTE, "once", "skip"),
    ("say-2", "*/2 * * * *", MINUTE.saturating_mul(2), "skip", "cancel"),
    (peers::SENT_BY_TASK, "* * * * *", MINUTE, "once", "queue"),
    (peers::ASKED_BY_TASK, "*/2 * * * *", MINUTE.saturating_mul(2), "once", "queue"),
];

/// What the house has to bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Kills,
    /// And a clock that jumps ahead and back.
    Clock,
    /// And disk and descriptors that fail now and then.
    Machine,
}

/// A task, as it has to come.
pub struct Task {
    pub id: String,
    pub first: Timestamp,
    pub every: Duration,
}

pub struct World {
    pub house: House,
    pub line: Line,
    pub key: Key,
    pub tools: Tools,
    /// The tool server's path.
    server: String,
    pub tasks: Vec<Task>,
    pub hook: Webhook,
    pub time: Time,
    pub trouble: Trouble,
    pub faults: Option<Faults>,
    _model: ModelServer,
}

/// The house's clock: how far it is ahead of the real one.
pub struct Time {
    file: PathBuf,
    ahead_ms: Cell<i64>,
    /// A release build has no clock that can be moved.
    pub moves: bool,
}

impl Time {
    /// Moves the clock ahead, or back, where that can be done.
    pub fn pass(&self, seconds: i64) {
        if self.moves {
            self.ahead_ms.set(self.ahead_ms.get() + seconds * 1_000);
            self.write();
        }
    }

    fn write(&self) {
        // In one step, so that nobody reads half of it.
        let new = self.file.with_extension("new");
        std::fs::write(&new, self.ahead_ms.get().to_string()).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }

    /// What the house takes for now.
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_millis(self.ahead_ms.get())
    }
}

impl World {
    pub async fn new(trouble: Trouble) -> World {
        let model = peers::model().await;
        let (mut house, key) = scripted_house(&model, Kind::OpenAi, &SETTINGS).await;
        house.stop().await;
        let faults = (trouble == Trouble::Machine).then(|| Faults::of(&mut house));
        let file = house.data().join(CLOCK);
        let time = Time { file, ahead_ms: Cell::new(AHEAD_MS), moves: true };
        time.write();
        house.start().await;
        let tools = Tools::new(&house.path().join("peer"));
        let line = Line::new(&house, &key);
        let triggers = format!("/agents/{}/triggers", steward::agent::ASSISTANT);
        let hook = owner(&house, "POST", &triggers, &Webhook::body()).await;
        let hook = Webhook::new(&house, &hook);
        let mut world = World {
            house,
            line,
            key,
            tools,
            server: String::new(),
            tasks: Vec::new(),
            hook,
            time,
            trouble,
            faults,
            _model: model,
        };
        world.add_tools().await;
        for task in TASKS {
            world.add_task(task).await;
        }
        world
    }

    async fn owner(&self, method: &str, path: &str, body: &Value) -> Value {
        owner(&self.house, method, path, body).await
    }

    async fn add_tools(&mut self) {
        let server = self.owner("POST", "/mcp-servers", &self.tools.body()).await;
        assert_eq!(server["state"], "connected", "{server}");
        let seen: Map<String, Value> = server["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["tool"].as_str().unwrap().to_owned(), it["fingerprint"].clone()))
            .collect();
        self.server = format!("/mcp-servers/{}", server["id"].as_str().unwrap());
        let accept = format!("{}/accept", self.server);
        self.owner("POST", &accept, &json!({"tools": seen})).await;
        let roles = json!({"effect": "send", "roles": {"text": "content"}});
        self.owner("PUT", &format!("/tools/{}/roles", peers::SEND), &roles).await;
    }

    /// An agent that may call the tools, as the assistant may; gives its id.
    pub async fn add_agent(&self, agent: &Value) -> String {
        let made = self.owner("POST", "/agents", agent).await;
        let agents = json!({"agents": [steward::agent::ASSISTANT, made["id"]]});
        self.owner("PATCH", &self.server, &agents).await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn add_task(
        &mut self,
        (token, schedule, every, missed, overlap): (&str, &str, Duration, &str, &str),
    ) {
        let body = json!({
            "name": format!("task {token}"), "schedule": schedule, "missed": missed,
            "overlap": overlap, "prompt": peers::words(&[token.to_owned()]),
            "allowed_tools": ["mcp__peer"], "zone": "UTC", "notify": "never",
        });
        // By the owner: a program's words are not theirs.
        let task = self.owner("POST", "/tasks", &body).await;
        let made_at: Timestamp = task["created_at"].as_str().unwrap().parse().unwrap();
        if made_at < Timestamp::now() + MINUTE {
            (self.time.moves, self.time.ahead_ms) = (false, Cell::new(0));
        }
        let first = task["next_runs"][0].as_str().unwrap().parse().unwrap();
        self.tasks.push(Task { id: task["id"].as_str().unwrap().to_owned(), first, every });
    }
}

/// What the owner sets up, over the socket.
async fn owner(house: &House, method: &str, path: &str, body: &Value) -> Value {
    let socket = reqwest::Client::builder().unix_socket(house.data().join(SOCKET));
    let method = method.parse().unwrap();
    let request = socket.build().unwrap().request(method, format!("http://steward/api{path}"));
    let answer = request.json(body).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}
