//! A house that works by itself and listens on loopback, and programs that talk to it live.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::StatusCode;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use steward::agent::queue;
use steward::db::Tx;
use steward::events::Event;
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;
use steward::testing::{ADA, TestApp};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::callers;

/// It comes at once; a test that waits this long has failed.
const FRAME_TIME_MAX: Duration = Duration::from_secs(10);

/// The config of a house whose only provider is this server.
pub fn models(model: &ModelServer, kind: Kind) -> String {
    let name = if kind == Kind::OpenAi { "openai" } else { "anthropic" };
    format!(
        "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"{name}\"\nbase_url = \"{}\"\n",
        model.base_url(kind)
    )
}

pub struct House {
    pub app: TestApp,
    pub model: ModelServer,
    pub folder: tempfile::TempDir,
    pub wire: Wire,
}

impl House {
    pub async fn new() -> House {
        House::with("").await
    }

    /// With more of a config.
    pub async fn with(more: &str) -> House {
        House::of(ModelServer::start().await, more).await
    }

    pub async fn of(model: ModelServer, more: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let toml = format!("{}{more}", models(&model, Kind::OpenAi));
        let app = TestApp::with_config(folder.path(), &toml).await;
        let wire = Wire::of(&app).await;
        House { app, model, folder, wire }
    }

    pub fn answers(&self, parts: &[Say<'_>]) {
        self.model.answer(Answer::of(Kind::OpenAi, parts));
    }

    /// The model looks at the clock and wants to delete this file of Ada's, which asks; then it
    /// sums up.
    pub fn plans_to_delete(&self, name: &str, looks: &str) -> PathBuf {
        let own = self.folder.path().join("data/files").join(ADA.to_string());
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join(name), "old").unwrap();
        let delete = Say::Call("files_delete", json!({"path": name}));
        self.answers(&[Say::Text(looks), Say::Call("time_now", json!({})), delete]);
        self.answers(&[Say::Text("All is done.")]);
        own.join(name)
    }

    /// Pictures appear in a conversation, all in one change.
    pub async fn show(&self, conversation: &str, pictures: Range<u32>) {
        let (events, at) = (self.app.app.events.clone(), self.app.app.clock.now());
        let conversation = conversation.parse().unwrap();
        let write = move |tx: &Tx<'_>| {
            pictures.into_iter().try_for_each(|picture| {
                let event = Event::Images { data_urls: vec![picture.to_string()] };
                events.record(tx, conversation, None, at, event)
            })
        };
        self.app.app.db.write(write).await.unwrap();
    }

    /// A key of Ada's with these scopes, in this conversation.
    pub async fn talk(&self, scopes: &[&str], path: &str) -> Talk {
        let key = callers::key(&self.app, ADA, scopes).await;
        self.wire.open(&key, path).await.unwrap()
    }
}

/// The house's open port. Its queue is at work from now on.
pub struct Wire {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Wire {
    pub async fn of(house: &TestApp) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, spawner) = (house.router(), house.app.spawner.clone());
        let queue = queue::work(house.app.agents.clone(), spawner.clone(), spawner.stopping());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        serving.spawn(async move { queue.await.unwrap() });
        Wire { address, _serving: serving }
    }

    /// Opens `/ws/…` with a key; what was answered instead of a socket is the error.
    pub async fn open(&self, key: &str, path: &str) -> Result<Talk, (StatusCode, String)> {
        let url = format!("ws://{}/ws/{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Talk { socket }),
            Err(Error::Http(answer)) => {
                let (head, body) = answer.into_parts();
                let text = String::from_utf8(body.unwrap_or_default()).unwrap();
                Err((head.status, text))
            }
            Err(err) => panic!("{err}"),
        }
    }
}

/// One open socket.
pub struct Talk {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Talk {
    pub async fn say(&mut self, content: &str) {
        self.send(&json!({"type": "message", "content": content})).await;
    }

    pub async fn send(&mut self, frame: &Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Sends what may make the house hang up before all of it has left.
    pub async fn send_in_vain(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// The next frame; none: the house has hung up.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let next = timeout(FRAME_TIME_MAX, self.socket.next()).await;
            match next.expect("a frame or an end comes") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Why the house hangs up: the code and the sentence of its last frame.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        match timeout(FRAME_TIME_MAX, self.socket.next()).await.expect("an end comes")? {
            Ok(Message::Close(close)) => close.map(|it| (it.code.into(), it.reason.to_string())),
            _ => None,
        }
    }

    /// Every frame up to the first of this type, that one included.
    pub async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.unwrap_or_else(|| panic!("no {kind}: {frames:?}"));
            frames.push(frame.clone());
            if frame["type"] == kind {
                return frames;
            }
        }
    }

    /// The first frame of this type.
    pub async fn hear(&mut self, kind: &str) -> Value {
        self.until(kind).await.pop().unwrap()
    }
}

/// The frames with neighbouring pieces of text joined: where the pieces end is chance.
pub fn joined(frames: &[Value]) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for frame in frames {
        match out.last_mut() {
            Some(last) if last["type"] == "text" && frame["type"] == "text" => {
                let text = [&last["content"], &frame["content"]].map(|it| it.as_str().unwrap());
                last["content"] = text.concat().into();
                last["seq"] = frame["seq"].clone();
            }
            _ => out.push(frame.clone()),
        }
    }
    out
}

/// One line a value, with what differs from run to run named instead.
pub fn lines(values: &[Value], named: &[(&Value, &str)]) -> String {
    let lines = values.iter().map(|value| {
        named.iter().fold(value.to_string(), |line, (id, name)| {
            line.replace(id.as_str().unwrap_or_default(), name)
        })
    });
    lines.collect::<Vec<_>>().join("\n")
}
