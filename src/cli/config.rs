//! `steward config show` and `check`: what the settings are, and where each comes from.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Cx;
use super::client::Client;
use super::failure::{Exit, Failure};
use super::out::Manner;
use crate::config::{Loaded, Provider, Row, Source, Wire, as_toml};
use crate::data_folder::DATABASE;
use crate::vault;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Print the settings that count here, as a config file
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
            let rows = effective(cx, &loaded).await?;
            show(cx, &rows, *sources)?;
        }
        Command::Check => check(cx, &loaded).await?,
    }
    Ok(Exit::Done)
}

async fn check(cx: &Cx, loaded: &Loaded) -> Result<(), Failure> {
    see_key_file(loaded)?;
    let mut warnings = addresses_without_path(loaded);
    warnings.extend(idle_tools(cx, loaded).await);
    if cx.out.is_json() {
        return cx.out.json(&json!({ "ok": true, "warnings": warnings }));
    }
    let rows = loaded.rows();
    let set = rows.iter().filter(|row| row.source != Source::Default).count();
    cx.out.line(&format!("The settings are right; {set} of {} are set.", rows.len()))?;
    warnings.iter().for_each(|warning| cx.out.warn(warning));
    Ok(())
}

/// Few servers on the OpenAI wire are asked at their bare address.
fn addresses_without_path(loaded: &Loaded) -> Vec<String> {
    let providers = loaded.config.models.providers.iter();
    let bare = providers.filter(|(_, it)| it.kind == Wire::Openai && it.base_url().path() == "/");
    let warning = |(name, it): (&String, &Provider)| {
        format!(
            "models.providers.{name}.base_url has no path. Most servers of this kind are asked at \
             {}v1; write that if its models can't be reached.",
            it.base_url()
        )
    };
    bare.map(warning).collect()
}

/// What `[tools]` says of tools that no server of the program that runs here offers.
async fn idle_tools(cx: &Cx, loaded: &Loaded) -> Vec<String> {
    if loaded.tools.is_empty() {
        return Vec::new();
    }
    let Ok(answer) = Client::new(loaded, &cx.flags).get("/api/mcp-servers").await else {
        cx.out.note(
            "Whether a server offers the tools under [tools] is not known: no Steward that runs \
             here tells.",
        );
        return Vec::new();
    };
    let servers = answer["mcp_servers"].as_array().into_iter().flatten();
    let tools = servers.flat_map(|server| server["tools"].as_array().into_iter().flatten());
    let offered = tools.filter(|tool| tool["state"] != "gone").filter_map(|tool| {
        let arguments = tool["schema"]["properties"].as_object().into_iter().flatten();
        let arguments = arguments.map(|(argument, _)| argument.clone()).collect();
        Some((tool["name"].as_str()?.to_owned(), arguments))
    });
    let offered: BTreeMap<String, Vec<String>> = offered.collect();
    loaded.idle_tools(&offered).into_iter().map(|(_, sentence)| sentence).collect()
}

/// The master key's file is read at start, like the files of secrets: one that is missing or holds no
/// key is a slip of the configuration as well.
fn see_key_file(loaded: &Loaded) -> Result<(), Failure> {
    let Some(path) = &loaded.config.vault.key_file else { return Ok(()) };
    let is_new = !loaded.data_file(DATABASE).exists();
    Ok(vault::check_given_key(path, is_new)?)
}

/// What counts in the program that runs here: it was started with flags and an environment of its
/// own, and knows what was saved in Settings.
async fn effective(cx: &Cx, loaded: &Loaded) -> Result<Vec<Row>, Failure> {
    let client = Client::new(loaded, &cx.flags);
    if client.is_away().await {
        cx.out.note("Steward is not running here, so what was saved in Settings is not shown.");
        return Ok(loaded.rows());
    }
    let answer = match client.get("/api/settings/effective").await {
        Err(failure) if failure.code.as_deref() == Some("unauthenticated") => {
            cx.out.note(
                "The Steward that runs here has no owner yet, so this is what counts for this \
                 command, not for it.",
            );
            return Ok(loaded.rows());
        }
        answer => answer?,
    };
    cx.out.note("This counts in the Steward that runs here.");
    let told = answer["settings"].as_array().into_iter().flatten();
    let row = |row: &Value| {
        let [key, value, source] = ["key", "value", "source"].map(|name| row[name].as_str());
        Row::told(key?, value?, source?)
    };
    Ok(told.filter_map(row).collect())
}

fn show(cx: &Cx, rows: &[Row], sources: bool) -> Result<(), Failure> {
    match cx.out.manner {
        Manner::Json => {
            let entries = rows.iter().map(|row| {
                let value = json!({
                    "value": row.json(), "source": row.source.to_string(), "live": row.live,
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
