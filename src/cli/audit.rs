//! `steward audit verify`: is the record whole and unchanged?

use super::Cx;
use super::failure::{Exit, Failure};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Check the whole chain
    Verify,
}

pub(super) async fn verify(cx: &Cx) -> Result<Exit, Failure> {
    let answer = cx.client()?.get("/api/audit/verify").await?;
    let whole = answer["ok"].as_bool().unwrap_or(false);
    if cx.out.is_json() {
        cx.out.json(&answer)?;
    } else if whole {
        let entries = answer["entries"].as_u64();
        let entries = entries.map_or(String::new(), |entries| format!(" ({entries} entries)"));
        cx.out.line(&format!("The record is whole and unchanged{entries}."))?;
    } else {
        let why = answer["error"].as_str().unwrap_or("the chain does not hold");
        return Err(Failure::new(format!("The record was changed: {why}"))
            .hint("Keep the database as it is and look at the last backup."));
    }
    Ok(if whole { Exit::Done } else { Exit::Error })
}
