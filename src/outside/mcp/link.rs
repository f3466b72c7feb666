//! One open connection to a tool server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::ClientHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ClientCapabilities, ClientConfig, Implementation,
    PaginatedRequestParams, ProtocolVersion,
};
use rmcp::service::{
    ClientCacheConfig, ClientInitializeError, ClientLifecycleMode, NotificationContext, Peer,
    RoleClient, RunningService, ServiceError, serve_client_with_lifecycle_and_ct,
};
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::http::{self, Clients, HttpError};
use super::program::{self, Capped, Running};
use super::{
    Address, Answer, Called, Limits, Offered, PAGES_MAX, Place, Program, TOOLS_MAX, answer,
};
use crate::clean::{TextKind, clean};
use crate::error::{Error, Result, without_codes};
use crate::guard::allowed::{Allowed, ForeignCall};
use crate::guard::program::judge_program;
use crate::spawn::Spawner;

/// Called when a connection ended or its tools may have changed. It must not block.
pub type Tell = Arc<dyn Fn() + Send + Sync>;

/// Open until it is dropped, or the server ends it.
pub struct Link {
    peer: Peer<RoleClient>,
    /// The version of the protocol that was agreed on.
    pub protocol: String,
    /// How the server calls itself, cleaned; empty where it doesn't say.
    pub software: String,
    changed: Arc<AtomicBool>,
    limits: Limits,
    _open: DropGuard,
}

/// What the server may ask of us: nothing. It may say that its tools changed.
struct Handler {
    changed: Arc<AtomicBool>,
    tell: Tell,
}

impl ClientHandler for Handler {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.store(true, Ordering::Relaxed);
        (self.tell)();
    }

    fn get_info(&self) -> ClientConfig {
        let software = Implementation::new("steward", env!("CARGO_PKG_VERSION"));
        let mut config = ClientConfig::new(ClientCapabilities::default(), software);
        // For who is asked in the old way; the new way names its versions by itself.
        config.protocol_version = ProtocolVersion::V_2025_11_25;
        config
    }
}

/// What opening a connection takes beside the place.
pub struct Opening<'a> {
    /// The server's name in this house.
    pub name: &'a str,
    pub clients: &'a Clients,
    pub limits: Limits,
    pub spawner: &'a Spawner,
    pub tell: Tell,
}

struct Refused {
    error: Error,
    /// It answered, but not what was asked.
    is_odd: bool,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused { error, is_odd: false }
    }
}

impl Opening<'_> {
    pub async fn open(self, place: &Place) -> Result<Link> {
        let time_max = self.limits.connect_time_max;
        let opened = async {
            match self.try_open(place, either_version()).await {
                // Some old servers answer what they don't know with something, not with an error.
                Err(refused) if refused.is_odd => {
                    self.try_open(place, ClientLifecycleMode::Initialize).await
                }
                opened => opened,
            }
        };
        let opened = tokio::time::timeout(time_max, opened).await;
        opened.map_or_else(
            |_| Err(self.failed(&format!("does not answer within {time_max:?}"))),
            |opened| opened.map_err(|refused| refused.error),
        )
    }

    async fn try_open(&self, place: &Place, mode: ClientLifecycleMode) -> Result<Link, Refused> {
        match place {
            Place::Program(program) => self.start(program, mode).await,
            Place::Address(address) => self.visit(address, mode).await,
        }
    }

    async fn start(&self, program: &Program, mode: ClientLifecycleMode) -> Result<Link, Refused> {
        let judged = judge_program(program.command.clone(), &program.saved)?;
        let started = program::start(judged, program, self.spawner);
        let (running, stdout, stdin) = started
            .map_err(|err| self.failed(&without_codes(&format!("can't be started: {err}"))))?;
        let stdout = Capped::new(stdout, self.limits.message_bytes_max);
        let transport = AsyncRwTransport::new_client(stdout, stdin)
            .with_max_line_length(self.limits.message_bytes_max);
        let (handler, stop) = (self.handler(), CancellationToken::new());
        let service =
            serve_client_with_lifecycle_and_ct(handler, transport, mode, stop.clone()).await;
        match service {
            Ok(service) => Ok(self.keep(service, stop, Some(running)).await),
            Err(err) => {
                let said = running.end().await.last_line().await;
                let said = said.map(|line| format!(". It last said: {line}")).unwrap_or_default();
                let error = self.failed(&format!("{}{said}", refusal_words(&err)));
                Err(Refused { error, is_odd: is_odd(&err) })
            }
        }
    }

    async fn visit(&self, address: &Address, mode: ClientLifecycleMode) -> Result<Link, Refused> {
        let transport = http::transport(self.clients, address, &self.limits)?;
        let (handler, stop) = (self.handler(), CancellationToken::new());
        let service =
            serve_client_with_lifecycle_and_ct(handler, transport, mode, stop.clone()).await;
        match service {
            Ok(service) => Ok(self.keep(service, stop, None).await),
            Err(err) => {
                Err(Refused { error: self.failed(&refusal_words(&err)), is_odd: is_odd(&err) })
            }
        }
    }

    fn handler(&self) -> Handler {
        Handler { changed: Arc::default(), tell: self.tell.clone() }
    }

    /// Watches over the connection until either side, or the house, ends it.
    async fn keep(
        &self,
        service: RunningService<RoleClient, Handler>,
        stop: CancellationToken,
        running: Option<Running>,
    ) -> Link {
        let (peer, changed) = (service.peer().clone(), service.service().changed.clone());
        // What was listed before is never what is listed now.
        let mut no_cache = ClientCacheConfig::default();
        no_cache.enabled = false;
        peer.set_response_cache_config(no_cache).await;
        let about = peer.peer_info();
        let protocol = about.as_ref().map(|it| it.protocol_version.to_string());
        let software = about.as_ref().and_then(|it| it.server_info.as_ref());
        let software = software.map(|it| format!("{} {}", it.name, it.version)).unwrap_or_default();
        let (tell, house_closes) = (self.tell.clone(), self.spawner.stopping());
        self.spawner.spawn_to_end(async move {
            tokio::select! {
                _ = service.waiting() => {}
                () = house_closes.cancelled() => {}
            }
            if let Some(running) = running {
                drop(running.end().await);
            }
            tell();
        });
        Link {
            peer,
            protocol: protocol.unwrap_or_default(),
            software: clean(&software, TextKind::Line).text,
            changed,
            limits: self.limits.clone(),
            _open: stop.drop_guard(),
        }
    }

    fn failed(&self, what: &str) -> Error {
        Error::outside(self.name, clean(&format!("{} {what}.", self.name), TextKind::Snippet).text)
    }
}

impl Link {
    pub fn is_open(&self) -> bool {
        !self.peer.is_transport_closed()
    }

    /// Whether the server said since it was last listed that its tools changed.
    pub fn changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    /// What it offers just now; more than [`TOOLS_MAX`] are left out, and said to be.
    pub async fn list(&self, name: &str) -> Result<(Vec<Offered>, Option<String>)> {
        self.changed.store(false, Ordering::Relaxed);
        let listed = tokio::time::timeout(self.limits.list_time_max, self.list_pages()).await;
        let tools = match listed {
            Ok(Ok(tools)) => tools,
            Ok(Err(err)) => return Err(Error::outside(name, format!("{name} {}.", said(&err)))),
            Err(_) => return Err(Error::outside(name, format!("{name} does not list its tools."))),
        };
        let surplus = tools.len().saturating_sub(TOOLS_MAX);
        let note = (surplus > 0)
            .then(|| format!("It offers more than {TOOLS_MAX} tools; the others are left out."));
        Ok((tools.into_iter().take(TOOLS_MAX).map(Offered::from).collect(), note))
    }

    async fn list_pages(&self) -> Result<Vec<rmcp::model::Tool>, ServiceError> {
        let mut tools = Vec::new();
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let wanted = PaginatedRequestParams::default().with_cursor(cursor);
            let page = self.peer.list_tools(Some(wanted)).await?;
            tools.extend(page.tools);
            cursor = page.next_cursor;
            if cursor.is_none() || tools.len() > TOOLS_MAX {
                break;
            }
        }
        Ok(tools)
    }

    /// Calls once and never again, whatever comes of it. False: the connection is of no more use.
    pub async fn call(&self, call: Allowed<ForeignCall>) -> (Called, bool) {
        let ForeignCall { server, tool, arguments } = call.spend();
        let params = CallToolRequestParams::new(tool).with_arguments(arguments);
        let answered =
            tokio::time::timeout(self.limits.call_time_max, self.peer.call_tool_once(params)).await;
        match answered {
            Ok(Ok(CallToolResponse::Complete(result))) => {
                (Called::Answered(answer::read(result)), true)
            }
            Ok(Ok(CallToolResponse::InputRequired(_))) => {
                let what = "asks for more before it does this, which it is not given";
                (Called::NotDone(format!("{server} {what}.")), true)
            }
            Ok(Ok(_)) => {
                let what = "does this later and does not say when";
                (Called::Unknown(format!("{server} {what}.")), true)
            }
            Ok(Err(ServiceError::McpError(data))) => {
                let text = clean(&format!("Error: {}", data.message), TextKind::ToolResult).text;
                (Called::Answered(Answer { text, failed: true, ..Answer::default() }), true)
            }
            Ok(Err(err)) => (failure(&server, &err), false),
            Err(_) => {
                let most = self.limits.call_time_max;
                (Called::Unknown(format!("{server} gave no answer within {most:?}.")), false)
            }
        }
    }
}

/// Whether the call reached the server decides what may be said of it.
fn failure(server: &str, err: &ServiceError) -> Called {
    let http = match err {
        ServiceError::TransportSend(err) => err.error.downcast_ref::<HttpError>(),
        _ => None,
    };
    let not_done = match http {
        Some(HttpError::Client(err)) => err.is_connect() || err.is_builder(),
        Some(HttpError::Io(err)) => err.kind() == std::io::ErrorKind::PermissionDenied,
        Some(HttpError::HttpStatus(status)) => status.status == 429,
        Some(
            HttpError::AuthRequired(_)
            | HttpError::InsufficientScope(_)
            | HttpError::SessionExpired
            | HttpError::ReservedHeaderConflict(_),
        ) => true,
        _ => false,
    };
    let what = format!("{server} {}.", said(err));
    if not_done { Called::NotDone(what) } else { Called::Unknown(what) }
}

/// In our own words: what a library or a server says of itself may hold anything.
fn said(err: &ServiceError) -> String {
    match err {
        ServiceError::TransportSend(err) => http_words(err.error.as_ref()),
        ServiceError::TransportClosed => "ended while it was asked".to_owned(),
        ServiceError::McpError(data) => {
            format!("refuses: {}", clean(&data.message, TextKind::Line).text.trim_end_matches('.'))
        }
        _ => "answers in a way that is not understood".to_owned(),
    }
}

fn refusal_words(err: &ClientInitializeError) -> String {
    match err {
        ClientInitializeError::TransportError { error, .. } if error.error.is::<HttpError>() => {
            http_words(error.error.as_ref())
        }
        ClientInitializeError::TransportError { .. }
        | ClientInitializeError::ConnectionClosed(_) => "ended before it answered".to_owned(),
        ClientInitializeError::JsonRpcError(data) => {
            format!("refuses: {}", clean(&data.message, TextKind::Line).text.trim_end_matches('.'))
        }
        ClientInitializeError::NoCompatibleProtocolVersion { .. } => {
            "speaks no version of the protocol that is spoken here".to_owned()
        }
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => refusal_words(fallback),
        _ => "does not answer the way tool servers do".to_owned(),
    }
}

fn http_words(err: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    match err.downcast_ref::<HttpError>() {
        Some(HttpError::Client(err)) if err.is_connect() => {
            "can't be reached, or its certificate is not good".to_owned()
        }
        Some(HttpError::Client(err)) => match err.status() {
            Some(status) => format!("refuses (status {})", status.as_u16()),
            None => "broke off in the middle".to_owned(),
        },
        Some(HttpError::Io(err)) if err.kind() == std::io::ErrorKind::PermissionDenied => {
            format!("is not reached: {}", err.to_string().trim_end_matches('.'))
        }
        Some(HttpError::HttpStatus(status)) => format!("refuses (status {})", status.status),
        Some(HttpError::AuthRequired(_) | HttpError::InsufficientScope(_)) => {
            "wants to know who asks: give it a credential in a header".to_owned()
        }
        Some(HttpError::SessionExpired) => "has forgotten us and is asked anew".to_owned(),
        Some(HttpError::ResponseBodyTooLarge { .. }) => "sends more than is read".to_owned(),
        Some(_) => "does not answer the way tool servers do".to_owned(),
        None => "ended while it was asked".to_owned(),
    }
}

fn is_odd(err: &ClientInitializeError) -> bool {
    matches!(
        err,
        ClientInitializeError::ExpectedInitResponse(_)
            | ClientInitializeError::ExpectedInitResult(_)
            | ClientInitializeError::ConflictInitResponseId(..)
            | ClientInitializeError::UncorrelatedErrorResponse { .. }
    )
}

/// The newer one if the server knows it, else the older.
fn either_version() -> ClientLifecycleMode {
    ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::V_2025_11_25),
    }
}
