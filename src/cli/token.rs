//! `steward token create|list|revoke`: keys for other programs.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cx;
use super::client::Client;
use super::failure::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  steward token create --name laptop
  steward token create --name dashboard --scopes read --expires-at 2027-01-01T00:00:00Z";

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a key and print it, once
    #[command(after_help = EXAMPLES)]
    Create {
        /// What the key is for
        #[arg(long)]
        name: String,
        /// Such as read,chat [default: all but approvals and credentials]
        #[arg(long, value_delimiter = ',', value_name = "SCOPES")]
        scopes: Vec<String>,
        /// When it stops working, such as 2027-01-01T00:00:00Z [default: never]
        #[arg(long, value_name = "TIME", value_parser = moment)]
        expires_at: Option<Timestamp>,
    },
    /// List the keys; the keys themselves are not kept
    #[command(visible_alias = "ls")]
    List,
    /// End a key at once
    Revoke {
        /// Its id, its name or the beginning of the key
        key: String,
    },
}

pub(super) async fn run(cx: &Cx, command: Command) -> Result<Exit, Failure> {
    let client = cx.client()?;
    match command {
        Command::Create { name, scopes, expires_at } => {
            create(cx, &client, &name, scopes, expires_at).await?;
        }
        Command::List => list(cx, &client).await?,
        Command::Revoke { key } => revoke(cx, &client, &key).await?,
    }
    Ok(Exit::Done)
}

fn moment(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "write it like 2027-01-01T00:00:00Z")
}

async fn create(
    cx: &Cx,
    client: &Client,
    name: &str,
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
) -> Result<(), Failure> {
    let mut body = json!({ "name": name });
    if !scopes.is_empty() {
        body["scopes"] = scopes.into();
    }
    if let Some(time) = expires_at {
        body["expires_at"] = json!(time);
    }
    let answer = client.post("/api/tokens", &body).await?;
    if cx.out.is_json() {
        return cx.out.json(&answer);
    }
    cx.out.line(answer["token"].as_str().unwrap_or_default())?;
    cx.out.note("Keep it now: it can't be shown again. `steward token revoke` ends it.");
    Ok(())
}

async fn list(cx: &Cx, client: &Client) -> Result<(), Failure> {
    let answer = client.get("/api/tokens").await?;
    if cx.out.is_json() {
        return cx.out.json(&answer);
    }
    let text = |token: &Value, name: &str| match &token[name] {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        _ => "-".to_owned(),
    };
    let rows = entries(&answer).iter().map(|token| {
        let [id, name, prefix, scopes] =
            ["id", "name", "prefix", "scopes"].map(|name| text(token, name));
        let [expires, used] =
            ["expires_at", "last_used_at"].map(|name| client.local_time(&token[name]));
        [id, name, prefix, scopes, expires, used]
    });
    let rows: Vec<[String; 6]> = rows.collect();
    if rows.is_empty() {
        cx.out.note("There are no keys. Make one: steward token create --name laptop");
        return Ok(());
    }
    cx.out.table(["ID", "NAME", "PREFIX", "SCOPES", "EXPIRES", "LAST USED"], &rows)
}

async fn revoke(cx: &Cx, client: &Client, key: &str) -> Result<(), Failure> {
    let answer = client.get("/api/tokens").await?;
    let named = |token: &&Value| {
        let is = |name: &str| token[name].as_str().is_some_and(|text| text == key);
        let begins =
            token["prefix"].as_str().is_some_and(|it| !it.is_empty() && key.starts_with(it));
        is("id") || is("name") || is("prefix") || begins
    };
    let found: Vec<&Value> = entries(&answer).iter().filter(named).collect();
    let id = match found[..] {
        [token] => token["id"].as_str().unwrap_or_default(),
        [] => return Err(Failure::new(format!("No key is called {key:?}.")).hint(LIST)),
        _ => {
            return Err(
                Failure::new(format!("Several keys are called {key:?}; give the id.")).hint(LIST)
            );
        }
    };
    client.delete(&format!("/api/tokens/{id}")).await?;
    if cx.out.is_json() {
        return cx.out.json(&json!({ "ok": true, "id": id }));
    }
    cx.out.line("The key no longer works.")
}

const LIST: &str = "`steward token list` shows them.";

fn entries(answer: &Value) -> &[Value] {
    let list = if answer.is_array() { answer } else { &answer["tokens"] };
    list.as_array().map_or(&[], Vec::as_slice)
}
