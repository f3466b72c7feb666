//! The SQL, and nothing but.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Row, params};
use serde_json::Value;

use super::{Accepted, Declared, Given, Server, ServerTool, State, Transport};
use crate::call::{Effect, Role};
use crate::db::{Reader, Tx, at, at_or_none, bad_column, json_column};
use crate::error::{Error, Result};
use crate::ids::{AgentId, McpServerId, UserId};
use crate::outside::mcp::{Advice, Schema};

pub fn list(r: &Reader<'_>) -> Result<Vec<Server>> {
    r.rows("select * from mcp_servers order by name", (), server_row)
}

pub fn find(r: &Reader<'_>, id: McpServerId) -> Result<Server> {
    let sql = "select * from mcp_servers where id = ?1";
    r.row(sql, [id], server_row)?.ok_or(Error::NotFound("tool server"))
}

/// Stores a new one, or all that changed of an old one.
pub fn save(tx: &Tx<'_>, server: &Server) -> Result<()> {
    let (transport, command, args, url) = match &server.transport {
        Transport::Stdio { command, args } => ("stdio", Some(command), text(args)?, None),
        Transport::Http { url } => ("http", None, "[]".to_owned(), Some(url)),
    };
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
    tx.execute(
        "insert into mcp_servers (id, name, transport, command, args, url, given, enabled, state,
             error, note, tries, retry_at, protocol, software, created_at, connected_at, listed_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         on conflict (id) do update set transport = excluded.transport,
             command = excluded.command, args = excluded.args, url = excluded.url,
             given = excluded.given, enabled = excluded.enabled, state = excluded.state,
             error = excluded.error, note = excluded.note, tries = excluded.tries,
             retry_at = excluded.retry_at, protocol = excluded.protocol,
             software = excluded.software, connected_at = excluded.connected_at,
             listed_at = excluded.listed_at",
        params![
            server.id,
            server.name,
            transport,
            command,
            args,
            url,
            text(&server.given)?,
            server.enabled,
            server.state.as_str(),
            server.error,
            server.note,
            server.tries,
            millis(server.retry_at),
            server.protocol,
            server.software,
            server.created_at.as_millisecond(),
            millis(server.connected_at),
            millis(server.listed_at),
        ],
    )?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, id: McpServerId) -> Result<()> {
    tx.execute("delete from mcp_servers where id = ?1", [id])?;
    Ok(())
}

const TOOLS: &str = "select mcp_tools.*, mcp_servers.name as server from mcp_tools
                     join mcp_servers on mcp_servers.id = mcp_tools.server_id";

/// The tools of all servers that are switched on.
pub fn tools_in_use(r: &Reader<'_>) -> Result<Vec<ServerTool>> {
    let sql = "where mcp_servers.enabled = 1 order by mcp_tools.name";
    r.rows(&format!("{TOOLS} {sql}"), (), tool_row)
}

pub fn tools_of(r: &Reader<'_>, id: McpServerId) -> Result<Vec<ServerTool>> {
    r.rows(&format!("{TOOLS} where server_id = ?1 order by tool"), [id], tool_row)
}

/// By the name that models know.
pub fn find_tool(r: &Reader<'_>, name: &str) -> Result<ServerTool> {
    let found = r.row(&format!("{TOOLS} where mcp_tools.name = ?1"), [name], tool_row)?;
    found.ok_or(Error::NotFound("tool"))
}

/// Stores a new one, or all that changed of an old one.
pub fn save_tool(tx: &Tx<'_>, it: &ServerTool) -> Result<()> {
    let accepted = it.accepted.as_ref();
    let roles: BTreeMap<&str, &str> =
        it.declared.roles.iter().map(|(name, role)| (name.as_str(), role.name())).collect();
    tx.execute(
        "insert into mcp_tools (server_id, tool, name, title, description, schema, reads_only,
             destroys, refused, hash, accepted_hash, accepted_description, accepted_schema,
             accepted_at, changed_at, effect, destructive, roles, lists, secret, enabled,
             listed)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19, ?20, ?21, ?22)
         on conflict (server_id, tool) do update set name = excluded.name, title = excluded.title,
             description = excluded.description, schema = excluded.schema,
             reads_only = excluded.reads_only, destroys = excluded.destroys,
             refused = excluded.refused, hash = excluded.hash,
             accepted_hash = excluded.accepted_hash,
             accepted_description = excluded.accepted_description,
             accepted_schema = excluded.accepted_schema, accepted_at = excluded.accepted_at,
             changed_at = excluded.changed_at, effect = excluded.effect,
             destructive = excluded.destructive, roles = excluded.roles,
             lists = excluded.lists, secret = excluded.secret, enabled = excluded.enabled,
             listed = excluded.listed",
        params![
            it.server_id,
            it.tool,
            it.name,
            it.title,
            it.description,
            it.schema.for_model().to_string(),
            it.advice.reads_only,
            it.advice.destroys,
            it.refused,
            it.hash,
            accepted.map(|it| it.hash),
            accepted.map(|it| &it.description),
            accepted.map(|it| it.schema.for_model().to_string()),
            accepted.map(|it| it.at.as_millisecond()),
            it.changed_at.map(Timestamp::as_millisecond),
            it.declared.effect.map(Effect::name),
            it.declared.destructive,
            text(&roles)?,
            text(&it.declared.lists)?,
            it.declared.secret,
            it.enabled,
            it.listed,
        ],
    )?;
    Ok(())
}

/// Who is told when a tool changed.
pub fn admins(r: &Reader<'_>) -> Result<Vec<UserId>> {
    r.rows("select id from users where role = 'admin'", (), |row| row.get(0))
}

/// An agent and what it may use: names of sets and of single tools.
pub struct Grants {
    pub agent_id: AgentId,
    pub agent: String,
    pub allowed_tools: Vec<String>,
}

pub fn grants(r: &Reader<'_>) -> Result<Vec<Grants>> {
    r.rows("select id, name, allowed_tools from agents order by created_at", (), |row| {
        Ok(Grants {
            agent_id: row.get(0)?,
            agent: row.get(1)?,
            allowed_tools: json_column(row, "allowed_tools")?,
        })
    })
}

pub fn save_grants(tx: &Tx<'_>, grants: &Grants) -> Result<()> {
    let sql = "update agents set allowed_tools = ?2 where id = ?1";
    tx.execute(sql, (grants.agent_id, text(&grants.allowed_tools)?))?;
    Ok(())
}

fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

fn server_row(row: &Row<'_>) -> rusqlite::Result<Server> {
    let state: String = row.get("state")?;
    let state = State::ALL.into_iter().find(|it| it.as_str() == state);
    let given: Vec<Given> = json_column(row, "given")?;
    let transport = match row.get::<_, Option<String>>("url")? {
        Some(url) => Transport::Http { url },
        None => Transport::Stdio { command: row.get("command")?, args: json_column(row, "args")? },
    };
    Ok(Server {
        id: row.get("id")?,
        name: row.get("name")?,
        transport,
        given,
        enabled: row.get("enabled")?,
        state: state.ok_or_else(|| bad_column("unknown state of a tool server"))?,
        error: row.get("error")?,
        note: row.get("note")?,
        tries: row.get("tries")?,
        retry_at: at_or_none(row, "retry_at")?,
        protocol: row.get("protocol")?,
        software: row.get("software")?,
        created_at: at(row, "created_at")?,
        connected_at: at_or_none(row, "connected_at")?,
        listed_at: at_or_none(row, "listed_at")?,
    })
}

fn tool_row(row: &Row<'_>) -> rusqlite::Result<ServerTool> {
    let accepted = match row.get("accepted_hash")? {
        None => None,
        Some(hash) => Some(Accepted {
            hash,
            description: row.get("accepted_description")?,
            schema: Schema::stored(json_column(row, "accepted_schema")?),
            at: at(row, "accepted_at")?,
        }),
    };
    let effect: Option<String> = row.get("effect")?;
    // A role that is not known any more counts as not declared.
    let roles: BTreeMap<String, String> = json_column(row, "roles")?;
    let roles = roles.into_iter().filter_map(|(name, role)| Some((name, Role::named(&role)?)));
    Ok(ServerTool {
        server_id: row.get("server_id")?,
        server: row.get("server")?,
        tool: row.get("tool")?,
        name: row.get("name")?,
        title: row.get("title")?,
        description: row.get("description")?,
        schema: Schema::stored(json_column::<Value>(row, "schema")?),
        advice: Advice { reads_only: row.get("reads_only")?, destroys: row.get("destroys")? },
        refused: row.get("refused")?,
        hash: row.get("hash")?,
        accepted,
        changed_at: at_or_none(row, "changed_at")?,
        declared: Declared {
            effect: effect.as_deref().and_then(Effect::foreign),
            destructive: row.get("destructive")?,
            roles: roles.collect(),
            lists: json_column(row, "lists")?,
            secret: row.get("secret")?,
        },
        enabled: row.get("enabled")?,
        fixed: None,
        listed: row.get("listed")?,
    })
}
