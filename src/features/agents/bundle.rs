//! An agent as a file: TOML, with the fields that `POST /api/agents` takes, its variations, and what
//! its schedule is kept by.

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};

use super::Agent;
use super::input::Input;
use super::service::{Times, Whole, change, keep};
use super::variations;
use crate::agent::{AgentState, Left};
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::tasks::Rules;
use crate::ids::AgentId;
use crate::label::{Label, Origin};
use crate::web::caller::Caller;

const BUNDLE_BYTES_MAX: usize = 1024 * 1024;
const VARIATIONS: &str = "variations";
const METADATA: &str = "metadata";
const RULES: &str = "schedule_rules";

/// What somebody brings in.
struct Bundle {
    agent: Input,
    variations: Vec<variations::Input>,
    rules: Option<Rules>,
}

/// To be saved by whoever asks for it.
pub fn response(it: &Whole) -> Result<Response> {
    let (agent, schedule) = (&it.agent, it.schedule.as_ref());
    let input = Input {
        schedule: schedule.map(|task| task.new.schedule.clone()),
        enabled: false,
        memory_layers: it.layers.clone(),
        metadata: Map::new(),
        ..Input::of(agent)
    };
    let mut table = toml::Table::try_from(&input).map_err(Error::internal)?;
    table.insert(METADATA.to_owned(), written(&agent.new.metadata)?);
    if let Some(task) = schedule {
        let rules = toml::Value::try_from(Rules::of(task)).map_err(Error::internal)?;
        table.insert(RULES.to_owned(), rules);
    }
    let varied: Vec<&variations::Input> = it.variations.iter().map(|it| &it.new).collect();
    if !varied.is_empty() {
        let varied = toml::Value::try_from(varied).map_err(Error::internal)?;
        table.insert(VARIATIONS.to_owned(), varied);
    }
    let text = toml::to_string_pretty(&table).map_err(Error::internal)?;
    let name: String =
        agent.new.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, "application/toml; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.toml\"")),
    ];
    Ok((headers, text).into_response())
}

/// As a table; as JSON text where TOML has no word for it: nothing, or a number too large.
fn written(metadata: &Map<String, Value>) -> Result<toml::Value> {
    match toml::Value::try_from(metadata) {
        Ok(table) => Ok(table),
        Err(_) => {
            let text = serde_json::to_string(metadata).map_err(Error::internal)?;
            Ok(toml::Value::String(text))
        }
    }
}

fn read(bundle: &str) -> Result<Bundle> {
    if BUNDLE_BYTES_MAX < bundle.len() {
        let message = format!("A bundle has at most {BUNDLE_BYTES_MAX} bytes.");
        return Err(Error::invalid("bundle", message));
    }
    let bad = |err: toml::de::Error| {
        Error::invalid("bundle", format!("It is no bundle: {}.", err.message()))
    };
    let mut table: toml::Table = toml::from_str(bundle).map_err(bad)?;
    let variations = table.remove(VARIATIONS).map_or(Ok(Vec::new()), toml::Value::try_into);
    let rules = table.remove(RULES).map(toml::Value::try_into).transpose().map_err(bad)?;
    let as_text = table.get(METADATA).and_then(toml::Value::as_str).map(serde_json::from_str);
    let as_text = as_text.transpose().map_err(|err| {
        Error::invalid("bundle", format!("Its metadata can't be read as JSON: {err}."))
    })?;
    if as_text.is_some() {
        table.remove(METADATA);
    }
    let mut agent: Input = table.try_into().map_err(bad)?;
    agent.metadata = as_text.unwrap_or(agent.metadata);
    Ok(Bundle { agent, variations: variations.map_err(bad)?, rules })
}

/// As somebody else wrote it: its words are theirs until a person writes others, it does nothing until
/// a person starts it, and its schedule and its variations are switched off.
pub async fn import(app: &App, caller: &Caller, bundle: &str) -> Result<Agent> {
    caller.admin()?;
    let Bundle { agent, variations: varied, rules } = read(bundle)?;
    let (schedule, models) = (agent.schedule.clone(), app.outside.models());
    let new = agent.check(&models)?;
    let varied: Vec<_> = varied.into_iter().map(|it| it.check(&models)).collect::<Result<_>>()?;
    let label = Label::outside(Origin::File("an agent's bundle".to_owned()));
    change(app, caller, move |tx, app, by, caller| {
        let agent = Agent {
            id: AgentId::new(by.at),
            new,
            label: label.clone(),
            state: AgentState::Paused,
            why: "It was brought in. Read its words and tools, then start it.".to_owned(),
            failures: 0,
            left: Left::default(),
            revision: 0,
            created_at: by.at,
        };
        let (schedule, rules) = (schedule.as_deref(), rules.as_ref());
        let agent = keep(tx, app, by, agent, (caller, Times { schedule, enabled: false, rules }))?;
        for new in varied {
            let new = variations::Input { enabled: false, ..new };
            let said = (new, label.clone());
            variations::service::insert(tx, app, (by, &caller.name), agent.id, said)?;
        }
        Ok(agent)
    })
    .await
}

/// What of an agent is there and switched off, in sentences.
pub fn off(it: &Whole) -> Vec<String> {
    let schedule = it.schedule.as_ref();
    let schedule =
        schedule.map(|task| format!("Its schedule is switched off: {}.", task.sentence()));
    let variations = match it.variations.len() {
        0 => None,
        1 => Some("Its variation is switched off.".to_owned()),
        many => Some(format!("Its {many} variations are switched off.")),
    };
    schedule.into_iter().chain(variations).collect()
}
