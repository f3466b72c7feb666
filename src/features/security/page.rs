//! `/security`, for a person.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use jiff::Zoned;
use serde::Deserialize;
use serde_json::Value;

use super::service::{self, Outcome, Overview};
use crate::agent::store::calls::Refused;
use crate::agent::trial::Trial;
use crate::app::App;
use crate::config::{Guard, Mode};
use crate::error::{Error, Result};
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::form::{Form, read_json};
use crate::web::shell::Shell;
use crate::web::when::When;

pub fn routes() -> Router<App> {
    Router::new().route("/security", get(show).post(judge))
}

#[derive(Template)]
#[template(path = "security/page.html")]
struct SecurityPage {
    shell: Shell,
    found: Overview,
    days: i64,
    careful: bool,
    private_allowed: Vec<String>,
    switches: Vec<Switch>,
    tools: Vec<String>,
    typed: TrialForm,
    problem: String,
    arguments_problem: String,
    outcome: Option<Outcome>,
    refused: Vec<Line>,
}

struct Switch {
    on: bool,
    /// What it does, a sentence.
    what: &'static str,
}

struct Line {
    when: When,
    tool: String,
    reason: String,
    /// Nobody had asked for it.
    blocked: bool,
    chat: String,
}

impl Line {
    fn new(refused: &Refused, now: &Zoned) -> Line {
        Line {
            when: When::new(refused.at, now),
            tool: refused.tool.clone(),
            reason: refused.reason.clone(),
            blocked: refused.blocked,
            chat: format!("/chat/{}", refused.conversation_id),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrialForm {
    #[serde(default)]
    tool: String,
    #[serde(default)]
    arguments: String,
    #[serde(default)]
    words: String,
    after_outside: Option<String>,
}

async fn show(State(app): State<App>, caller: Caller) -> Result<Page<SecurityPage>, PageError> {
    Ok(Page(page(&app, &caller).await?))
}

async fn page(app: &App, caller: &Caller) -> Result<SecurityPage> {
    let found = service::overview(app, caller).await?;
    let (config, now) = (app.config.get(), app.clock.now().to_zoned(app.config.zone()));
    Ok(SecurityPage {
        shell: app.shell(caller, "/security", "Security").await?,
        refused: found.refused.iter().map(|refused| Line::new(refused, &now)).collect(),
        found,
        days: service::DAYS,
        careful: config.guard.mode == Mode::Careful,
        private_allowed: config.guard.private_allowed.iter().map(ToString::to_string).collect(),
        switches: switches(&config.guard),
        tools: service::tools(app),
        typed: TrialForm::default(),
        problem: String::new(),
        arguments_problem: String::new(),
        outcome: None,
    })
}

fn switches(guard: &Guard) -> Vec<Switch> {
    let switch = |on, what| Switch { on, what };
    vec![
        switch(
            guard.sanitize_enhanced,
            "Marks that steer a language model are taken apart in other people’s texts.",
        ),
        switch(guard.truncation, "Other people’s texts are cut to a length."),
        switch(
            guard.llm_screen,
            "A language model, where one is connected, looks through them for orders to the assistant.",
        ),
        switch(guard.canary, "A planted word shows when a prompt is about to leak."),
        switch(guard.output_validation, "Answers hold no characters that nobody sees."),
    ]
}

async fn judge(
    State(app): State<App>,
    caller: Caller,
    Form(form): Form<TrialForm>,
) -> Result<Response, PageError> {
    let mut page = page(&app, &caller).await?;
    let judged = match read_json::<Value>(form.arguments.as_bytes()) {
        Ok(arguments) => {
            let (tool, words) = (form.tool.clone(), form.words.clone());
            let after_outside = form.after_outside.is_some();
            let trial = Trial { tool, arguments, words, after_outside };
            service::judge(&app, &caller, trial).await
        }
        Err(_) => {
            Err(Error::invalid("arguments", "Write a JSON object, such as {\"path\": \"a.txt\"}."))
        }
    };
    let mut status = StatusCode::OK;
    match judged {
        Ok(outcome) => page.outcome = Some(outcome),
        Err(Error::Invalid { field, message }) => {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            match &*field {
                "tool" => page.problem = message,
                _ => page.arguments_problem = message,
            }
        }
        Err(err) => return Err(err.into()),
    }
    page.typed = form;
    Ok((status, Page(page)).into_response())
}
