//! Changing what is asked about before it is approved: each argument is a field of its own type.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Map, Number, Value};

use super::service::{self, Said};
use crate::agent::tool::Tool;
use crate::app::App;
use crate::approval::Approval;
use crate::clean;
use crate::error::{Error, Result};
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path};
use crate::web::shell::Shell;

/// Of a text; a longer one scrolls.
const ROWS_MAX: usize = 12;
const CHARS_IN_A_ROW: usize = 60;

pub fn routes() -> Router<App> {
    Router::new().route("/approvals/{id}/edit", get(edit).post(answer_edited))
}

#[derive(Template)]
#[template(path = "approvals/edit.html")]
struct EditPage {
    shell: Shell,
    id: String,
    title: String,
    /// What is wrong with the whole.
    problem: String,
    fields: Vec<Field>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Switch,
    Json,
}

/// One argument.
struct Field {
    argument: String,
    kind: Kind,
    /// As it was asked about; `None`: it was left out.
    asked: Option<Value>,
    /// "yes" or "" for a switch.
    typed: String,
    problem: String,
    /// Among the fields, from 0.
    place: usize,
    /// Where one begins: the first that is wrong, else the first.
    first: bool,
}

impl Field {
    /// `declared` is what the tool's schema says of it.
    fn new(argument: String, asked: Option<Value>, declared: &Value) -> Field {
        let kind = match (&asked, declared["type"].as_str()) {
            (Some(Value::String(_)), _) | (None, Some("string")) => Kind::Text,
            (Some(Value::Number(_)), _) | (None, Some("integer" | "number")) => Kind::Number,
            (Some(Value::Bool(_)), _) | (None, Some("boolean")) => Kind::Switch,
            _ => Kind::Json,
        };
        let typed = match &asked {
            None | Some(Value::Bool(false)) => String::new(),
            Some(Value::Bool(true)) => "yes".to_owned(),
            Some(Value::String(text)) => clean::shown(text).into_owned(),
            Some(other) => clean::escaped(&format!("{other:#}")).into_owned(),
        };
        Field { argument, kind, asked, typed, problem: String::new(), place: 0, first: false }
    }

    /// In the form.
    fn name(&self) -> String {
        format!("arg.{}", self.argument)
    }

    fn label(&self) -> String {
        self.argument.replace('_', " ")
    }

    fn rows(&self) -> usize {
        let rows = |line: &str| 1 + line.chars().count() / CHARS_IN_A_ROW;
        self.typed.split('\n').map(rows).sum::<usize>().min(ROWS_MAX)
    }

    /// What was typed, as the argument; `None`: it stays left out. Refuses in a sentence.
    fn read(&self) -> std::result::Result<Option<Value>, String> {
        let left_out = self.asked.is_none();
        Ok(match self.kind {
            Kind::Switch => {
                let on = !self.typed.is_empty();
                (on || !left_out).then_some(Value::Bool(on))
            }
            _ if left_out && self.typed.trim().is_empty() => None,
            Kind::Text => Some(match &self.asked {
                // A browser sends line ends in its own way, and hidden characters stand there written
                // out.
                Some(Value::String(asked)) if lines(&clean::shown(asked)) == lines(&self.typed) => {
                    Value::from(asked.as_str())
                }
                _ => Value::from(lines(&self.typed)),
            }),
            Kind::Number => {
                let number = serde_json::from_str::<Number>(self.typed.trim());
                Some(number.map_err(|_| "This is a number, such as 12.")?.into())
            }
            Kind::Json => {
                let place = |err: serde_json::Error| {
                    format!(
                        "This is not valid JSON, from line {}, character {} on.",
                        err.line(),
                        err.column()
                    )
                };
                Some(serde_json::from_str(&self.typed).map_err(place)?)
            }
        })
    }
}

fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What was asked about, and what else the tool takes.
fn fields(asked: &Approval, tool: Option<&Tool>) -> Vec<Field> {
    let schema = tool.map(|tool| tool.schema().parameters).unwrap_or_default();
    let declared = |name: &str| schema["properties"][name].clone();
    let given = asked.arguments.as_object().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let others: Vec<String> =
        properties.map(|(name, _)| name.clone()).filter(|name| !given.contains_key(name)).collect();
    let given = given.into_iter().map(|(name, value)| (name, Some(value)));
    let all = given.chain(others.into_iter().map(|name| (name, None)));
    all.map(|(name, value)| {
        let declared = declared(&name);
        Field::new(name, value, &declared)
    })
    .collect()
}

/// Puts what was typed into the fields.
fn fill(fields: &mut [Field], mut form: BTreeMap<String, String>) -> Result<()> {
    for field in fields {
        field.typed = match form.remove(&field.name()) {
            Some(typed) => typed,
            None if field.kind == Kind::Switch => String::new(),
            None => return Err(Error::invalid(field.name(), "The form came without this field.")),
        };
    }
    match form.into_keys().next() {
        Some(odd) => Err(Error::invalid(odd, "The form has no such field.")),
        None => Ok(()),
    }
}

/// The arguments as they were typed; `None`: a field says what is wrong with it.
fn read(fields: &mut [Field]) -> Option<Value> {
    let mut edited = Map::new();
    for field in fields.iter_mut() {
        match field.read() {
            Ok(Some(value)) => {
                edited.insert(field.argument.clone(), value);
            }
            Ok(None) => {}
            Err(problem) => field.problem = problem,
        }
    }
    fields.iter().all(|it| it.problem.is_empty()).then_some(Value::Object(edited))
}

async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Page<EditPage>, PageError> {
    let asked = service::find(&app, &caller, id).await?;
    let tool = app.agents.toolbox.find(&asked.tool);
    let fields = fields(&asked, tool.as_deref());
    Ok(Page(page(&app, &caller, &asked, fields, String::new()).await?))
}

async fn page(
    app: &App,
    caller: &Caller,
    asked: &Approval,
    mut fields: Vec<Field>,
    problem: String,
) -> Result<EditPage> {
    let first = fields.iter().position(|it| !it.problem.is_empty()).unwrap_or(0);
    for (place, field) in fields.iter_mut().enumerate() {
        (field.place, field.first) = (place, place == first);
    }
    let shell = app.shell(caller, "/approvals", "Change and approve").await?;
    let title = asked.card.what.clone();
    Ok(EditPage { shell, id: asked.id.to_string(), title, problem, fields })
}

async fn answer_edited(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Response, PageError> {
    let asked = service::find(&app, &caller, id).await?;
    let tool = app.agents.toolbox.find(&asked.tool);
    let mut fields = fields(&asked, tool.as_deref());
    fill(&mut fields, form)?;
    let mut problem = String::new();
    if let Some(edited) = read(&mut fields) {
        let fits = tool.map_or(Ok(()), |tool| tool.check(&edited));
        let said = Said { approved: true, edited_arguments: Some(edited), ..Said::default() };
        let answered = match fits {
            Ok(()) => service::answer(&app, &caller, asked.call_id.to_string(), said).await,
            Err(err) => Err(err),
        };
        match answered {
            Ok(_) => return Ok(Told::at("/approvals", "Changed and approved.").into_response()),
            Err(Error::Invalid { field, message }) => {
                match fields.iter_mut().find(|it| it.argument == field) {
                    Some(wrong) => wrong.problem = message,
                    None => problem = message,
                }
            }
            Err(err) => return Err(err.into()),
        }
    }
    let page = page(&app, &caller, &asked, fields, problem).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}
