//! `/api/mcp-servers` and `/api/tools/{name}/roles`.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::accept::{Seen, accept};
use super::declare::{Declaring, declare};
use super::service::{self, Change, NewServer};
use super::view::{HealthView, RolesView, ServerView};
use super::{Given, Transport, input};
use crate::agent::toolbox::FOREIGN_PREFIX;
use crate::app::App;
use crate::call::{Listing, Role};
use crate::error::{Error, Result};
use crate::ids::{AgentId, McpServerId};
use crate::web::caller::{Admin, Caller};
use crate::web::error::ApiError;
use crate::web::form::{Json, Path};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/mcp-servers", get(list).post(create))
        .route("/mcp-servers/{id}", get(find).patch(update).delete(delete))
        .route("/mcp-servers/{id}/refresh", post(refresh))
        .route("/mcp-servers/{id}/health", get(health))
        .route("/mcp-servers/{id}/accept", post(accept_tools))
        .route("/tools/{name}/roles", get(roles).put(set_roles))
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    let servers = service::list(&app, &caller).await?;
    let servers: Vec<ServerView> = servers.into_iter().map(ServerView::from).collect();
    Ok(Json(json!({"mcp_servers": servers})))
}

/// `transport` is `stdio` (with `command`, `args`, `env`) or `http` (with `url`, `headers`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    transport: String,
    command: Option<String>,
    args: Option<Vec<String>>,
    env: Option<Vec<Given>>,
    url: Option<String>,
    headers: Option<Vec<Given>>,
    #[serde(default)]
    agents: Vec<AgentId>,
}

async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Json<ServerView>), ApiError> {
    let transport = match body.transport.as_str() {
        "stdio" if body.url.is_none() && body.headers.is_none() => {
            input::program(&body.command.unwrap_or_default(), body.args.unwrap_or_default())?
        }
        "http" if body.command.is_none() && body.args.is_none() && body.env.is_none() => {
            input::address(&body.url.unwrap_or_default())?
        }
        "stdio" | "http" => return Err(mixed().into()),
        _ => return Err(Error::invalid("transport", "The transport is stdio or http.").into()),
    };
    let given = input::given(&transport, body.env.or(body.headers).unwrap_or_default())?;
    let name = input::name(&body.name)?;
    let new = NewServer { name, transport, given, agents: body.agents };
    let whole = service::create(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(whole.into())))
}

fn mixed() -> Error {
    let message = "A stdio server has command, args and env; an http server has url and headers.";
    Error::invalid("transport", message)
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Json<ServerView>, ApiError> {
    Ok(Json(service::find(&app, &caller, id).await?.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    command: Option<String>,
    args: Option<Vec<String>>,
    env: Option<Vec<Given>>,
    url: Option<String>,
    headers: Option<Vec<Given>>,
    enabled: Option<bool>,
    agents: Option<Vec<AgentId>>,
}

async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
    Json(body): Json<Update>,
) -> Result<Json<ServerView>, ApiError> {
    let server = service::find(&app, &caller, id).await?.server;
    let program = body.command.is_some() || body.args.is_some();
    let (transport, given) = match &server.transport {
        Transport::Stdio { .. } if body.url.is_some() || body.headers.is_some() => {
            return Err(mixed().into());
        }
        Transport::Http { .. } if program || body.env.is_some() => return Err(mixed().into()),
        Transport::Stdio { command, args } => {
            let command = body.command.as_ref().unwrap_or(command);
            let args = body.args.unwrap_or_else(|| args.clone());
            (program.then(|| input::program(command, args)).transpose()?, body.env)
        }
        Transport::Http { .. } => {
            (body.url.as_deref().map(input::address).transpose()?, body.headers)
        }
    };
    let given = given.map(|it| input::given(&server.transport, it)).transpose()?;
    let change = Change { transport, given, enabled: body.enabled, agents: body.agents };
    Ok(Json(service::update(&app, &caller, id, change).await?.into()))
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Json<Value>, ApiError> {
    service::delete(&app, &caller, id).await?;
    Ok(Json(json!({"ok": true})))
}

async fn refresh(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Json<ServerView>, ApiError> {
    Ok(Json(service::refresh(&app, &caller, id).await?.into()))
}

async fn health(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Json<HealthView>, ApiError> {
    Ok(Json(service::health(&app, &caller, id).await?.into()))
}

/// Each tool with the fingerprint of what it said when the person looked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accept {
    tools: Seen,
}

async fn accept_tools(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<McpServerId>,
    Json(body): Json<Accept>,
) -> Result<Json<ServerView>, ApiError> {
    accept(&app, &caller, id, body.tools).await?;
    Ok(Json(service::find(&app, &caller, id).await?.into()))
}

async fn roles(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<RolesView>, ApiError> {
    caller.admin()?;
    match app.toolbox.find(&name).filter(|_| !name.starts_with(FOREIGN_PREFIX)) {
        Some(own) => Ok(Json(own_roles(&own))),
        None => Ok(Json(service::find_tool(&app, &caller, name).await?.into())),
    }
}

/// Our own tools declare themselves.
fn own_roles(tool: &crate::agent::tool::Tool) -> RolesView {
    let effect = tool.effect.name();
    let named = |(name, role): (&str, Role)| (name.to_owned(), Some(role.name()));
    RolesView {
        name: tool.name.to_string(),
        effect: Some(effect),
        effect_in_force: effect,
        destructive: tool.destructive,
        enabled: true,
        roles: tool.roles().into_iter().map(named).collect(),
        lists: None,
        secret: false,
    }
}

/// All that is declared: what is left out is not declared any more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRoles {
    effect: Option<String>,
    #[serde(default)]
    destructive: bool,
    #[serde(default)]
    roles: BTreeMap<String, Option<String>>,
    lists: Option<Listing>,
    #[serde(default)]
    secret: bool,
    enabled: Option<bool>,
}

async fn set_roles(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<SetRoles>,
) -> Result<Json<RolesView>, ApiError> {
    caller.admin()?;
    if !name.starts_with(FOREIGN_PREFIX) && app.toolbox.find(&name).is_some() {
        let message = format!("{name} is one of Steward's own tools; what it does is fixed.");
        return Err(Error::Conflict(message).into());
    }
    let declaring = Declaring {
        effect: body.effect,
        destructive: body.destructive,
        roles: body.roles,
        lists: body.lists,
        secret: body.secret,
        enabled: body.enabled,
    };
    Ok(Json(declare(&app, &caller, name, declaring).await?.into()))
}
