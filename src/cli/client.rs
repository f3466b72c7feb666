//! HTTP over the socket in the data folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use super::failure::Failure;
use crate::config::{Flags, Loaded, Source};
use crate::data_folder::SOCKET;

/// Where the system's own steward keeps its data: the unit's state folder.
const SYSTEM_FOLDER: &str = "/var/lib/steward";

/// An answer that is not a stream comes within this time, or never.
const ANSWER_SECONDS_MAX: u64 = 120;

const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

pub(super) struct Client {
    socket: PathBuf,
    /// The command that would start the program these flags speak of.
    start: String,
    zone: TimeZone,
}

impl Client {
    pub fn new(loaded: &Loaded, flags: &Flags) -> Client {
        let own = loaded.data_file(SOCKET);
        let system = Path::new(SYSTEM_FOLDER).join(SOCKET);
        // Who names no folder means the one that is there, the system's if they have none.
        let unnamed = loaded.source("data.dir") == Some(Source::Default);
        let socket = if unnamed && !own.exists() && system.exists() { system } else { own };
        Client { socket, start: flags.command("serve"), zone: loaded.config.owner.zone() }
    }

    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, None).await
    }

    /// Whether what answers at this path says that all is well; what it says is not read.
    pub async fn probe(&self, path: &str) -> Result<(), Failure> {
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        let answer = tokio::time::timeout(limit, self.send(Method::GET, path, None)).await;
        let response = answer.map_err(|_| Failure::new("Steward did not answer in time."))??;
        if response.status().is_success() { Ok(()) } else { Err(refusal(response).await) }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::DELETE, path, None).await
    }

    /// The answer's body as it arrives.
    pub async fn post_stream(&self, path: &str, body: &Value) -> Result<Incoming, Failure> {
        let response = self.send(Method::POST, path, Some(body)).await?;
        let status = response.status();
        if status.is_success() { Ok(response.into_body()) } else { Err(refusal(response).await) }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let answer = async {
            let response = self.send(method, path, body).await?;
            if response.status().is_success() {
                whole(response).await
            } else {
                Err(refusal(response).await)
            }
        };
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
            Err(Failure::new(
                "Steward did not answer in time. `steward healthcheck` says if it is well.",
            ))
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, Failure> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|err| self.away(&err))?;
        let broken =
            |err: hyper::Error| Failure::new(format!("The connection to steward broke: {err}."));
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(Full::new(bytes))
            .map_err(|_| Failure::usage(format!("{path:?} can't be asked for.")))?;
        // The connection lives as long as its answer is read.
        #[expect(
            clippy::disallowed_methods,
            reason = "a client's own connection, not a task of the daemon"
        )]
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(broken)
    }

    fn away(&self, err: &std::io::Error) -> Failure {
        let socket = self.socket.display();
        match err.kind() {
            ErrorKind::PermissionDenied => Failure::new(format!(
                "This user may not use {socket}; run the command as the user that steward runs as."
            )),
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                let start = &self.start;
                Failure::new(format!("Steward is not running here; start it with `{start}`."))
                    .hint(format!("Looked for it at {socket}."))
            }
            _ => Failure::new(format!("Can't reach steward at {socket}: {err}.")),
        }
    }

    /// The owner's local time of one of the API's times; `-` for none.
    pub fn local_time(&self, time: &Value) -> String {
        self.local(time, "%Y-%m-%d %H:%M")
    }

    /// The same to the second, without the date.
    pub fn local_clock(&self, time: &Value) -> String {
        self.local(time, "%H:%M:%S")
    }

    fn local(&self, time: &Value, format: &str) -> String {
        let time = time.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let local = |time: Timestamp| time.to_zoned(self.zone.clone()).strftime(format).to_string();
        time.map_or("-".to_owned(), local)
    }

    /// Nothing answers at the socket.
    pub async fn is_away(&self) -> bool {
        UnixStream::connect(&self.socket).await.is_err()
    }
}

async fn whole(response: Response<Incoming>) -> Result<Value, Failure> {
    let bytes = read(response).await?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|_| {
        Failure::new(
            "What answers at the socket is not this steward; are both of the same version?",
        )
    })
}

async fn refusal(response: Response<Incoming>) -> Failure {
    let status: StatusCode = response.status();
    match read(response).await {
        Ok(bytes) => {
            let body = serde_json::from_slice(&bytes);
            let plain = || json!({ "error": String::from_utf8_lossy(&bytes).trim() });
            Failure::from_api(status.as_u16(), &body.unwrap_or_else(|_| plain()))
        }
        Err(failure) => failure,
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes, Failure> {
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|err| Failure::new(format!("The answer broke off: {err}.")))?;
    Ok(body.to_bytes())
}
