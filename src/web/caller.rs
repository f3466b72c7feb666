//! Who is calling: a signed-in browser, a program with a token, or the owner over the unix socket.
//!
//! [`establish`] finds out once a request and puts a [`Caller`] where handlers take it from. The
//! role is read from the database every time, never from the cookie.

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tower_sessions::Session;

use crate::audit::{Actor, By};
use crate::error::{Error, Result};
use crate::ids::{TokenId, UserId};
use crate::web::door::Door;
use crate::web::error::{Failure, Refusal};
use crate::web::scope::{Scope, Scopes};
use crate::web::session;
use crate::web::store;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// A login this old is still fresh enough to show a credential.
pub const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// A token's last use is written down this often.
const USED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Marks a request that came over the daemon's unix socket: whoever may open it is the owner.
#[derive(Debug, Clone, Copy)]
pub struct OverSocket;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    User,
}

#[derive(Debug, Clone)]
pub struct Caller {
    pub user_id: UserId,
    pub name: String,
    pub role: Role,
    pub via: Via,
    /// When this request came in.
    pub at: Timestamp,
}

#[derive(Debug, Clone)]
pub enum Via {
    /// `id` names the login session in lists; it is not the cookie.
    Session {
        id: String,
        signed_in_at: Timestamp,
    },
    Token {
        id: TokenId,
        scopes: Scopes,
    },
    Socket,
}

impl Caller {
    /// A token needs the scope, a login session does not. `Admin` and `CredentialsReveal` need an
    /// admin too; with a session, the latter needs a login within the last minutes.
    pub fn require(&self, scope: Scope) -> Result<()> {
        match &self.via {
            Via::Token { scopes, .. } if !scopes.grant(scope) => Err(Error::Denied(format!(
                "This key lacks the scope {scope:?}.",
                scope = scope.name()
            ))),
            Via::Session { .. }
                if scope == Scope::CredentialsReveal && !self.fresh_login(FRESH) =>
            {
                let message =
                    "Sign in again first: values are shown only within 5 minutes of that.";
                Err(Error::Denied(message.to_owned()))
            }
            _ if matches!(scope, Scope::Admin | Scope::CredentialsReveal) => self.admin_role(),
            _ => Ok(()),
        }
    }

    /// May talk with the assistant. A key that has the scope for integrations alone can't show a
    /// card to anybody; see [`Caller::asks_nobody`].
    pub fn may_chat(&self) -> Result<()> {
        self.require(Scope::Chat).or_else(|err| match self.asks_nobody() {
            true => Ok(()),
            false => Err(err),
        })
    }

    /// A key, and nobody who waits before a page.
    pub fn is_program(&self) -> bool {
        matches!(self.via, Via::Token { .. })
    }

    /// What would ask is refused: the key may chat as an integration and no more.
    pub fn asks_nobody(&self) -> bool {
        let Via::Token { scopes, .. } = &self.via else { return false };
        !scopes.grant(Scope::Chat) && scopes.grant(Scope::IntegrationsAssistant)
    }

    /// An admin; with a token, one that has the scope `admin` too.
    pub fn admin(&self) -> Result<()> {
        self.require(Scope::Admin)
    }

    /// An admin by role, whatever a token's scopes are.
    pub fn admin_role(&self) -> Result<()> {
        match self.role {
            Role::Admin => Ok(()),
            Role::User => Err(Error::Denied("Only an admin may do that.".to_owned())),
        }
    }

    /// Not with a token: what gives out power needs a person.
    pub fn person(&self) -> Result<()> {
        match self.via {
            Via::Token { .. } => Err(Error::Denied(
                "A key can't do that. Sign in, or use the command line.".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Only over the socket in the data folder.
    pub fn on_this_machine(&self) -> Result<()> {
        match self.via {
            Via::Socket => Ok(()),
            _ => Err(Error::Denied(
                "That is done on Steward's own machine only, by its command line.".to_owned(),
            )),
        }
    }

    /// For the audit.
    pub fn by(&self, now: Timestamp) -> By {
        let actor = match self.via {
            Via::Token { id, .. } => Actor::Token(id),
            _ => Actor::User(self.user_id),
        };
        By::new(actor, self.channel(), now)
    }

    pub fn channel(&self) -> &'static str {
        match self.via {
            Via::Session { .. } => "web",
            Via::Token { .. } => "api",
            Via::Socket => "cli",
        }
    }

    /// Whether the person proved who they are within this time. The socket always proves it.
    pub fn fresh_login(&self, within: SignedDuration) -> bool {
        match self.via {
            Via::Session { signed_in_at, .. } => self.at.duration_since(signed_in_at) <= within,
            Via::Token { .. } => false,
            Via::Socket => true,
        }
    }
}

/// A caller who is an [admin](Caller::admin). It stands before the body in a handler, so that nobody
/// else is told what is wrong with theirs.
pub struct Admin(pub Caller);

/// Why a request that tried to say who it is was not believed.
#[derive(Clone)]
pub struct Unknown(pub &'static str);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Refusal> {
        let nobody = || Failure::unauthenticated("Sign in, or send a key.").into();
        parts.extensions.get::<Caller>().cloned().ok_or_else(nobody)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Admin, Refusal> {
        let caller = <Caller as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        caller.admin()?;
        Ok(Admin(caller))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Caller>, Refusal> {
        Ok(parts.extensions.get::<Caller>().cloned())
    }
}

/// Finds out who calls. Refuses nobody: [`super::door`] does.
pub async fn establish(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    match find(&door, &mut request).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
        }
        Ok(None) => {}
        Err(err) => return Refusal::from(err).into_response(),
    }
    next.run(request).await
}

async fn find(door: &Door, request: &mut Request) -> Result<Option<Caller>> {
    let at = door.clock.now();
    if request.extensions().get::<OverSocket>().is_some() {
        let owner = door.db.read(store::callers::owner).await?;
        return Ok(owner.map(|user| user.calls(Via::Socket, at)));
    }
    if let Some(session) = request.extensions().get::<Session>().cloned()
        && let Some(caller) = by_session(door, &session, at).await?
    {
        return Ok(Some(caller));
    }
    let Some(key) = key(request.headers()) else { return Ok(None) };
    let caller = by_token(door, key, at).await?;
    if caller.is_none() {
        let why = "This key is not known, was revoked or has expired.";
        request.extensions_mut().insert(Unknown(why));
    }
    Ok(caller)
}

async fn by_session(door: &Door, session: &Session, at: Timestamp) -> Result<Option<Caller>> {
    let Some(login) = session::login(session).await? else { return Ok(None) };
    let user = door.db.read(move |reader| store::callers::user(reader, login.user_id)).await?;
    let via = Via::Session { id: login.id, signed_in_at: login.signed_in_at };
    Ok(user.map(|user| user.calls(via, at)))
}

async fn by_token(door: &Door, key: &str, at: Timestamp) -> Result<Option<Caller>> {
    let hash: [u8; 32] = Sha256::digest(key).into();
    let found = door.db.read(move |reader| store::callers::token(reader, &hash, at)).await?;
    let Some(token) = found else { return Ok(None) };
    if token.used_at.is_none_or(|used| USED_EVERY <= at.duration_since(used)) {
        let id = token.id;
        door.db.write(move |tx| store::callers::token_used(tx, id, at)).await?;
    }
    Ok(Some(token.user.calls(Via::Token { id: token.id, scopes: token.scopes }, at)))
}

/// `X-API-Key: …`, else `Authorization: Bearer …`.
fn key(headers: &HeaderMap) -> Option<&str> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(key) = text(API_KEY) {
        return Some(key.trim());
    }
    let (scheme, key) = text(AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// A person as they stand in the database now.
pub struct User {
    pub id: UserId,
    pub name: String,
    pub role: Role,
}

impl User {
    pub(super) fn calls(self, via: Via, at: Timestamp) -> Caller {
        Caller { user_id: self.id, name: self.name, role: self.role, via, at }
    }
}
