//! `steward setup-code`: prints the code that opens the setup page, again.

use super::Cx;
use super::failure::{Exit, Failure};

pub(super) async fn run(cx: &Cx) -> Result<Exit, Failure> {
    let answer = cx.client()?.get("/api/setup/code").await?;
    if cx.out.is_json() {
        cx.out.json(&answer)?;
        return Ok(Exit::Done);
    }
    let code = answer["code"].as_str().unwrap_or_default();
    cx.out.line(code)?;
    if let Some(url) = answer["url"].as_str() {
        cx.out.note(&format!("Open {url} and type it there."));
    }
    Ok(Exit::Done)
}
