//! The JSON shapes; they are promises to clients.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::service::{Health, Whole};
use super::{Given, ServerTool, Transport, set_name};
use crate::call::{Effect, Listing, Role};
use crate::ids::{AgentId, McpServerId};

#[derive(Serialize)]
pub struct ServerView {
    id: McpServerId,
    name: String,
    transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<Vec<Given>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<Given>>,
    enabled: bool,
    state: &'static str,
    error: Option<String>,
    note: Option<String>,
    retry_at: Option<Timestamp>,
    protocol: String,
    software: String,
    created_at: Timestamp,
    connected_at: Option<Timestamp>,
    listed_at: Option<Timestamp>,
    /// Who may use all of its tools.
    agents: Vec<AgentId>,
    tools: Vec<ToolView>,
}

impl From<Whole> for ServerView {
    fn from(whole: Whole) -> ServerView {
        let Whole { server: it, tools, grants, .. } = whole;
        let set = set_name(&it.name);
        let agents = grants.into_iter().filter(|grant| grant.allowed_tools.contains(&set));
        let (transport, command, args, url) = match it.transport {
            Transport::Stdio { command, args } => ("stdio", Some(command), Some(args), None),
            Transport::Http { url } => ("http", None, None, Some(url)),
        };
        let (env, headers) =
            if url.is_none() { (Some(it.given), None) } else { (None, Some(it.given)) };
        ServerView {
            id: it.id,
            name: it.name,
            transport,
            command,
            args,
            url,
            env,
            headers,
            enabled: it.enabled,
            state: it.state.as_str(),
            error: it.error,
            note: it.note,
            retry_at: it.retry_at,
            protocol: it.protocol,
            software: it.software,
            created_at: it.created_at,
            connected_at: it.connected_at,
            listed_at: it.listed_at,
            agents: agents.map(|grant| grant.agent_id).collect(),
            tools: tools.iter().map(ToolView::from).collect(),
        }
    }
}

#[derive(Serialize)]
pub struct ToolView {
    /// As models know it; null: it can't be used.
    name: Option<String>,
    tool: String,
    title: String,
    description: String,
    schema: Value,
    state: &'static str,
    refused: Option<String>,
    /// Given back when the tool is accepted.
    fingerprint: String,
    accepted_description: Option<String>,
    accepted_at: Option<Timestamp>,
    enabled: bool,
    /// What the server says of it. Advice, never trusted.
    reads_only_advice: Option<bool>,
    destroys_advice: Option<bool>,
}

impl From<&ServerTool> for ToolView {
    fn from(it: &ServerTool) -> ToolView {
        let accepted = it.accepted.as_ref();
        ToolView {
            name: it.name.clone(),
            tool: it.tool.clone(),
            title: it.title.clone(),
            description: it.description.clone(),
            schema: it.schema.for_model().clone(),
            state: it.standing().as_str(),
            refused: it.refused.clone(),
            fingerprint: hex::encode(it.hash),
            accepted_description: accepted.map(|it| it.description.clone()),
            accepted_at: accepted.map(|it| it.at),
            enabled: it.may_be_used(),
            reads_only_advice: it.advice.reads_only,
            destroys_advice: it.advice.destroys,
        }
    }
}

/// What the guard knows of a tool.
#[derive(Serialize)]
pub struct RolesView {
    pub name: String,
    /// As it was declared, on its page or in the configuration file; null: nobody did.
    pub effect: Option<&'static str>,
    /// What the guard judges by.
    pub effect_in_force: &'static str,
    pub destructive: bool,
    pub enabled: bool,
    /// Null: nobody declared it, so it counts as critical.
    pub roles: BTreeMap<String, Option<&'static str>>,
    /// Its answers list the owner's own things; null: nobody said so.
    pub lists: Option<Listing>,
    /// What it answers is sent only after a yes.
    pub secret: bool,
}

impl From<ServerTool> for RolesView {
    fn from(it: ServerTool) -> RolesView {
        let declared = it.in_force();
        let role = |name: &str| declared.roles.get(name).copied().map(Role::name);
        let roles = it.schema.names().map(|name| (name.to_owned(), role(name)));
        RolesView {
            roles: roles.collect(),
            lists: declared.lists,
            secret: declared.secret,
            effect: declared.effect.map(Effect::name),
            effect_in_force: it.effect().name(),
            destructive: declared.destructive,
            enabled: it.may_be_used(),
            name: it.name.unwrap_or_default(),
        }
    }
}

#[derive(Serialize)]
pub struct HealthView {
    state: &'static str,
    error: Option<String>,
    /// It answered just now.
    answers: bool,
    answered_in_ms: Option<u64>,
    protocol: String,
    software: String,
    tools: usize,
    /// Accepted, and as they were accepted.
    usable_tools: usize,
    retry_at: Option<Timestamp>,
}

impl From<Health> for HealthView {
    fn from(health: Health) -> HealthView {
        let server = health.whole.server;
        HealthView {
            state: server.state.as_str(),
            error: server.error,
            answers: health.answered_in_ms.is_some(),
            answered_in_ms: health.answered_in_ms,
            protocol: server.protocol,
            software: server.software,
            tools: health.whole.tools.iter().filter(|it| it.listed).count(),
            usable_tools: health.usable,
            retry_at: server.retry_at,
        }
    }
}
