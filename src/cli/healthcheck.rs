//! `steward healthcheck`: for systemd, Docker and people in doubt.

use serde_json::json;

use super::Cx;
use super::failure::{Exit, Failure};

pub(super) async fn run(cx: &Cx) -> Result<Exit, Failure> {
    cx.client()?.probe("/readyz").await?;
    if cx.out.is_json() {
        cx.out.json(&json!({ "status": "ok" }))?;
    } else {
        cx.out.line("ok")?;
    }
    Ok(Exit::Done)
}
