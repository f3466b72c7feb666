//! An agent as a file: TOML, with the fields that `POST /api/agents` takes, and its variations.

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse as _, Response};

use super::input::Input;
use super::service::Whole;
use super::variations;
use crate::error::{Error, Result};

const BUNDLE_BYTES_MAX: usize = 1024 * 1024;
const VARIATIONS: &str = "variations";

/// To be saved by whoever asks for it.
pub fn response(it: &Whole) -> Result<Response> {
    let (agent, schedule) = (&it.agent, it.schedule.as_ref());
    let input = Input {
        schedule: schedule.map(|task| task.new.schedule.clone()),
        enabled: false,
        memory_layers: it.layers.clone(),
        ..Input::of(agent)
    };
    let mut table = toml::Table::try_from(&input).map_err(Error::internal)?;
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

/// What somebody brings in; when it works by itself is for its new owner to say.
pub fn read(bundle: &str) -> Result<(Input, Vec<variations::Input>)> {
    if BUNDLE_BYTES_MAX < bundle.len() {
        let message = format!("A bundle has at most {BUNDLE_BYTES_MAX} bytes.");
        return Err(Error::invalid("bundle", message));
    }
    let bad = |err: toml::de::Error| {
        Error::invalid("bundle", format!("It is no bundle: {}.", err.message()))
    };
    let mut table: toml::Table = toml::from_str(bundle).map_err(bad)?;
    let varied = table.remove(VARIATIONS).map_or(Ok(Vec::new()), toml::Value::try_into);
    let agent: Input = table.try_into().map_err(bad)?;
    Ok((Input { schedule: None, ..agent }, varied.map_err(bad)?))
}
