//! Notifications: told in the pages at once, and over a person's channels each once.

mod channels;
mod outbox;
mod pushover;
mod quiet_hours;
mod read;
mod web_push;

use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::features;
use steward::testing::TestApp;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::{ModelServer, Seen};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const TOKEN: &str = "tk_canary0Zq8vB2xW9tRk4mLp7nHsJ3";
const LINKED: &str = "[server]\nbase_url = \"https://steward.example.org/\"\n";

fn took() -> Answer {
    Answer::json(200, &json!({"id": "x"}))
}

/// A house whose owner is told over ntfy, at a peer that answers as scripted.
struct Ringing {
    folder: tempfile::TempDir,
    house: TestApp,
    peer: ModelServer,
    channel: String,
}

impl Ringing {
    async fn new() -> Ringing {
        let folder = tempfile::tempdir().unwrap();
        let house = TestApp::with_config(folder.path(), LINKED).await;
        let peer = ModelServer::start().await;
        let channel = add(&house, &format!("http://{}", peer.addr())).await;
        Ringing { folder, house, peer, channel }
    }

    /// Has something said in a minute, and lets the minute pass.
    async fn remind(&self, what: &str) {
        self.house.ask(&format!("remind me in 1 minute to {what}")).await;
        self.house.advance(MINUTE).await;
    }

    /// The same house after a kill.
    async fn again(self) -> Ringing {
        let Ringing { folder, house, peer, channel } = self;
        let now = house.app.clock.now();
        drop(house);
        let house = TestApp::at(folder.path(), LINKED, now).await;
        Ringing { folder, house, peer, channel }
    }

    /// What the peer was told, message by message.
    fn heard(&self) -> Vec<String> {
        self.peer.requests().iter().map(message).collect()
    }

    /// What became of the newest notification that has a delivery.
    async fn came(&self) -> String {
        let found = self.house.get("/api/notifications").await.json();
        let all = found["notifications"].as_array().unwrap().clone();
        let one = all.iter().find_map(|it| it["deliveries"].get(0).cloned()).unwrap_or_default();
        let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", word("state"), place_free(&self.peer, &word("message")))
    }

    /// What the owner is told of the channel itself.
    async fn trouble(&self) -> Vec<String> {
        let found = self.house.get("/api/notifications").await.json();
        let all = found["notifications"].as_array().unwrap().iter();
        let own = all.filter(|it| it["kind"] == "channel");
        own.map(|it| place_free(&self.peer, it["text"].as_str().unwrap())).collect()
    }

    async fn state(&self) -> Value {
        self.house.get(&format!("/api/notifications/channels/{}", self.channel)).await.json()
    }

    async fn test(&self) -> Value {
        let path = format!("/api/notifications/channels/{}/test", self.channel);
        self.house.post(&path, &json!({})).await.json()
    }
}

fn message(seen: &Seen) -> String {
    seen.json()["message"].as_str().unwrap_or_default().to_owned()
}

fn place_free(peer: &ModelServer, text: &str) -> String {
    text.replace(&peer.addr().to_string(), "peer").replace(&peer.addr().ip().to_string(), "peer")
}

async fn add(house: &TestApp, server: &str) -> String {
    let new = json!({"kind": "ntfy", "server": server, "topic": "ada", "token": TOKEN});
    let made = house.post("/api/notifications/channels", &new).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// Runs one job alone.
async fn run_job(house: &TestApp, name: &str) {
    let all = features::ALL.iter().flat_map(|feature| feature.jobs);
    let job = all.into_iter().find(|job| job.name == name).unwrap();
    (job.run)(house.app.clone()).await.unwrap();
}
