//! `steward setup --owner NAME --password-file FILE`: the owner's login without a browser.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::client::Client;
use super::failure::{Exit, Failure};
use super::{Cx, inside};

/// A file of more than this holds no password.
const PASSWORD_BYTES_MAX: u64 = 4_096;

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
    let password = password(&args.password_file)?;
    let body = json!({ "name": args.owner, "password": password.as_str() });
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

/// The first line, wiped from memory after use.
fn password(path: &Path) -> Result<zeroize::Zeroizing<String>, Failure> {
    let mut text = zeroize::Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        std::io::stdin().take(PASSWORD_BYTES_MAX).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path);
        file.and_then(|file| file.take(PASSWORD_BYTES_MAX).read_to_string(&mut text))
    };
    let path = path.display();
    read.map_err(|err| Failure::new(format!("The password file {path} can't be read: {err}.")))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::new(format!("The password file {path} is empty.")));
    }
    Ok(zeroize::Zeroizing::new(line.to_owned()))
}
