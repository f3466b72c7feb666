//! `steward vault rotate`: another master key, while the program runs or not.

use std::path::PathBuf;

use serde_json::json;

use super::client::Client;
use super::failure::{Exit, Failure};
use super::{Cx, inside, secret_file};

const ABOUT_ROTATE: &str = "\
Every credential is put under a new master key; all stay readable, and nothing has to stop.

Where the key comes from decides what to give:
  master.key in the data folder   nothing: the key is made and its file replaced
  a passphrase                    --passphrase-file; without it the same one gets a new salt
  a file of your own or systemd   --key-file, made with: openssl rand -hex 32 > new.key

Copies of the database from before open only with the old key.";

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Put every credential under a new master key
    #[command(after_help = ABOUT_ROTATE)]
    Rotate(Rotate),
}

#[derive(clap::Args)]
pub(super) struct Rotate {
    /// File with the new passphrase in its first line; - for stdin
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    passphrase_file: Option<PathBuf>,
    /// File with the new key, 64 hex digits; - for stdin
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(super) async fn rotate(cx: &Cx, args: Rotate) -> Result<Exit, Failure> {
    let given = |path: Option<PathBuf>, what| {
        path.map(|path| secret_file::first_line(&path, what)).transpose()
    };
    let passphrase = given(args.passphrase_file, "passphrase")?;
    let key = given(args.key_file, "key")?;
    let body = json!({
        "passphrase": passphrase.as_ref().map(|it| it.expose()),
        "key": key.as_ref().map(|it| it.expose()),
    });
    let (loaded, path) = (cx.load()?, "/api/vault/rotate");
    let client = Client::new(&loaded, &cx.flags);
    let answer = match client.is_away().await {
        true => inside::post(loaded, path, &body).await?,
        false => client.post(path, &body).await?,
    };
    if cx.out.is_json() {
        cx.out.json(&answer)?;
        return Ok(Exit::Done);
    }
    let credentials = match answer["credentials"].as_u64() {
        Some(1) => "1 credential is".to_owned(),
        count => format!("{} credentials are", count.unwrap_or(0)),
    };
    cx.out.line(&format!("The vault has a new master key; {credentials} under it."))?;
    if let Some(to_do) = answer["to_do"].as_str().filter(|text| !text.is_empty()) {
        cx.out.line(to_do)?;
    }
    cx.out.note("Copies of the database from before open only with the old key.");
    Ok(Exit::Done)
}
