//! From a server's row to a place that can be connected to: its program is found, its folder made,
//! its credentials are taken from the vault.

use std::path::Path;

use super::{Server, Transport, store};
use crate::app::App;
use crate::audit::By;
use crate::error::{Error, Result};
use crate::guard::allowed::Command;
use crate::guard::program::PROGRAM_FOLDERS;
use crate::ids::McpServerId;
use crate::net::WebUrl;
use crate::outside::mcp::{Address, Place, Program};
use crate::secret::Secret;

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
            let command = Command { program: find(command)?, arguments: args.clone() };
            let saved = saved(app, server.id).await?;
            Ok(Place::Program(Program { command, saved, env: given, folder }))
        }
    }
}

/// The command as its row has it now, whatever was read before.
async fn saved(app: &App, id: McpServerId) -> Result<Command> {
    match app.db.read(move |r| store::find(r, id)).await?.transport {
        Transport::Stdio { command, args } => Ok(Command { program: command, arguments: args }),
        Transport::Http { .. } => Err(Error::Denied("It is a program no more.".to_owned())),
    }
}

fn find(command: &str) -> Result<String> {
    if Path::new(command).is_absolute() {
        return Ok(command.to_owned());
    }
    let mut places = PROGRAM_FOLDERS.iter().map(|folder| format!("{folder}/{command}"));
    places.find(|path| Path::new(path).is_file()).ok_or_else(|| {
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
