//! `steward setup --owner NAME --password-file FILE`: the owner's login without a browser.

use std::path::PathBuf;

use serde_json::json;

use super::client::Client;
use super::failure::{Exit, Failure};
use super::{Cx, inside, secret_file};

const EXAMPLES: &str = "\
Examples:
  steward setup --owner ada --password-file /run/secrets/ada
  pass show steward | steward setup --owner ada --password-file -

For a name that lives here already it sets a new password and signs every browser out.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The name the owner logs in with
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// File with the password in its first line; - reads the standard input
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Result<Exit, Failure> {
    let password = secret_file::first_line(&args.password_file, "password")?;
    let body = json!({ "name": args.owner, "password": password.expose() });
    let (loaded, path) = (cx.load()?, "/api/setup/owner");
    let client = Client::new(&loaded, &cx.flags);
    let answer = match client.is_away().await {
        true => inside::post(loaded, path, &body).await?,
        false => client.post(path, &body).await?,
    };
    if cx.out.is_json() {
        cx.out.json(&answer)?;
    } else if answer["id"].is_null() {
        cx.out.line(&format!("{} has a new password; every browser is signed out.", args.owner))?;
    } else {
        cx.out.line(&format!("{} is the owner now.", args.owner))?;
        cx.out.note("Try it: steward ask \"what can you do?\"");
    }
    Ok(Exit::Done)
}
