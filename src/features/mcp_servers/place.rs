//! From a server's row to a place that can be connected to: its program is found, its folder made,
//! its credentials are taken from the vault.

use std::path::{Path, PathBuf};

use super::{Server, Transport};
use crate::app::App;
use crate::audit::By;
use crate::error::{Error, Result};
use crate::net::WebUrl;
use crate::outside::mcp::{Address, Place, Program};
use crate::secret::Secret;

/// Where a program without a path is looked for.
const PROGRAM_FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];
/// In the data folder: one folder for each program.
const WORKSPACES: &str = "mcp";

pub async fn of(app: &App, server: &Server) -> Result<Place> {
    let given = given(app, server).await?;
    match &server.transport {
        Transport::Http { url } => {
            Ok(Place::Address(Address { url: WebUrl::parse(url)?, headers: given }))
        }
        Transport::Stdio { command, args } => {
            let folder = app.config.get().data.dir.join(WORKSPACES).join(&server.name);
            tokio::fs::create_dir_all(&folder).await.map_err(Error::internal)?;
            let path = find(command)?;
            Ok(Place::Program(Program { path, args: args.clone(), env: given, folder }))
        }
    }
}

fn find(command: &str) -> Result<PathBuf> {
    if Path::new(command).is_absolute() {
        return Ok(command.into());
    }
    let found = PROGRAM_FOLDERS.iter().map(|folder| Path::new(folder).join(command));
    found.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let folders = PROGRAM_FOLDERS.join(", ");
        Error::Denied(format!("There is no program {command} in {folders}. Write its whole path."))
    })
}

/// Each use of a credential is on record.
async fn given(app: &App, server: &Server) -> Result<Vec<(String, Secret)>> {
    let (vault, by) = (app.vault.clone(), By::system(app.clock.now()));
    let (given, purpose) = (server.given.clone(), format!("the tool server {}", server.name));
    app.db
        .write(move |tx| {
            let mut values = Vec::new();
            for one in given {
                let value = match &one.credential {
                    None => Secret::new(one.value),
                    Some(key) => {
                        let secret = vault.spend(tx, key, &purpose, &by)?;
                        Secret::new(format!("{}{}", one.value, secret.expose()))
                    }
                };
                values.push((one.name, value));
            }
            Ok(values)
        })
        .await
}
