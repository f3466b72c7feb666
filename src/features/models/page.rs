//! `/models`, for a person: what is spent, which providers there are, which model answers.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::choose::{self, FactsForm};
use super::connect::{Connect, Connected};
use super::provider::{self, Line};
use super::{connect, fallback, service};
use crate::agent::spent_today;
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::settings::{self, Change};
use crate::outside::model::catalog::COMMANDS;
use crate::outside::model::prices::{Info, Override};
use crate::web::Page;
use crate::web::caller::{Admin, Caller};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query};
use crate::web::shell::Shell;

pub const HERE: &str = "/models";
/// The setting that caps what a day may cost.
const CAP: &str = "limits.daily_spend_usd";
/// A provider that takes longer is shown as not answering.
const LISTING_TIME_MAX: Duration = Duration::from_secs(5);
const MICROS_PER_DOLLAR: f64 = 1e6;
/// The meter warns from this share of the day's cap on.
const WARN_PERCENT: i64 = 80;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/models", get(show))
        .route("/models/budget", post(set_budget))
        .route("/models/providers", post(add_provider))
        .route("/models/providers/{name}/test", post(test_provider))
        .route("/models/providers/{name}/delete", post(remove_provider))
        .merge(choose::routes())
}

#[derive(Template)]
#[template(path = "models/list.html")]
struct ListPage {
    shell: Shell,
    spend: Spend,
    providers: Vec<Line>,
    models: Vec<ModelLine>,
    /// What fixes the default from outside, or "".
    default_locked: String,
    /// What stands in for the default, in order.
    fallback: Vec<String>,
    /// What fixes that order from outside, or "".
    fallback_locked: String,
    fallback_typed: String,
    fallback_error: String,
    said: Vec<Said>,
    facts: FactsForm,
    connect: Connect,
    /// The provider that the form changes, or "".
    changing: String,
}

struct Spend {
    words: String,
    capped: bool,
    used: i64,
    cap: i64,
    warn: i64,
    typed: String,
    error: String,
    /// What fixes the cap from outside, or "".
    locked: String,
}

struct ModelLine {
    id: String,
    context: String,
    input: String,
    output: String,
    default: bool,
    enabled: bool,
    /// The built-in commands cost nothing and are always there.
    builtin: bool,
    price_url: String,
}

/// What the owner said of a model, or of all whose names begin so.
struct Said {
    model: String,
    words: String,
    change_url: String,
}

/// What was typed and has to be mended.
#[derive(Default)]
pub struct Typed {
    pub connect: Option<Connect>,
    pub budget: Option<(String, String)>,
    pub facts: FactsForm,
    /// The model that was to stand in, and why it can't.
    pub fallback: (String, String),
    /// The provider that the form is to change, or "".
    pub changing: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The model whose price is to be said.
    price: Option<String>,
    /// The provider whose key or address is to be changed.
    change: Option<String>,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let facts = FactsForm { priced: wanted.price.unwrap_or_default(), ..FactsForm::default() };
    let known = wanted.change.and_then(|name| Connect::of(&app, &name));
    let changing = known.as_ref().map(|it| it.name.clone()).unwrap_or_default();
    let typed = Typed { facts, connect: known, changing, ..Typed::default() };
    Ok(Page(page(&app, &caller, typed).await?).into_response())
}

async fn page(app: &App, caller: &Caller, typed: Typed) -> Result<ListPage> {
    caller.admin()?;
    let survey = service::survey(app, LISTING_TIME_MAX).await;
    let now = app.clock.now().to_zoned(app.config.zone());
    let providers = provider::list(app).await?.into_iter().map(|told| {
        let unlisted = survey.failures.get(&told.name).cloned().unwrap_or_default();
        Line::new(told, unlisted, caller.user_id, &now)
    });
    let config = app.config.get();
    let default = config.models.default.to_string();
    let locked = |key: &str| config.locked(key).map(|it| it.to_string()).unwrap_or_default();
    let catalog = app.outside.models();
    let said: Vec<Said> = catalog.overrides.iter().map(Said::new).collect();
    let facts = typed.facts.with_known(&catalog.overrides);
    let models = survey.models.iter().map(|model| ModelLine {
        id: model.id.clone(),
        context: model.info.context_tokens.map_or("?".to_owned(), |tokens| tokens.to_string()),
        input: price(model.info.price.map(|it| it.input)),
        output: price(model.info.price.map(|it| it.output)),
        default: model.id == default,
        enabled: model.enabled,
        builtin: model.id == COMMANDS,
        price_url: price_url(&model.id),
    });
    Ok(ListPage {
        shell: app.shell(caller, HERE, "Models & usage").await?,
        spend: spend(app, typed.budget).await?,
        providers: providers.collect(),
        models: models.collect(),
        default_locked: locked("models.default"),
        fallback: fallback::order(app),
        fallback_locked: locked(fallback::KEY),
        fallback_typed: typed.fallback.0,
        fallback_error: typed.fallback.1,
        said,
        facts,
        connect: typed.connect.unwrap_or_else(Connect::blank),
        changing: typed.changing,
    })
}

async fn spend(app: &App, typed: Option<(String, String)>) -> Result<Spend> {
    let agents = app.agents.clone();
    let used = app.db.read(move |r| spent_today(r, &agents)).await?;
    let config = app.config.get();
    let cap = config.limits.daily_spend_usd_micros;
    let dollars = |micros: i64| format!("${:.2}", micros as f64 / MICROS_PER_DOLLAR);
    let words = match cap {
        Some(cap) => format!("{} of {} today", dollars(used), dollars(cap)),
        None => format!("{} today, without a cap", dollars(used)),
    };
    let set = cap.map(|cap| (cap as f64 / MICROS_PER_DOLLAR).to_string()).unwrap_or_default();
    let (typed, error) = typed.unwrap_or((set, String::new()));
    let most = cap.unwrap_or(0);
    let warn = most / 100 * WARN_PERCENT;
    let capped = cap.is_some_and(|cap| 0 < cap);
    let locked = config.locked(CAP).map(|it| it.to_string()).unwrap_or_default();
    Ok(Spend { words, capped, used, cap: most, warn, typed, error, locked })
}

/// Dollars per million tokens; unknown is not free.
fn price(micros: Option<u64>) -> String {
    match micros {
        None => "?".to_owned(),
        Some(0) => "free".to_owned(),
        Some(micros) => format!("{}", micros as f64 / MICROS_PER_DOLLAR),
    }
}

fn price_url(model: &str) -> String {
    let name: String = byte_serialize(model.as_bytes()).collect();
    format!("/models?price={name}#facts")
}

impl Said {
    fn new(row: &Override) -> Said {
        let Info { price: said, context_tokens, .. } = row.info;
        let cost = match said {
            Some(said) if said.input == 0 && said.output == 0 => Some("free".to_owned()),
            Some(said) => {
                let (input, output) = (price(Some(said.input)), price(Some(said.output)));
                Some(format!("{input} in, {output} out"))
            }
            None => None,
        };
        let size = context_tokens.map(|tokens| format!("{tokens} tokens of context"));
        let words = cost.into_iter().chain(size).collect::<Vec<_>>().join(" · ");
        Said { words, change_url: price_url(&row.model), model: row.model.clone() }
    }
}

/// Puts the page again with what was typed and what to mend.
pub async fn again(app: &App, caller: &Caller, typed: Typed) -> Result<Response, PageError> {
    let page = page(app, caller, typed).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetForm {
    daily: String,
}

async fn set_budget(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<BudgetForm>,
) -> Result<Response, PageError> {
    let value = match form.daily.trim().trim_start_matches('$') {
        "" => "none".to_owned(),
        text => text.to_owned(),
    };
    let change = Change::from([(CAP.to_owned(), Some(value.clone()))]);
    match settings::change(&app, change, caller.by(app.clock.now())).await {
        Ok(()) if value == "none" => Ok(Told::at(HERE, "The day has no cap now.").into_response()),
        Ok(()) => Ok(Told::at(HERE, format!("The day's cap is ${value} now.")).into_response()),
        Err(Error::Invalid { message, .. } | Error::Conflict(message)) => {
            let typed = Typed { budget: Some((form.daily, message)), ..Typed::default() };
            again(&app, &caller, typed).await
        }
        Err(err) => Err(err.into()),
    }
}

async fn add_provider(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<Connect>,
) -> Result<Response, PageError> {
    match connect::connect(&app, form, caller.by(app.clock.now())).await? {
        Connected::Yes(tested) => Ok(Told::at(HERE, tested).into_response()),
        Connected::No(connect) => {
            again(&app, &caller, Typed { connect: Some(*connect), ..Typed::default() }).await
        }
    }
}

async fn test_provider(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, PageError> {
    caller.admin()?;
    let told = connect::test(&app, &name).await?;
    Ok(match told {
        Ok(words) => Told::at(HERE, words).into_response(),
        Err(words) => Told::at(HERE, words).failed().into_response(),
    })
}

async fn remove_provider(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, PageError> {
    caller.admin()?;
    connect::remove(&app, &name, caller.by(app.clock.now())).await?;
    let told = format!("{name} is disconnected. Its key stays under Credentials.");
    Ok(Told::at(HERE, told).into_response())
}
