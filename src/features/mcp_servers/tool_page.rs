//! The page of one tool: what its server says of it, and what the owner declares.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::accept::accept;
use super::declare::{Declaring, EFFECTS, ROLES, declare};
use super::fixed::{Fixed, idle};
use super::page::AcceptForm;
use super::{Declared, HERE, ServerTool, Standing, service};
use crate::app::App;
use crate::call::{Effect, Listing, Role};
use crate::config::Loaded;
use crate::error::{Error, Result};
use crate::ids::McpServerId;
use crate::web::Page;
use crate::web::caller::{Admin, Caller};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path};
use crate::web::shell::Shell;

/// Fields of the form that are no arguments; those are prefixed.
const ARGUMENT_FIELD: &str = "role.";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/mcp-servers/{id}/tools/{name}", get(show).post(save))
        .route("/mcp-servers/{id}/tools/{name}/accept", post(accept_one))
}

pub fn url(server: McpServerId, name: &str) -> String {
    format!("{HERE}/{server}/tools/{name}")
}

#[derive(Template)]
#[template(path = "mcp_servers/tool.html")]
struct ToolPage {
    shell: Shell,
    back: String,
    server: String,
    url: String,
    name: String,
    description: String,
    /// Before the change; "" when nothing changed.
    old_description: String,
    schema: String,
    old_schema: String,
    standing: &'static str,
    refused: String,
    seen: String,
    advice: String,
    enabled: bool,
    destructive: bool,
    /// The configuration file, where it says something of the tool, or "".
    file: String,
    effect_fixed: bool,
    destructive_fixed: bool,
    enabled_fixed: bool,
    lists_fixed: bool,
    secret: bool,
    secret_fixed: bool,
    /// What the file says of arguments that are not there.
    idle: Vec<String>,
    effects: Vec<Choice>,
    /// What the guard makes of it, in words.
    in_force: String,
    arguments: Vec<ArgumentLine>,
    lists: Vec<ListField>,
    error: String,
}

struct Choice {
    value: &'static str,
    words: String,
    chosen: bool,
}

struct ListField {
    field: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
}

struct ArgumentLine {
    field: String,
    name: String,
    about: String,
    roles: Vec<Choice>,
    /// By the configuration file.
    fixed: bool,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path((id, name)): Path<(McpServerId, String)>,
) -> Result<Page<ToolPage>, PageError> {
    Ok(Page(page(&app, &caller, id, name).await?))
}

async fn page(app: &App, caller: &Caller, id: McpServerId, name: String) -> Result<ToolPage> {
    let tool = service::find_tool(app, caller, name).await?;
    if tool.server_id != id {
        return Err(Error::NotFound("tool"));
    }
    let title = if tool.title.is_empty() { &tool.tool } else { &tool.title };
    let shell = app.shell(caller, HERE, title).await?;
    Ok(ToolPage::new(&tool, shell, &app.config.get()))
}

impl ToolPage {
    fn new(tool: &ServerTool, shell: Shell, loaded: &Loaded) -> ToolPage {
        let name = tool.name.clone().unwrap_or_default();
        let changed = tool.accepted.as_ref().filter(|_| tool.standing() == Standing::Changed);
        let pretty = |schema: &crate::outside::mcp::Schema| {
            serde_json::to_string_pretty(schema.for_model()).unwrap_or_default()
        };
        let seen = BTreeMap::from([(tool.tool.clone(), hex::encode(tool.hash))]);
        let declared = tool.in_force();
        let said = tool.fixed.as_ref().map(|fixed| &fixed.said);
        ToolPage {
            shell,
            back: format!("{HERE}/{}", tool.server_id),
            server: tool.server.clone(),
            url: url(tool.server_id, &name),
            name,
            description: tool.description.clone(),
            old_description: changed.map(|it| it.description.clone()).unwrap_or_default(),
            schema: pretty(&tool.schema),
            old_schema: changed.map(|it| pretty(&it.schema)).unwrap_or_default(),
            standing: tool.standing().as_str(),
            refused: tool.refused.clone().unwrap_or_default(),
            seen: serde_json::to_string(&seen).unwrap_or_default(),
            advice: advice(tool),
            enabled: tool.may_be_used(),
            destructive: declared.destructive,
            file: tool.fixed.as_ref().map(|fixed| fixed.source.clone()).unwrap_or_default(),
            effect_fixed: said.is_some_and(|said| said.effect.is_some()),
            destructive_fixed: said.is_some_and(|said| said.destructive),
            enabled_fixed: said.is_some_and(|said| !said.enabled),
            secret: declared.secret,
            secret_fixed: said.is_some_and(|said| said.secret),
            lists_fixed: said.is_some_and(|said| said.lists.is_some()),
            idle: idle(loaded, [tool], |name| tool.listed && tool.name.as_deref() == Some(name)),
            effects: effects(&declared),
            in_force: in_force(tool, &declared),
            arguments: arguments(tool, &declared),
            lists: list_fields(declared.lists.unwrap_or_default()),
            error: String::new(),
        }
    }
}

impl ToolPage {
    /// With what stands in the form, where that was refused.
    fn typed(mut self, fields: &Fields) -> ToolPage {
        let choose = |choices: &mut Vec<Choice>, field: &str| {
            let Some(typed) = fields.get(field) else { return };
            choices.iter_mut().for_each(|it| it.chosen = it.value == typed);
        };
        choose(&mut self.effects, "effect");
        for argument in &mut self.arguments {
            choose(&mut argument.roles, &argument.field);
        }
        for it in self.lists.iter_mut().filter(|_| !self.lists_fixed) {
            it.value = fields.get(it.field).cloned().unwrap_or_default();
        }
        self.destructive |= fields.contains_key("destructive");
        self.secret |= fields.contains_key("secret");
        ToolPage { enabled: fields.contains_key("enabled"), ..self }
    }
}

fn effects(declared: &Declared) -> Vec<Choice> {
    let declared = declared.effect;
    let none = Choice {
        value: "",
        words: "I don't know: ask me every time".to_owned(),
        chosen: declared.is_none(),
    };
    let known = EFFECTS.iter().map(|(effect, words)| Choice {
        value: effect.name(),
        words: format!("It {words}"),
        chosen: declared == Some(*effect),
    });
    std::iter::once(none).chain(known).collect()
}

fn arguments(tool: &ServerTool, declared: &Declared) -> Vec<ArgumentLine> {
    let fixed = |name: &str| {
        let says = |fixed: &Fixed| fixed.said.roles.contains_key(name);
        tool.fixed.as_ref().is_some_and(says)
    };
    let line = |it: crate::outside::mcp::Argument| {
        let declared = declared.roles.get(&it.name);
        let none = Choice {
            value: "",
            words: "not declared: counts as critical".to_owned(),
            chosen: declared.is_none(),
        };
        let known = ROLES.iter().map(|(role, words)| Choice {
            value: role.name(),
            words: (*words).to_owned(),
            chosen: declared == Some(role),
        });
        let need = if it.required { "required" } else { "optional" };
        let kind = if it.kind.is_empty() { String::new() } else { format!("{}, ", it.kind) };
        ArgumentLine {
            field: format!("{ARGUMENT_FIELD}{}", it.name),
            about: format!("{kind}{need}. {}", it.description),
            fixed: fixed(&it.name),
            name: it.name,
            roles: std::iter::once(none).chain(known).collect(),
        }
    };
    tool.schema.arguments().into_iter().map(line).collect()
}

fn list_fields(lists: Listing) -> Vec<ListField> {
    let field = |field, label, hint, value| ListField { field, label, hint, value };
    let argument = "Of whichever tool of this server takes it: event_id";
    vec![
        field("lists.argument", "The argument that picks one of them", argument, lists.argument),
        field("lists.value", "The field with what it takes", "Like id", lists.value),
        field("lists.name", "The field with what you call it", "Like title", lists.name),
    ]
}

fn in_force(tool: &ServerTool, declared: &Declared) -> String {
    let declared_as: Vec<Role> = declared.roles.values().copied().collect();
    let declared = declared.effect == Some(Effect::Read);
    match tool.effect() {
        Effect::Read if declared_as.contains(&Role::Url) || declared_as.contains(&Role::Path) => {
            "It is called without asking where its addresses and paths are ones that you named or \
             opened."
                .to_owned()
        }
        Effect::Read => "It is called without asking.".to_owned(),
        _ if declared => "You say that it only reads. What is put into it reaches the server all the \
                          same, so calls are still judged as sending until each argument is a choice \
                          without weight, a path or a web address."
            .to_owned(),
        effect => format!("The guard judges each call as one that may {}.", verb(effect)),
    }
}

fn verb(effect: Effect) -> &'static str {
    if effect == Effect::Execute { "run something" } else { "send or change something" }
}

fn advice(tool: &ServerTool) -> String {
    let said = match (tool.advice.reads_only, tool.advice.destroys) {
        (Some(true), _) => "only reads",
        (_, Some(true)) => "may destroy something",
        (_, Some(false)) => "changes things but destroys nothing",
        (Some(false), None) => "changes things",
        (None, None) => return String::new(),
    };
    format!("The server says that it {said}. Nobody checks that.")
}

/// `effect`, `destructive`, `secret`, `enabled`, `lists.…` and a `role.…` for each argument; what is fixed is not
/// sent.
type Fields = BTreeMap<String, String>;

async fn save(
    State(app): State<App>,
    caller: Caller,
    Path((id, name)): Path<(McpServerId, String)>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let roles = fields.iter().filter_map(|(field, role)| {
        Some((field.strip_prefix(ARGUMENT_FIELD)?.to_owned(), Some(role.clone())))
    });
    let tool = service::find_tool(&app, &caller, name.clone()).await?;
    let switched_off = tool.fixed.is_some_and(|fixed| !fixed.said.enabled);
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let declaring = Declaring {
        effect: fields.get("effect").cloned(),
        destructive: fields.contains_key("destructive"),
        secret: fields.contains_key("secret"),
        enabled: (!switched_off).then(|| fields.contains_key("enabled")),
        roles: roles.collect(),
        lists: Some(Listing {
            argument: field("lists.argument"),
            value: field("lists.value"),
            name: field("lists.name"),
        }),
    };
    match declare(&app, &caller, name.clone(), declaring).await {
        Ok(_) => Ok(Told::at(url(id, &name), "Saved.").into_response()),
        Err(Error::Invalid { message, .. }) => {
            let page = page(&app, &caller, id, name).await?;
            let page = ToolPage { error: message, ..page.typed(&fields) };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(err) => Err(err.into()),
    }
}

async fn accept_one(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((id, name)): Path<(McpServerId, String)>,
    Form(form): Form<AcceptForm>,
) -> Result<Told, PageError> {
    accept(&app, &caller, id, form.seen()?).await?;
    Ok(Told::at(
        url(id, &name),
        "Accepted. Where nobody said below what it does, each call asks you.",
    ))
}
