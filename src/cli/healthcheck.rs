//! `steward healthcheck`: for systemd, Docker and people in doubt.

use serde_json::json;

use super::Cx;
use super::failure::{Exit, Failure};

pub(super) async fn run(cx: &Cx) -> Result<Exit, Failure> {
    let answer = cx.client()?.get("/readyz").await?;
    if cx.out.is_json() {
        let answer = if answer.is_object() { answer } else { json!({ "status": "ok" }) };
        cx.out.json(&answer)?;
    } else {
        cx.out.line("ok")?;
    }
    Ok(Exit::Done)
}
