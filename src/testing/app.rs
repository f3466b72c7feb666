//! The whole program with a set clock, for tests: requests, triggers and the clock come in by the
//! front door. Nothing runs by itself: [`TestApp::work`] empties the queue, [`TestApp::advance`]
//! moves the clock and does what is due.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::agent::{queue, recover};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Flags};
use crate::daemon;
use crate::data_folder::DataFolder;
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::features;
use crate::features::chat::{self, Channel, NewChatMessage};
use crate::ids::{ConversationId, UserId};
use crate::testing::schema;
use crate::web::caller::OverSocket;

const BODY_BYTES_MAX: usize = 8 << 20;

pub struct TestApp {
    pub app: App,
    router: Router,
    at: Arc<Mutex<Timestamp>>,
    _folder: DataFolder,
}

/// An answer, as tests read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub text: String,
}

impl Answer {
    /// The body as JSON; a test that asks for it fails when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|err| panic!("{err}: {}", self.text))
    }
}

/// The owner of every test house.
pub const ADA: UserId = UserId::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0ada);

impl TestApp {
    /// A house in `folder` at 2030-01-01 09:00 UTC, owned by Ada. The same folder again is the same
    /// house after a restart.
    pub async fn open(folder: &Path) -> TestApp {
        TestApp::with_config(folder, "").await
    }

    /// As [`TestApp::open`], with a config file of this text.
    pub async fn with_config(folder: &Path, toml: &str) -> TestApp {
        let start: Timestamp = "2030-01-01T09:00:00Z".parse().expect("a time");
        TestApp::at(folder, toml, start).await
    }

    /// As [`TestApp::with_config`], at another time.
    pub async fn at(folder: &Path, toml: &str, start: Timestamp) -> TestApp {
        let house = TestApp::unowned(folder, toml, start).await;
        house.app.db.write(move |tx| add_owner(tx, start)).await.expect("an owner");
        let saved = house.app.db.read(features::saved_settings).await.expect("the settings");
        let (settings, _) = house.app.config.get().with_readable(&saved);
        house.app.config.replace(settings);
        house
    }

    /// A house in which nobody lives yet.
    pub async fn unowned(folder: &Path, toml: &str, start: Timestamp) -> TestApp {
        let data = folder.join("data");
        let file = folder.join("config.toml");
        std::fs::write(&file, toml).expect("the config file");
        let flags = Flags { config: Some(file), data_dir: Some(data.clone()), listen: None };
        let zone = (OsString::from("STEWARD_OWNER__TIME_ZONE"), OsString::from("UTC"));
        let loaded = Config::load(&flags, [zone], &BTreeMap::new()).expect("a config");
        let at = Arc::new(Mutex::new(start));
        let house = DataFolder::open(&data).expect("a data folder");
        schema::put(&house.database());
        let app = daemon::build(loaded, &house, Clock::Set(at.clone())).await.expect("a house");
        recover::recover(&app.agents).await.expect("unfinished runs are picked up");
        let router = features::router(app.clone());
        TestApp { app, router, at, _folder: house }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    pub async fn post(&self, path: &str, json: &Value) -> Answer {
        self.send_json("POST", path, json).await
    }

    pub async fn send_json(&self, method: &str, path: &str, json: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(json.to_string())).expect("a request")).await
    }

    /// A request over the socket: it is the owner's.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(OverSocket);
        self.send_raw(request).await
    }

    /// A request as it comes, from whoever its headers say.
    pub async fn send_raw(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("never fails");
        let status = response.status();
        let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.expect("a body");
        Answer { status, text: String::from_utf8_lossy(&body).into_owned() }
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Says something in a new conversation, lets the house work, and gives what it answered.
    pub async fn ask(&self, message: &str) -> String {
        let sent = self.say(None, message).await;
        self.work().await;
        self.last_answer(&sent).await
    }

    /// Says something; gives the conversation's id.
    pub async fn say(&self, conversation: Option<&str>, message: &str) -> String {
        let conversation = match conversation {
            Some(id) => id.parse().expect("an id"),
            None => ConversationId::new(self.app.clock.now()),
        };
        let new = NewChatMessage::plain(message.to_owned(), Channel::Web);
        chat::send(&self.app, ADA, conversation, new).await.expect("it is taken");
        conversation.to_string()
    }

    /// The text of the conversation's last message.
    pub async fn last_answer(&self, conversation: &str) -> String {
        let found = self.get(&format!("/api/conversations/{conversation}")).await.json();
        let last = found["messages"].as_array().and_then(|messages| messages.last().cloned());
        last.and_then(|last| last["content"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Carries every run on as far as it goes.
    pub async fn work(&self) {
        queue::work_off(&self.app.agents).await.expect("the queue works");
    }

    /// Moves the clock and does what is due by then.
    pub async fn advance(&self, span: SignedDuration) {
        self.shift(span);
        self.tick().await;
        self.work().await;
    }

    /// Moves the clock, ahead or back, and nothing else.
    pub fn shift(&self, span: SignedDuration) {
        *self.at.lock().expect("the clock") += span;
    }

    /// Does what is due; runs that come of it wait for [`TestApp::work`].
    pub async fn tick(&self) {
        for job in features::ALL.iter().flat_map(|feature| feature.jobs) {
            (job.run)(self.app.clone()).await.expect(job.name);
        }
    }

    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
    ) -> T {
        self.app.db.read(f).await.expect("a read")
    }
}

fn add_owner(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into users (id, name, name_key, password_hash, role, created_at)
         values (?1, 'Ada', 'ada', 'none', 'admin', ?2) on conflict do nothing",
        (ADA, now.as_millisecond()),
    )?;
    // A scripted model would take the question for the next turn of its script; and what is held
    // waits for a clock that a test would have to move.
    for (key, value) in [("guard.llm_screen", "false"), ("guard.hold_seconds", "0")] {
        tx.execute(
            "insert into settings (key, value, updated_at) values (?1, ?2, ?3) on conflict do nothing",
            (key, value, now.as_millisecond()),
        )?;
    }
    Ok(())
}
