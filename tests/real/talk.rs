//! A program that talks to the assistant over its socket, and a house whose model
//! is scripted.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_server::ModelServer;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::house::{House, Key};

const EVENT_TIME_MAX: Duration = Duration::from_secs(30);

/// A running house whose model is the scripted one, with no limit in the way.
pub async fn scripted_house(
    model: &ModelServer,
    kind: Kind,
    more: &[(&str, &str)],
) -> (House, Key) {
    let base_url = model.base_url(kind).to_string();
    let kind = if kind == Kind::OpenAi { "openai" } else { "anthropic" };
    let mut settings = vec![
        ("MODELS__PROVIDERS__SCRIPTED__KIND", kind),
        ("MODELS__PROVIDERS__SCRIPTED__BASE_URL", base_url.as_str()),
        ("MODELS__DEFAULT", "scripted:echo"),
        ("LIMITS__REQUESTS_PER_MINUTE", "0"),
        ("LIMITS__MAX_CONCURRENT_RUNS", "16"),
        ("LIMITS__DAILY_SPEND_USD", "none"),
        ("LOG__LEVEL", "warn"),
    ];
    settings.extend(more);
    House::lived_in(&settings).await
}

/// The same, on the OpenAI wire and with nothing else set.
pub async fn plain_house(model: &ModelServer) -> (House, Key) {
    scripted_house(model, Kind::OpenAi, &[]).await
}

/// One conversation.
pub struct Chat {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Every event so far, as it came.
    heard: String,
}

impl Chat {
    /// A new conversation.
    pub async fn open(house: &House, key: &Key) -> Chat {
        Chat::resume(house, key, &uuid::Uuid::new_v4().to_string(), None).await
    }

    /// A conversation that may exist, with what came after this event.
    pub async fn resume(house: &House, key: &Key, id: &str, after: Option<u64>) -> Chat {
        let after = after.map(|seq| format!("?after={seq}")).unwrap_or_default();
        let url = house.url(&format!("/ws/{id}{after}")).replace("http:", "ws:");
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", key.key).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let (socket, _) = connect_async(request).await.unwrap();
        let mut chat = Chat { socket, heard: String::new() };
        chat.until("models").await;
        chat
    }

    pub async fn say(&mut self, content: &str) {
        let message = json!({ "type": "message", "content": content }).to_string();
        self.socket.send(Message::text(message)).await.unwrap();
    }

    /// The next event of this type; an error is the end.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next(kind).await;
            assert_ne!(event["type"], "error", "{event}");
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// The end of a turn, however it ends.
    pub async fn ended(&mut self) -> Value {
        loop {
            let event = self.next("end").await;
            if event["type"] == "done" || event["type"] == "error" {
                return event;
            }
        }
    }

    /// The next event, whatever it is.
    pub async fn event(&mut self) -> Value {
        self.next("event").await
    }

    /// Everything that came over the socket.
    pub fn heard(&self) -> String {
        self.heard.clone()
    }

    /// So many events, whatever they are, or fewer when the turn is over by then: pieces of a text
    /// that come close together are one event.
    pub async fn events(&mut self, count: usize) {
        for _ in 0..count {
            if self.next("event").await["type"] == "done" {
                return;
            }
        }
    }

    /// A whole turn; its last event.
    pub async fn turn(&mut self, content: &str) -> Value {
        self.say(content).await;
        self.until("done").await
    }

    async fn next(&mut self, awaited: &str) -> Value {
        loop {
            let next = timeout(EVENT_TIME_MAX, self.socket.next()).await;
            let message = next.unwrap_or_else(|_| panic!("no `{awaited}` came"));
            if let Message::Text(text) = message.expect("the socket is open").unwrap() {
                self.heard.push_str(&text);
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}
