//! A pretend provider of models: a real HTTP server on loopback that answers as scripted, byte for
//! byte, and keeps every request.
//!
//! One script per request, in order; [`ModelServer::always`] for the rest. Each scripted piece of a
//! body is one HTTP chunk, so the program under test reads exactly the borders that the script drew.
//! A script waits for a [`Signal`], never for time.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use url::Url;

use super::model_answers::{Answer, Step, chunk};
use crate::outside::model::{Kind, Models, Provider};
use crate::secret::Secret;

const HEAD_BYTES_MAX: usize = 64 << 10;
const TOOLS_LACKING: &str =
    "Requests which include `tool_use` or `tool_result` blocks must define tools";
const UNEXPECTED: &str = "nobody panics while holding it";

/// Something a script waits for, and a test gives.
#[derive(Debug, Clone)]
pub struct Signal(watch::Sender<bool>);

impl Default for Signal {
    fn default() -> Signal {
        Signal(watch::Sender::new(false))
    }
}

impl Signal {
    pub fn give(&self) {
        self.0.send_replace(true);
    }

    pub async fn given(&self) {
        let _ = self.0.subscribe().wait_for(|given| *given).await;
    }
}

/// A request as it came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Seen {
    /// The body's JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

type Rule = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

#[derive(Default)]
struct Script {
    queue: VecDeque<Answer>,
    always: Option<Answer>,
    /// Answers to whoever says these words.
    to: Vec<(String, Answer)>,
    rule: Option<Rule>,
    seen: Vec<Seen>,
    listed: bool,
}

struct Shared {
    script: Mutex<Script>,
    counts: watch::Sender<Counts>,
}

impl Shared {
    fn next_answer(&self, seen: Seen) -> Answer {
        let mut script = self.script.lock().expect(UNEXPECTED);
        if !script.listed && seen.method == "GET" {
            return Answer::status(404, "there is no list of models here");
        }
        if lacks_tools(&seen) {
            script.seen.push(seen);
            self.counts.send_modify(|counts| counts.requests += 1);
            return Answer::json(
                400,
                &json!({
                    "type": "error",
                    "error": { "type": "invalid_request_error", "message": TOOLS_LACKING },
                }),
            );
        }
        if let Some(rule) = script.rule.clone() {
            drop(script);
            self.counts.send_modify(|counts| counts.requests += 1);
            return rule(&seen);
        }
        let body = String::from_utf8_lossy(&seen.body).into_owned();
        let own = script.to.iter().find(|(words, _)| body.contains(words)).map(|it| it.1.clone());
        script.seen.push(seen);
        let answer = own.or_else(|| script.queue.pop_front()).or_else(|| script.always.clone());
        self.counts.send_modify(|counts| counts.requests += 1);
        answer.unwrap_or_else(|| Answer::status(400, "the script has no more answers"))
    }
}

/// Whether Anthropic itself would refuse this: calls or results, and no tools.
fn lacks_tools(seen: &Seen) -> bool {
    if !seen.path.ends_with("/v1/messages") {
        return false;
    }
    let body = seen.json();
    let messages = body["messages"].as_array().into_iter().flatten();
    let mut blocks = messages.filter_map(|message| message["content"].as_array()).flatten();
    let of_tools = |block: &Value| block["type"] == "tool_use" || block["type"] == "tool_result";
    blocks.any(of_tools) && body["tools"].as_array().is_none_or(Vec::is_empty)
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    connections: usize,
    requests: usize,
    /// Connections that the other side closed before its answer was written whole.
    hung_up: usize,
}

/// The server; it stops when dropped.
pub struct ModelServer {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
    _tasks: JoinSet<()>,
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl ModelServer {
    pub async fn start() -> ModelServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let shared =
            Arc::new(Shared { script: Mutex::default(), counts: watch::Sender::default() });
        let mut tasks = JoinSet::new();
        let accepting = tasks.spawn(accept(listener, shared.clone()));
        ModelServer { addr, shared, accepting, _tasks: tasks }
    }

    /// From now on a question for its list of models is a request like any other. Else it has none:
    /// such questions are refused, and neither use up a script nor count.
    pub fn with_list(self) -> ModelServer {
        self.shared.script.lock().expect(UNEXPECTED).listed = true;
        self
    }

    /// Answers the next request that has no script yet.
    pub fn answer(&self, answer: Answer) {
        self.shared.script.lock().expect(UNEXPECTED).queue.push_back(answer);
    }

    /// Answers every request for which no script is left.
    pub fn always(&self, answer: Answer) {
        self.shared.script.lock().expect(UNEXPECTED).always = Some(answer);
    }

    /// Answers every request that holds these words, whatever the script says; later ones that
    /// hold the same words replace it.
    pub fn answer_to(&self, words: &str, answer: Answer) {
        let mut script = self.shared.script.lock().expect(UNEXPECTED);
        script.to.retain(|(known, _)| known != words);
        script.to.push((words.to_owned(), answer));
    }

    /// Answers every request by what it says, instead of any script. None of them is kept.
    pub fn answer_by(&self, rule: impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
        self.shared.script.lock().expect(UNEXPECTED).rule = Some(Arc::new(rule));
    }

    /// The base URL as a provider of this kind has it.
    pub fn base_url(&self, kind: Kind) -> Url {
        let path = if kind == Kind::OpenAi { "/v1" } else { "" };
        format!("http://{}{path}", self.addr).parse().expect("an address makes a URL")
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// This server as a provider named `p` with the given key.
    pub fn provider(&self, kind: Kind, key: &str) -> Provider {
        let key = (!key.is_empty()).then(|| Secret::new(key));
        Provider { name: "p".to_owned(), kind, base_url: self.base_url(kind), key }
    }

    /// A registry with only [`ModelServer::provider`] in it.
    pub fn models(&self, kind: Kind) -> Models {
        Models::new(vec![self.provider(kind, "test-key")], crate::clock::Clock::System)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.script.lock().expect(UNEXPECTED).seen.clone()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.shared.counts.borrow().connections
    }

    /// Until this many requests have come.
    pub async fn asked(&self, requests: usize) {
        self.until(|counts| counts.requests >= requests).await;
    }

    /// Until this many answers were cut short by the other side closing its connection.
    pub async fn hung_up(&self, answers: usize) {
        self.until(|counts| counts.hung_up >= answers).await;
    }

    async fn until(&self, reached: impl FnMut(&Counts) -> bool) {
        let _ = self.shared.counts.subscribe().wait_for(reached).await;
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        shared.counts.send_modify(|counts| counts.connections += 1);
        connections.spawn(serve(stream, shared.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Answers the requests of one connection until either side closes it.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut unread = Vec::new();
    while let Some(seen) = read_request(&mut stream, &mut unread).await {
        let answer = shared.next_answer(seen);
        match play(&mut stream, answer).await {
            Played::Whole => {}
            Played::Closed => return,
            Played::HungUp => {
                shared.counts.send_modify(|counts| counts.hung_up += 1);
                return;
            }
        }
    }
}

enum Played {
    Whole,
    /// The script cut the connection.
    Closed,
    HungUp,
}

async fn play(stream: &mut TcpStream, answer: Answer) -> Played {
    if stream.write_all(answer.head().as_bytes()).await.is_err() {
        return Played::HungUp;
    }
    for step in answer.steps {
        let bytes = match step {
            Step::Piece(piece) if answer.raw => piece,
            Step::Piece(piece) if piece.is_empty() => continue,
            Step::Piece(piece) => chunk(&piece),
            Step::Burst { framed, .. } => {
                if stream.write_all(&framed).await.is_err() {
                    return Played::HungUp;
                }
                continue;
            }
            Step::Cut => return Played::Closed,
            Step::Wait(signal) => {
                let mut more = [0; 1];
                tokio::select! {
                    () = signal.given() => continue,
                    // Nobody sends anything in the middle of an answer: this is the end.
                    _ = stream.read(&mut more) => return Played::HungUp,
                }
            }
        };
        if stream.write_all(&bytes).await.is_err() {
            return Played::HungUp;
        }
    }
    if answer.raw {
        return Played::Closed;
    }
    if stream.write_all(b"0\r\n\r\n").await.is_ok() { Played::Whole } else { Played::HungUp }
}

/// The next request; None when the connection ends or what comes is not HTTP.
async fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Seen> {
    let head_end = loop {
        if let Some(at) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        // A TLS greeting, say: no method begins like that, and no end of it would ever come.
        if unread.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
            return None;
        }
        if unread.len() > HEAD_BYTES_MAX || stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(unread[..head_end].to_vec()).ok()?;
    unread.drain(..head_end + 4);
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    while unread.len() < length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    let body = unread.drain(..length).collect();
    Some(Seen { method, path, headers, body })
}
