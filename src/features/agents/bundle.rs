//! An agent as a file: TOML, with the fields that `POST /api/agents` takes.

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse as _, Response};

use super::Agent;
use super::input::Input;
use crate::error::{Error, Result};
use crate::features::tasks::Task;

const BUNDLE_BYTES_MAX: usize = 128 * 1024;

/// To be saved by whoever asks for it.
pub fn response(agent: &Agent, schedule: Option<&Task>) -> Result<Response> {
    let input = Input {
        schedule: schedule.map(|task| task.new.schedule.clone()),
        enabled: false,
        ..Input::of(agent)
    };
    let text = toml::to_string_pretty(&input).map_err(Error::internal)?;
    let name: String =
        agent.new.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, "application/toml; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.toml\"")),
    ];
    Ok((headers, text).into_response())
}

/// What somebody brings in; when it works by itself is for its new owner to say.
pub fn read(bundle: &str) -> Result<Input> {
    if BUNDLE_BYTES_MAX < bundle.len() {
        let message = format!("A bundle has at most {BUNDLE_BYTES_MAX} bytes.");
        return Err(Error::invalid("bundle", message));
    }
    let read: Input = toml::from_str(bundle)
        .map_err(|err| Error::invalid("bundle", format!("It is no bundle: {}.", err.message())))?;
    Ok(Input { schedule: None, ..read })
}
