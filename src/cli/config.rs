//! `steward config show` and `check`: what the settings are, and where each comes from.

use serde_json::{Map, json};

use super::Cx;
use super::client::Client;
use super::failure::{Exit, Failure};
use super::out::Manner;
use crate::config::{Loaded, Row, Source, as_toml};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Print the settings that count, as a config file
    Show {
        /// Say where each value comes from
        #[arg(long)]
        sources: bool,
    },
    /// Say whether the config file, the environment and the flags are right
    Check,
}

pub(super) async fn run(cx: &Cx, command: &Command) -> Result<Exit, Failure> {
    let loaded = cx.load()?;
    match command {
        Command::Show { sources } => {
            let loaded = with_saved(cx, loaded).await?;
            show(cx, &loaded.rows(), *sources)?;
        }
        Command::Check if cx.out.is_json() => cx.out.json(&json!({ "ok": true }))?,
        Command::Check => {
            let rows = loaded.rows();
            let set = rows.iter().filter(|row| row.source != Source::Default).count();
            cx.out.line(&format!("The settings are right; {set} of {} are set.", rows.len()))?;
        }
    }
    Ok(Exit::Done)
}

/// With what was saved in Settings, which the running program knows.
async fn with_saved(cx: &Cx, loaded: Loaded) -> Result<Loaded, Failure> {
    let client = Client::new(&loaded, &cx.flags);
    if client.is_away().await {
        cx.out.note("Steward is not running here, so what was saved in Settings is not shown.");
        return Ok(loaded);
    }
    let answer = match client.get("/api/settings/saved").await {
        // Nobody lives here yet, so nothing is saved.
        Err(failure) if failure.code.as_deref() == Some("unauthenticated") => return Ok(loaded),
        answer => answer?,
    };
    let saved = answer["saved"].as_object().into_iter().flatten();
    let saved = saved.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Ok(loaded.with_database(&saved.collect())?)
}

fn show(cx: &Cx, rows: &[Row], sources: bool) -> Result<(), Failure> {
    match cx.out.manner {
        Manner::Json => {
            let entries = rows.iter().map(|row| {
                let value = json!({
                    "value": row.value, "source": row.source.to_string(), "live": row.live,
                    "secret": row.secret, "variable": row.variable,
                });
                (row.key.clone(), value)
            });
            cx.out.json(&entries.collect::<Map<_, _>>().into())
        }
        Manner::Plain => {
            let cells = rows.iter();
            let cells =
                cells.map(|row| [row.key.clone(), row.value.clone(), row.source.to_string()]);
            cx.out.table(["KEY", "VALUE", "SOURCE"], &cells.collect::<Vec<_>>())
        }
        Manner::Human => cx.out.piece(&as_toml(rows, sources)),
    }
}
