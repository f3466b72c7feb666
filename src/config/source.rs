//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

use crate::secret::Secret;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Default,
    /// Saved in Settings.
    Database,
    File(PathBuf),
    /// The name of the variable.
    Env(String),
    /// The name of a systemd credential.
    Credential(String),
    Flag(&'static str),
    /// In the words of the running program, which another one passes on.
    Told(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::Database => f.write_str("Settings"),
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Env(name) => f.write_str(name),
            Source::Credential(name) => write!(f, "credential {name}"),
            Source::Flag(name) => f.write_str(name),
            Source::Told(words) => f.write_str(words),
        }
    }
}

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub listen: Option<String>,
}

impl Flags {
    /// A command that speaks of the same house as these flags do.
    pub fn command(&self, name: &str) -> String {
        let mut command = "steward".to_owned();
        for (flag, path) in [("--config", &self.config), ("--data-dir", &self.data_dir)] {
            if let Some(path) = path {
                command.push_str(&format!(" {flag} {}", path.display()));
            }
        }
        format!("{command} {name}")
    }

    pub(super) fn settings(&self) -> Vec<Setting> {
        let dir = self.data_dir.as_ref().map(|dir| dir.to_string_lossy().into_owned());
        let given =
            [("data.dir", "--data-dir", dir), ("server.listen", "--listen", self.listen.clone())];
        let given = given.into_iter().filter_map(|(key, flag, text)| Some((key, flag, text?)));
        given
            .map(|(key, flag, text)| Setting {
                key: key.to_owned(),
                value: Value::Plain(text.into()),
                source: Source::Flag(flag),
            })
            .collect()
    }
}

#[derive(Clone)]
pub(super) struct Setting {
    pub key: String,
    pub value: Value,
    pub source: Source,
}

#[derive(Clone)]
pub(super) enum Value {
    Plain(toml::Value),
    Secret(Secret),
}
